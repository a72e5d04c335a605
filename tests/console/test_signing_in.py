"""Signing in: two steps, a session that can be ended, and no way to guess or to find out who exists."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from alerts.console.troubles import in_words
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.storage.sealing import Sealer
from alerts.team import codes, guessing
from alerts.team.actors import Role
from alerts.team.codes import secrets_of
from alerts.team.models import Organizer, OrganizerSession
from tests.api import Api
from tests.console.browser import PASSWORD, Browser, browser, code_at, invited

pytestmark = pytest.mark.anyio
EMAIL = "marisol@example.org"


async def _settled(one: Browser, role: Role = Role.ADMIN) -> list[str]:
    return await one.settle_in(await invited(EMAIL, role))


async def test_whoever_is_invited_settles_in_and_comes_back(api: Api) -> None:
    async with browser() as one:
        recovery = await _settled(one)
        assert len(set(recovery)) == 10
        assert "Your account" in await one.open("/account")
        await one.submit("/sign-out", {}, on="/account")
        assert "<h1>Sign in</h1>" in await one.open("/account")
        await one.sign_in("  Marisol@Example.org ")
        assert "Your account" in await one.open("/account")


async def test_an_invitation_is_good_once(api: Api) -> None:
    path = await invited(EMAIL)
    async with browser() as one, browser() as two:
        await one.settle_in(path)
        assert "This link is over" in await two.open(path, 404)
        assert "This link is over" in await two.open("/welcome/nobodys", 404)


async def test_the_second_factor_cannot_be_made_from_the_link(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await invited(EMAIL)
    async with browser() as one:
        await one.settle_in(path)
        # The same program, and the link from a history or a chat, but not our keys.
        monkeypatch.setattr(codes, "sealer", lambda: Sealer({1: bytes(32)}))
        made = secrets_of(path.rpartition("/")[2])
        assert made
        assert one.secret not in made


async def test_keys_may_change_while_an_invitation_is_open(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await invited(EMAIL)
    old, new = bytes(32), bytes(range(32))
    async with browser() as one:
        monkeypatch.setattr(codes, "sealer", lambda: Sealer({1: old, 2: new}))
        shown = re.search(r'<p class="secret">([A-Z2-7 ]+)</p>', await one.open(path))
        assert shown
        monkeypatch.setattr(codes, "sealer", lambda: Sealer({2: new, 1: old}))
        one.secret = shown[1].replace(" ", "")
        await one.submit(path, {"password": PASSWORD, "code": one.code()}, 200)
        await one.submit("/sign-out", {}, on="/account")
        await one.sign_in(EMAIL)


async def test_an_invitation_ends_after_two_days(api: Api) -> None:
    path = await invited(EMAIL)
    async with session_scope() as session:
        await session.execute(update(Organizer).values(welcome_until=text("now()")))
    async with browser() as one:
        await one.open(path, 404)


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "10 to 200"),
        ("password1234", "guessed"),
        ("marisol@example.org", "guessed"),
        ("Marisol2026", "guessed"),
    ],
)
async def test_a_password_that_would_be_guessed_is_refused(api: Api, password: str, says: str) -> None:
    path = await invited(EMAIL)
    async with browser() as one:
        page = await one.open(path)
        one.secret = re.findall(r'"secret">([A-Z2-7 ]+)<', page)[0].replace(" ", "")
        answer = await one.submit(path, {"password": password, "code": one.code()}, 422)
        assert says in answer.text
        assert password not in answer.text.replace(EMAIL, "")


async def test_half_a_session_opens_nothing(api: Api) -> None:
    async with browser() as one:
        await _settled(one)
        await one.submit("/sign-out", {}, on="/account")
        await one.submit("/sign-in", {"email": EMAIL, "password": PASSWORD})
        cookie = one.client.cookies["half"]
        one.client.cookies.set("session", cookie)
        assert "<h1>Sign in</h1>" in await one.open("/account")


async def test_a_code_is_good_once(api: Api) -> None:
    async with browser() as one, browser() as two:
        await _settled(one)
        used = one.code(steps=1)
        await two.sign_in(EMAIL, code=used)
        await one.submit("/sign-out", {}, on="/account")
        await one.submit("/sign-in", {"email": EMAIL, "password": PASSWORD})
        await one.submit("/sign-in/code", {"code": used}, 401)


async def test_a_recovery_code_is_good_once(api: Api) -> None:
    async with browser() as one, browser() as two:
        first, second, *_ = await _settled(one)
        await two.sign_in(EMAIL, code=first)
        async with browser() as three:
            await three.submit("/sign-in", {"email": EMAIL, "password": PASSWORD})
            await three.submit("/sign-in/code", {"code": first}, 401)
            await three.submit("/sign-in/code", {"code": second.replace("-", " ").upper()})


async def test_guessing_is_slowed_down_and_tells_nothing_of_who_exists(api: Api) -> None:
    async with browser() as one:
        await _settled(one)
        await one.submit("/sign-out", {}, on="/account")
        told = {}
        for email in (EMAIL, "nobody@example.org"):
            told[email] = [
                (await one.client.post("/sign-in", data={"email": email, "password": f"wrong {time}"},
                                       headers={"Sec-Fetch-Site": "same-origin"}))
                for time in range(guessing.FREE + 2)
            ]  # fmt: skip
        known, nobody = told.values()
        assert [one.status_code for one in known] == [401] * guessing.FREE + [429] * 2
        assert [one.status_code for one in nobody] == [one.status_code for one in known]
        # But for the address that was typed, which stays in its field.
        shown = [one.text.replace("nobody@example.org", EMAIL) for one in nobody]
        assert shown == [one.text for one in known]
        # The right password waits as well.
        await one.submit("/sign-in", {"email": EMAIL, "password": PASSWORD}, 429)
        async with session_scope() as session:
            await session.execute(text("UPDATE guesses SET last_at = last_at - interval '2 minutes'"))
        await one.submit("/sign-in", {"email": EMAIL, "password": PASSWORD})


async def test_many_guesses_at_once_are_not_all_free(api: Api) -> None:
    async with browser() as one:
        await _settled(one)
        await one.submit("/sign-out", {}, on="/account")

        async def guess(number: int) -> int:
            form = {"email": EMAIL, "password": f"wrong {number}"}
            answer = await one.client.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
            return answer.status_code

        told = Counter(await asyncio.gather(*(guess(number) for number in range(40))))
        assert told[401] <= guessing.FREE
        assert told[401] + told[429] + told[503] == 40


async def test_a_crowd_at_the_door_is_turned_away(api: Api) -> None:
    async def knock(number: int) -> int:
        form = {"email": f"{number}@example.org", "password": "x"}
        answer = await api.client.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        return answer.status_code

    told = Counter(await asyncio.gather(*(knock(number) for number in range(40))))
    assert told[503] > 0
    assert set(told) <= {401, 429, 503}
    await api.get("/v1/lists")  # whoever works is not kept from it


async def test_codes_are_not_guessed_either(api: Api) -> None:
    async with browser() as one:
        await _settled(one)
        await one.submit("/sign-out", {}, on="/account")
        await one.submit("/sign-in", {"email": EMAIL, "password": PASSWORD})
        for _ in range(guessing.FREE):
            await one.submit("/sign-in/code", {"code": "000 000"}, 401)
        await one.submit("/sign-in/code", {"code": one.code(steps=1)}, 429)


async def test_the_wait_grows_and_ends(database: None) -> None:
    async def wait() -> int:
        async with session_scope() as session:
            try:
                await guessing.let_guess(session, EMAIL, "192.0.2.0/24")
            except guessing.TooManyGuesses as error:
                return error.minutes
            return 0

    waits = []
    for _ in range(guessing.FREE + 12):
        async with session_scope() as session:
            await guessing.guessed_wrong(session, EMAIL, "192.0.2.0/24")
        waits.append(await wait())
    assert waits[: guessing.FREE - 1] == [0] * (guessing.FREE - 1)
    assert waits == sorted(waits)
    assert waits[-1] == guessing.LONGEST_WAIT / timedelta(minutes=1)
    async with session_scope() as session:
        await guessing.guessed_right(session, EMAIL)
    assert await wait() == 0


@pytest.mark.parametrize("column", ["seen_at", "created_at"])
async def test_sessions_end_by_the_clock(api: Api, column: str) -> None:
    async with browser() as one:
        await _settled(one)
        assert "Your account" in await one.open("/account")
        async with session_scope() as session:
            await session.execute(
                text(f"UPDATE organizer_sessions SET {column} = now() - interval '25 hours'")
            )
        assert "<h1>Sign in</h1>" in await one.open("/account")


async def test_sessions_are_listed_and_ended(api: Api) -> None:
    async with browser() as one, browser() as two:
        await _settled(one)
        two.secret = one.secret
        await two.sign_in(EMAIL)
        page = await one.open("/account")
        [other] = re.findall(r"/account/sessions/(\d+)/end", page)
        await one.submit(f"/account/sessions/{other}/end", {}, on="/account")
        assert "<h1>Sign in</h1>" in await two.open("/account")
        assert "Your account" in await one.open("/account")


async def test_nobody_ends_anothers_session(api: Api) -> None:
    async with browser() as one, browser() as two:
        await _settled(one)
        await two.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        async with session_scope() as session:
            ids = (await session.scalars(text("SELECT id FROM organizer_sessions ORDER BY id"))).all()
        await two.submit(f"/account/sessions/{ids[0]}/end", {}, 404, on="/account")
        assert "Your account" in await one.open("/account")


async def test_a_new_password_ends_the_other_sessions(api: Api) -> None:
    async with browser() as one, browser() as two:
        await _settled(one)
        two.secret = one.secret
        await two.sign_in(EMAIL)
        new = "umbrella gravel eleven piano"
        await one.submit("/account/password", {"password": "wrong", "new": new}, 401, on="/account")
        await one.submit("/account/password", {"password": PASSWORD, "new": new}, on="/account")
        assert "<h1>Sign in</h1>" in await two.open("/account")
        await two.submit("/sign-in", {"email": EMAIL, "password": PASSWORD}, 401)
        await two.submit("/sign-in", {"email": EMAIL, "password": new})


async def test_a_disabled_organizer_is_out_at_once(api: Api) -> None:
    async with browser() as one:
        await _settled(one, Role.ORGANIZER)
        async with session_scope() as session:
            number = await session.scalar(text("SELECT id FROM organizers"))
        await api.patch(f"/v1/organizers/{number}", {"disabled": True})
        assert "<h1>Sign in</h1>" in await one.open("/account")
        await one.submit("/sign-in", {"email": EMAIL, "password": PASSWORD}, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_form_of_another_site_is_refused(api: Api, headers: dict[str, str]) -> None:
    async with browser() as one:
        await _settled(one)
        token = re.findall(r'name="csrf" value="([^"]+)"', await one.open("/account"))[0]
        for path, fields in (
            ("/sign-out", {"csrf": token}),
            ("/sign-in", {"email": EMAIL, "password": PASSWORD}),
        ):
            answer = await one.client.post(path, data=fields, headers=headers)
            assert answer.status_code == 403
            assert "This page was too old" in answer.text
        assert "Your account" in await one.open("/account")


async def test_a_form_without_its_token_is_refused(api: Api) -> None:
    async with browser() as one, browser() as two:
        await _settled(one)
        await two.settle_in(await invited("ana@example.org"))
        others = re.findall(r'name="csrf" value="([^"]+)"', await two.open("/account"))[0]
        for token in ({}, {"csrf": ""}, {"csrf": others}):
            await one.submit("/sign-out", token, 403)
        assert "Your account" in await one.open("/account")


async def test_the_cookie_is_out_of_reach(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async with browser() as one:
        answer = await one.submit(await invited(EMAIL), {"password": "x", "code": "x"}, 422)
        assert "set-cookie" not in answer.headers
        await _settled_with_tls(one, monkeypatch)


async def _settled_with_tls(one: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from alerts.settings import settings

    monkeypatch.setenv("PUBLIC_URL", "https://alerts.test")
    settings.cache_clear()
    path = await invited("ana@example.org")
    token = path.rpartition("/")[2]
    fields = {"password": PASSWORD, "code": code_at(secrets_of(token)[0], time.time())}
    answer = await one.submit(path, fields, 200, Origin="https://alerts.test")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    for word in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
        assert word in cookie
    assert "Domain" not in cookie
    monkeypatch.undo()
    settings.cache_clear()


async def test_nothing_of_a_session_or_a_password_can_be_read_in_the_database(
    api: Api, postgres_url: str
) -> None:
    import psycopg

    async with browser() as one:
        recovery = await _settled(one)
        cookie = one.client.cookies["session"]
        secrets = [EMAIL, "Marisol", PASSWORD, "argon2", cookie, one.secret, recovery[0].replace("-", "")]
    with psycopg.connect(postgres_url) as connection:
        for table in ("organizers", "organizer_sessions", "recovery_codes", "guesses", "audit"):
            with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT".encode()) as rows:
                everything = b"".join(bytes(row) for row in rows)
            for secret in secrets:
                assert secret.encode() not in everything, (table, secret)
                assert secret.encode().hex().encode() not in everything, (table, secret)


async def test_old_sessions_and_guesses_leave_no_trace(api: Api) -> None:
    from alerts.team import sessions

    async with browser() as one:
        await _settled(one)
        await one.submit("/sign-in", {"email": "nobody@example.org", "password": "x"}, 401)
    async with session_scope() as session:
        await session.execute(text("UPDATE organizer_sessions SET seen_at = now() - interval '3 hours'"))
        await session.execute(text("UPDATE guesses SET last_at = now() - interval '25 hours'"))
        await sessions.forget_old(session)
        await guessing.forget_old(session)
        assert await session.get(OrganizerSession, 1) is None
        assert await session.scalar(text("SELECT count(*) FROM guesses")) == 0


@pytest.mark.parametrize("language", list(Language))
def test_one_minute_is_not_told_as_many(language: Language) -> None:
    one, two = (in_words(language, guessing.TooManyGuesses(seconds)) for seconds in (60, 61))
    assert "1" not in one
    assert "2" in two
