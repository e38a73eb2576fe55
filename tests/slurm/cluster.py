"""A private one-node Slurm: munge, controller, node daemon; started, stopped, removed again.

`python tests/slurm/cluster.py COMMAND …` runs a command whose `sbatch`, `squeue` … reach it.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
CPUS = 4
"""What the node claims to have, whatever the machine has: four shards can then run at once."""

CONFIGURATION = """\
ClusterName=dlnotes
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=5,defer,batch_sched_delay=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
KillWait=2
MinJobAge=5
InactiveLimit=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def programs() -> dict[str, str] | None:
    """Where the programs are; `None` when one of them is missing."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = {name: shutil.which(name, path=path) for name in PROGRAMS}
    return None if None in found.values() else found


@contextlib.contextmanager
def running(found: dict[str, str]) -> Iterator[dict[str, str]]:
    """A fresh cluster in a temporary folder; yields the environment variables that reach it."""
    # Sockets live there, and their paths must be short
    folder = Path(tempfile.mkdtemp(prefix="dlnotes-slurm-", dir="/tmp"))
    folder.chmod(0o755)
    started: list[subprocess.Popen] = []

    def start(name: str, *arguments: str, environment: dict | None = None) -> None:
        with (folder / f"{name}.out").open("ab") as log:
            started.append(subprocess.Popen(
                [found[name], *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(environment or {})}, start_new_session=True, cwd="/",
            ))  # fmt: skip

    try:
        reach = _configure(folder)
        start("munged", "--foreground", f"--socket={folder}/munge.socket",
              f"--key-file={folder}/munge.key", f"--pid-file={folder}/munged.pid",
              f"--log-file={folder}/munged.log", f"--seed-file={folder}/munge.seed",
              "--num-threads=2", "--force")  # fmt: skip
        _wait(folder, started, (folder / "munge.socket").exists)
        start("slurmctld", "-D", environment=reach)
        start("slurmd", "-D", "-N", socket.gethostname().split(".")[0], environment=reach)
        _wait(folder, started, lambda: _is_idle(found, reach))
        yield reach
    finally:
        for process in reversed(started):
            process.terminate()
        for process in reversed(started):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path) -> dict[str, str]:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    ports = free_ports(2)
    text = CONFIGURATION.format(
        host=socket.gethostname().split(".")[0], folder=folder, cpus=CPUS, user=_user(),
        controller_port=ports[0], node_port=ports[1],
    )  # fmt: skip
    (folder / "slurm.conf").write_text(text)
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    return {"SLURM_CONF": str(folder / "slurm.conf")}


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _is_idle(found: dict[str, str], reach: dict[str, str]) -> bool:
    done = subprocess.run([found["scontrol"], "show", "node"], capture_output=True, text=True,
                          env={**os.environ, **reach})  # fmt: skip
    return "State=IDLE" in done.stdout


def _wait(folder: Path, started: list[subprocess.Popen], ready, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        dead = [process.args[0] for process in started if process.poll() is not None]
        if dead or time.monotonic() > deadline:
            paths = [*sorted(folder.glob("*.out")), *sorted(folder.glob("*.log"))]
            logs = [f"--- {p.name}\n{p.read_text(errors='replace')[-3000:]}" for p in paths]
            why = f"{dead} ended" if dead else f"not ready after {seconds} s"
            raise RuntimeError(f"Slurm did not start: {why}\n" + "\n".join(logs))
        time.sleep(0.2)


def main(command: list[str]) -> int:
    found = programs()
    if found is None:
        sys.exit("no Slurm here: apt-get install slurm-wlm munge")
    with running(found) as reach:
        return subprocess.run(command, env={**os.environ, **reach}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
