"""Played in the house that speaks Vietnamese too, by test_a_fourth_language.py; not collected by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import alerts
from alerts.carrier.simulator.server import SimulatorServer
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.language.segments import Encoding, segments
from alerts.understanding.intents import Answer, Doubt, Forget, Help, Leave, Message, Rsvp
from alerts.understanding.reading import Context, Question, read
from tests.api import Api
from tests.languages.fourth import ROOT
from tests.story import JOIN_WORDS, TEXTS, inland_empire, lobby_action
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio

LINH = "+19095550104"
VI = Language("vi")
INVITATION = "{title}: {when}, {where}. Bạn có đến không? YES hoặc NO"
ASKED = Context(subscribed=True, language=VI, questions=(Question(1),))


def test_this_is_the_copy() -> None:
    assert Path(alerts.__file__).parents[1] == ROOT
    assert list(Language) == ["en", "es", "so", "vi"]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Dừng lại", Leave(VI)),
        ("DUNG LAI", Leave(VI)),
        ("hủy đăng ký", Leave(VI)),
        ("Ngừng gửi tin cho tôi", Leave(VI)),
        ("Tôi không muốn nhận tin nữa", Leave(VI)),
        ("Đừng gửi tin nữa", Leave(VI)),
        ("Dừng", Doubt(VI)),
        ("Đừng xóa tên tôi", Message(VI)),
        ("Giúp tôi", Help(VI)),
        ("Xóa thông tin của tôi", Forget(VI)),
        ("Có", Rsvp(Answer.YES, 0, VI)),
        ("Tôi sẽ đến", Rsvp(Answer.YES, 0, VI)),
        ("co\u0301 nhé", Rsvp(Answer.YES, 0, VI)),
        ("Tôi ko đi đc", Rsvp(Answer.NO, 0, VI)),
        ("Có lẽ", Rsvp(Answer.MAYBE, 0, VI)),
        ("Vâng, thêm 2 người", Rsvp(Answer.YES, 2, VI)),
        ("Mấy giờ vậy?", Message(VI)),
    ],
)
def test_what_they_text_is_understood(text: str, meaning: object) -> None:
    assert read(text, ASKED) == meaning


async def test_joining_an_alert_an_answer_a_page_and_the_way_out(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    words = {**JOIN_WORDS, "vi": "THAM GIA"}
    made = await api.post("/v1/lists", inland_empire(join_words=words))

    welcome = await api.text(LINH, "Tham gia")
    assert welcome is not None
    assert welcome.startswith("Warehouse Workers Center: bạn đã vào danh sách Inland Empire.")
    [linh] = (await api.get("/v1/subscribers"))["items"]
    assert linh["language"] == "vi"

    action = await api.post("/v1/actions", lobby_action(title={**lobby_action()["title"], "vi": "Vào sảnh"}))
    draft = {"audience": {"lists": [made["id"]]}, "text": TEXTS, "action": action["id"], "asks_rsvp": True}
    alert = await api.post("/v1/alerts", draft)
    refused = await api.post(f"/v1/alerts/{alert['id']}/send", status=422)
    assert "vi" in refused["detail"]
    await api.patch(f"/v1/alerts/{alert['id']}", {"text": {**TEXTS, "vi": INVITATION}})

    [seen] = [one for name, one in (await preview(api, alert["id"])).items() if name == "vi"]
    assert seen["encoding"] == Encoding.UCS2
    assert seen["parts"] >= 2
    await api.post(f"/v1/alerts/{alert['id']}/send", status=202)
    await worker.fan_out(alert["id"])
    [text] = sent(twilio)
    assert text.body.startswith("Vào sảnh: ")
    assert "tháng" in text.body
    assert segments(text.body).parts == seen["parts"]

    answer = await api.text(LINH, "Vâng, thêm 2 người")
    assert answer is not None
    assert answer.startswith("Tuyệt, bạn sẽ đến cùng 2 người: Vào sảnh, ")
    summary = await api.get(f"/v1/actions/{action['id']}/summary")
    assert summary["languages"]["vi"]["yes"] == 1

    page = await api.client.get(f"/join/{made['id']}?language=vi")
    assert page.status_code == 200
    assert '<html lang="vi"' in page.text
    assert "Ghi tên tôi" in page.text
    assert "Hoặc nhắn THAM GIA đến" in page.text
    assert "Tiếng Việt" in page.text

    goodbye = await api.text(LINH, "Dừng lại")
    assert goodbye == tr(
        VI,
        "{organization}: you will get no more texts from us. To come back, text START.",
        organization="Warehouse Workers Center",
    )
    assert [one["standing"] for one in (await api.get("/v1/subscribers"))["items"]] == ["left"]


async def preview(api: Api, alert: int) -> dict[str, dict[str, Any]]:
    """The preview's part of each language."""
    found: dict[str, dict[str, Any]] = (await api.get(f"/v1/alerts/{alert}/preview"))["languages"]
    return found
