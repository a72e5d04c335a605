"""The page of phones: what it serves, and what it tells while it is open."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests
from twilio.rest import Client

from alerts.carrier.simulator import phones
from alerts.carrier.simulator.server import SimulatorServer
from alerts.language.segments import Encoding, segments
from tests.conftest import OUR_NUMBER
from tests.story import JAMES, MARIA, YASMIN


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/phones", "text/html"), ("/phones/phones.css", "text/css"), ("/phones/phones.js", "text/javascript")],
)
def test_the_page_is_served_with_a_strict_policy(server: SimulatorServer, path: str, kind: str) -> None:
    answer = requests.get(server.url + path, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_asks_nobody_else_and_has_nothing_inline() -> None:
    page, style, script = (
        (phones.HERE / name).read_text("utf-8") for name in ("phones.html", "phones.css", "phones.js")
    )
    assert not re.search(r"https?://|//[a-z]+\.", page + style + script)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


def test_three_workers_in_three_languages_have_a_phone(server: SimulatorServer) -> None:
    words = requests.get(server.url + "/phones/words", timeout=5).json()
    assert {(one["number"], one["language"]) for one in words["first"]} == {
        (MARIA, "es"),
        (YASMIN, "so"),
        (JAMES, "en"),
    }
    shapes = {tuple(sorted(language)) for language in words["languages"].values()}
    assert len(shapes) == 1  # no language lacks a word


def test_a_button_texts_one_cheap_part() -> None:
    for language in phones.LANGUAGES.values():
        quick = language["quick"]
        assert isinstance(quick, list)
        assert all(segments(word).encoding is Encoding.GSM7 for word in quick)


def test_a_phone_shows_what_was_sent_and_what_arrived(server: SimulatorServer, twilio: Client) -> None:
    server.text(MARIA, "<script>alert(1)</script>")
    server.simulator.carrier.block(MARIA)
    server.text(MARIA, "UNETE")
    shown = requests.get(f"{server.url}/simulator/phones/{MARIA[1:]}", timeout=5).json()
    assert [(one["mine"], one["status"], one["code"]) for one in shown] == [
        (True, "received", None),
        (False, "delivered", None),
        (True, "received", None),
        (False, "failed", 21610),
    ]
    assert shown[0]["body"] == "<script>alert(1)</script>"  # as text; the page never takes it for markup


def test_an_open_page_hears_of_each_change(server: SimulatorServer, twilio: Client) -> None:
    with requests.get(server.url + "/simulator/events", stream=True, timeout=5) as stream:
        lines = (str(line) for line in stream.iter_lines(chunk_size=1, decode_unicode=True))
        assert next(line for line in lines if line.startswith("event")) == "event: hello"
        next(lines)
        twilio.messages.create(to=YASMIN, from_=OUR_NUMBER, body="Salaan")
        told = next(line for line in lines if line.startswith("data"))
        assert json.loads(told.removeprefix("data: ")) == {"number": YASMIN}
        requests.post(server.url + "/simulator/reset", timeout=5)
        assert next(line for line in lines if line.startswith("event")) == "event: hello"


def test_every_file_of_the_page_is_in_the_package() -> None:
    kinds = {Path(name).suffix for name in phones.FILES.values()}
    assert kinds <= {".html", ".css", ".js"}  # what pyproject.toml packs
