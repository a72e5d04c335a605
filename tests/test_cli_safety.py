"""The commands that keep people safe, run as somebody on the server runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from alerts.storage.embedded import embedded_postgres, embedded_valkey
from tests.conftest import PUBLIC_URL


def alerts(env: dict[str, str], *arguments: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "alerts.cli", *arguments],
        env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_a_deployment_from_its_first_admin_to_its_end(tmp_path: Path) -> None:
    with embedded_postgres(forgetful=True) as url, embedded_postgres(forgetful=True) as other, \
            embedded_valkey() as redis:  # fmt: skip
        env = {"DATABASE_URL": url.replace("postgresql:", "postgres:", 1), "REDIS_URL": redis}
        alerts(env, "migrate")
        link = alerts(
            env, "organizer", "create", "ana@example.org", "--name", "Ana", "--phone", "909 555 0104"
        )
        assert re.fullmatch(rf"{PUBLIC_URL}/welcome/[\w-]{{40,}}\n", link)
        assert "already" in alerts(env, "organizer", "create", "ANA@example.org", "--name", "Ana", status=1)
        alerts(env, "organizer", "create", "ana@example.org", "--name", "Ana", "--role", "king", status=2)
        assert alerts(env, "key", "create", "phone", "--scope", "read", "--days", "3").startswith("alerts_")
        alerts(env, "key", "create", "phone", "--scope", "everything", status=2)

        whole = alerts(env, "audit", "verify")
        head = whole.split()[-1]
        assert head.startswith("2:")
        assert "key 1 1" in alerts(env, "keys", "status")
        assert "organizers.email: 0 sealed anew" in alerts(env, "keys", "rotate")

        file = tmp_path / "backup"
        assert "rows of" in alerts(env, "backup", str(file))
        assert "is there already" in alerts(env, "backup", str(file), status=1)
        assert "not empty" in alerts(env, "restore", str(file), status=1)
        assert "signs in anew" in alerts({**env, "DATABASE_URL": other}, "restore", str(file))
        assert alerts({**env, "DATABASE_URL": other}, "audit", "verify", "--head", head) == whole

        assert "none" in alerts(env, "lockdown", "A phone was seized.")
        for within in (
            ("organizer", "create", "bea@example.org", "--name", "Bea"),
            ("key", "create", "phone"),
        ):
            assert "locked down" in alerts(env, *within, status=1)
        assert "last admin" in alerts(env, "organizer", "shut-out", "ana@example.org", status=1)
        assert "no organizer" in alerts(env, "organizer", "shut-out", "zoe@example.org", status=1)
        assert "Unlocked" in alerts(env, "unlock")
        alerts(env, "organizer", "create", "bea@example.org", "--name", "Bea")
        assert "Shut out" in alerts(env, "organizer", "shut-out", "Ana@Example.org")
        alerts(env, "unlock", status=1)
        alerts(env, "audit", "verify", "--head", head)
        alerts(env, "audit", "verify", "--head", f"2:{'0' * 64}", status=1)
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT who, what FROM audit ORDER BY id").fetchall()
        assert rows == [
            ("the command line", "invited"), ("the command line", "made"), ("the command line", "made"),
            ("the command line", "locked down"), ("the command line", "unlocked"),
            ("the command line", "invited"), ("the command line", "changed"),
        ]  # fmt: skip

        look_at_the_end(env, url, tmp_path)


def look_at_the_end(env: dict[str, str], url: str, folder: Path) -> None:
    """``alerts destroy``: with keys that it may not erase, without keys, and whole."""
    place = folder / "environment"
    place.write_text("A=1\nexport SEALING_KEYS=1:secret\nB=2\n")
    alerts(env, "destroy", "--organization", "Somebody else", status=1)
    ours = ("destroy", "--organization", os.environ["ORGANIZATION_NAME"])
    for closed in (folder, folder / "nowhere"):  # what not even root may open
        said = alerts(env, *ours, "--environment-file", str(closed), status=1)
        assert "Nothing was done" in said
        assert f"as root: shred -u {closed}" in said
        assert "Traceback" not in said
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM organizers").fetchone() == (2,)
    said = alerts({**env, "REDIS_URL": "unix:///nowhere"}, *ours, status=1)
    assert "Not all of the data is gone" in said
    assert "NO KEY WAS ERASED" in said
    said = alerts(env, *ours)
    assert "NO KEY WAS ERASED" in said
    assert place.read_text().count("SEALING_KEYS") == 1
    said = alerts(env, *ours, "--environment-file", str(place))
    assert "older backup" in said
    assert "NO KEY" not in said
    assert place.read_text() == "A=1\nB=2\n"
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM organizers").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM audit").fetchone() == (0,)


@pytest.mark.parametrize("command", ["organizer", "keys", "audit", "key"])
def test_every_group_says_what_it_can(command: str) -> None:
    assert "Usage" in alerts({}, command, "--help")
