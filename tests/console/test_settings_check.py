"""The settings page: verdicts in the reader's language, and what to do; one set of rules with the command."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from pydantic import HttpUrl

from alerts import checks
from alerts.carrier.account import Verdict
from alerts.carrier.simulator.server import SimulatorServer
from alerts.console import settings_check
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.engine import engine, session_scope
from alerts.storage.redis import clock_ticked
from alerts.team import audit
from alerts.team.actors import Role
from tests.api import Api
from tests.conftest import PUBLIC_URL
from tests.console.browser import Browser, browser, invited

pytestmark = pytest.mark.anyio
OVER_TLS = {"public_url": HttpUrl("https://alerts.example.org")}


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[Browser]:
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ADMIN))
        yield one


@pytest.fixture
def at_the_simulator(simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = settings().model_copy(update={"twilio_api_url": HttpUrl(simulator.url)})
    monkeypatch.setattr(settings_check, "settings", lambda: ours)


def wrong(verdicts: list[Verdict]) -> dict[str, str]:
    return {str(one.what): str(one.mend) for one in verdicts if one.mend}


async def test_what_is_missing_is_named_and_what_to_do(admin: Browser) -> None:
    page = await admin.open("/settings")
    assert "python -m workers.worker" in page
    assert "python -m workers.clock" in page
    assert "None is known. Run every day, and keep the file elsewhere: alerts backup FILE" in page
    await clock_ticked()
    assert "python -m workers.clock" not in await admin.open("/settings")


@pytest.mark.usefixtures("at_the_simulator")
async def test_twilio_is_asked_while_no_transaction_is_open(
    admin: Browser, simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.simulator.carrier.inbound_url = "http://127.0.0.1:1/old"
    lent = []

    def looked(ours: object) -> list[Verdict]:
        lent.append(engine().pool.checkedout())  # type: ignore[attr-defined]
        return asked(ours)  # type: ignore[arg-type]

    asked = checks.of_carrier
    monkeypatch.setattr(checks, "of_carrier", looked)
    page = await admin.open("/settings/far")
    assert "Run: alerts twilio setup" in page
    assert f"{PUBLIC_URL}/twilio/inbound" in page
    assert lent == [0]


@pytest.mark.usefixtures("at_the_simulator")
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("path", ["/settings", "/settings/far"])
async def test_in_every_language_and_without_numbers(admin: Browser, path: str, language: Language) -> None:
    page = await admin.open(f"{path}?language={language}")
    assert f'<html lang="{language}">' in page
    assert not re.search(r"\+1\d{10}", page)
    assert page.count('<li class="') >= 3


async def test_a_transaction_is_not_kept_waiting_for_who_may_not_come_in(api: Api) -> None:
    async with browser() as one:
        assert "<h1>Sign in</h1>" in await one.open("/settings/far")
        await one.settle_in(await invited("olga@example.org", Role.ORGANIZER))
        await one.open("/settings/far", 403)


async def test_the_pace_is_told_by_the_parts_of_a_text(api: Api) -> None:
    ours = settings().model_copy(update={"twilio_rates": ""})
    [told] = [one for one in wrong(await checks.of_house(ours)) if one.startswith("Pace")]
    assert told.endswith("1 parts a second. 1,000 people: 17 minutes for each part of a text")


async def test_keys_backups_and_people(admin: Browser) -> None:
    ours = settings()
    found = wrong(await checks.of_house(ours))
    assert "Invite a second" in found["An admin who has settled in"]
    assert "nobody hears of an alarm" in found["Somebody whom alarms are texted to"]
    async with session_scope() as session:
        audit.note_of(session, None, audit.ON_THE_SERVER, "made", audit.BACKUP, 0)
    assert "Backup" not in wrong(await checks.of_house(ours))
    assert wrong(checks.of_keys(ours)) == {}
    key = ours.sealing_keys.get_secret_value()
    another = "9:" + "b29v" * 10 + "b28="
    for keys, says in (
        (another, "Key 1 is needed"),
        (f"{another},{key}", "Run: alerts keys rotate"),
        (f"{key},{another}", "Key 9 seals nothing any more"),
    ):
        changed = ours.model_copy(update={"sealing_keys": type(ours.sealing_keys)(keys)})
        assert says in wrong(checks.of_keys(changed))["SEALING_KEYS"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"public_url": HttpUrl("http://alerts.example.org")}, "It is not https"),
        ({"twilio_api_url": HttpUrl("http://127.0.0.1:1")}, "take TWILIO_API_URL out"),
        (OVER_TLS, None),
        (OVER_TLS | {"forwarded_allow_ips": "10.0.0.1, *"}, "TRUSTED_PROXIES"),
        (OVER_TLS | {"forwarded_allow_ips": "10.0.0.1"}, None),
        (OVER_TLS | {"forwarded_allow_ips": "*", "trusted_proxies": 1}, None),
    ],
)
def test_what_the_environment_says(changes: dict[str, object], says: str | None) -> None:
    found = wrong(checks.of_settings(settings().model_copy(update=changes)))
    assert bool(found) == bool(says)
    assert says is None or any(says in mend for mend in found.values())
