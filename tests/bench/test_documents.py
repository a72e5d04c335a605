"""Documents tell the figures of the last whole run, and which bars it missed."""

import json

import pytest

from bench import documents
from bench.report import RESULTS


@pytest.mark.parametrize("document", documents.PLACES)
def test_a_document_tells_the_figures_of_the_last_run(document: str) -> None:
    told = (documents.HOUSE / document).read_text()
    assert told == documents.written(document, documents.last_run()), "run python -m bench.documents"


def test_other_figures_would_be_told() -> None:
    run = json.loads(RESULTS.read_text())
    for figure in run["figures"].values():
        figure["median"] *= 2
    run["bars"][0] |= {"ok": False, "measured": 29.5}
    for document in documents.PLACES:
        assert (documents.HOUSE / document).read_text() != documents.written(document, documents.Run(run))
    readme = documents.written("README.md", documents.Run(run))
    assert f"{run['bars'][0]['bar']}: 29.5 ({run['bars'][0]['wanted']})" in readme


def test_a_document_without_a_place_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(documents.PLACES, "README.md", {"nowhere": lambda _: ""})
    with pytest.raises(ValueError, match="has no place for nowhere"):
        documents.written("README.md", documents.last_run())
