"""Saved texts on each form that writes an alert: one is filled in, another is kept. Nothing typed is lost.

The pieces of such a form: templates/saved_pieces.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import saved_texts
from alerts.broadcasts.saved_texts import Saved
from alerts.broadcasts.schemas import NewTemplate
from alerts.console.doors import TONGUE, Fields
from alerts.console.fields import NotFilledIn, by_language, number_in, shaped
from alerts.console.troubles import told
from alerts.errors import DomainError, NotFound
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.team.actors import Actor

Words = Mapping[Language, str] | Mapping[str, str]
# In the form: the one that is chosen; the one that was filled in last; what stood there before it.
CHOSEN, FILLED_IN, BEFORE = "saved", "template", "before"
KEPT = N_("Saved as {name}.")
KEPT_AGAIN = N_("{name} says this from now on. What it said before is kept.")


@dataclass(frozen=True)
class Again:
    """The form as it is shown: what stands in it, and what is to be said of that."""

    filled: Fields
    said: str = ""
    error: DomainError | None = None


async def pressed(session: AsyncSession, form: Fields, by: Actor, read: Language) -> Again | None:
    """The form after one of the buttons of a saved text; None for another.

    Raises NotFilledIn, NotFound, and what ``compose`` raises.
    """
    if TONGUE in form:
        return Again(form)
    if "fill" in form:
        return Again(await filled_in(session, form))
    if "back" in form:
        return Again(await _put_back(session, form))
    if "keep" in form:
        async with session.begin_nested():
            saved = await _kept(session, form, by)
        words = KEPT if saved.version == 1 else KEPT_AGAIN
        return Again(form | {"name": ""}, said=tr(read, words, name=saved.name))
    return None


async def keep_too(session: AsyncSession, form: Fields, by: Actor) -> None:
    """Who typed a name and pressed the other button meant it as well."""
    if form.get("name", "").strip():
        await _kept(session, form, by)


async def words_in(session: AsyncSession, form: Fields) -> dict[str, object]:
    """What an alert holds of the words in a form (``saved_texts.words_of``)."""
    made = await _made_from(session, form)
    return {"text": by_language(form, "text"), **saved_texts.made_from(made)}


async def shown(session: AsyncSession, again: Again, read: Language) -> dict[str, Any]:
    """What ``page`` is to be given of such a form."""
    return {
        "filled": again.filled,
        "said": again.said,
        "saved": await saved_texts.names_of_templates(session),
        "before": [(f"{BEFORE}-{one}", words) for one, words in by_language(again.filled, BEFORE).items()],
        **told(read, again.error),
    }


async def filled_in(session: AsyncSession, form: Fields) -> Fields:
    """The form with the words of the text that was chosen. Raises NotFilledIn, NotFound."""
    number = number_in(form.get(CHOSEN, ""))
    if number is None:
        raise NotFilledIn((CHOSEN,))
    chosen = await saved_texts.get_template(session, number)
    before = by_language(form, BEFORE if await _made_from(session, form) else "text")
    return _with(form, chosen.text, before) | {FILLED_IN: str(number)}


async def _put_back(session: AsyncSession, form: Fields) -> Fields:
    """The form with what stood there before; what stands there now can be put back in turn."""
    now = {} if await _made_from(session, form) else by_language(form, "text")
    return _with(form, by_language(form, BEFORE), now)


async def _kept(session: AsyncSession, form: Fields, by: Actor) -> Saved:
    """The texts, under the name that was typed. Raises NotFilledIn, and what ``compose`` raises."""
    given = shaped(NewTemplate, {"name": form.get("name", ""), "text": by_language(form, "text")})
    return await saved_texts.keep_text(session, given.name, given.text, by)


async def _made_from(session: AsyncSession, form: Fields) -> Saved | None:
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
