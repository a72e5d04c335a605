"""Starts servers, simulator and the Procfile's processes; plays the story; stops all of them."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from alerts.demo.http import Http, Unreachable
from alerts.demo.processes import ROOT, EndedEarly, Ending, Processes, commands
from alerts.demo.story import NotSeen, Story
from alerts.storage.embedded import DidNotStart, embedded_postgres, embedded_valkey

START_SECONDS = 60.0
LOOK_SECONDS = 0.2
STOPPED = 130  # a shell's status for what Ctrl-C ended


def run_demo(*, once: bool, port: int) -> int:
    """Play the demo; the exit status: 0 where every step was seen to be true."""
    console = Console(highlight=False)
    ending, played = Ending(), False
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alerts-demo-")))
            env = _environment(stack, ending, port)
            key, link = _release(env)
            ending.check()
            running = stack.enter_context(
                Processes(commands(env["TWILIO_API_URL"].rpartition(":")[2]), env, folder)
            )
            web, phones = Http(env["PUBLIC_URL"], key), Http(env["TWILIO_API_URL"])
            with ending.heeded():
                _play(running, Story(console, web, phones), web, phones)
                played = True
                if not once:
                    _stay(console, env, (key, link), running)
    except NotSeen as missing:
        console.print(f"[bold red]Not seen:[/] {missing}")
        return 1
    except (Unreachable, DidNotStart, EndedEarly) as error:
        console.print("[bold red]Does not run:[/]", end=" ")
        console.print(str(error), markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 0 if played else STOPPED
    return 0


def _play(running: Processes, story: Story, web: Http, phones: Http) -> None:
    """Wait until everything is there, and play. Raises EndedEarly, Unreachable, NotSeen."""
    deadline = time.monotonic() + START_SECONDS
    for part, path in ((phones, "/simulator/ledger"), (web, "/readyz")):
        while not part.answers(path):
            running.check()
            if time.monotonic() > deadline:
                raise Unreachable(f"{part.base}{path} does not answer with success.\n{running.logs()}")
            time.sleep(LOOK_SECONDS)
    running.check()  # else it was somebody else who answered at that port
    try:
        story.play()
    except (NotSeen, Unreachable):
        running.check()
        Console(stderr=True, highlight=False).print(running.logs(), markup=False)
        raise


def _environment(stack: ExitStack, ending: Ending, port: int) -> dict[str, str]:
    """What a deployment would set, made up for one run; servers of our own where none are given."""
    web, twilio = _free_ports(port, port + 1)
    made_up = {
        "PUBLIC_URL": f"http://127.0.0.1:{web}",
        "TWILIO_API_URL": f"http://127.0.0.1:{twilio}",
        "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_FROM_NUMBERS": "+19095550100",
        "TWILIO_RATES": "+19095550100=10dlc_low",
        "TWILIO_MESSAGING_SERVICE_SID": "",
        "TWILIO_OPT_OUT": "off",  # so that STOP is answered by us, in the worker's language
        "SEALING_KEYS": "1:" + b64encode(secrets.token_bytes(32)).decode(),
        "SESSION_SECRET": secrets.token_hex(32),
        "ORGANIZATION_NAME": "Warehouse Workers Center",
        "HOST": "127.0.0.1",
        "PORT": str(web),
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "words",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    env = {**os.environ, **made_up}
    if "DATABASE_URL" not in env:
        env["DATABASE_URL"] = stack.enter_context(embedded_postgres())
    ending.check()
    if "REDIS_URL" not in env:
        env["REDIS_URL"] = stack.enter_context(embedded_valkey())
    ending.check()
    return env


def _release(env: dict[str, str]) -> tuple[str, str]:
    """What a release does: migrate. And an API key for the story, and an invitation. Raises EndedEarly."""
    printed = []
    invite = ["organizer", "create", "you@example.org", "--name", "You"]
    for arguments in (["migrate"], ["key", "create", "demo"], invite):
        done = subprocess.run(
            [sys.executable, "-m", "alerts.cli", *arguments],
            env=env,
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            start_new_session=True,  # Ctrl-C is for us
        )
        if done.returncode:
            raise EndedEarly(f"alerts {arguments[0]} ended with status {done.returncode}.\n{done.stderr}")
        printed.append(done.stdout.strip())
    return printed[1], printed[2]


def _free_ports(*wanted: int) -> list[int]:
    """Each of ``wanted`` if nobody has it, else another."""
    with ExitStack() as held:  # all at once: so that none is given twice
        return [_bind(held, port).getsockname()[1] for port in wanted]


def _bind(held: ExitStack, wanted: int) -> socket.socket:
    for port in (wanted, 0):
        probe = held.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError, OverflowError):  # it is taken, or it is no port
            probe.bind(("127.0.0.1", port))
            return probe
    raise Unreachable("no free port on 127.0.0.1")


def _stay(console: Console, env: dict[str, str], ways_in: tuple[str, str], running: Processes) -> None:
    key, link = ways_in
    console.print("\n[bold]It stays up.[/] Ctrl-C ends it and leaves nothing behind.")
    console.print(f"  phones    {env['TWILIO_API_URL']}/phones")
    console.print(f"  API docs  {env['PUBLIC_URL']}/docs")
    console.print(f"  console   {env['PUBLIC_URL']}/")
    console.print(f"  API key   {key}")
    console.print(f"  sign in   {link}", soft_wrap=True)
    while True:
        running.check()
        time.sleep(LOOK_SECONDS)
