"""``make corpus``: the corpus of texts read, as a confusion table.

Rows: what a careful human says; columns: what was read. Then each wrong text. Ends with 1 where a LEAVE
or a JOIN is wrong in either direction, or more than MOST_WRONG of the rest.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from alerts.language.languages import Language
from alerts.understanding.intents import (
    Answer,
    ChangeLanguage,
    Choice,
    Intent,
    Join,
    Rsvp,
)
from alerts.understanding.normalise import normalise
from alerts.understanding.reading import Context, JoinWord, Question, read

FILE = Path(__file__).with_name("corpus.tsv")
MOST_WRONG = 0.02  # of the texts that are neither a LEAVE nor a JOIN
GRAVE = {"leave", "join"}
ROUNDS = 5
ESCAPED = re.compile(r"\\(n|t|\\|u[0-9a-fA-F]{4})")

EN, ES, SO = Language.EN, Language.ES, Language.SO
WORDS = {
    normalise(word): JoinWord(list_id, language)
    for word, list_id, language in (
        ("JOIN", 1, EN), ("UNETE", 1, ES), ("KU BIIR", 1, SO),
        ("MSP1", 2, EN), ("PAROS", 2, ES), ("MIDOW", 2, SO),
    )
}  # fmt: skip
TITLES = ("Rally for breaks", "Mitin por los descansos", "Isu soo bax nasashada")
SATURDAY, TUESDAY = Question(1, TITLES, "rally", 5), Question(1, TITLES, "rally", 1)
FRIDAY = Question(2, ("Lobby action", "Entrega en el lobby", "Ficilka hoolka"), "lobby_action", 4)
ACTIONS = {1: "rally", 2: "lobby"}


@dataclass(frozen=True, slots=True)
class Line:
    """A text, where it came from, and what a careful human says that it means."""

    context: str
    meaning: str
    text: str

    @property
    def kind(self) -> str:
        """The first word of the meaning."""
        return self.meaning.split()[0]


def lines() -> Iterator[Line]:
    """The corpus, in its order."""
    for written in FILE.read_text("utf-8").splitlines():
        if written.strip() and not written.startswith("#"):
            context, meaning, text = written.split("\t")
            yield Line(context, meaning, ESCAPED.sub(_unescaped, text))


def _unescaped(match: re.Match[str]) -> str:
    one = match[1]
    return {"n": "\n", "t": "\t", "\\": "\\"}.get(one) or chr(int(one[1:], 16))


def context_of(name: str) -> Context:
    """The context that a line names: ``asked-es``."""
    kind, _, code = name.partition("-")
    language = Language(code) if code else None
    subscribed = kind in {"subscribed", "twice", "asked", "two", "menu"}
    return Context(
        language,
        subscribed=subscribed,
        left=kind in {"left", "erasing"},
        confirming=kind in {"pending", "erasing"},
        questions={"asked": (SATURDAY,), "two": (FRIDAY, TUESDAY), "menu": (FRIDAY, TUESDAY)}.get(kind, ()),
        options=(TUESDAY, FRIDAY) if kind == "menu" else (),
        join_words=WORDS,
    )


def said(intent: Intent, context: Context) -> str:
    """An intent as it is written in the corpus."""
    match intent:
        case Join():
            return f"join {intent.list_id} {intent.language}"
        case ChangeLanguage():
            return f"language {intent.language}"
        case Choice():
            return "choice " + " ".join(map(str, intent.numbers))
        case Rsvp():
            named = [ACTIONS[action] for action in intent.actions] if len(context.questions) > 1 else []
            answer = f"yes {intent.guests}" if intent.answer is Answer.YES else str(intent.answer)
            return " ".join([answer, *named])
        case _:
            return intent.kind


def main() -> int:
    """Read all, show what came of it; 1 where it is not good enough."""
    console = Console(width=160)
    table: Counter[tuple[str, str]] = Counter()
    wrong: list[tuple[Line, str]] = []
    took: list[float] = []
    corpus = list(lines())
    for line in corpus:
        context = context_of(line.context)
        found = said(read(line.text, context), context)
        each = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            read(line.text, context)
            each.append(time.perf_counter() - began)
        took.append(statistics.median(each))
        table[line.kind, found.split()[0]] += 1
        if found != line.meaning:
            wrong.append((line, found))
    _show(console, table)
    console.print(
        f"{len(corpus)} texts, {len(wrong)} wrong; median {statistics.median(took) * 1e6:.0f} us a text, "
        f"the slowest {max(took) * 1e6:.0f} us"
    )
    grave = [pair for pair in wrong if GRAVE & {pair[0].kind, pair[1].split()[0]}]
    for line, found in wrong:
        mark = "GRAVE " if (line, found) in grave else ""
        console.print(f"{mark}{line.context}: {line.meaning} != {found}: {line.text!r}", markup=False)
    rest = sum(line.kind not in GRAVE for line in corpus)
    return 1 if grave or len(wrong) > MOST_WRONG * rest else 0


def _show(console: Console, table: Counter[tuple[str, str]]) -> None:
    kinds = sorted({kind for pair in table for kind in pair})
    grid = Table("a human says", *kinds, title="what was read")
    for kind in kinds:
        counts = [table[kind, other] for other in kinds]
        cells = [str(count) if count else "" for count in counts]
        grid.add_row(
            kind,
            *(
                f"[bold]{cell}[/]" if kind == other else cell
                for cell, other in zip(cells, kinds, strict=True)
            ),
        )
    console.print(grid)


if __name__ == "__main__":
    sys.exit(main())
