"""A copy of the house that speaks Vietnamese too: what somebody does who adds a language, done by a test."""

from __future__ import annotations

import shutil
from pathlib import Path

from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
FIXTURE = Path(__file__).parent / "vi"
ROOMS = ("alerts", "workers", "tests", "locales")
FILES = ("pyproject.toml", "Procfile", "README.md")
LINE = '    SO = "so"\n'
ONE_LINE_MORE = LINE + '    VI = "vi"\n'


def copied(where: Path) -> Path:
    """A copy of the code and its texts."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, where / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, where / name)
    return where


def house_with_vietnamese(where: Path) -> Path:
    """A copy of the code with one folder and one line more."""
    copied(where)
    add_the_line(where / "alerts" / "language" / "languages.py")
    add_the_folder(where / "locales")
    return where


def add_the_line(languages: Path) -> None:
    """``VI = "vi"``, in the one place where languages are named."""
    text = languages.read_text()
    assert text.count(LINE) == 1
    languages.write_text(text.replace(LINE, ONE_LINE_MORE))


def add_the_folder(locales: Path) -> None:
    """``locales/vi``: what the code asks of a language, what its speakers text, and every text.

    What workers read is translated. The rest, what organizers read, is the English between marks: a page
    is whole, and one can see what a translator still has to do.
    """
    folder = locales / "vi"
    (folder / "LC_MESSAGES").mkdir(parents=True)
    for name in ("language.toml", "words.toml"):
        shutil.copy(FIXTURE / name, folder / name)
    with (FIXTURE / "workers.po").open("rb") as source:
        done = {message.id: message.string for message in read_po(source) if message.id}
    with (locales / "alerts.pot").open("rb") as source:
        catalog = read_po(source, locale="vi")
    for message in catalog:
        if message.id:
            message.string = done.get(message.id, f"«{message.id}»")
    with (folder / "LC_MESSAGES" / "alerts.po").open("wb") as target:
        write_po(target, catalog, width=110)
