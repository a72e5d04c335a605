"""Keys are changed while the system runs: all opens before, during and after; then the old key can go."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import psycopg
import pytest

from alerts.settings import settings
from alerts.storage.rotation import Rotated, columns, keys_in_use, keys_needed, rotate
from alerts.storage.sealing import sealer
from alerts.storage.tables import Table
from tests.api import Api
from tests.console.browser import browser, invited
from tests.story import JAMES, MARIA, YASMIN, inland_empire

pytestmark = pytest.mark.anyio
OLD = "1:" + base64.b64encode(b"ooooooooooooooooooooooooooooooooo"[:32]).decode()
NEW = "2:" + base64.b64encode(bytes(range(32))).decode()
QUESTION = "Where do we meet if it rains, can somebody tell me?"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Sets SEALING_KEYS, as a process that starts anew reads them."""

    def these(*given: str) -> None:
        monkeypatch.setenv("SEALING_KEYS", ",".join(given))
        settings.cache_clear()
        sealer.cache_clear()

    these(OLD)
    yield these
    monkeypatch.undo()
    settings.cache_clear()
    sealer.cache_clear()


def rotated(url: str) -> dict[str, Rotated]:
    return {one.column: one for one in rotate(url, sealer())}


async def filled(api: Api) -> None:
    """Something sealed of every kind that a story makes."""
    made = await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    await api.text(YASMIN, "KU BIIR")
    await api.text(YASMIN, QUESTION)
    await api.post("/v1/conversations/2/messages", {"text": "Inside."}, 202)
    head = {"Content-Type": "text/csv", "Idempotency-Key": "1"}
    file = "phone,consent\nnot a number,sheet\n"
    path = f"/v1/subscribers/import?lists={made['id']}&consent_source=x&consent_date=2026-01-01"
    await api.client.post(path, content=file, headers=head)
    async with browser() as one:
        await one.settle_in(await invited("marisol@example.org"))


async def test_everything_is_sealed_anew_and_the_old_key_can_go(
    api: Api, trusted_api: Api, postgres_url: str, keys: object
) -> None:
    assert callable(keys)
    await filled(api)
    assert {key for counts in keys_in_use(postgres_url).values() for key in counts} == {1}
    keys(NEW, OLD)
    await api.text(MARIA, "KU BIIR")  # known under the old key
    await api.text(JAMES, "JOIN")  # written with the new one
    assert set(keys_in_use(postgres_url)["subscribers.phone"]) == {1, 2}
    assert keys_needed(postgres_url) == {1, 2}
    done = rotated(postgres_url)
    assert done["subscribers.phone"].resealed == 2
    assert done["consent_events.words"].resealed >= 2
    for column in ("consent_events.origin", "messages.signed", "threads.keeper", "imports.origin"):
        assert done[column].resealed >= 1, column
    assert sum(one.broken + one.twice for one in done.values()) == 0
    assert sum(one.resealed for one in rotated(postgres_url).values()) == 0  # nothing is left to do
    keys(NEW)
    assert {key for counts in keys_in_use(postgres_url).values() for key in counts} == {2}
    assert keys_needed(postgres_url) == {2}
    page = await trusted_api.get("/v1/subscribers")
    assert [row["phone"] for row in page["items"]] == [MARIA, YASMIN, JAMES]
    talk = await trusted_api.get("/v1/conversations/2")
    assert QUESTION in str(talk)
    assert (talk["taken_by"], talk["texts"][-1]["by"]) == ("test", "test")
    proof = await trusted_api.post("/v1/subscribers/proof", {"phone": MARIA}, 200)
    assert proof["events"][0]["words"] == "UNETE"
    assert proof["events"][0]["source"].startswith("SM")
    assert (await api.text(MARIA, "ALTO")) is not None
    assert (await trusted_api.get("/v1/subscribers/1"))["standing"] == "left"


async def test_what_cannot_be_opened_is_counted_and_left(api: Api, postgres_url: str, keys: object) -> None:
    assert callable(keys)
    await filled(api)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE subscribers SET phone = phone || '\\x00'::bytea WHERE id = 1")
    keys(NEW, OLD)
    assert rotated(postgres_url)["subscribers.phone"].broken == 1


async def test_every_key_of_a_column_is_found_the_lowest_and_the_highest_too(
    api: Api, postgres_url: str
) -> None:
    assert keys_needed(postgres_url) <= {1}
    with psycopg.connect(postgres_url) as connection:
        for key in (0, 7, 8, 254, 255):
            phone = bytes((key,)) + b"a number"
            row = "INSERT INTO subscribers (phone, language, standing) VALUES (%s, 'en', 'active')"
            connection.execute(row, [phone])
            connection.execute(row, [phone + b"s"])
    assert keys_needed(postgres_url) - {1} == {0, 7, 8, 254, 255}


async def test_digests_keep_their_key(api: Api, postgres_url: str, keys: object) -> None:
    assert callable(keys)
    await filled(api)
    await api.text(MARIA, "OLVIDAME")
    await api.text(MARIA, "SI")
    keys(NEW, OLD)
    rotated(postgres_url)
    assert keys_in_use(postgres_url)["forgotten.digest"] == {1: 1}


async def test_no_sealed_column_is_left_out() -> None:
    """Every binary column is one that is rotated, or a plain hash of random octets that no key made.

    ``idempotency.request`` is empty: the release before kept a hash there, whose rows are gone after a day.
    """
    plain = {
        "api_keys.digest", "audit_chain.hash", "idempotency.request", "organizer_sessions.digest",
        "organizers.welcome", "presses.digest",
    }  # fmt: skip
    import alerts.main  # noqa: F401

    ours = {"FindableText", "PrivateJson", "PrivateText", "SealedOctets", "Digest", "LargeBinary"}
    binary = {
        f"{table.name}.{column.name}"
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if type(column.type).__name__ in ours
    }
    assert binary == {f"{one.table}.{one.column}" for one in columns()} | plain
