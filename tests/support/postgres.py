"""A PostgreSQL of our own: Debian's program, in a temporary folder, on a loopback port."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import psutil

NEEDED = "PostgreSQL is not here (apt-get install postgresql): the tests run on SQLite alone"
START_TIMEOUT_S = "30"


def find() -> Path | None:
    """The folder of its programs."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "pg_ctl").is_file():
            return folder
    found = shutil.which("pg_ctl")
    return Path(found).parent if found else None


class Postgres:
    """``start`` and ``stop`` as often as you like; ``kill`` is a crash."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        # It refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._run("initdb", "-D", self._data, "-U", "offhook", "-A", "trust", "--no-sync")

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            user=self._user,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()}")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self._folder} -c fsync=off"
        log = self._folder / "log"
        # Its standard error would stay open as long as the server does.
        arguments: list[str | Path] = ["start", "-D", self._data, "-l", log, "-w"]
        arguments += ["-t", START_TIMEOUT_S, "-o", options]
        subprocess.run(
            [self._programs / "pg_ctl", *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            user=self._user,
        )

    def stop(self) -> None:
        """At once: connections are cut, what was committed stays."""
        self._run("pg_ctl", "stop", "-D", self._data, "-m", "fast", "-w")

    def kill(self) -> None:
        """As ``kill -9`` of every process of it: nobody says goodbye."""
        server = psutil.Process(self._pid())
        processes = [server, *server.children(recursive=True)]
        for each in processes:
            each.kill()
        _, alive = psutil.wait_procs(processes, timeout=10)
        assert not alive  # else they would hold its memory, and it could not start again

    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def running(self) -> bool:
        return (self._data / "postmaster.pid").exists() and psutil.pid_exists(self._pid())

    def new_url(self) -> str:
        """Of an empty database."""
        name = f"test_{uuid4().hex}"
        address = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "offhook")
        self._run("createdb", *address, "-T", "template0", "-E", "UTF8", name)
        return f"postgresql://offhook@127.0.0.1:{self.port}/{name}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Started. Raises FileNotFoundError with what to install."""
    programs = find()
    if programs is None:
        raise FileNotFoundError(NEEDED)
    # As root it runs as somebody else, who may not look into our TMPDIR.
    folder = Path(mkdtemp(prefix="offhook-pg-", dir="/tmp" if os.getuid() == 0 else None))
    try:
        server = Postgres(programs, folder)
        server.start()
        try:
            yield server
        finally:
            if server.running():
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
