"""A guide shows the pages in its own language, and each picture that it shows is there, and gets taken."""

from __future__ import annotations

import re

import pytest

from tests.browser.screenshots import DOCS, FOLDER, PAGES, named, shown

GUIDES = sorted(folder.name for folder in (DOCS / "organizers").iterdir() if folder.is_dir())


@pytest.mark.parametrize("language", GUIDES)
def test_a_guide_shows_pictures_of_its_own_language(language: str) -> None:
    links = {
        name
        for page in (DOCS / "organizers" / language).glob("*.md")
        for name in re.findall(r"images/([\w-]+)\.png", page.read_text("utf-8"))
    }
    assert links == {named(name, language) for name in shown("en")}
    for name in links:
        assert (FOLDER / f"{name}.png").exists(), f"run: python -m tests.browser.screenshots {name}"


@pytest.mark.parametrize("language", GUIDES)
def test_each_of_them_is_one_that_is_taken(language: str) -> None:
    assert {name.rpartition("-")[0] for name in shown(language)} <= set(PAGES)
    assert {name.rpartition("-")[2] for name in shown(language)} <= {"phone", "desk"}
