"""``/metrics``: what happened in all processes and how it stands, for whoever has the token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from sqlalchemy import text

from alerts import health
from alerts.broadcasts import lifecycle, locking
from alerts.metrics import GAUGES
from alerts.settings import settings
from alerts.storage import meters
from alerts.storage.engine import session_scope
from alerts.storage.meters import METERS, REQUESTS, flush, observe
from alerts.storage.redis import redis
from tests.api import Api
from tests.story import MARIA, alert
from tests.worker import Worker

pytestmark = pytest.mark.anyio
TOKEN = "a token for the metrics"


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    settings.cache_clear()
    meters._take()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def scraped(api: Api) -> dict[tuple[str, ...], float]:
    """What Prometheus reads: (name, label values in the order of their names …) → value."""
    answer = await api.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert "+1909" not in answer.text
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            key = one.name, *one.labels.values()
            assert key not in found, key
            found[key] = one.value
    return found


async def test_nobody_reads_it_without_the_token(api: Api) -> None:
    for given in ("", "Bearer ", "Bearer None"):
        assert (await api.client.get("/metrics", headers={"Authorization": given})).status_code == 401


@pytest.mark.usefixtures("token")
async def test_nor_with_another_one_or_an_api_key(api: Api) -> None:
    for given in (TOKEN + "x", "Basic " + TOKEN, TOKEN[:-1]):
        answer = await api.client.get("/metrics", headers={"Authorization": f"Bearer {given}"})
        assert answer.status_code == 401
    assert (await api.client.get("/metrics")).status_code == 401


@pytest.mark.usefixtures("token")
async def test_the_way_of_texts_is_in_it(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    before = await scraped(api)
    assert before["alerts_texts", "es", "waiting"] == 1
    assert before["alerts_alerts", "sending"] == 1
    assert before["alerts_oldest_waiting_seconds",] > 0
    assert before["alerts_queue_jobs", "waiting"] == 1
    assert before["alerts_workers",] == 0
    assert before["alerts_ready", "workers"] == 0
    assert before["alerts_ready", "postgresql"] == 1
    assert before["alerts_inbound_total", "join"] == 3

    await worker.fan_out(called)
    async with session_scope() as session:
        row = (
            await session.execute(text("SELECT id, message_sid FROM deliveries ORDER BY id LIMIT 1"))
        ).one()
    await api.status(row.id, row.message_sid, "delivered")
    await api.text(MARIA, "si")

    after = await scraped(api)
    assert ("alerts_texts", "es", "waiting") not in after or after["alerts_texts", "es", "waiting"] == 0
    assert sum(value for key, value in after.items() if key[:1] == ("alerts_outcomes_total",)) == 3
    assert after["alerts_parts_total", "1-00"] >= 3
    assert after["alerts_callbacks_total", "delivered"] == 1
    assert after["alerts_callback_delay_seconds_count", "delivered"] == 1
    assert after["alerts_inbound_total", "rsvp"] == 1
    assert after["alerts_sender_limit_parts", "1-00"] == 5000
    assert after["alerts_sender_share", "1-00"] == 1
    assert after["alerts_oldest_waiting_seconds",] == 0
    for what in ("statement", "claim", "outcomes", "callbacks", "inbound"):
        assert after["alerts_database_seconds_count", what] > 0, what
    everything = after["alerts_request_seconds_count", "webhook", "2xx"]
    assert after["alerts_request_seconds_bucket", "webhook", "+Inf", "2xx"] == everything > 0


@pytest.mark.usefixtures("token")
async def test_unknowns_are_in_it(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    await worker.claim(called)
    await worker.lose_claims()
    found = await scraped(api)
    assert found["alerts_unknown",] == 3
    assert found["alerts_oldest_unknown_seconds",] > 0


@pytest.mark.usefixtures("token")
async def test_what_a_lockdown_paused_is_not_in_trouble(api: Api, called: int, inland: int) -> None:
    other = await api.post("/v1/alerts", alert(inland, None, text={"en": "Hi", "es": "Hola", "so": "Nabad"}))
    await api.post(f"/v1/alerts/{other['id']}/send", status=202)
    async with session_scope() as session:
        await lifecycle.pause(session, called, "Sending failed")
        await locking.lock_down(session, "a phone was taken")
    found = await scraped(api)
    assert (found["alerts_alerts", "in trouble"], found["alerts_alerts", "paused"]) == (1, 1)
    assert found["alerts_locked_down",] == 1


@pytest.mark.usefixtures("token")
async def test_two_processes_add_up_and_a_lost_redis_begins_again(api: Api) -> None:
    observe(REQUESTS, 0.3, "api", "5xx")
    await flush()
    observe(REQUESTS, 0.2, "api", "5xx")  # as another process would
    await flush()
    found = await scraped(api)
    assert found["alerts_request_seconds_count", "api", "5xx"] == 2
    assert found["alerts_request_seconds_sum", "api", "5xx"] == pytest.approx(0.5)
    assert found["alerts_request_seconds_bucket", "api", "0.25", "5xx"] == 1
    redis().flushdb()
    assert ("alerts_request_seconds_count", "api", "5xx") not in await scraped(api)


@pytest.mark.usefixtures("token")
async def test_what_redis_could_not_take_is_not_lost(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    observe(REQUESTS, 0.3, "api", "5xx")
    with monkeypatch.context() as away:
        away.setattr(meters, "async_redis", lambda: Redis.from_url("unix:///nowhere"))
        await flush()
    observe(REQUESTS, 0.3, "api", "5xx")
    assert (await scraped(api))["alerts_request_seconds_count", "api", "5xx"] == 2


@pytest.mark.usefixtures("token")
async def test_without_postgresql_the_rest_is_there(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> object:
        raise OSError

    monkeypatch.setattr(health, "session_scope", away)
    found = await scraped(api)
    assert found["alerts_ready", "postgresql"] == 0
    assert found["alerts_ready", "redis"] == 1
    assert ("alerts_queue_jobs", "waiting") in found
    assert ("alerts_unknown",) not in found


def test_every_name_is_there_once() -> None:
    names = [meter.name for meter in METERS] + list(GAUGES)
    assert len(names) == len(set(names))
    assert all(name.startswith("alerts_") for name in names)
