"""Pure: what a worker's text changes, and what it is answered. Reading and writing are in ``inbound``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from alerts.actions.answers import Given
from alerts.broadcasts.questions import Asked
from alerts.carrier.opt_out import OptOut, blocks, carrier_answers
from alerts.conversations import answers
from alerts.conversations.talk import Menu, Talk, heard, said
from alerts.conversations.which import meant
from alerts.language.languages import Language
from alerts.subscribers.joinable import Joinable, JoinableList
from alerts.subscribers.models import Channel, ConsentKind, Standing
from alerts.subscribers.people import Consent, Person
from alerts.understanding import reading
from alerts.understanding.intents import (
    Answer,
    ChangeLanguage,
    Choice,
    Confirm,
    Doubt,
    Forget,
    Help,
    Intent,
    Join,
    Leave,
    Message,
    Return,
    Rsvp,
)
from alerts.understanding.reading import Context, Question


@dataclass(frozen=True, slots=True)
class InboundText:
    """What Twilio told us of a text. ``phone`` is in E.164."""

    message_sid: str
    phone: str
    body: str
    media: int = 0
    opt_out_type: str | None = None


@dataclass(frozen=True, slots=True)
class House:
    """Who we are, what can be joined, and what the carrier answers by itself."""

    organization: str
    contact: str
    handling: OptOut
    joinable: Joinable


@dataclass(frozen=True, slots=True)
class Decision:
    """What one text comes to. ``person`` and ``talk`` are as they are after it."""

    intent: str
    answer: str | None
    person: Person
    talk: Talk
    consents: Sequence[Consent] = ()
    given: Sequence[Given] = ()
    forget: bool = False


def decide(
    text: InboundText, person: Person, talk: Talk, questions: Sequence[Asked], house: House, now: datetime
) -> Decision:
    """What ``text`` changes, and the answer in its writer's language; no answer where none is due."""
    count = heard(talk, now)
    context = context_of(person, talk, questions, house, now)
    intent = _at_the_carrier(reading.read(text.body, context), text.opt_out_type, person.language)
    turn = _Turn(text, person, count.talk, questions, house, now)
    answer = turn.act(intent)
    if count.flooded and not turn.last_word:
        if turn.talk.unread == talk.unread:
            turn.talk = turn.talk.for_a_human(None, now)
        answer = answers.flooded(turn.person.language)
    said_by_twilio = text.body, text.opt_out_type, house.handling
    if carrier_answers(*said_by_twilio, blocked=talk.blocked) and not turn.forget:
        answer = None
    if count.muted and not turn.last_word:
        answer = None
    if (blocked := blocks(*said_by_twilio, blocked=talk.blocked)) != talk.blocked:
        turn.talk = replace(turn.talk, blocked=blocked)
    if answer:
        turn.talk, new = said(turn.talk, answer, now)
        answer = answer if new or turn.last_word else None
    return Decision(
        intent.kind, answer, turn.person, turn.talk, turn.consents, turn.given, forget=turn.forget
    )


def context_of(
    person: Person, talk: Talk, questions: Sequence[Asked], house: House, now: datetime
) -> Context:
    """What the reader of a text should know of its writer."""
    menu = talk.open_menu(now)
    asked = {one.action_id: _question(one) for one in questions}
    return Context(
        language=None if person.stranger else person.language,
        subscribed=person.standing in (Standing.ACTIVE, Standing.UNREACHABLE),
        left=person.standing == Standing.LEFT,
        confirming=bool(person.invited) or (menu is not None and menu.kind == "forget"),
        questions=tuple(asked.values()),
        options=tuple(asked.get(option, Question(option)) for option in menu.options) if menu else (),
        join_words=house.joinable.words,
    )


def _question(one: Asked) -> Question:
    day = one.starts_at.astimezone(ZoneInfo(one.timezone)).weekday()
    return Question(one.action_id, tuple(one.title.values()), one.kind, day)


