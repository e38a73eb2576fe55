"""A private PostgreSQL server: made, started, stopped and removed again.

`python tests/postgres/cluster.py COMMAND …` runs a command with STUDY_URL set to a fresh database.
"""

import contextlib
import glob
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ATTEMPTS = 5


@dataclass(frozen=True)
class Cluster:
    """A running server that listens on 127.0.0.1, with a password."""

    programs: Path
    folder: Path
    port: int
    password: str

    def url(self, database: str = "postgres", *, password: str = "", port: int = 0) -> str:
        """The address of a study, as Optuna wants it."""
        secret, port = quote(password or self.password), port or self.port
        return f"postgresql+psycopg://dlnotes:{secret}@127.0.0.1:{port}/{database}"

    def create(self, database: str) -> str:
        """A new, empty database; its address."""
        environment = {**os.environ, "PGPASSWORD": self.password}
        where = ["--host=127.0.0.1", f"--port={self.port}", "--username=dlnotes"]
        command = [self.programs / "createdb", *where, database]
        subprocess.run(command, env=environment, check=True, capture_output=True, cwd="/")
        return self.url(database)


def programs() -> Path | None:
    """The folder with `initdb` (Debian keeps it off the PATH); the newest version."""
    found = [Path(path).parent for path in glob.glob("/usr/lib/postgresql/*/bin/initdb")]
    on_path = shutil.which("initdb")
    return (max(found, key=lambda path: float(path.parent.name)) if found
            else Path(on_path).resolve().parent if on_path else None)  # fmt: skip


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _owner() -> dict:
    """PostgreSQL refuses to run as root: whom to become then."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def running(folder_of_programs: Path) -> Iterator[Cluster]:
    """A fresh server in a temporary folder; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dlnotes-pg-", dir="/tmp"))  # short: sockets live there
    owner, password = _owner(), secrets.token_urlsafe(12)

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess:
        log = folder / "run.log"
        command = [folder_of_programs / name, *arguments]
        with log.open("ab") as file:  # a server that inherited a pipe would keep it open
            return subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=file,
                                  stderr=file, timeout=120, **owner)  # fmt: skip

    try:
        secret = folder / "password"
        secret.write_text(password)
        secret.chmod(0o600)
        if owner:
            for path in (folder, secret):
                os.chown(path, owner["user"], owner["group"])
        data = str(folder / "data")
        made = run(
            "initdb", f"--pgdata={data}", "--username=dlnotes", f"--pwfile={secret}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip
        _must(made, folder)
        for attempt in range(ATTEMPTS):  # somebody may take the free port before the server does
            port = free_port()
            options = (
                f"-F -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
            )
            started = run("pg_ctl", "start", "--wait", f"--pgdata={data}", "-o", options,
                          f"--log={folder / 'server.log'}")  # fmt: skip
            if started.returncode == 0 or attempt == ATTEMPTS - 1:
                break
        _must(started, folder)
        try:
            yield Cluster(folder_of_programs, folder, port, password)
        finally:
            run("pg_ctl", "stop", f"--pgdata={data}", "--mode=immediate", "--wait")
    finally:
        shutil.rmtree(folder)


def _must(done: subprocess.CompletedProcess, folder: Path) -> None:
    if done.returncode:
        logs = [path.read_text(errors="replace") for path in sorted(folder.glob("*.log"))]
        raise RuntimeError(f"{done.args[0]} failed:\n" + "\n".join(logs))


def main(command: list[str]) -> int:
    found = programs()
    if found is None:
        sys.exit("no PostgreSQL here: apt-get install postgresql")
    with running(found) as cluster:
        environment = {**os.environ, "STUDY_URL": cluster.create("search")}
        return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
