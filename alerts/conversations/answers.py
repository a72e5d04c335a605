"""What a worker is answered, by the catalogs. Every text here is GSM-7 and as short as it can be kind.

STOP and HELP are printed in every language: they are the words that the carrier knows. What the
joining and HELP answers must name: CTIA, Messaging Principles and Best Practices, 5.1.
"""

from __future__ import annotations

from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.understanding.intents import Answer

RSVP = {
    Answer.YES: N_("Great, you are coming: {title}, {when}. If that changes, answer NO."),
    Answer.NO: N_("Thank you for telling us. If you can come after all, answer YES: {title}, {when}."),
    Answer.MAYBE: N_("OK, maybe. When you know, answer YES or NO: {title}, {when}."),
}
RSVP_WITH_GUESTS = N_(
    "Great, you are coming and bringing {guests}: {title}, {when}. If that changes, answer NO."
)


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


def help(language: Language, organization: str) -> str:  # noqa: A001 - the word that they texted
    """Who we are, how often, what it costs, a person, the way out."""
    return tr(
        language,
        "{organization}: texts about workers' actions, a few a month. Write us here, a person will read it. "
        "Msg & data rates may apply. STOP to leave.",
        organization=organization,
    )


def language_changed(language: Language) -> str:
    """In the new language."""
    return tr(language, "From now on we write to you in English.")


def rsvp(language: Language, answer: Answer, title: str, when: str, guests: int) -> str:
    """What we wrote down, and how to change it."""
    message = RSVP_WITH_GUESTS if guests and answer is Answer.YES else RSVP[answer]
    return tr(language, message, title=title, when=when, guests=guests)


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
