"""What a text means, as a careful human would read it: one long table, then the laws."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.languages import Language
from alerts.understanding.intents import Answer, Join, Leave, Rsvp
from alerts.understanding.normalise import normalise
from alerts.understanding.reading import Context, JoinWord, Question, read, reserved_words
from alerts.understanding.words import END, GAP, START, entries, phrases

EN, ES, SO = Language.EN, Language.ES, Language.SO
LISTS = {
    normalise("JOIN"): JoinWord(1, EN),
    normalise("UNETE"): JoinWord(1, ES),
    normalise("KU BIIR"): JoinWord(1, SO),
    normalise("SHAKOPEE"): JoinWord(2, EN),
}
STRANGER = Context(join_words=LISTS)
CONTEXTS = {
    "stranger": STRANGER,
    "subscribed": Context(ES, subscribed=True, join_words=LISTS),
    "asked": Context(EN, subscribed=True, questions=(Question(1),), join_words=LISTS),
    "left": Context(SO, left=True, join_words=LISTS),
}

# (context, text, what it means: the kind, and what matters of it)
TABLE = [
    # Joining
    ("stranger", "JOIN", "join 1 en"),
    ("stranger", "join", "join 1 en"),
    ("stranger", "Join!", "join 1 en"),
    ("stranger", "UNETE", "join 1 es"),
    ("stranger", "Únete", "join 1 es"),
    ("stranger", "u\u0301nete", "join 1 es"),  # a composed accent
    ("stranger", "ｕｎｅｔｅ", "join 1 es"),  # noqa: RUF001 - full-width letters
    ("stranger", "un\u200bete", "join 1 es"),  # zero-width space
    ("stranger", "unette", "join 1 es"),  # a slip
    ("stranger", "KU  BIIR", "join 1 so"),
    ("stranger", "kubiir", "join 1 so"),
    ("stranger", "“KU BIIR”", "join 1 so"),
    ("stranger", "Shakope", "join 2 en"),
    ("subscribed", "shakopee", "join 2 en"),
    ("left", "KU BIIR", "join 1 so"),
    # Leaving, in any language, whatever the reader's
    ("subscribed", "STOP", "leave"),
    ("subscribed", "stop.", "leave"),
    ("subscribed", "S T O P", "leave"),
    ("subscribed", "Stop please", "leave"),
    ("subscribed", "STOPALL", "leave"),
    ("subscribed", "unsubscribe", "leave"),
    ("subscribed", "END", "leave"),
    ("subscribed", "QUIT", "leave"),
    ("subscribed", "revoke", "leave"),
    ("subscribed", "opt out", "leave"),
    ("asked", "CANCEL", "leave"),  # what the carrier makes of it
    ("subscribed", "ALTO", "leave"),
    ("subscribed", "baja", "leave"),
    ("subscribed", "JOOJI", "leave"),
    ("subscribed", "ka bax", "leave"),
    ("subscribed", "take me off this list", "leave"),
    ("subscribed", "please stop texting me", "leave"),
    ("asked", "dont text me anymore", "leave"),
    ("subscribed", "ya no me manden mensajes", "leave"),
    ("subscribed", "No me escriban más", "leave"),
    ("subscribed", "quítenme de la lista", "leave"),
    ("subscribed", "iga saar liiska", "leave"),
    ("subscribed", "fariimo dambe ma rabo", "leave"),
    # Not leaving
    ("asked", "we won't stop until we win", "message"),
    ("asked", "We wont stop!", "message"),
    ("subscribed", "is it near the bus stop", "message"),
    ("subscribed", "no vamos a parar", "message"),
    ("subscribed", "they can't stop us", "message"),
    ("asked", "no vamos a parar", "message"),
    ("asked", "don't take me off the list", "message"),
    ("asked", "they want to take me off the schedule", "message"),
    ("asked", "my boss wont stop texting me", "message"),
    ("asked", "stop work at 5 and walk out", "message"),
    ("asked", "I quit my job", "message"),
    ("asked", "no dejen de mandarme mensajes", "message"),
    ("asked", "no quiero que me manden a la línea 3", "message"),
    ("asked", "quiero que me saquen de ese turno", "message"),
    ("asked", "no quiero mensajes del jefe", "message"),
    ("asked", "sáquenme de este turno", "message"),
    ("asked", "jooji shaqada", "message"),
    ("asked", "ha joojin", "message"),
    # Leaving, though a "not" stands before it
    ("asked", "I dont work there anymore, take me off", "leave"),
    ("asked", "I did not sign up for this, unsubscribe me", "leave"),
    ("asked", "ya no quiero, quítenme de la lista", "leave"),
    ("asked", "Wrong number. Stop", "leave"),
    ("asked", "lambarkayga ka saar", "leave"),
    # Help, coming back, language, being forgotten
    ("stranger", "HELP", "help en"),
    ("subscribed", "help", "help es"),
    ("subscribed", "info", "help es"),  # shared: read in the reader's language
    ("stranger", "Ayuda", "help es"),
    ("stranger", "CAAWIN", "help so"),
    ("left", "START", "return"),
    ("left", "yes", "return"),  # at the carrier YES is a way back
    ("subscribed", "Español", "language es"),
    ("subscribed", "ENGLISH", "language en"),
    ("subscribed", "af soomaali", "language so"),
    ("subscribed", "BÓRRAME", "forget es"),
    ("subscribed", "forget me", "forget en"),
    ("subscribed", "I tirtir", "forget so"),
    # Answers, when one was asked for
    ("asked", "YES", "rsvp yes 0"),
    ("asked", "yes!!", "rsvp yes 0"),
    ("asked", "👍", "rsvp yes 0"),
    ("asked", "👍🏽", "rsvp yes 0"),
    ("asked", "✅", "rsvp yes 0"),
    ("asked", "👎", "rsvp no 0"),
    ("asked", "YES +2", "rsvp yes 2"),
    ("asked", "yes 3", "rsvp yes 3"),
    ("asked", "si voy con 3", "rsvp yes 3"),
    ("asked", "Sí", "rsvp yes 0"),
    ("asked", "Sí, ahí estaré", "rsvp yes 0"),
    ("asked", "claro que sí", "rsvp yes 0"),
    ("asked", "HAA", "rsvp yes 0"),
    ("asked", "haa waan imanayaa", "rsvp yes 0"),
    ("asked", "No", "rsvp no 0"),
    ("asked", "no puedo", "rsvp no 0"),
    ("asked", "I can't make it", "rsvp no 0"),
    ("asked", "I can’t make it", "rsvp no 0"),  # noqa: RUF001 - a phone's apostrophe
    ("asked", "MAYA", "rsvp no 0"),
    ("asked", "ma imaan karo", "rsvp no 0"),
    ("asked", "maybe", "rsvp maybe 0"),
    ("asked", "not sure yet", "rsvp maybe 0"),
    ("asked", "tal vez", "rsvp maybe 0"),
    ("asked", "Quizás", "rsvp maybe 0"),
    ("asked", "laga yaabaa", "rsvp maybe 0"),
    ("asked", "ok gracias", "rsvp yes 0"),
    ("asked", "yes we are 4", "rsvp yes 3"),  # the writer is one of them
    ("asked", "I'll be there at 6", "rsvp yes 0"),  # a time, no guests
    ("asked", "yes and 5 pm works", "rsvp yes 0"),
    ("asked", "I don't think I can make it", "rsvp no 0"),
    ("asked", "I can´t make it", "rsvp no 0"),  # noqa: RUF001 - an accent for an apostrophe
    ("asked", "si salgo temprano voy", "rsvp maybe 0"),  # "si" is "if" here
    ("asked", "No tengo carro", "message"),
    ("asked", "Maya is coming", "message"),  # a name
    ("left", "ok thanks", "message"),  # no way back in by courtesy
    # A question is not an answer, and an answer needs a question
    ("asked", "what time?", "message"),
    ("asked", "no sé a qué hora es", "message"),
    ("asked", "yes?", "message"),
    ("asked", "waa goorma?", "message"),
    ("subscribed", "YES", "message"),
    ("subscribed", "no", "message"),
    # For a human
    ("asked", "my supervisor is asking about the list", "message"),
    ("stranger", "hello", "message"),
    ("stranger", "", "message"),
    ("asked", "\u202e", "message"),
]


def said(text: str, context: Context) -> str:
    intent = read(text, context)
    match intent:
        case Join():
            return f"join {intent.list_id} {intent.language}"
        case Rsvp():
            return f"rsvp {intent.answer} {intent.guests}"
        case _ if intent.kind in ("help", "language", "forget"):
            return f"{intent.kind} {intent.language}"
        case _:
            return intent.kind


@pytest.mark.parametrize(("context", "text", "meaning"), TABLE)
def test_a_text_means_what_a_careful_human_would_say(context: str, text: str, meaning: str) -> None:
    assert said(text, CONTEXTS[context]) == meaning


@given(st.text(max_size=1600), st.sampled_from(list(CONTEXTS.values())))
def test_it_never_breaks(text: str, context: Context) -> None:
    assert read(text, context).kind


@given(
    st.sampled_from(["STOP", "ALTO", "JOOJI", "UNETE", "KU BIIR", "ayuda", "sí"]),
    st.sampled_from([str.upper, str.lower, str.title, str.swapcase]),
    st.sampled_from(["", ".", "!!", " ", "\n", " \u200b", "\ufe0f"]),
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
)
def test_case_punctuation_spaces_and_how_an_accent_is_written_change_nothing(
    word: str, case: object, tail: str, form: str
) -> None:
    context = CONTEXTS["asked"]
    written = unicodedata.normalize(form, case(word)) + tail  # type: ignore[operator, arg-type]
    assert said(written, context) == said(word, context)


@given(st.text(max_size=200))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_a_way_out_wins_over_a_list_that_is_named_like_it() -> None:
    trap = Context(join_words={"stop": JoinWord(1, EN)})
    assert isinstance(read("STOP", trap), Leave)


@pytest.mark.parametrize("word", ["STOP", "alto", "jooji", "help", "yes", "no", "maya", "start", "english"])
def test_words_that_mean_something_to_everybody_are_reserved(word: str) -> None:
    assert normalise(word) in reserved_words()


def test_every_phrase_of_the_tables_can_be_read_and_is_in_normal_form() -> None:
    for meaning in ("leave", "keep", "yes", "no", "maybe", "question", "forget", "language", "return"):
        assert phrases(meaning) or meaning == "keep"
        for language, written in entries(meaning):
            for word in written.replace("/", " ").split():
                if word not in (START, END, GAP):
                    assert word == normalise(word), (language, written)


def test_a_digit_is_never_a_slip_and_a_slip_between_two_lists_joins_neither() -> None:
    lists = {"local1": JoinWord(1, EN), "marcha": JoinWord(2, ES), "marchas": JoinWord(3, ES)}
    context = Context(join_words=lists)
    assert said("local2", context) == "message"
    assert said("lcoal1", context) == "join 1 en"
    assert said("marchax", context) == "message"


def test_guests_are_bounded() -> None:
    intent = read("yes +99", CONTEXTS["asked"])
    assert intent == Rsvp(Answer.YES, 99, EN)
