"""The catalogs are whole: nothing missing, fuzzy, obsolete, stale, or with another placeholder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from alerts.language.catalogs import MissingField, MissingTranslation, tr
from alerts.language.languages import LOCALES, Language

ROOT = LOCALES.parent
FIELD = re.compile(r"\{(\w+)\}")


def catalog(language: Language) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "alerts.po").open("rb") as source:
        return read_po(source, locale=str(language), abort_invalid=True)


def ids(of: Catalog) -> set[str]:
    return {str(message.id) for message in of if message.id}


@pytest.mark.parametrize("language", list(Language))
def test_a_catalog_has_every_message_and_none_too_many(language: Language) -> None:
    with (LOCALES / "alerts.pot").open("rb") as source:
        template = read_po(source)
    found = catalog(language)
    assert ids(found) == ids(template)
    assert not found.obsolete


@pytest.mark.parametrize("language", list(Language))
def test_every_entry_is_translated_not_fuzzy_and_keeps_its_placeholders(language: Language) -> None:
    for message in catalog(language):
        if not message.id:
            continue
        assert message.string, message.id
        assert not message.fuzzy, message.id
        assert sorted(FIELD.findall(str(message.string))) == sorted(FIELD.findall(str(message.id))), (
            message.id
        )


# One thing has one name, and no sentence says that somebody wants to forget what they want erased.
NOT_SAID = {
    Language.ES: {
        "códigos de respaldo": "códigos de recuperación",
        "cierre total": "bloqueo",
        "trabajo fallido": "tarea fallida",
        "apuntar": "inscribirse, unirse",
        "suspenderla": "cancelarla",
        "terminó la clave": "anuló la clave",
        "se le olvide": "que borremos sus datos",
    }
}


@pytest.mark.parametrize("language", list(NOT_SAID))
def test_one_thing_has_one_name(language: Language) -> None:
    said = [str(message.string).lower() for message in catalog(language)]
    assert [words for words in NOT_SAID[language] if any(words in one for one in said)] == []


def test_the_template_is_what_the_code_says_now(tmp_path: Path) -> None:
    pybabel = Path(sys.executable).with_name("pybabel")
    fresh = tmp_path / "alerts.pot"
    command = [str(pybabel), "--quiet", "extract", "-F", "pyproject.toml", "-k", "tr:2", "-k", "N_"]
    subprocess.run(
        [*command, "--no-location", "-o", str(fresh), "."], cwd=ROOT, check=True, capture_output=True
    )
    with fresh.open("rb") as new, (LOCALES / "alerts.pot").open("rb") as old:
        assert ids(read_po(new)) == ids(read_po(old)), "run: make catalogs"


@pytest.mark.parametrize("language", list(Language))
def test_a_text_that_does_not_exist_is_never_replaced_in_silence(language: Language) -> None:
    with pytest.raises(MissingTranslation) as caught:
        tr(language, "A text that nobody wrote")
    assert (caught.value.language, caught.value.message) == (language, "A text that nobody wrote")


def test_a_field_that_was_not_given_is_named() -> None:
    with pytest.raises(MissingField, match="organization"):
        tr(Language.EN, "{organization}: you are not on our list. A person will read this.")
