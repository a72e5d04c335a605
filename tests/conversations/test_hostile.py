"""Whatever a worker texts is text: in the inbox, in the proof, in a file, in the organizers' language."""

from __future__ import annotations

import csv
import io

import pytest

from tests.api import Api
from tests.story import MARIA

pytestmark = pytest.mark.anyio
HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("https://evil.example","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202egnihton si siht\u202c \u2066\u2067",
    "😡" * 400,
    "'; DROP TABLE subscribers; --",
    "{{ 7 * 7 }} {organization} %s %(x)s",
    "a\u0300" * 700,
    "\ud83d".encode("utf-8", "replace").decode() + "\ufffe\u2028\u2029",
    "&lt;b&gt; \x1b[31m \r\n\t\x07",
]


@pytest.mark.parametrize("words", HOSTILE)
async def test_it_is_shown_as_it_is_and_does_nothing(api: Api, inland: int, words: str) -> None:
    answer = await api.text("+19095550177", words)
    assert answer is None or words not in answer
    threads = (await api.get("/v1/conversations"))["items"]
    if threads:  # else it meant something to the machine
        page = await api.client.get(f"/v1/conversations/{threads[0]['id']}")
        assert page.headers["content-type"] == "application/json"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert words in [one["text"] for one in page.json()["texts"]]


async def test_ten_thousand_emoji_are_too_many_for_a_text_and_harm_nobody(api: Api, inland: int) -> None:
    form = {"MessageSid": "SM" + "a" * 32, "From": MARIA, "To": "x", "Body": "😡" * 10_000}
    assert (await api.webhook("/twilio/inbound", form)).status_code == 413
    assert (await api.get("/v1/lists"))["items"]


@pytest.mark.parametrize("words", [one for one in HOSTILE if "\x00" not in one])
async def test_no_cell_of_a_file_is_a_formula(api: Api, trusted_api: Api, inland: int, words: str) -> None:
    tag = words.replace("|", " ")[:40].strip()
    answer = await api.client.patch("/v1/subscribers/1", json={"tags": [tag]})
    if answer.status_code == 422:
        return  # a tag that cannot be one
    file = (await trusted_api.client.get("/v1/subscribers/export")).text.removeprefix("\ufeff")
    cells = [cell for row in csv.reader(io.StringIO(file)) for cell in row]
    assert any(tag in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
