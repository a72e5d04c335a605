"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from alerts.carrier.codes import CODES
from alerts.language.languages import LOCALES
from alerts.rates import PRESETS
from alerts.settings import Settings
from alerts.understanding.intents import ChangeLanguage, Forget, Help, Leave, Return, Rsvp
from alerts.understanding.reading import Context, Question, read

DOCS = Path(__file__).parents[1] / "docs"
ROOT = DOCS.parent


def rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a document."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]


def test_the_table_of_error_codes_is_the_table_in_the_code() -> None:
    text = Path("docs/error-codes.md").read_text()
    found = re.findall(r"^\| (\d+) \| (.+) \| (\w+) \|$", text, re.MULTILINE)
    assert [(int(number), meaning, remedy) for number, meaning, remedy in found] == [
        (number, code.meaning, code.remedy.value) for number, code in CODES.items()
    ]


def test_every_setting_is_explained_once_and_none_that_is_none() -> None:
    names = [row[0] for row in rows((DOCS / "settings.md").read_text()) if row[0].startswith("`")]
    assert sorted(names) == sorted(f"`{name.upper()}`" for name in Settings.model_fields), "docs/settings.md"


def test_what_a_setting_is_if_unset_is_what_the_documents_say() -> None:
    said = {row[0].strip("`"): row[2] for row in rows((DOCS / "settings.md").read_text())}
    for name, field in Settings.model_fields.items():
        told = said[name.upper()]
        assert told.startswith("required") == field.is_required(), name
        if isinstance(field.default, (int, str)) and field.default != "":
            assert told.startswith(f"`{field.default}`"), name


def test_every_preset_of_a_rate_stands_in_the_documents() -> None:
    text = Path("docs/decisions/pacing.md").read_text()
    for name, rate in PRESETS.items():
        assert f"| `{name}` | {rate:g} |" in text, name


def test_every_decision_stands_in_the_index() -> None:
    folder = DOCS / "decisions"
    linked = re.findall(r"\]\((.+?\.md)\)", (folder / "index.md").read_text())
    assert sorted([*linked, "index.md"]) == sorted(path.name for path in folder.glob("*.md")), (
        "docs/decisions/index.md"
    )


NAMED = re.compile(r"`(tests/[\w/]+(?:\.\w+|/)|test_\w+\.py)`")


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "texting-rules.md", "threat-model.md", "languages.md"])
def test_every_test_that_a_promise_names_exists(name: str) -> None:
    known = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    for named in NAMED.findall((DOCS / name).read_text()):
        assert (ROOT / named).exists() or named in known, named


CONTEXTS = {
    "back": Context(left=True),
    "asked": Context(subscribed=True, questions=(Question(1),)),
}
MEANINGS = [
    ("leave", Leave),
    ("leave, in other words", Leave),
    ("come back", Return),
    ("get help", Help),
    ("say yes", "yes"),
    ("say no", "no"),
    ("say maybe", "maybe"),
    ("bring two people", 2),
    ("read another language", ChangeLanguage),
    ("be forgotten", Forget),
]


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_workers_are_told_that_they_can_text_is_understood(language: str) -> None:
    told = rows((DOCS / "organizers" / language / "what-workers-text.md").read_text())[2:]
    assert len(told) == len(MEANINGS)
    for (label, meaning), (said, *words) in zip(MEANINGS, told, strict=True):
        assert said == label or language != "en"
        for word in words:
            context = CONTEXTS["back" if meaning is Return else "asked"]
            intent = read(word.strip("`"), context)
            if isinstance(meaning, type):
                assert isinstance(intent, meaning), word
            else:
                assert isinstance(intent, Rsvp), word
                assert meaning in (intent.answer.value, intent.guests), word


LABEL = re.compile(r"(?<!\*)\*([^*\n][^*]+)\*(?!\*)")


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_guide_names_what_stands_on_the_pages(language: str) -> None:
    with (LOCALES / language / "LC_MESSAGES" / "alerts.po").open("rb") as source:
        texts = {str(message.string) for message in read_po(source)}
    shown = {re.sub(r"\{\w+\}", "…", text) for text in texts} | texts
    for path in (DOCS / "organizers" / language).glob("*.md"):
        for label in LABEL.findall(path.read_text()):
            name = " ".join(label.split())
            assert any(text == name or text.startswith(name) for text in shown), (path.name, name)
