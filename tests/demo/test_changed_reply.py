"""A reply is changed in its catalog, and the phones page shows the new words: nothing else is to be done."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.languages.fourth import copied
from tests.story import MARIA

OLD = "Ya estabas en la lista {list}. Para salir: STOP."
NEW = "Compa, ya eres parte de {list}. Para salir: STOP."
PATIENCE_SECONDS = 120


def two_free_ports() -> int:
    """The first of two that nobody has, below those that systems give out by themselves."""
    for port in random.sample(range(20_000, 30_000, 2), 100):
        try:
            for one in (port, port + 1):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", one))
        except OSError:
            continue
        return port
    raise RuntimeError("no two ports are free")


@contextmanager
def demo(house: Path, said: Path) -> Iterator[str]:
    """`make demo` in ``house``; the address of its phones."""
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "alerts.cli", "demo", "--port", str(two_free_ports())],
            env={**env, "PYTHONPATH": str(house)},
            cwd=house,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _phones(process, said)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _phones(process: subprocess.Popen[bytes], said: Path) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "/phones" not in said.read_text():
        assert process.poll() is None, said.read_text()[-4000:]
        assert time.monotonic() < deadline, said.read_text()[-4000:]
        time.sleep(0.2)
    return next(word for word in said.read_text().split() if word.endswith("/phones")).removesuffix("/phones")


def test_the_new_words_are_on_the_phones_page(tmp_path: Path) -> None:
    house = copied(tmp_path / "house")
    catalog = house / "locales" / "es" / "LC_MESSAGES" / "alerts.po"
    text = catalog.read_text()
    assert text.count(OLD) == 1
    catalog.write_text(text.replace(OLD, NEW))
    with demo(house, tmp_path / "said") as phones:
        # In the story Maria is on the list already.
        answer = requests.post(f"{phones}/simulator/texts", json={"from": MARIA, "body": "UNETE"}, timeout=30)
        shown = requests.get(f"{phones}/simulator/phones/{MARIA[1:]}", timeout=30).json()
    assert answer.json()["answers"] == [NEW.format(list="Inland Empire")]
    assert shown[-1]["body"] == NEW.format(list="Inland Empire")