def _at_the_carrier(intent: Intent, opt_out_type: str | None, language: Language) -> Intent:
    """What Twilio did with the text is so, however we would read it: OptOutType of its webhook."""
    match opt_out_type:
        case "STOP" if not isinstance(intent, Leave | Forget):
            return Leave(language)
        case "START" if not isinstance(intent, Return | Join | Confirm):
            return Return(language)
        case "HELP" if not isinstance(intent, Help):
            return Help(language)
        case _:
            return intent


@dataclass(slots=True)
class _Turn:
    """One text being answered."""

    text: InboundText
    person: Person
    talk: Talk
    questions: Sequence[Asked]
    house: House
    now: datetime
    consents: list[Consent] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    forget: bool = False
    last_word: bool = False  # an answer that is due whatever else: somebody was let go

    def act(self, intent: Intent) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one for each intent
        """Change what the intent asks to be changed; the answer."""
        if self.person.standing == Standing.UNREACHABLE:  # who can text us can be texted
            self.person = replace(self.person, standing=Standing.ACTIVE)
        speaks = getattr(intent, "language", None)
        if self.person.stranger and speaks:
            self.person = replace(self.person, language=speaks)
        match intent:
            case Join():
                return self._join(intent)
            case Leave():
                return self._leave()
            case Forget():
                return self._ask_to_forget()
            case Confirm():
                return self._confirm()
            case Help():
                return answers.help(self.person.language, self.house.organization, self.house.contact)
            case Return():
                return self._come_back()
            case ChangeLanguage():
                return self._change_language(intent)
            case Rsvp():
                return self._rsvp(intent)
            case Choice():
                return self._choose(intent)
            case Doubt():
                return self._doubt()
            case Message():
                return self._to_a_human(intent.language)
            case _:
                assert_never(intent)

    def _join(self, intent: Join) -> str:
        wanted = self.house.joinable.lists[intent.list_id]
        already = self.person.standing == Standing.ACTIVE and intent.list_id in self.person.lists
        self._speak(intent.language)
        if wanted.confirms and not already:
            return self._ask_to_confirm(intent, wanted)
        self._record(ConsentKind.JOINED, intent.list_id)
        self._put_on({intent.list_id})
        if already:
            return answers.already_joined(intent.language, wanted.name)
        return answers.joined(intent.language, self.house.organization, wanted.name)

    def _ask_to_confirm(self, intent: Join, wanted: JoinableList) -> str:
        if self.person.standing == Standing.LEFT:
            # They are back to be asked, and get nothing else: a yes decides.
            self.person = replace(self.person, standing=Standing.PENDING, lists=frozenset())
        self.person = replace(self.person, invited=self.person.invited | {intent.list_id})
        self._record(ConsentKind.JOINED, intent.list_id)
        self.talk = replace(self.talk, menu=None)
        return answers.confirm_joining(intent.language, self.house.organization, wanted.name)

    def _leave(self) -> str | None:
        self.talk = replace(self.talk, menu=None)
        if self.person.standing == Standing.LEFT:
            return None  # it was confirmed, once
        self._let_go()
        return answers.left(self.person.language, self.house.organization)

    def _let_go(self) -> None:
        if self.person.standing != Standing.LEFT:
            self.person = replace(self.person, standing=Standing.LEFT, invited=frozenset())
            self._record(ConsentKind.LEFT)
            self.last_word = True

    def _ask_to_forget(self) -> str | None:
        """To be forgotten is to be left alone first; the same wish again confirms the rest."""
        menu = self.talk.open_menu(self.now)
        if menu and menu.kind == "forget":
            return self._forget()
        self._let_go()
        self.last_word = True
        self.talk = replace(self.talk, menu=Menu("forget", self.now))
        return answers.confirm_forgetting(self.person.language, self.house.organization)

    def _confirm(self) -> str | None:
        menu = self.talk.open_menu(self.now)
        if menu and menu.kind == "forget":
            return self._forget()
        invited = self.person.invited & self.house.joinable.lists.keys()
        for number in sorted(invited):
            self._record(ConsentKind.CONFIRMED, number)
        self._put_on(invited)
        names = ", ".join(self.house.joinable.lists[number].name for number in sorted(invited))
        return answers.joined(self.person.language, self.house.organization, names)

    def _forget(self) -> str:
        self.forget = self.last_word = True
        return answers.forgotten(self.person.language, self.house.organization)

    def _come_back(self) -> str | None:
        if self.person.invited:
            return self._confirm()
        if not self.person.lists:
            return self._invite()
        if self.person.standing != Standing.ACTIVE:
            self.person = replace(self.person, standing=Standing.ACTIVE)
            self._record(ConsentKind.RETURNED)
        self.talk = replace(self.talk, menu=None)
        return answers.welcome_back(self.person.language, self.house.organization)

    def _change_language(self, intent: ChangeLanguage) -> str | None:
        self._speak(intent.language)
        if self.person.standing == Standing.ACTIVE or self.person.invited:
            return answers.language_changed(intent.language)
        return self._invite()

    def _rsvp(self, intent: Rsvp) -> str | None:
        if not self.questions:
            return self._to_a_human(intent.language)
        actions = meant(self.questions, intent.actions, intent.answer, self.now)
        if actions:
            return self._write_answer(actions, intent.answer, intent.guests)
        options = self.questions[: answers.MOST_OPTIONS]
        self.talk = replace(
            self.talk,
            menu=Menu(
                "which", self.now, tuple(one.action_id for one in options), intent.answer, intent.guests
            ),
        )
        return answers.which_one(self.person.language, options)

    def _choose(self, intent: Choice) -> str | None:
        menu = self.talk.open_menu(self.now)
        still = {one.action_id for one in self.questions}
        chosen = [menu.options[number - 1] for number in intent.numbers] if menu else []
        if menu is None or menu.answer is None or not still.issuperset(chosen):
            self.talk = replace(self.talk, menu=None)
            return self._to_a_human(intent.language)
        return self._write_answer(chosen, menu.answer, menu.guests)

    def _write_answer(self, actions: Sequence[int], answer: Answer, guests: int) -> str:
        self.talk = replace(self.talk, menu=None)
        language = self.person.language
        self.given += [Given(action, self.person.id, answer, guests, language) for action in actions]
        facts = [one for action in actions for one in self.questions if one.action_id == action]
        return answers.rsvp(language, answer, guests, facts)

    def _doubt(self) -> str | None:
        self.talk = self.talk.for_a_human(None, self.now)
        if self.person.standing == Standing.LEFT:
            return None
        return answers.doubt(self.person.language)

    def _to_a_human(self, language: Language | None) -> str | None:
        """Kept for an organizer; they are told so at most once a day, a stranger how to join as well."""
        promised = self.talk.promised(self.now)
        self.talk = self.talk.for_a_human(language, self.now)
        if promised:
            return None
        self.talk = replace(self.talk, promised_at=self.now)
        if self.person.standing == Standing.ACTIVE or self.person.invited:
            return answers.a_person_will_read(self.person.language)
        return self._invite()

    def _invite(self) -> str:
        language = self.person.language
        return answers.unknown_number(language, self.house.organization, self.house.joinable.word(language))

    def _speak(self, language: Language) -> None:
        if self.person.language != language:
            known = not self.person.stranger
            self.person = replace(self.person, language=language)
            if known:
                self._record(ConsentKind.LANGUAGE_CHANGED)

    def _put_on(self, lists: set[int] | frozenset[int]) -> None:
        self.person = replace(
            self.person,
            standing=Standing.ACTIVE,
            lists=self.person.lists | lists,
            invited=self.person.invited - lists,
        )
        self.talk = replace(self.talk, menu=None)

    def _record(self, kind: ConsentKind, list_id: int | None = None) -> None:
        self.consents.append(
            Consent(
                self.person.id,
                kind,
                self.person.language,
                Channel.TEXT,
                list_id,
                self.text.body,
                self.text.message_sid,
            )
        )
