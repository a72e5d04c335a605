"""The page of jobs: who works, what waits, what failed; put back or deleted by an admin only."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

import workers.jobs
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage import redis as storage
from alerts.storage.engine import session_scope
from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import Browser, browser, invited
from tests.jobs import work

pytestmark = pytest.mark.anyio
NO_JOB = "8c0b9e5e-0f3e-4a4b-9a55-7b0c2d3e4f50"


def breaks() -> None:
    raise ValueError("quetzal +19095550171")


@pytest.fixture
async def failed(api: Api, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a job that failed; another waits."""
    monkeypatch.setattr(workers.jobs, "settle", breaks)
    await storage.enqueue("settle")
    work()
    await storage.enqueue("send")
    [found] = storage.queue().failed_job_registry.get_job_ids()
    return str(found)


async def _admin(one: Browser) -> Browser:
    await one.settle_in(await invited("marisol@example.org", Role.ADMIN))
    return one


@pytest.mark.parametrize("language", list(Language))
async def test_the_page_says_what_failed_and_not_with_which_words(
    api: Api, failed: str, language: Language
) -> None:
    async with browser() as one:
        await _admin(one)
        page = await one.open(f"/team/jobs?language={language}")
        assert f'<html lang="{language}">' in page
        assert "ValueError" in page
        assert "test_jobs.py" in page
        assert "quetzal" not in page
        assert "5550171" not in page
        assert '<code lang="en">send</code>: 1' in page
        assert page.count("<h1>") == 1


async def test_an_admin_puts_a_job_back(api: Api, failed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    async with browser() as one:
        await _admin(one)
        await one.submit(f"/team/jobs/{failed}/again", {}, on="/team/jobs")
        assert storage.queue().failed_job_registry.get_job_ids() == []
        monkeypatch.setattr(workers.jobs, "settle", lambda: done.append(1))
        monkeypatch.setattr(workers.jobs, "send", lambda: None)
        work()
        assert done == [1]
        again = await one.submit(f"/team/jobs/{failed}/again", {}, 404, on="/account")
        assert "not there any more" in again.text
        assert "put a failed job back" in await one.open("/team/audit")


async def test_an_admin_deletes_a_job(api: Api, failed: str) -> None:
    async with browser() as one:
        await _admin(one)
        await one.submit(f"/team/jobs/{failed}/delete", {}, on="/team/jobs")
        assert storage.queue().fetch_job(failed) is None
        assert storage.queue().count == 1
        await one.submit(f"/team/jobs/{NO_JOB}/delete", {}, 404, on="/account")


async def test_a_job_that_waits_is_not_deleted(api: Api, failed: str) -> None:
    [waiting] = storage.queue().get_job_ids()
    async with browser() as one:
        await _admin(one)
        await one.submit(f"/team/jobs/{waiting}/delete", {}, 404, on="/account")
    assert storage.queue().get_job_ids() == [waiting]


async def test_nobody_else_comes_in(api: Api, failed: str) -> None:
    async with browser() as one:
        await one.settle_in(await invited("vera@example.org", Role.ORGANIZER))
        await one.open("/team/jobs", 403)
        for verb in ("again", "delete"):
            await one.submit(f"/team/jobs/{failed}/{verb}", {}, 403, on="/account")
    async with browser() as one:
        assert "<h1>Sign in</h1>" in await one.open("/team/jobs")
        answer = await one.submit(f"/team/jobs/{failed}/delete", {})
        assert answer.headers["location"] == "/sign-in"
    async with browser() as one:
        await _admin(one)
        await one.submit(f"/team/jobs/{failed}/delete", {}, 403)  # without the form's token
    assert storage.queue().failed_job_registry.get_job_ids() == [failed]


async def test_without_redis_the_page_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async with browser() as one:
        await _admin(one)
        monkeypatch.setenv("REDIS_URL", "unix:///nowhere")
        settings.cache_clear()
        storage.redis.cache_clear()
        page = await one.open("/team/jobs", 503)
        assert "The queue is away" in page
    monkeypatch.undo()
    settings.cache_clear()
    storage.redis.cache_clear()


async def test_what_an_admin_did_is_in_the_trail_without_anybodys_words(api: Api, failed: str) -> None:
    async with browser() as one:
        await _admin(one)
        await one.submit(f"/team/jobs/{failed}/again", {}, on="/team/jobs")
    async with session_scope() as session:
        facts = await session.scalar(text("SELECT facts::text FROM audit WHERE noun = 'job'"))
    assert re.search(r'"name": "settle"', str(facts))
