"""What docs/deploy tells a server to do is what the code needs. What it was tried on: server.md there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from alerts.cli import app
from alerts.ending import DRAINED_SECONDS, END_SECONDS
from alerts.settings import Settings
from alerts.subscribers.imports import MOST_OCTETS

DEPLOY = Path("docs/deploy")
PAGE = (DEPLOY / "server.md").read_text()
CADDYFILE = (DEPLOY / "Caddyfile").read_text()
PROCFILE = dict(line.split(": ", 1) for line in Path("Procfile").read_text().splitlines())
LONG_RUNNING = ("web", "worker", "clock")
HARDENING = re.compile(
    r"^(?:No|Protect|Private|Restrict|Lock|SystemCall|Capability|Ambient|UMask|RemoveIPC|LimitCORE|Proc)\w*=.*$"
)
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


def unit(name: str) -> dict[str, list[str]]:
    """Of a systemd unit, what each name is set to, in order."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / f"alerts-{name}.service").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def caddy(pattern: str) -> str:
    [value] = re.findall(pattern, CADDYFILE, re.MULTILINE)
    return str(value)


def environment() -> dict[str, str]:
    """The settings that the page has one write, with something in the place of its dots."""
    [written] = re.findall(r"cat > /etc/alerts/environment <<END\n(.*?)\nEND\n", PAGE, re.DOTALL)
    filled = (
        written.replace("AC…", "AC" + "0" * 32)
        .replace("$(head -c 32 /dev/urandom | base64)", "b29v" * 10 + "b28=")
        .replace("…", "a token")
    )
    return dict(line.split("=", 1) for line in filled.splitlines())


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_systemd_starts_what_a_host_with_a_procfile_starts(name: str) -> None:
    command = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", PROCFILE[name])
    command = command.replace("--host 0.0.0.0", "--host 127.0.0.1").replace(" --workers 1", "")
    assert unit(name)["ExecStart"] == [f"/opt/alerts/.venv/bin/{command}"]


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_systemd_waits_until_a_process_has_ended_by_itself(name: str) -> None:
    [patience] = unit(name)["TimeoutStopSec"]
    graceful = int(re.findall(r"--timeout-graceful-shutdown (\d+)", PROCFILE["web"])[0])
    assert int(patience) > max(graceful + DRAINED_SECONDS, END_SECONDS)
    assert unit(name)["Restart"] == ["always"]


def test_every_unit_is_as_closed_as_the_others() -> None:
    closed = [
        [line for line in path.read_text().splitlines() if HARDENING.match(line)]
        for path in (DEPLOY / "systemd").glob("*.service")
    ]
    assert len(closed) == len(LONG_RUNNING) + 1
    assert all(one == closed[0] for one in closed)
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "LimitCORE=0", "UMask=0077"} <= set(closed[0])


def test_the_proxy_leads_to_web_and_waits_for_it() -> None:
    command = unit("web")["ExecStart"][0]
    upstream = caddy(r"reverse_proxy (\S+)")
    host, _, port = upstream.partition(":")
    assert f"--host {host} --port {port}" in command
    assert f"FORWARDED_ALLOW_IPS={host}" in unit("web")["Environment"]
    assert int(caddy(r"lb_try_duration (\d+)s")) >= int(unit("web")["TimeoutStopSec"][0])


def test_the_proxy_lets_the_largest_file_through_and_not_much_more() -> None:
    most = int(caddy(r"max_size (\d+)MB")) * 10**6
    assert MOST_OCTETS < most < 1.1 * MOST_OCTETS


def test_the_proxy_writes_down_no_request() -> None:
    assert caddy(r"exclude (.*)").split() == ["http.log", "http.handlers"]
    assert not re.search(r"^\t+log\b(?! \{\n\t+exclude)", CADDYFILE, re.MULTILINE)


def test_the_proxy_compresses_nothing() -> None:
    """Of pages with secrets beside what others wrote the length would tell them (console/pages.py)."""
    assert not re.search(r"^\s*encode\b", CADDYFILE, re.MULTILINE)


def test_the_environment_of_the_page_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given = environment()
    assert {name.lower() for name in given} <= Settings.model_fields.keys()
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value.strip('"'))
    ours = Settings()
    assert ours.public_base == "https://" + caddy(r"^(\w\S+) \{$")
    assert ours.libpq_url.startswith("postgresql:///alerts?host=")


def test_nothing_secret_stands_on_a_line_of_the_shell() -> None:
    """Its history would keep it."""
    lines = re.sub(r"<<END\n.*?\nEND\n", "\n", "\n".join(SHELL), flags=re.DOTALL)
    secrets = {
        name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)
    }
    assert {"DATABASE_URL", "TWILIO_AUTH_TOKEN"} <= secrets
    assert not [one for one in secrets if re.search(rf"^(?:export )?{one}=", lines, re.MULTILINE)]


def test_every_command_of_the_page_is_one() -> None:
    group = typer.main.get_command(app)
    named = {
        tuple(words.split())
        for block in SHELL
        for words in re.findall(r"(?:^|again |&& )alerts ((?:[a-z]+ ?){1,2})", block, re.MULTILINE)
    }
    assert len(named) >= 5
    for words in named:
        found = group
        for word in words:
            commands = getattr(found, "commands", None)
            if commands is None:
                break
            assert word in commands, words
            found = commands[word]
