"""Saved texts on the form of an alert: one is filled in, another is kept. Nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import saved_texts
from alerts.broadcasts.saved_texts import Saved
from alerts.broadcasts.schemas import NewTemplate
from alerts.console.doors import Fields
from alerts.console.fields import NotFilledIn, by_language, number_in, shaped
from alerts.errors import NotFound
from alerts.language.languages import Language
from alerts.team.actors import Actor

Words = Mapping[Language, str] | Mapping[str, str]
# In the form: the one that is chosen; the one that was filled in last; what stood there before it.
CHOSEN, FILLED_IN, BEFORE = "saved", "template", "before"


async def filled_in(session: AsyncSession, form: Fields) -> Fields:
    """The form with the words of the text that was chosen. Raises NotFilledIn, NotFound."""
    number = number_in(form.get(CHOSEN, ""))
    if number is None:
        raise NotFilledIn((CHOSEN,))
    chosen = await saved_texts.get_template(session, number)
    before = by_language(form, BEFORE if await made_from(session, form) else "text")
    return _with(form, chosen.text, before) | {FILLED_IN: str(number)}


async def put_back(session: AsyncSession, form: Fields) -> Fields:
    """The form with what stood there before; what stands there now can be put back in turn."""
    now = {} if await made_from(session, form) else by_language(form, "text")
    return _with(form, by_language(form, BEFORE), now)


async def kept(session: AsyncSession, form: Fields, by: Actor) -> Saved:
    """The texts, under the name that was typed. Raises NotFilledIn, and what ``compose`` raises."""
    given = shaped(NewTemplate, {"name": form.get("name", ""), "text": by_language(form, "text")})
    return await saved_texts.keep_text(session, given.name, given.text, by)


async def made_from(session: AsyncSession, form: Fields) -> Saved | None:
    """The saved text that was filled in and stands there still, letter by letter."""
    number = number_in(form.get(FILLED_IN, ""))
    try:
        saved = await saved_texts.get_template(session, number) if number else None
    except NotFound:  # somebody removed it while this form was open
        return None
    return saved if saved and saved.text == by_language(form, "text") else None


def _with(form: Fields, text: Words, before: Words) -> Fields:
    words = {f"text-{one}": text.get(one, "") for one in Language}
    kept = {f"{BEFORE}-{one}": before.get(one, "") if before != text else "" for one in Language}
    return form | words | kept
