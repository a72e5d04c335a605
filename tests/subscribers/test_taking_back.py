"""An import is taken back: what stays is as if it had never been."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from alerts.storage.engine import session_scope
from alerts.subscribers import imports, taking_back
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, inland_empire
from tests.subscribers.test_imports import finished, subscribers, taken

pytestmark = pytest.mark.anyio
SOMALI = "&consent_source=Sheet at the gate&consent_date=2026-11-20&language=so"


@pytest.fixture
async def list_id(api: Api) -> int:
    return int((await api.post("/v1/lists", inland_empire()))["id"])


async def take_back(api: Api, done: Any) -> None:
    await api.post(f"/v1/subscribers/imports/{done['id']}/take-back", status=202)
    assert (await finished(api, done["id"]))["state"] == "taken back"


async def proof(api: Api, phone: str) -> list[tuple[str, str]]:
    found = await api.post("/v1/subscribers/proof", {"phone": phone}, status=200)
    return [(one["kind"], one["channel"]) for one in found["events"]]


async def test_the_wrong_file_goes_and_the_right_one_stays(
    trusted_api: Api, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_back, "AT_ONCE", 1)
    people = f"{MARIA}\n{JAMES}\n"
    wrong = await taken(trusted_api, list_id, f"phone\n{people}{YASMIN}\n")
    right = await taken(trusted_api, list_id, f"phone,tags\n{MARIA},night\n{JAMES},\n", SOMALI)
    assert right["taken"] == 2
    await take_back(trusted_api, wrong)
    found = await subscribers(trusted_api)
    assert found.keys() == {MARIA, JAMES}
    assert {(one["standing"], one["language"], *one["lists"]) for one in found.values()} == {
        ("active", "so", list_id)
    }
    assert await proof(trusted_api, MARIA) == [("joined", "import")] * 2
    await take_back(trusted_api, right)
    assert await subscribers(trusted_api) == {}


@pytest.mark.parametrize("word", ["JOIN", "by hand", "STOP and START"])
async def test_who_said_so_themselves_or_was_put_on_by_hand_stays(
    trusted_api: Api, list_id: int, word: str
) -> None:
    wrong = await taken(trusted_api, list_id, f"phone,tags\n{JAMES},night\n")
    if word == "by hand":
        added = {"phone": JAMES, "language": "en", "lists": [list_id], "consent": "told me"}
        await trusted_api.post("/v1/subscribers", added)
    else:
        for one in word.split(" and "):
            await trusted_api.text(JAMES, one)
    await take_back(trusted_api, wrong)
    james = (await subscribers(trusted_api))[JAMES]
    assert (james["standing"], james["lists"], james["tags"]) == ("active", [list_id], [])


async def test_who_only_asked_who_we_are_is_texted_no_more(trusted_api: Api, list_id: int) -> None:
    wrong = await taken(trusted_api, list_id, f"phone,tags\n{JAMES},night\n")
    await trusted_api.text(JAMES, "who is this?")
    await take_back(trusted_api, wrong)
    james = (await subscribers(trusted_api))[JAMES]
    assert (james["standing"], james["lists"], james["tags"]) == ("pending", [], [])


async def test_who_had_not_said_yes_has_not_said_it(trusted_api: Api, list_id: int) -> None:
    confirms = inland_empire(name="Other", join_words={"en": "OTHER"}, confirms=True)
    other = await trusted_api.post("/v1/lists", confirms)
    await trusted_api.text(JAMES, "OTHER")
    wrong = await taken(trusted_api, list_id, f"phone\n{JAMES}\n")
    assert (await subscribers(trusted_api))[JAMES]["standing"] == "active"
    await take_back(trusted_api, wrong)
    assert (await subscribers(trusted_api))[JAMES]["standing"] == "pending"
    await trusted_api.text(JAMES, "YES")
    james = (await subscribers(trusted_api))[JAMES]
    assert (james["standing"], james["lists"]) == ("active", [other["id"]])


async def test_a_tag_that_another_file_gives_or_an_organizer_stays(trusted_api: Api, list_id: int) -> None:
    wrong = await taken(trusted_api, list_id, f"phone,tags\n{JAMES},day|night|rain\n")
    await taken(trusted_api, list_id, f"phone,tags\n{JAMES},night\n")
    james = (await subscribers(trusted_api))[JAMES]
    for tags in (["day", "night"], ["day", "night", "rain"]):  # taken away, and given anew
        await trusted_api.patch(f"/v1/subscribers/{james['id']}", {"tags": tags})
    await take_back(trusted_api, wrong)
    assert (await subscribers(trusted_api))[JAMES]["tags"] == ["night", "rain"]


async def test_whoever_is_taken_off_a_list_is_brought_back_by_no_older_file(
    trusted_api: Api, list_id: int
) -> None:
    other = await trusted_api.post("/v1/lists", inland_empire(name="Other", join_words={"en": "OTHER"}))
    first = await taken(trusted_api, list_id, f"phone\n{JAMES}\n")
    await taken(trusted_api, list_id, f"phone\n{JAMES}\n")
    james = (await subscribers(trusted_api))[JAMES]
    await trusted_api.patch(f"/v1/subscribers/{james['id']}", {"lists": [other["id"]]})
    await take_back(trusted_api, first)
    assert (await subscribers(trusted_api))[JAMES]["lists"] == [other["id"]]


async def test_lists_that_stay_keep_their_day_and_their_file(trusted_api: Api, list_id: int) -> None:
    """A list more by hand makes no list of the file one by hand."""
    other = await trusted_api.post("/v1/lists", inland_empire(name="Other", join_words={"en": "OTHER"}))
    wrong = await taken(trusted_api, list_id, f"phone\n{JAMES}\n")
    james = (await subscribers(trusted_api))[JAMES]
    await trusted_api.patch(f"/v1/subscribers/{james['id']}", {"lists": [list_id, other["id"]]})
    await take_back(trusted_api, wrong)
    assert (await subscribers(trusted_api))[JAMES]["lists"] == [other["id"]]


async def test_who_was_known_and_stands_twice_in_a_file_is_taken_once(
    api: Api, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "ROWS_A_CHUNK", 1)
    await api.text(JAMES, "JOIN")
    done = await taken(api, list_id, f"phone\n{JAMES}\n{MARIA}\n{JAMES}\n")
    assert done["refused"] == {"twice": 1}


# Each of these is done to somebody, and to a twin whom the imports that will be taken back do not hold.
PEOPLE, TAGS, WORDS = 4, ("day", "night"), ("JOIN", "UNETE", "OTHER", "STOP", "YES", "who is this?")
DOINGS = ("import", "import", "import", "text", "text", "text", "hand", "off", "tag", "take back")


@dataclass
class World:
    """Some people and their twins, and the imports that are still to be taken back."""

    api: Api
    chance: random.Random
    lists: list[int]
    imports: list[Any] = field(default_factory=list)
    guessed: set[str] = field(default_factory=set)  # whose language was guessed of a text

    @staticmethod
    def pair(number: int) -> tuple[str, str]:
        return f"+190955501{10 + number}", f"+190955501{50 + number}"

    async def both(self, number: int) -> list[dict[str, Any] | None]:
        found = await subscribers(self.api)
        return [found.get(phone) for phone in self.pair(number)]

    async def do(self) -> None:
        number = self.chance.randrange(PEOPLE)
        match self.chance.choice(DOINGS):
            case "import":
                await self.bring_in()
            case "text":
                await self.text(number, self.chance.choice(WORDS))
            case "hand":
                await self.by_hand(number, self.chance.choice(self.lists), self.chance.choice(TAGS))
            case "off":
                await self.take_off(number, self.chance.choice(self.lists))
            case "tag":
                await self.tag(number, self.chance.choice(TAGS))
            case "take back" if self.imports:
                await take_back(self.api, self.imports.pop(self.chance.randrange(len(self.imports))))

    async def bring_in(self) -> None:
        wrong = self.chance.random() < 0.5
        some = [self.pair(one) for one in range(PEOPLE) if self.chance.random() < 0.7]
        tags = "|".join(self.chance.sample(TAGS, self.chance.randrange(3)))
        phones = [phone for pair in some for phone in (pair[:1] if wrong else pair)]
        if phones:
            file = "phone,tags\n" + "".join(f"{phone},{tags}\n" for phone in phones)
            reads = f"&consent_source=x&consent_date=2026-11-20&language={self.chance.choice(('en', 'so'))}"
            done = await taken(self.api, self.chance.choice(self.lists), file, reads)
            self.imports += [done] if wrong else []

    async def text(self, number: int, word: str) -> None:
        found = await self.both(number)
        if word == "OTHER" and found[0] and (found[1] is None or found[0]["lists"] != found[1]["lists"]):
            return  # who is on it need not confirm it, and the twin would have to
        if word in {"YES", "who is this?"} and not all(one and one["standing"] == "active" for one in found):
            self.guessed |= set(self.pair(number))
        for phone in self.pair(number):
            await self.api.text(phone, word)

    async def by_hand(self, number: int, onto: int, tag: str) -> None:
        for phone in self.pair(number):
            row = {"phone": phone, "language": "es", "lists": [onto], "tags": [tag]}
            await self.api.client.post("/v1/subscribers", json=row | {"consent": "told me"})

    async def take_off(self, number: int, off: int) -> None:
        for one in await self.both(number):
            if one and off in one["lists"]:
                lists = [on for on in one["lists"] if on != off]
                await self.api.patch(f"/v1/subscribers/{one['id']}", {"lists": lists})

    async def tag(self, number: int, tag: str) -> None:
        """Where both or none have it: what one sees on a page one does not give again."""
        one, twin = await self.both(number)
        if one and twin and (tag in one["tags"]) == (tag in twin["tags"]):
            for row in (one, twin):
                tags = {*row["tags"]} ^ {tag}
                await self.api.patch(f"/v1/subscribers/{row['id']}", {"tags": sorted(tags)})

    def seen(self, row: dict[str, Any] | None) -> Any:
        if row is None:
            return None
        reads = row["language"] if row["standing"] == "active" and row["phone"] not in self.guessed else ""
        return row["standing"], sorted(row["lists"]), row["tags"], reads


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_what_is_taken_back_had_never_been(
    trusted_api: Api, list_id: int, seed: int
) -> None:
    other = inland_empire(name="Other", join_words={"en": "OTHER"}, confirms=True)
    lists = [list_id, int((await trusted_api.post("/v1/lists", other))["id"])]
    world = World(trusted_api, random.Random(seed), lists)
    for _ in range(30):
        await world.do()
    for one in world.imports:
        await take_back(trusted_api, one)
    for number in range(PEOPLE):
        one, twin = await world.both(number)
        assert world.seen(one) == world.seen(twin), (seed, number)
    async with session_scope() as session:
        for left in ("import_tags", "import_again", "memberships", "subscribers"):
            query = text(
                f"SELECT count(*) FROM {left} WHERE import_id IN"
                " (SELECT id FROM imports WHERE state = 'taken back')"
            )
            assert await session.scalar(query) == 0, left
