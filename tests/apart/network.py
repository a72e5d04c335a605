"""Machines that are network namespaces: each with an address of its own on one bridge, and a cable to cut.

Everything is made inside a namespace of our own (``unshare --net --mount``, see the Makefile), so that
nothing of the computer's network is touched, and nothing is left when we end, however we end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NET = "10.77.0"
HERE = f"{NET}.1"  # PostgreSQL, Valkey, the carrier, and what shares requests out among the web machines
PRIVATE = "ALERTS_APART"  # set where the namespace of our own was made


class NoNetwork(Exception):
    """What is missing, and how to get it."""


def require() -> None:
    """Raises NoNetwork where machines cannot be made here."""
    if os.geteuid() != 0:
        raise NoNetwork("only root may make network namespaces: sudo make apart")
    for program, package in (("ip", "iproute2"), ("unshare", "util-linux")):
        if shutil.which(program) is None:
            raise NoNetwork(f"{program} is missing: apt-get install {package}")


def privately(command: Sequence[str]) -> list[str]:
    """``command`` in a namespace in which machines may be made."""
    return ["unshare", "--net", "--mount", "env", f"{PRIVATE}=1", *command]


class Cables:
    """A machine for each name, each plugged in."""

    def __init__(self, names: Sequence[str]) -> None:
        self.addresses = {name: f"{NET}.{place}" for place, name in enumerate(names, start=11)}

    def lay(self) -> None:
        """Make the machines and the bridge."""
        if not os.environ.get(PRIVATE):
            raise NoNetwork("not in a namespace of its own: see make apart")
        # Of named namespaces nothing may be left in the computer's own /run/netns.
        Path("/run/netns").mkdir(exist_ok=True)
        _run("mount", "-t", "tmpfs", "machines", "/run/netns")
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", "bridge", "type", "bridge")
        _run("ip", "address", "add", f"{HERE}/24", "dev", "bridge")
        _run("ip", "link", "set", "bridge", "up")
        for name, address in self.addresses.items():
            _run("ip", "netns", "add", name)
            _run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            _run("ip", "link", "set", name, "master", "bridge", "up")
            for inside in (
                ("address", "add", f"{address}/24", "dev", "eth0"),
                ("link", "set", "eth0", "up"),
                ("link", "set", "lo", "up"),
            ):
                _run("ip", "-n", name, *inside)

    @staticmethod
    def cut(name: str) -> None:
        """Pull the plug: no packet gets through, and nobody is told."""
        _run("ip", "link", "set", name, "down")

    @staticmethod
    def plug_in(name: str) -> None:
        """Put it back."""
        _run("ip", "link", "set", name, "up")


@contextmanager
def machines(names: Sequence[str]) -> Iterator[Cables]:
    """Machines for as long as the block lasts."""
    cables = Cables(names)
    try:
        cables.lay()
        yield cables
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoNetwork(f"{' '.join(command)}: {done.stderr.strip()}")
