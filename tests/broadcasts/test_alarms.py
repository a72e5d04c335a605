"""Whoever opens unusually many numbers is noticed: every admin who gave a number gets a text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from alerts.broadcasts import lifecycle
from alerts.broadcasts.alarms import raise_alarms
from alerts.broadcasts.locking import lock_down
from alerts.carrier.simulator.server import SimulatorServer
from alerts.language.languages import Language
from alerts.language.segments import segments
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.team.actors import Role
from alerts.team.models import Organizer
from alerts.team.organizers import Facts, invite
from tests.api import Api
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
ADMIN, OTHER = "+19095550151", "+19095550152"


@pytest.fixture
async def admins(api: Api) -> None:
    async with session_scope() as session:
        for email, role, phone, language in (
            ("ana@example.org", Role.ADMIN, ADMIN, Language.ES),
            ("ali@example.org", Role.ADMIN, None, Language.EN),
            ("rosa@example.org", Role.ORGANIZER, OTHER, Language.EN),
        ):
            who = (await invite(session, Facts(email, "x", role, phone=phone), None)).who
            (await session.get_one(Organizer, who.id)).language = language


@pytest.fixture
def seven(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """More than seven numbers an hour are unusual."""
    monkeypatch.setenv("NUMBERS_ALARM_ABOVE", "7")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def _look() -> None:
    async with session_scope() as session:
        await raise_alarms(session)


@pytest.mark.usefixtures("inland", "admins", "seven")
async def test_too_many_are_told_once_an_hour(
    trusted_api: Api, worker: Worker, twilio: SimulatorServer, caplog: pytest.LogCaptureFixture
) -> None:
    await trusted_api.get("/v1/subscribers")
    await trusted_api.client.get("/v1/subscribers/export")
    await _look()
    await worker.fan_out(0)
    assert sent(twilio) == []  # six
    for _ in range(3):
        await trusted_api.get("/v1/subscribers")
        await _look()
    await worker.fan_out(0)
    [alarm] = sent(twilio)
    assert alarm.to == ADMIN
    assert "ALARMA" in alarm.body
    assert "/team/lockdown" in alarm.body
    assert segments(alarm.body).parts <= 2
    assert "unusually many numbers" in caplog.text
    assert ADMIN not in caplog.text
    [entry] = (await trusted_api.get("/v1/audit?noun=actor"))["items"]
    assert entry["facts"] == {"people": 9, "told": 1}


async def test_masked_numbers_are_nobodys_business(api: Api, inland: int) -> None:
    await api.get("/v1/subscribers")
    assert (await api.get("/v1/audit?noun=numbers"))["items"] == []


async def test_every_way_to_open_numbers_is_written_down(trusted_api: Api, inland: int) -> None:
    await trusted_api.get("/v1/subscribers")
    await trusted_api.get("/v1/subscribers/1")
    await trusted_api.post("/v1/subscribers/proof", {"phone": "+19095550101"}, 200)
    await trusted_api.client.get("/v1/subscribers/export?language=es")
    await trusted_api.text("+19095550103", "Where do we meet if it rains, can somebody tell me?")
    await trusted_api.get("/v1/conversations")
    [thread] = (await trusted_api.get("/v1/conversations"))["items"]
    await trusted_api.get(f"/v1/conversations/{thread['id']}")
    entries = (await trusted_api.get("/v1/audit?noun=numbers"))["items"]
    assert [(one["what"], one["facts"]["people"]) for one in entries] == [
        ("read", 3),
        ("read", 1),
        ("read the proof of", 1),
        ("exported", 1),
        *[("read", 1)] * 3,
    ]


async def _trouble(alert_id: int) -> None:
    async with session_scope() as session:
        await lifecycle.pause(session, alert_id, "Twilio's account is not active (Twilio's code 20005)")


@pytest.mark.usefixtures("admins")
async def test_an_alert_that_the_system_paused_is_told_once_each_time(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await _trouble(called)
    for _ in range(2):
        await _look()
    await worker.fan_out(0)
    [alarm] = sent(twilio)
    assert alarm.to == ADMIN
    assert "se detuvo" in alarm.body
    assert f"/alerts/{called}" in alarm.body
    assert segments(alarm.body).parts <= 2
    await api.post(f"/v1/alerts/{called}/resume", status=200)
    await _trouble(called)
    await _look()
    await worker.fan_out(0)
    assert len([one for one in sent(twilio) if one.to == ADMIN]) == 2


@pytest.mark.usefixtures("admins")
async def test_who_pauses_an_alert_or_locks_down_needs_not_be_told(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await api.post(f"/v1/alerts/{called}/pause", status=200)
    await _look()
    await api.post(f"/v1/alerts/{called}/resume", status=200)
    async with session_scope() as session:
        await lock_down(session, "a phone was lost")
    await _look()
    async with session_scope() as session:
        assert await session.scalar(text("SELECT count(*) FROM audit WHERE what = 'alarm: paused'")) == 0
