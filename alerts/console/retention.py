"""Pages for admins: what is kept and for how long, and what Twilio has of it still."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from alerts.broadcasts import copies
from alerts.broadcasts.models import Copy
from alerts.carrier.codes import code
from alerts.console.alerts_shown import REASONS
from alerts.console.doors import Admin, Chosen, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, page
from alerts.conversations.retention import CONFIRMED_WITHIN
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers import imports
from alerts.team import sessions
from alerts.team.access import Session

router = APIRouter(prefix="/team/retention", include_in_schema=False, route_class=FormRoute)
MOST = 50
AT_TWILIO = {
    "delete": N_("deleted there, a day after they are over"),
    "redact": N_("emptied there, a day after they are over: that there was one stays"),
    "keep": N_("kept there, for as long as Twilio keeps them"),
}


@router.get("")
async def retention(
    session: Session,
    admin: Admin,
    after: Annotated[str | None, Query(max_length=60)] = None,
    language: Chosen = None,
) -> Response:
    """The rules, and the texts that could not be erased at the carrier yet."""
    read = language_of(admin, language)
    rows, following = await copies.page_of_copies(session, after, MOST)
    return page(
        "retention.html",
        read,
        "/team/retention",
        reader=admin,
        title=tr(read, "What is kept"),
        rules=_rules(read),
        copies=[_copy(row, read) for row in rows],
        following=following,
    )


def _rules(read: Language) -> list[tuple[str, str]]:
    """What is held of people, and until when: each as its room has it."""
    ours = settings()

    def days(number: int) -> str:
        return tr(read, "{number} days", number=number)

    return [
        (
            tr(read, "Who got which alert, and who answered what, after the action"),
            days(ours.keep_deliveries_days),
        ),
        (
            tr(read, "What was said in a conversation, after it was closed"),
            days(ours.keep_conversations_days),
        ),
        (tr(read, "Whoever never said yes to joining"), days(CONFIRMED_WITHIN.days)),
        (tr(read, "Rows of files that were refused"), days(imports.KEPT.days)),
        (tr(read, "Texts at Twilio"), tr(read, AT_TWILIO[ours.twilio_copies])),
        (
            tr(read, "Somebody's session"),
            tr(
                read,
                "{idle} hours without a sign of them, {longest} in all",
                idle=int(sessions.IDLE.total_seconds() // 3600),
                longest=int(sessions.LONGEST.total_seconds() // 3600),
            ),
        ),
        (
            tr(read, "The proof of consent, numbers, lists and tags"),
            tr(read, "until they ask to be forgotten"),
        ),
        (tr(read, "Counts of alerts, answers and lists; what was done by the team"), tr(read, "for good")),
    ]


def _copy(row: Copy, read: Language) -> dict[str, str | int]:
    why = code(row.code).meaning if row.code is not None else ""
    return {
        "sid": row.message_sid,
        "since": as_read(row.since, read),
        "tries": row.tries,
        "why": tr(read, why) if why in REASONS else why,
        "due": as_read(row.due_at, read),
    }
