"""The first page of whoever is signed in: what comes next, what goes out, what waits for somebody."""

from __future__ import annotations

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions.service import coming_actions
from alerts.broadcasts.service import alerts_in
from alerts.broadcasts.states import AlertState
from alerts.console.alerts_shown import about, heading, state_in_words
from alerts.console.pages import page
from alerts.conversations.service import how_many_wait
from alerts.language.catalogs import tr
from alerts.language.dates import when
from alerts.language.languages import Language
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

MOST = 10
# What somebody should look at first stands first.
SHOWN = (AlertState.PAUSED, AlertState.SENDING, AlertState.SCHEDULED, AlertState.MISSED, AlertState.DRAFT)


async def board(session: AsyncSession, reader: SignedIn, read: Language, trouble: str) -> Response:
    """Its page. ``trouble``: what is missing to send."""
    reader.actor.need(Scope.READ)
    coming = await coming_actions(session, MOST)
    talks = reader.actor.may(Scope.TALK)
    return page(
        "board.html",
        read,
        "/",
        reader=reader,
        title=tr(read, "What is going on"),
        trouble=trouble,
        coming=[(one.id, heading(one, read), when(one.starts_at, one.timezone, read)) for one in coming],
        alerts=[
            (one.id, await about(session, one, read), state_in_words(one, read), one.trouble)
            for state in SHOWN
            for one in await alerts_in(session, state, MOST)
        ],
        waiting=await how_many_wait(session) if talks else 0,
        may_write=reader.actor.may(Scope.WRITE),
    )
