"""Pages for admins: the audit trail, in plain words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from alerts.console.doors import Admin, Chosen, Fields, language_of
from alerts.console.fields import NotFilledIn, date_of
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, page
from alerts.console.trail_words import DEEDS, FACTS, NOUNS, PAGES, WHO
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import After
from alerts.team import audit, organizers
from alerts.team.access import MOST_IDS, Session
from alerts.team.audit import About
from alerts.team.models import AuditEntry

router = APIRouter(prefix="/team/audit", include_in_schema=False, route_class=FormRoute)
ENTRIES, MOST_PEOPLE = 100, 200
PERSONS = ("organizer", "actor")  # nouns whose numbers are organizers' ids
Filter = Annotated[str, Query(max_length=20)]


@router.get("")
async def trail(  # noqa: PLR0913, PLR0917 - its filters
    session: Session,
    admin: Admin,
    language: Chosen = None,
    before: After = None,
    noun: Filter = "",
    actor: Filter = "",
    until: Filter = "",
) -> Response:
    """What was done, the newest first. An empty filter narrows nothing."""
    read = language_of(admin, language)
    asked = {"noun": noun, "actor": actor, "until": until}
    rows, following = await audit.latest_entries(session, _about(asked), before, ENTRIES)
    names = await organizers.names_of(session, {row.actor_id for row in rows if row.actor_id} | _people(rows))
    everybody, _ = await organizers.page_of_organizers(session, None, MOST_PEOPLE)
    return page(
        "audit.html",
        read,
        "/team/audit",
        reader=admin,
        title=tr(read, "What was done"),
        entries=[_shown(row, names, read) for row in rows],
        following=following,
        asked=asked,
        nouns=[(one, tr(read, says)) for one, says in NOUNS.items()],
        people=[(str(one.id), one.name) for one in everybody],
    )


def _about(asked: Fields) -> About:
    """What nobody can have chosen in the form narrows nothing."""
    actor = asked["actor"]
    try:
        day = date_of(asked, "until")
    except NotFilledIn:
        day = None
    zone = ZoneInfo(settings().default_timezone)
    return About(
        noun=asked["noun"] if asked["noun"] in NOUNS else None,
        actor=int(actor) if actor.isdecimal() and int(actor) < MOST_IDS else None,
        until=datetime.combine(day + timedelta(days=1), datetime.min.time(), zone) if day else None,
    )


def _people(rows: object) -> set[int]:
    """Whom entries are about."""
    return {row.number for row in rows if row.noun in PERSONS}  # type: ignore[attr-defined]


def _shown(row: AuditEntry, names: dict[int | None, str], read: Language) -> dict[str, str]:
    return {
        "at": as_read(row.at, read),
        "who": names.get(row.actor_id) or (tr(read, WHO[row.who]) if row.who in WHO else row.who),
        "network": row.network or "",
        "what": _deed(row, names, read),
        "page": f"{PAGES[row.noun]}/{row.number}" if row.noun in PAGES and row.number else "",
        "facts": ", ".join(f"{_fact(name, read)}: {value}" for name, value in row.facts.items()),
    }


def _deed(row: AuditEntry, names: dict[int | None, str], read: Language) -> str:
    """As a sentence where it has one; else as it stands there: another version may have written it."""
    thing = names.get(row.number, str(row.number)) if row.noun in PERSONS else str(row.number)
    says = DEEDS.get((row.what, row.noun))
    return tr(read, says, thing=thing) if says else f"{row.what} {row.noun} {thing}"


def _fact(name: str, read: Language) -> str:
    return tr(read, FACTS[name]) if name in FACTS else name
