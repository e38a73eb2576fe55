"""The study on PostgreSQL: a private server, and the worker that the evidence page shows."""
