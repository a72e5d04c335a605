"""``alerts check`` against a whole system: what is wrong is named, and nothing when all is well."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import requests

from alerts.team.codes import secrets_of
from tests.console.browser import PASSWORD, code_at
from tests.journeys.system import System


def _check(system: System, **changes: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "alerts.cli", "check"]
    done = subprocess.run(command, env={**system.env, **changes}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_says_what_is_wrong_until_nothing_is(system: System, tmp_path: Path) -> None:
    status, said = _check(system)
    assert (status, said.count("BAD ")) == (1, 1)
    assert "alerts organizer create" in said
    link = system.command("organizer", "create", "ana@example.org", "--name", "Ana")
    code = code_at(secrets_of(link.rpartition("/")[2])[0], time.time())
    headers = {"Origin": system.url, "Sec-Fetch-Site": "same-origin"}
    assert requests.post(link, data={"password": PASSWORD, "code": code}, headers=headers, timeout=30).ok
    status, said = _check(system)
    assert (status, said.count("BAD ")) == (0, 0), said
    for part in ("Database", "Database schema", "Queue", "Workers that send", "Clock", "SEALING_KEYS"):
        assert f"ok   {part}\n" in said
    for part in ("Twilio account", "webhook", "Our own address answers"):
        assert f"{part}\n" in said
    assert "look Backup\n     None is known." in said
    system.command("backup", str(tmp_path / "backup"))
    assert "ok   Backup\n" in _check(system)[1]

    status, said = _check(system, REDIS_URL="unix:///nowhere", SEALING_KEYS="7:" + "b29v" * 10 + "b28=")
    assert status == 1
    assert "Look at REDIS_URL" in said
    assert "Key 1 is needed" in said
    status, said = _check(system, DATABASE_URL="postgresql://nobody@/nothing?host=/nowhere")
    assert status == 1
    assert "Look at DATABASE_URL" in said
    status, said = _check(system, TWILIO_API_URL="", PUBLIC_URL="")
    assert status == 1
    assert "PUBLIC_URL" in said


def test_twilio_is_pointed_here_by_one_command(system: System) -> None:
    system.twilio.simulator.carrier.inbound_url = "http://127.0.0.1:1/old"
    assert "alerts twilio setup" in _check(system)[1]
    assert "texts come here now" in system.command("twilio", "setup")
    assert "alerts twilio setup" not in _check(system)[1]
    system.post("/v1/lists", {"name": "All", "timezone": "America/Chicago", "join_words": {"en": "JOIN"}})
    assert system.twilio.text("+19095550101", "JOIN")
