"""The API of lists and subscribers, and every kind of wrong request to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import Api
from tests.story import MARIA, inland_empire

pytestmark = pytest.mark.anyio


def maria(**changes: Any) -> dict[str, Any]:
    return {
        "phone": "(909) 555-0101",
        "language": "es",
        "lists": [1],
        "consent": "Signed the sheet at the gate, 2026-11-20",
        **changes,
    }


async def test_a_list_is_made_read_changed_and_deleted(api: Api) -> None:
    made = await api.post("/v1/lists", inland_empire())
    assert made == {"id": 1, "confirms": False, **inland_empire()}
    assert await api.get("/v1/lists/1") == made
    changed = await api.patch("/v1/lists/1", {"name": "IE", "join_words": {"en": "IE"}})
    assert changed == {**made, "name": "IE", "join_words": {"en": "IE"}}
    assert (await api.patch("/v1/lists/1", {"confirms": True}))["confirms"] is True
    assert (await api.client.delete("/v1/lists/1")).status_code == 204
    await api.get("/v1/lists/1", status=404)


async def test_a_list_with_people_on_it_is_not_deleted(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.post("/v1/subscribers", maria())
    answer = await api.client.delete("/v1/lists/1")
    assert answer.status_code == 409
    assert answer.json()["code"] == "list_has_members"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"join_words": {"en": "GO"}}, 409, "list_name_taken"),
        ({"name": "Other"}, 409, "join_word_taken"),
        ({"name": "Other", "join_words": {"en": "únete"}}, 409, "join_word_taken"),
        ({"name": "Other", "join_words": {"en": "STOP"}}, 422, "join_word_reserved"),
        ({"name": "Other", "join_words": {"es": "alto"}}, 422, "join_word_reserved"),
        ({"name": "Other", "join_words": {"en": "!!!"}}, 422, "join_word_reserved"),
        ({"name": "Other", "join_words": {"en": "go", "es": "GO"}}, 409, "join_word_taken"),
        ({"name": ""}, 422, "invalid"),
        ({"timezone": "Mars/Olympus"}, 422, "invalid"),
        ({"join_words": {}}, 422, "invalid"),
        ({"join_words": {"fr": "ALLEZ"}}, 422, "invalid"),
        ({"colour": "red"}, 422, "invalid"),
    ],
)
async def test_a_bad_list_is_refused_and_nothing_half_done_stays(
    api: Api, change: dict[str, Any], status: int, code: str
) -> None:
    await api.post("/v1/lists", inland_empire())
    problem = await api.post("/v1/lists", inland_empire(**change), status=status)
    assert problem["code"] == code
    assert problem["errors"]
    assert len((await api.get("/v1/lists"))["items"]) == 1


async def test_a_number_is_masked_unless_the_key_may_read_it(api: Api, trusted_api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    added = await api.post("/v1/subscribers", maria())
    assert added["phone"] == "•••01"
    assert (await trusted_api.get(f"/v1/subscribers/{added['id']}"))["phone"] == MARIA
    assert (await trusted_api.get("/v1/subscribers"))["items"][0]["phone"] == MARIA


@pytest.mark.parametrize(
    ("phone", "code"),
    [("hola", "bad_phone_number"), ("909555010", "bad_phone_number"), ("+1 800 555 0199", "not_mobile")],
)
async def test_a_bad_number_is_refused_by_field_and_not_repeated(api: Api, phone: str, code: str) -> None:
    await api.post("/v1/lists", inland_empire())
    problem = await api.post("/v1/subscribers", maria(phone=phone), status=422)
    assert problem["code"] == code
    assert problem["errors"][0]["field"] == "phone"
    assert phone not in str(problem)


async def test_a_wrong_type_is_refused_without_repeating_what_was_sent(api: Api) -> None:
    problem = await api.post("/v1/subscribers", maria(phone=9095550101, lists="all"), status=422)
    assert [error["field"] for error in problem["errors"]] == ["phone", "lists"]
    assert "9095550101" not in str(problem)


async def test_adding_somebody_twice_is_adding_once(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    first = await api.post("/v1/subscribers", maria(tags=["night"]))
    again = await api.post("/v1/subscribers", maria(phone="+19095550101", tags=["dock"]))
    assert again["id"] == first["id"]
    assert again["tags"] == ["dock", "night"]


async def test_whoever_left_is_not_brought_back_by_an_organizer(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    await api.text(MARIA, "ALTO")
    problem = await api.post("/v1/subscribers", maria(), status=409)
    assert problem["code"] == "cannot_be_added"


async def test_removing_somebody_keeps_the_proof(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    added = await api.post("/v1/subscribers", maria())
    answer = await api.client.delete(f"/v1/subscribers/{added['id']}")
    assert answer.json()["standing"] == "left"
    events = (await api.get(f"/v1/subscribers/{added['id']}/consent"))["items"]
    assert [(event["kind"], event["channel"]) for event in events] == [("joined", "api"), ("left", "api")]


async def test_the_filters_of_the_list_of_subscribers(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.post("/v1/subscribers", maria())
    for query, count in {
        "language=es": 1,
        "language=so": 0,
        "list=1": 1,
        "list=2": 0,
        "standing=left": 0,
    }.items():
        assert len((await api.get(f"/v1/subscribers?{query}"))["items"]) == count, query


async def test_pages_follow_a_cursor_to_the_end(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    for number in range(5):
        await api.post("/v1/subscribers", maria(phone=f"+1909555011{number}"))
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = await api.get(f"/v1/subscribers?limit=2&after={after}")
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/lists/99",
        "/v1/subscribers/99",
        "/v1/subscribers/99/consent",
        "/v1/actions/99",
        "/v1/actions/99/summary",
        "/v1/actions/99/rsvps",
        "/v1/alerts/99",
        "/v1/alerts/99/preview",
        "/v1/alerts/99/report",
        "/v1/alerts/99/deliveries",
        "/v1/nowhere",
    ],
)
async def test_what_does_not_exist_is_a_404(api: Api, path: str) -> None:
    await api.get(path, status=404)


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "x"])
async def test_an_id_that_cannot_be_one_is_a_422(api: Api, number: str) -> None:
    await api.get(f"/v1/lists/{number}", status=422)


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer alerts_wrong", "Basic abc", "Bearer \x7f"])
@pytest.mark.parametrize(
    "path", ["/v1/lists", "/v1/subscribers", "/v1/actions", "/v1/alerts", "/v1/alerts/1/report"]
)
async def test_without_a_valid_key_there_is_a_401_and_nothing_else(
    api: Api, header: str | None, path: str
) -> None:
    api.client.headers.pop("Authorization")
    headers = {"Authorization": header} if header else {}
    answer = await api.client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_text_that_a_database_cannot_hold_is_refused(api: Api, text: str) -> None:
    body = (
        b'{"name": "'
        + (b"a\\u0000b" if "\x00" in text else b"\\ud800")
        + b'", "timezone": "UTC", "join_words": {"en": "GO"}}'
    )
    answer = await api.client.post("/v1/lists", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    answer = await api.client.post("/v1/lists", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
