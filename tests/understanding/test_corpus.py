"""The corpus of texts: no LEAVE and no JOIN is wrong in either direction, and hardly anything else."""

from __future__ import annotations

from collections import Counter

import pytest

from alerts.understanding.reading import read
from tests.understanding.corpus import GRAVE, MOST_WRONG, Line, context_of, lines, said

CORPUS = list(lines())


@pytest.mark.parametrize("line", CORPUS, ids=lambda line: f"{line.context}-{line.meaning}")
def test_no_text_is_taken_for_a_leave_or_a_join_that_is_none_nor_missed(line: Line) -> None:
    context = context_of(line.context)
    found = said(read(line.text, context), context)
    if GRAVE & {line.kind, found.split()[0]}:
        assert found == line.meaning, line.text


def test_hardly_any_other_text_is_misread() -> None:
    wrong = []
    for line in CORPUS:
        context = context_of(line.context)
        if (found := said(read(line.text, context), context)) != line.meaning:
            wrong.append((line, found))
    rest = sum(line.kind not in GRAVE for line in CORPUS)
    assert len(wrong) <= MOST_WRONG * rest, wrong


def test_the_corpus_is_large_and_balanced() -> None:
    assert len(CORPUS) >= 400
    assert len({(line.context, line.text) for line in CORPUS}) == len(CORPUS)
    readers = Counter(line.context.partition("-")[2] for line in CORPUS)
    assert min(readers["en"], readers["es"], readers["so"]) >= 100
    assert {line.context.partition("-")[0] for line in CORPUS} == {
        "stranger", "pending", "subscribed", "twice", "asked", "two", "menu", "erasing", "left",
    }  # fmt: skip
