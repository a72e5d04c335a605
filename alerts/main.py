"""The FastAPI application; knits the rooms together and nothing else."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from redis.exceptions import RedisError

import alerts.actions.api
import alerts.broadcasts.action_api
import alerts.broadcasts.api
import alerts.broadcasts.lockdown_api
import alerts.broadcasts.reports_api
import alerts.broadcasts.retention_api
import alerts.broadcasts.saved_texts_api
import alerts.console.account
import alerts.console.action_shown
import alerts.console.actions
import alerts.console.api_page
import alerts.console.assets
import alerts.console.calendar
import alerts.console.canned_answers
import alerts.console.flyers
import alerts.console.going_out
import alerts.console.home
import alerts.console.imports
import alerts.console.inbox
import alerts.console.jobs
import alerts.console.kits
import alerts.console.lists
import alerts.console.lockdown
import alerts.console.person
import alerts.console.reminders
import alerts.console.report_pages
import alerts.console.retention
import alerts.console.review
import alerts.console.roster
import alerts.console.saved_text_pages
import alerts.console.sent
import alerts.console.settings_check
import alerts.console.shortcuts
import alerts.console.sign_up
import alerts.console.signing_in
import alerts.console.subscribers
import alerts.console.team
import alerts.console.thread
import alerts.console.trail
import alerts.console.writing
import alerts.conversations.api
import alerts.health
import alerts.metrics
import alerts.subscribers.api
import alerts.subscribers.imports_api
import alerts.team.api
from alerts import __version__, document, export
from alerts.bounds import BoundedBodies
from alerts.broadcasts import callback_route
from alerts.console.error_pages import answer_on_pages, refuse
from alerts.conversations import inbound_route
from alerts.ending import DRAINED_SECONDS, Deadline
from alerts.headers import SafeHeaders
from alerts.logs import configure_logs
from alerts.problems import PROBLEMS, answer_errors
from alerts.requests import Requests
from alerts.settings import settings
from alerts.storage.engine import close_engine
from alerts.storage.meters import flushing
from alerts.storage.redis import async_redis


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Read the settings before the first request, and give the connections back after the last."""
    configure_logs(settings().log_level, "web")
    export.start("web")
    alerts.console.assets.complain()
    # What is loaded stays, and requests that wait for their commit are no garbage: looking through
    # them again and again is a fifth of what a callback takes.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    deadline = Deadline(DRAINED_SECONDS)
    async with flushing():
        yield
        deadline.begin()
    await inbound_route.idle()
    for group in (callback_route.plain, callback_route.coded):
        await group.idle()
    with suppress(RedisError):
        await async_redis().aclose()
    await close_engine()
    export.stop()
    deadline.cancel()


app = FastAPI(
    title="alerts",
    version=__version__,
    description="Calls workers to strikes, walkouts, rallies and lobby actions by text, in their language.",
    lifespan=lifespan,
    generate_unique_id_function=document.operation_id,
    # Its own would export addresses, refused values and the words of errors; ours is alerts.export.
    telemetry={
        "tracing": False,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
    },
    docs_url=None,  # they load scripts from elsewhere; ours is console/api_page.py
    redoc_url=None,
)
answer_errors(app)
answer_on_pages(app)
app.add_middleware(BoundedBodies, refuse=refuse)
app.add_middleware(SafeHeaders, tls=settings().public_base.startswith("https://"))
app.add_middleware(Requests)  # the outermost
app.include_router(callback_route.router)  # first: most requests are these
app.include_router(inbound_route.router)
# First: its paths are fixed where those of subscribers take an id.
app.include_router(alerts.subscribers.imports_api.router, responses=PROBLEMS)
app.include_router(alerts.subscribers.api.router, responses=PROBLEMS)
app.include_router(alerts.actions.api.router, responses=PROBLEMS)
app.include_router(alerts.broadcasts.action_api.router, responses=PROBLEMS)
app.include_router(alerts.broadcasts.api.router, responses=PROBLEMS)
app.include_router(alerts.broadcasts.action_api.kit_router, responses=PROBLEMS)
app.include_router(alerts.broadcasts.saved_texts_api.router, responses=PROBLEMS)
app.include_router(alerts.broadcasts.reports_api.router, responses=PROBLEMS)
app.include_router(alerts.conversations.api.router, responses=PROBLEMS)
app.include_router(alerts.team.api.router, responses=PROBLEMS)
app.include_router(alerts.broadcasts.lockdown_api.router, responses=PROBLEMS)
app.include_router(alerts.broadcasts.retention_api.router, responses=PROBLEMS)
app.include_router(alerts.health.router)
app.include_router(alerts.metrics.router)
app.include_router(alerts.console.assets.router)
app.include_router(alerts.console.home.router)
app.include_router(alerts.console.sign_up.router)
app.include_router(alerts.console.signing_in.router)
app.include_router(alerts.console.account.router)
app.include_router(alerts.console.shortcuts.router)
app.include_router(alerts.console.jobs.router)  # before the page of one organizer: /team/jobs
# Before the pages of one of the team: their paths are fixed.
app.include_router(alerts.console.trail.router)
app.include_router(alerts.console.retention.router)
app.include_router(alerts.console.lockdown.router)
app.include_router(alerts.console.team.router)
app.include_router(alerts.console.calendar.router)  # before one action: /actions/calendar
app.include_router(alerts.console.kits.router)
app.include_router(alerts.console.actions.router)
app.include_router(alerts.console.reminders.router)
app.include_router(alerts.console.roster.router)
app.include_router(alerts.console.report_pages.router)
app.include_router(alerts.console.action_shown.router)
app.include_router(alerts.console.writing.router)  # before the pages of one alert: /alerts/new
app.include_router(alerts.console.saved_text_pages.router)
app.include_router(alerts.console.review.router)
app.include_router(alerts.console.sent.router)
app.include_router(alerts.console.going_out.router)
app.include_router(alerts.console.canned_answers.router)  # before one conversation: /inbox/kept
app.include_router(alerts.console.inbox.router)
app.include_router(alerts.console.thread.router)
app.include_router(alerts.console.lists.router)
app.include_router(alerts.console.flyers.router)
app.include_router(alerts.console.subscribers.router)  # before the pages of one: /subscribers/new
app.include_router(alerts.console.person.router)
app.include_router(alerts.console.imports.router)
app.include_router(alerts.console.settings_check.router)
app.include_router(alerts.console.api_page.router)
document.complete(app)
