"""A language is one folder of data and one line: a fourth is switched on in a copy, and is off here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alerts.language.languages import Language
from alerts.understanding.intents import Message
from alerts.understanding.reading import Context, Question, read
from tests.api import Api
from tests.languages.fourth import ROOMS, ROOT, house_with_vietnamese
from tests.story import JOIN_WORDS, inland_empire

# The journey in the new language; and those who were there before are understood and answered as before.
PLAYED = (
    "tests/languages/journey.py",
    "tests/understanding/test_corpus.py",
    "tests/conversations/test_answers.py",
    "tests/language",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return house_with_vietnamese(tmp_path_factory.mktemp("house"))


def test_with_its_folder_and_its_line_people_join_answer_and_leave_in_it(house: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *PLAYED]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_one_line_of_code_is_all_that_is_new(house: Path) -> None:
    new = []
    for room in ROOMS:
        for path in (house / room).rglob("*"):
            here = ROOT / path.relative_to(house)
            if path.suffix not in (".py", ".html", ".js", ".css", ".lua") or path.parts[-2] == "vi":
                continue
            before = here.read_text().splitlines()
            new += [(path.name, line) for line in path.read_text().splitlines() if line not in before]
    assert new == [("languages.py", '    VI = "vi"')]


@pytest.mark.anyio
async def test_without_them_nobody_is_promised_it(api: Api) -> None:
    assert "vi" not in list(Language)
    asked = Context(subscribed=True, questions=(Question(1),))
    assert isinstance(read("Dừng lại", asked), Message)  # a human reads it
    refused = await api.post(
        "/v1/lists", inland_empire(join_words={**JOIN_WORDS, "vi": "THAM GIA"}), status=422
    )
    assert "'en', 'es' or 'so'" in refused["detail"]
    made = await api.post("/v1/lists", inland_empire())
    page = await api.client.get(f"/join/{made['id']}?language=vi", follow_redirects=True)
    assert '<html lang="vi"' not in page.text
    assert "Tiếng Việt" not in page.text
