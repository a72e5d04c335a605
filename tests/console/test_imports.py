"""Files of people by the browser: sent up as they come, taken in, looked at, taken back."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from alerts.console import uploads
from alerts.storage import engine
from alerts.subscribers import imports, taking
from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import FROM_A_FORM, Browser, browser, invited
from tests.story import JAMES, MARIA, inland_empire

pytestmark = pytest.mark.anyio
GIVEN = {"list-1": "1", "source": "Sheet at the gate", "date": "2026-11-20", "reads": "es"}


@pytest.fixture
async def list_id(api: Api) -> int:
    return int((await api.post("/v1/lists", inland_empire()))["id"])


@pytest.fixture
async def ana(api: Api) -> AsyncIterator[Browser]:
    """An organizer who may not read numbers."""
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        yield one


async def send(
    one: Browser, file: bytes, fields: dict[str, str] = GIVEN, status: int = 303, **headers: str
) -> httpx.Response:
    """As a browser sends the form, the file last."""
    found = re.search(r'name="csrf" value="([^"]+)"', await one.open("/imports/new"))
    assert found
    answer = await one.client.post(
        "/imports/new",
        data={"csrf": found[1]} | fields,
        files={"file": ("people.csv", file, "text/csv")},
        headers=FROM_A_FORM | headers,
    )
    assert answer.status_code == status, (answer.status_code, answer.text)
    return answer


async def finish() -> None:
    while await taking.stint():
        pass


async def test_a_file_is_taken_in_and_can_be_taken_back(api: Api, list_id: int, ana: Browser) -> None:
    await api.text(JAMES, "JOIN")
    await api.text(JAMES, "STOP")
    answer = await send(ana, f"phone\n{MARIA}\n{JAMES}\nnobody\n".encode())
    path = answer.headers["location"]
    waiting = await ana.client.get(path)
    assert waiting.headers["Refresh"] == "3"
    assert "Refresh" not in (await ana.client.get(f"{path}?still=1")).headers
    await finish()
    page = await ana.open(path)
    assert "Taken in" in page
    assert "This person left." in page
    assert "This is not a phone number." in page
    assert "Refresh" not in (await ana.client.get(path)).headers
    assert [one["language"] for one in (await api.get("/v1/subscribers?standing=active"))["items"]] == ["es"]
    await ana.submit(f"{path}/take-back", {}, 422, on=path)
    await ana.submit(f"{path}/take-back", {"sure": "1"}, on=path)
    await finish()
    assert "Taken back" in await ana.open(path)
    assert (await api.get("/v1/subscribers?standing=active"))["items"] == []


async def test_refused_rows_are_a_file_in_the_readers_language_and_masked(
    api: Api, list_id: int, ana: Browser
) -> None:
    path = (await send(ana, f"phone,note\n{MARIA},a\n{MARIA},=b\n".encode())).headers["location"]
    await finish()
    file = await ana.client.get(f"{path}/refused?language=es")
    [row] = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert row == {
        "line": "3",
        "reason": "twice",
        "why": "El mismo número está más arriba en este archivo.",
        "phone": "•••01",
    }


@pytest.mark.parametrize(
    ("file", "changes", "says"),
    [
        (b"", {}, "nothing in this file"),
        (b"phone\n", {}, "nothing in this file"),
        (b"name\nMaria\n", {}, "names no column of numbers"),
        (b"phone,mobile\n1,2\n", {}, "mean the same"),
        (b"PK\x03\x04 and so on", {}, "save it as CSV"),
        (b"phone\n1\n", {"date": "2999-01-01"}, "still to come"),
        (b"phone\n1\n", {"date": "yesterday"}, "the day, such as"),
        (b"phone\n1\n", {"list-1": None}, "a list"),
        (b"phone\n1\n", {"list-7": "1"}, "not there any more"),
    ],
)
async def test_what_cannot_be_taken_in_leaves_nothing_and_what_was_typed_stays(
    api: Api, list_id: int, ana: Browser, file: bytes, changes: dict[str, Any], says: str
) -> None:
    fields = {key: value for key, value in (GIVEN | changes).items() if value is not None}
    answer = await send(ana, file, fields, 404 if "list-7" in changes else 422)
    assert says in answer.text
    assert "Sheet at the gate" in answer.text
    assert (await api.get("/v1/subscribers/imports"))["items"] == []


async def test_a_file_that_is_too_large_is_refused(
    list_id: int, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MOST_OCTETS", 100_000)
    monkeypatch.setattr(uploads, "MOST_OF_A_FILE", 100_000)
    assert "too large" in (await send(ana, b"phone\n" + b"9095550101\n" * 20_000, status=413)).text


async def test_no_other_site_can_send_a_file(list_id: int, ana: Browser) -> None:
    await send(ana, b"phone\n1\n", GIVEN | {"csrf": "x"}, 403)
    await send(ana, b"phone\n1\n", status=403, Origin="https://evil.example")


@pytest.mark.parametrize("size", [1, 7, 64, 65_536])
async def test_it_does_not_matter_in_which_pieces_a_form_comes(
    api: Api, list_id: int, ana: Browser, size: int
) -> None:
    found = re.search(r'name="csrf" value="([^"]+)"', await ana.open("/imports/new"))
    assert found
    boundary = secrets.token_hex(8)
    parts = {"csrf": found[1]} | GIVEN
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    body += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n'
    body += f"Content-Type: text/csv\r\n\r\nphone\r\n{MARIA}\r\n{JAMES}\r\n--{boundary}--\r\n"
    octets = body.encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(octets), size):
            yield octets[start : start + size]

    kind = f"multipart/form-data; boundary={boundary}"
    answer = await ana.client.post(
        "/imports/new", content=pieces(), headers=FROM_A_FORM | {"Content-Type": kind}
    )
    assert answer.status_code == 303, answer.text
    [made] = (await api.get("/v1/subscribers/imports"))["items"]
    assert made["rows"] == 2


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", b"phone\n1\n"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"nonsense"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb'),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"b" * 200_000,
        ),
    ],
)
async def test_what_is_no_such_form_is_refused(list_id: int, ana: Browser, kind: str, body: bytes) -> None:
    answer = await ana.client.post("/imports/new", content=body, headers=FROM_A_FORM | {"Content-Type": kind})
    assert answer.status_code == 403


async def test_a_file_that_comes_slowly_is_taken_in_and_nobody_waits_for_it(
    api: Api, list_id: int, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = engine.OPTIONS.replace("session_timeout=60000", "session_timeout=400")
    assert impatient != engine.OPTIONS
    monkeypatch.setattr(engine, "OPTIONS", impatient)
    await engine.close_engine()
    async with engine.session_scope() as session:  # so that this page, and the next, say that they were here
        await session.execute(text("UPDATE organizer_sessions SET seen_at = now() - interval '5 minutes'"))
    found = re.search(r'name="csrf" value="([^"]+)"', await ana.open("/imports/new"))
    assert found
    fields = {"csrf": found[1]} | GIVEN
    parts = [
        f'--slow\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        '--slow\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\nphone\n'
    )

    async def slowly() -> AsyncIterator[bytes]:
        yield "".join(parts).encode()
        await asyncio.sleep(0.1)
        async with engine.session_scope() as session:
            await session.execute(
                text("UPDATE organizer_sessions SET seen_at = now() - interval '5 minutes'")
            )
        await asyncio.wait_for(ana.open("/lists"), 5)
        await asyncio.sleep(1)
        yield f"{MARIA}\r\n--slow--\r\n".encode()

    kind = {"Content-Type": "multipart/form-data; boundary=slow"}
    answer = await ana.client.post("/imports/new", content=slowly(), headers=FROM_A_FORM | kind)
    await engine.close_engine()
    assert answer.status_code == 303, answer.text
    await finish()
    assert [one["language"] for one in (await api.get("/v1/subscribers?standing=active"))["items"]] == ["es"]
