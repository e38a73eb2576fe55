"""The fixtures of every test of the built site."""

from browsing import address, browser, visit  # noqa: F401
