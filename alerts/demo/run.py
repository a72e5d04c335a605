"""Starts servers, simulator and the Procfile's processes; plays the story; stops all of them."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from alerts.demo.http import Http, Unreachable
from alerts.demo.story import NotSeen, Story
from alerts.storage.embedded import embedded_postgres, embedded_valkey, start_child, stop_child

ROOT = Path(__file__).parents[2]


def run_demo(*, once: bool, port: int) -> int:
    """Play the demo; the exit status: 0 where every step was seen to be true."""
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alerts-demo-")))
            env = _environment(stack, folder, port)
            key = _release(env)
            stack.enter_context(_processes(env, folder))
            web, phones = Http(env["PUBLIC_URL"], key), Http(env["TWILIO_API_URL"])
            web.wait_for("/readyz")
            Story(console, web, phones).play()
            if not once:
                _stay(console, env, key)
    except NotSeen as missing:
        console.print(f"[bold red]Not seen:[/] {missing}")
        return 1
    except (Unreachable, subprocess.CalledProcessError) as error:
        console.print(f"[bold red]Did not start:[/] {error}")
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _environment(stack: ExitStack, folder: Path, port: int) -> dict[str, str]:
    """What a deployment would set, made up for one run; servers of our own where none are given."""
    web, twilio = _free_port(port), _free_port(port + 1)
    made_up = {
        "PUBLIC_URL": f"http://127.0.0.1:{web}",
        "TWILIO_API_URL": f"http://127.0.0.1:{twilio}",
        "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_FROM_NUMBERS": "+19095550100",
        "TWILIO_MESSAGING_SERVICE_SID": "",
        "TWILIO_OPT_OUT": "off",  # so that STOP is answered by us, in the worker's language
        "SEALING_KEYS": "1:" + b64encode(secrets.token_bytes(32)).decode(),
        "SESSION_SECRET": secrets.token_hex(32),
        "ORGANIZATION_NAME": "Warehouse Workers Center",
        "HOST": "127.0.0.1",
        "PORT": str(web),
        "LOG_LEVEL": "INFO",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    env = {**os.environ, **made_up}
    if "DATABASE_URL" not in env:
        env["DATABASE_URL"] = stack.enter_context(embedded_postgres())
    if "REDIS_URL" not in env:
        env["REDIS_URL"] = stack.enter_context(embedded_valkey())
    return env


def _release(env: dict[str, str]) -> str:
    """What a release does: migrate. And an API key for the organizer of the story."""
    alerts = [sys.executable, "-m", "alerts.cli"]
    subprocess.run([*alerts, "migrate"], env=env, cwd=ROOT, check=True, capture_output=True)
    made = subprocess.run(
        [*alerts, "key", "create", "demo"], env=env, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


@contextmanager
def _processes(env: dict[str, str], folder: Path) -> Iterator[None]:
    """The simulator, and web, worker and clock as the Procfile says."""
    port = env["TWILIO_API_URL"].rpartition(":")[2]
    log = folder / "log"
    simulator = start_child([sys.executable, "-m", "alerts.carrier.simulator", "--port", port], log, env=env)
    honcho = [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), "-d", str(ROOT), "start"]
    house = start_child([*honcho, "web", "worker", "clock"], log, env=env)
    try:
        yield
    except (NotSeen, Unreachable):
        Console(stderr=True, highlight=False).print(log.read_text(errors="replace")[-6000:], markup=False)
        raise
    finally:
        stop_child(house)
        stop_child(simulator)


def _free_port(wanted: int) -> int:
    """``wanted`` if nobody has it, else another."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unreachable("no free port on 127.0.0.1")


def _stay(console: Console, env: dict[str, str], key: str) -> None:
    console.print("\n[bold]It stays up.[/] Ctrl-C ends it and leaves nothing behind.")
    console.print(f"  phones    {env['TWILIO_API_URL']}/phones")
    console.print(f"  API docs  {env['PUBLIC_URL']}/docs")
    console.print(f"  console   {env['PUBLIC_URL']}/")
    console.print(f"  API key   {key}")
    signal.pause()
