"""Pure: spreadsheets as people have them, from octets to rows, and rows to people or a reason why not.

Excel's mark at the beginning, semicolons or tabs, UTF-16 or Windows' letters, a header in three
languages, dates in three orders: taken. What could be read in two ways is refused, never guessed.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from alerts.errors import DomainError
from alerts.language.languages import Language
from alerts.subscribers.phones import BadPhoneNumber, NotMobile, parse_phone
from alerts.subscribers.sheet_words import (
    HEADERS,
    LANGUAGES,
    LEFT_OR_NOT,
    STANDINGS,
    Column,
    Refused,
    word,
)

LONGEST_ROW = 4_000  # characters; beyond it a quote was opened and never closed
EMPTY = " ,;\t\r\0"  # a line of nothing else is no row
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
)  # what makes a cell a formula. Source: OWASP, "CSV Injection"
OLDEST = date(2000, 1, 1)  # consent before this is a slip of the finger


class NoPhoneColumn(DomainError):
    """A file whose first row names no column of phone numbers."""

    code = "no_phone_column"

    def __init__(self) -> None:
        super().__init__(
            "The first row names no column of phone numbers. Call one phone, telefono or taleefan."
        )


class ColumnTwice(DomainError):
    """Two columns that mean the same."""

    code = "column_twice"

    def __init__(self, column: Column) -> None:
        self.column = column
        super().__init__(f"Two columns of this file are a {column}. Leave one of them out.")


@dataclass(frozen=True, slots=True)
class Row:
    """A row and the line that it begins on, from 1. ``broken``: it is not what somebody meant to write."""

    line: int
    cells: list[str]
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for rows that do not say it themselves."""

    region: str
    today: date
    language: Language | None = None
    source: str | None = None
    date: date | None = None
    day_first: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whose row can be read. ``phone`` is E.164."""

    line: int
    phone: str
    language: Language
    tags: list[str]
    source: str
    date: date


class Sheet:
    """A file that comes in pieces. ``feed`` gives the rows that are complete; ``end`` the last one."""

    def __init__(self) -> None:
        self._start = b""
        self._decoder: codecs.IncrementalDecoder | None = None  # of UTF-16; else line by line
        self._begun = False
        self._rest = b""
        self._line = 0
        self._open: list[str] = []  # lines of a row whose quote is not closed yet
        self._from = 1  # the line of the first of them
        self._delimiter: str | None = None

    def feed(self, piece: bytes) -> list[Row]:
        """The rows that are complete with this piece."""
        if not self._begun:
            self._start += piece
            if len(self._start) < 4:  # the longest mark at a beginning, and more
                return []
            piece, self._begun = self._unmarked(self._start), True
        return list(self._rows(self._lines(self._in_utf8(piece))))

    def end(self) -> list[Row]:
        """What is left when the file is over."""
        rows: list[Row] = []
        if not self._begun:
            self._begun = True
            rows += self._rows(self._lines(self._in_utf8(self._unmarked(self._start))))
        if self._rest:
            rows += self._rows([_decoded(self._rest.rstrip(b"\r"))])
            self._rest = b""
        while self._open:
            rows += self._apart()
        return rows

    def _unmarked(self, start: bytes) -> bytes:
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        return start.removeprefix(codecs.BOM_UTF8)

    def _in_utf8(self, piece: bytes) -> bytes:
        return self._decoder.decode(piece).encode() if self._decoder else piece

    def _lines(self, piece: bytes) -> list[str]:
        read = self._rest + piece
        half = b"\r" if read.endswith(b"\r") else b""  # perhaps of an end of line as Windows writes it
        read = read[: len(read) - len(half)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *whole, self._rest = read.split(b"\n")
        self._rest += half
        if len(self._rest) > 4 * LONGEST_ROW:  # a file without ends of lines
            whole.append(self._rest)
            self._rest = b""
        return [_decoded(line) for line in whole]

    def _rows(self, lines: Iterable[str]) -> Iterator[Row]:
        for line in lines:
            self._line += 1
            yield from self._with(line, self._line)

    def _with(self, line: str, number: int) -> Iterator[Row]:
        """The row that is complete with this line, where one is."""
        if not self._open:
            if line.count('"') % 2 == 0:
                if line.strip(EMPTY):
                    yield self._row(line, number)
                return
            self._from = number
        self._open.append(line)
        text = "\n".join(self._open)
        if len(text) > LONGEST_ROW:
            yield from self._apart()
        elif text.count('"') % 2 == 0:
            row = self._row(text, self._from, strict=True)
            if row.broken:
                yield from self._apart()
            else:
                self._open = []
                yield row

    def _apart(self) -> Iterator[Row]:
        """Lines that were no row together, each for itself: an inch sign, say, is no quote."""
        (first, *rest), number, self._open = self._open, self._from, []
        yield self._row(first, number, strict=True)
        for place, line in enumerate(rest, number + 1):
            yield from self._with(line, place)

    def _row(self, text: str, number: int, *, strict: bool = False) -> Row:
        """``strict``: a quote that is not closed, or is closed in the midst of a cell, breaks the row."""
        if self._delimiter is None:
            self._delimiter = max(",;\t", key=text.count)
        if len(text) > LONGEST_ROW or "\0" in text:
            return _broken(text, number)
        try:
            cells = next(csv.reader([text], delimiter=self._delimiter, strict=strict))
        except csv.Error:
            return _broken(text, number)
        return Row(number, [_plain(cell) for cell in cells])


def _broken(text: str, number: int) -> Row:
    return Row(number, [text[:LONGEST_ROW].replace("\0", "")], broken=True)


def columns_of(header: Sequence[str]) -> dict[Column, int]:
    """Which column is where. Raises NoPhoneColumn, ColumnTwice."""
    found: dict[Column, int] = {}
    for place, name in enumerate(header):
        column = HEADERS.get(word(name))
        if column in found:
            raise ColumnTwice(column)
        if column:
            found[column] = place
    if Column.PHONE not in found:
        raise NoPhoneColumn
    return found


def phone_of(row: Row, column: int, region: str) -> str | None:
    """The number of a row in E.164, where there is one, whatever else is wrong with it."""
    found = _phone(row.cells[column].strip(), region) if column < len(row.cells) else Refused.NO_PHONE
    return None if isinstance(found, Refused) else found


def judge(row: Row, columns: dict[Column, int], defaults: Defaults) -> Candidate | Refused:
    """The person of a row, or why it cannot be taken."""
    if row.broken:
        return Refused.BROKEN
    said = {
        column: row.cells[place].strip() if place < len(row.cells) else ""
        for column, place in columns.items()
    }
    phone = _phone(said[Column.PHONE], defaults.region)
    if isinstance(phone, Refused):
        return phone
    if refused := _standing(said):
        return refused
    language = _language(said.get(Column.LANGUAGE, ""), defaults)
    if isinstance(language, Refused):
        return language
    source = said.get(Column.SOURCE) or defaults.source
    when = _date(said.get(Column.DATE, ""), defaults)
    if isinstance(when, Refused) or not source:
        return when if isinstance(when, Refused) else Refused.NO_CONSENT
    tags = [tag.strip()[:40] for tag in re.split(r"[,;|]", said.get(Column.TAGS, "")) if tag.strip()]
    return Candidate(row.line, phone, language, tags, source[:200], when)


def _standing(said: dict[Column, str]) -> Refused | None:
    """Why the file itself says that they must not be taken."""
    out, standing = said.get(Column.OPTED_OUT), said.get(Column.STANDING)
    if out and (refused := LEFT_OR_NOT.get(word(out), Refused.STRANGE_STANDING)):
        return Refused.LEFT if read_date(out, day_first=False) else refused
    return STANDINGS.get(word(standing), Refused.STRANGE_STANDING) if standing else None


def _language(said: str, defaults: Defaults) -> Language | Refused:
    if not said:
        return defaults.language or Refused.NO_LANGUAGE
    return LANGUAGES.get(word(said), Refused.BAD_LANGUAGE)


def _date(text: str, defaults: Defaults) -> date | Refused:
    if not text:
        return defaults.date or Refused.NO_CONSENT
    when = read_date(text, day_first=defaults.day_first)
    return when if when and OLDEST <= when <= defaults.today else Refused.BAD_DATE


def read_date(text: str, *, day_first: bool) -> date | None:
    """``2026-11-20``, ``11/20/2026``, ``20.11.2026``, with a time behind or not. None where it is no date.

    With slashes the month comes first, unless it cannot, or ``day_first``.
    """
    try:
        if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?", text):
            return date(*map(int, found.groups()))
        found = re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T ,].*)?", text)
        if not found:
            return None
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if found[2] == "." or day_first or first > 12:
            return date(year, second, first)
        return date(year, first, second)
    except ValueError:
        return None


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(FORMULA) else cell


_ROUNDED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")


def _phone(text: str, region: str) -> str | Refused:
    if not text:
        return Refused.NO_PHONE
    if _ROUNDED.fullmatch(text):
        return Refused.ROUNDED
    try:
        return parse_phone(text.removesuffix(".0"), region)
    except BadPhoneNumber:
        return Refused.BAD_PHONE
    except NotMobile:
        return Refused.NOT_MOBILE


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:  # Windows writes these; every octet means something there or is dropped
        return line.decode("cp1252", "ignore")


def _plain(cell: str) -> str:
    # As we wrote it ourselves, so that a file that we gave out can come back.
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
