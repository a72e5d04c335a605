"""What a worker is answered, by the catalogs. Every text here is GSM-7 and as short as it can be kind.

STOP and HELP are printed in every language: they are the words that the carrier knows. What the
joining and HELP answers must name: CTIA, Messaging Principles and Best Practices, 5.1.
"""

from __future__ import annotations

from collections.abc import Sequence

from alerts.broadcasts.questions import Asked
from alerts.language.catalogs import N_, tr
from alerts.language.dates import short_day, when
from alerts.language.languages import Language
from alerts.understanding.intents import Answer

MOST_OPTIONS = 3  # of a numbered question: as many as fit into one part

RSVP = {
    Answer.YES: N_("Great, you are coming: {title}, {when}. If that changes, answer NO."),
    Answer.NO: N_("Thank you for telling us. If you can come after all, answer YES: {title}, {when}."),
    Answer.MAYBE: N_("OK, maybe. When you know, answer YES or NO: {title}, {when}."),
}
RSVP_WITH_GUESTS = N_(
    "Great, you are coming and bringing {guests}: {title}, {when}. If that changes, answer NO."
)
RSVP_TO_SEVERAL = {
    Answer.YES: N_("Great, you are coming: {actions}. If that changes, tell us which."),
    Answer.NO: N_("Thank you for telling us, you are not coming: {actions}. If that changes, tell us which."),
    Answer.MAYBE: N_("OK, maybe: {actions}. When you know, tell us which."),
}


def joined(language: Language, organization: str, list_name: str) -> str:
    """The first answer: who we are, what comes, how often, what it costs, the way out."""
    return tr(
        language,
        "{organization}: you are on the list {list}. Texts about actions, a few a month. "
        "Msg & data rates may apply. HELP for help, STOP to leave.",
        organization=organization,
        list=list_name,
    )


def already_joined(language: Language, list_name: str) -> str:
    """To somebody who joined the same list before."""
    return tr(language, "You are on the list {list}. STOP to leave.", list=list_name)


def left(language: Language, organization: str) -> str:
    """The one confirmation of a STOP; nothing follows it."""
    return tr(
        language,
        "{organization}: you will get no more texts from us. To come back, text START.",
        organization=organization,
    )


def welcome_back(language: Language, organization: str) -> str:
    """To somebody who had left and said START."""
    return tr(
        language,
        "{organization}: welcome back. We will text you again. HELP for help, STOP to leave.",
        organization=organization,
    )


def help(language: Language, organization: str, contact: str) -> str:  # noqa: A001 - the word that they texted
    """Who we are, how often, what it costs, a person, the way out."""
    if contact:
        return tr(
            language,
            "{organization}: texts about workers' actions, a few a month. Help: {contact}. "
            "Msg & data rates may apply. STOP to leave.",
            organization=organization,
            contact=contact,
        )
    return tr(
        language,
        "{organization}: texts about workers' actions, a few a month. Write us here, a person will read it. "
        "Msg & data rates may apply. STOP to leave.",
        organization=organization,
    )


def confirm_joining(language: Language, organization: str, list_name: str) -> str:
    """To somebody who wants to be on a list that asks for a yes first, by text or on the sign-up page."""
    return tr(
        language,
        "{organization}: answer YES to get our texts, {list}, a few a month. "
        "Msg & data rates may apply. HELP for help, STOP to leave.",
        organization=organization,
        list=list_name,
    )


def confirm_forgetting(language: Language, organization: str) -> str:
    """To somebody who asked to be forgotten, and is left alone from now on in any case."""
    return tr(
        language,
        "{organization}: you will get no more texts. To have all we know of you erased too, answer YES.",
        organization=organization,
    )


def forgotten(language: Language, organization: str) -> str:
    """The last text to somebody who is erased."""
    return tr(
        language,
        "{organization}: all we knew of you is erased. We will not text you again.",
        organization=organization,
    )


def doubt(language: Language) -> str:
    """To a text that may be a wish to be left alone."""
    return tr(language, "If you want no more texts, answer STOP. A person will read this.")


def flooded(language: Language) -> str:
    """To a number that sends more than a person would; nothing follows for an hour."""
    return tr(language, "That is a lot of texts. A person will read them; we answer again in an hour.")


def which_one(language: Language, options: Sequence[Asked]) -> str:
    """A numbered question: which action is meant?"""
    numbered = (f"{number} {_named(language, one)}" for number, one in enumerate(options, 1))
    return tr(language, "Which one? Answer with its number: {options}", options=", ".join(numbered))


def language_changed(language: Language) -> str:
    """In the new language."""
    return tr(language, "From now on we write to you in English.")


def rsvp(language: Language, answer: Answer, guests: int, actions: Sequence[Asked]) -> str:
    """What we wrote down, and how to change it."""
    if len(actions) > 1:
        names = ", ".join(_named(language, one) for one in actions)
        return tr(language, RSVP_TO_SEVERAL[answer], actions=names)
    [one] = actions
    message = RSVP_WITH_GUESTS if guests and answer is Answer.YES else RSVP[answer]
    moment = when(one.starts_at, one.timezone, language)
    return tr(language, message, title=_title(language, one), when=moment, guests=guests)


def _named(language: Language, one: Asked) -> str:
    return f"{_title(language, one)} {short_day(one.starts_at, one.timezone, language)}"


def _title(language: Language, one: Asked) -> str:
    # Somebody who changed languages since is better served by a title in another than by no answer.
    return one.title.get(language, next(iter(one.title.values())))


def a_person_will_read(language: Language) -> str:
    """To a text that no rule understands."""
    return tr(language, "Thank you. A person will read this and answer you.")


def unknown_number(language: Language, organization: str, word: str | None) -> str:
    """To a number that is on no list; ``word`` is a join word, where there is one."""
    if word is None:
        return tr(
            language,
            "{organization}: you are not on our list. A person will read this.",
            organization=organization,
        )
    return tr(
        language,
        "{organization}: you are not on our list. To get our texts, answer {word}.",
        organization=organization,
        word=word,
    )
