"""A draft is tried: texted to one number, marked as a test. Whom it reaches never asked for it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.letters import text_one
from alerts.broadcasts.service import bodies_of, get_alert
from alerts.errors import Conflict, DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers import finding
from alerts.subscribers import service as subscribers
from alerts.subscribers.models import Standing
from alerts.subscribers.phones import BadPhoneNumber, NotMobile, mask, parse_phone
from alerts.team.actors import Actor
from alerts.team.audit import note
from alerts.team.models import Organizer

MOST_TESTS = 20  # an hour, of a person: an alert is not written in more


class NoNumberOfYours(DomainError):
    """A test for oneself, of whom no number is known."""

    code = "no_number_of_yours"
    field = "phone"

    def __init__(self) -> None:
        super().__init__("No number of yours is known here. Store it on your account page, or send one.")


class TooManyTests(DomainError):
    """Somebody who has had many tests texted within an hour."""

    status = 429
    code = "too_many_tests"

    def __init__(self) -> None:
        super().__init__(f"A person has at most {MOST_TESTS} tests an hour. Try again later.")


class WantsNoTexts(Conflict):
    """A number whose owner left, or asked to be forgotten: it is not told which."""

    code = "wants_no_texts"
    field = "phone"
    stays = True

    def __init__(self) -> None:
        super().__init__(
            "Whose number this is left, or asked to be forgotten: nothing is texted to it. Only their own"
            " text brings them back."
        )


async def own_number(session: AsyncSession, person: int) -> str | None:
    """The number that this organizer stored, in E.164; None also where it is none that can be texted."""
    who = await session.get(Organizer, person)
    try:
        return parse_phone(who.phone, settings().default_region) if who and who.phone else None
    except (BadPhoneNumber, NotMobile):
        return None


async def text_test(
    session: AsyncSession, alert_id: int, phone: str | None, languages: Sequence[Language], by: Actor
) -> list[Language]:
    """Text the alert, marked as a test, to ``phone`` (E.164), else to the number of ``by``.

    In ``languages`` or all that it has. It goes out as a letter does, no report counts it, and it stands in
    the audit trail. Raises NotFound, NoNumberOfYours, TooManyTests, WantsNoTexts, TooManyLooks, and what
    ``compose`` and ``text_one`` raise.
    """
    alert = await get_alert(session, alert_id)
    bodies = await bodies_of(session, alert)
    to = phone or await own_number(session, by.person)
    if to is None:
        raise NoNumberOfYours
    await _let_test(session, by)
    await _require_wanted(session, to, by)
    wanted = [language for language in bodies if not languages or language in languages]
    async with session.begin_nested():  # in all languages or in none
        who = await subscribers.take_up(session, to, wanted[0] if wanted else Language.EN)
        for language in wanted:
            body = tr(language, "TEST: {text}", text=bodies[language])
            await text_one(session, who.id, language, body, settings().senders, to_pending=True)
    note(session, by, "tested", "alert", alert_id, phone=mask(to))
    return wanted


async def _require_wanted(session: AsyncSession, phone: str, by: Actor) -> None:
    """Raises WantsNoTexts, which is as much as to look for them: TooManyLooks."""
    known = await subscribers.find_by_phone(session, phone)
    left = known is not None and known.standing == Standing.LEFT
    if left or await subscribers.was_forgotten(session, phone):
        await finding.look(session, finding.COULD_NOT_TEST, known, by)
        raise WantsNoTexts


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('tests of ' || cast(:person AS text), 0))")
# Of one person, by whatever keys of theirs.
_TESTS = text("""
    SELECT count(*) FROM audit a
    WHERE a.what = 'tested' AND a.at > now() - interval '1 hour'
      AND (a.actor_id = :person OR a.actor_id IN (SELECT id FROM api_keys WHERE organizer_id = :person))
""")


async def _let_test(session: AsyncSession, by: Actor) -> None:
    """One at a time, until the caller commits."""
    await session.execute(_ALONE, {"person": by.person})
    if (await session.scalar(_TESTS, {"person": by.person}) or 0) >= MOST_TESTS:
        raise TooManyTests
