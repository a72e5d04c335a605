"""Spreadsheets as people have them: every row is a person, or a reason why not."""

from __future__ import annotations

from datetime import date
from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.language.languages import Language
from alerts.subscribers.models import Standing
from alerts.subscribers.phones import CAN_BE_MOBILE, BadPhoneNumber, NotMobile, parse_phone
from alerts.subscribers.sheet_words import HEADERS, LANGUAGES, LEFT_OR_NOT, STANDINGS, Column, Refused, word
from alerts.subscribers.sheets import (
    Candidate,
    ColumnTwice,
    Defaults,
    NoPhoneColumn,
    Row,
    Sheet,
    columns_of,
    judge,
    read_date,
    safe,
)

TODAY = date(2026, 11, 24)
WHOLE = Defaults("US", TODAY, Language.ES, "Sheet at the gate", date(2026, 11, 20))


def rows(octets: bytes, size: int = 1 << 20) -> list[Row]:
    sheet = Sheet()
    found = [row for place in range(0, len(octets), size) for row in sheet.feed(octets[place : place + size])]
    return found + sheet.end()


@pytest.mark.parametrize(
    "octets",
    [
        b"phone,name\n(909) 555-0101,Mar\xc3\xada\n",
        b"\xef\xbb\xbfphone,name\r\n(909) 555-0101,Mar\xc3\xada\r\n",  # Excel's mark
        b"phone;name\n(909) 555-0101;Mar\xc3\xada",
        b"phone,name\r(909) 555-0101,Mar\xc3\xada\r",  # an old Mac's ends of lines
        b"phone\tname\n(909) 555-0101\tMar\xc3\xada\n\n\n",
        "phone;name\r\n(909) 555-0101;Mar\u00eda\r\n".encode("utf-16"),
        b"phone,name\n(909) 555-0101,Mar\xeda\n",  # Windows' letters
        b'"phone","name"\n"(909) 555-0101","Mar\xc3\xada"\n',
        b"phone,name\n'(909) 555-0101,Mar\xc3\xada\n".replace(b"'(", b"("),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_a_file_is_read_however_it_was_written_and_comes(octets: bytes, size: int) -> None:
    header, person = rows(octets, size)
    assert header.cells == ["phone", "name"]
    assert person.cells == ["(909) 555-0101", "María"]
    assert (header.line, person.line) == (1, 2)


def test_lines_within_quotes_are_one_row_and_are_counted() -> None:
    found = rows(b'phone,note\n909,"two\nlines, and ""more"""\n910,x\n')
    assert [(row.line, row.cells) for row in found[1:]] == [
        (2, ["909", 'two\nlines, and "more"']),
        (4, ["910", "x"]),
    ]


def test_inches_are_no_quotes_and_cost_nobody_their_row() -> None:
    """Two of them, near or far apart: what stands between is no cell with lines in it."""
    found = rows(b'phone,note\n909,5" pipe\n910,x\n911,6" pipe\n912,"two\nlines"\n')
    assert [(row.line, row.broken, row.cells) for row in found[1:]] == [
        (2, False, ["909", '5" pipe']),
        (3, False, ["910", "x"]),
        (4, False, ["911", '6" pipe']),
        (5, False, ["912", "two\nlines"]),
    ]
    assert len(rows(b'phone,note\n909,5" pipe\n' + b"9095550101,x\n" * 600)) == 602


@pytest.mark.parametrize("after", [2, 600])
def test_a_quote_that_is_never_closed_costs_its_own_row_only(after: int) -> None:
    lines = [b"phone,note", b'909,"never closed', *(b"9095550%03d,x" % number for number in range(after))]
    found = rows(b"\n".join(lines))
    assert [(row.line, row.cells) for row in found if row.broken] == [(2, ['909,"never closed'])]
    assert [row.line for row in found] == list(range(1, after + 3))


def test_a_cell_that_is_closed_in_its_midst_swallows_nobody() -> None:
    """Who stands behind the first quote would be a note of hers, and never heard of."""
    found = rows(b'phone,note\n909,"5 pipe\n910,6" pipe\n911,x\n')
    assert [(row.line, row.broken) for row in found] == [(1, False), (2, True), (3, False), (4, False)]
    assert found[2].cells == ["910", '6" pipe']


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["Phone"], {Column.PHONE: 0}),
        (["Nombre", "Teléfono", "Idioma"], {Column.PHONE: 1, Column.LANGUAGE: 2}),
        (["NÚMERO DE TELÉFONO ", "Fecha", "Origen"], {Column.PHONE: 0, Column.DATE: 1, Column.SOURCE: 2}),
        (["Magaca", "Taleefan", "Luqad", "Taariikh"], {Column.PHONE: 1, Column.LANGUAGE: 2, Column.DATE: 3}),
        (["cell_phone", "tags", ""], {Column.PHONE: 0, Column.TAGS: 1}),
        (["Opted-Out", "Phone", "Status"], {Column.OPTED_OUT: 0, Column.PHONE: 1, Column.STANDING: 2}),
        (["Taleefan", "Xaalad"], {Column.PHONE: 0, Column.STANDING: 1}),
        (["Celular", "Estado de la suscripción"], {Column.PHONE: 0, Column.STANDING: 1}),
    ],
)
def test_a_header_is_understood_in_three_languages(header: list[str], columns: dict[Column, int]) -> None:
    assert columns_of(header) == columns


def test_a_header_without_a_phone_or_with_two_is_refused() -> None:
    with pytest.raises(NoPhoneColumn):
        columns_of(["909 555 0101", "Maria"])
    with pytest.raises(ColumnTwice):
        columns_of(["phone", "mobile"])


@pytest.mark.parametrize(
    "written",
    [
        "+1 (909) 555-0101", "909.555.0101", "1-909-555-0101", "9095550101", "9095550101.0", "(909)5550101",
        "909 555 0101", " 909 555 0101 ", "'+19095550101", "+1 909 555 0101",
        "".join(chr(0xFF10 + int(digit)) for digit in "9095550101"),  # full width
        "909\u00a0555\u00a00101",
    ],
)  # fmt: skip
def test_a_phone_is_read_however_it_was_typed(written: str) -> None:
    [_, row] = rows(f"phone\n{written}\n".encode())
    found = judge(row, {Column.PHONE: 0}, WHOLE)
    assert isinstance(found, Candidate), found
    assert found.phone == "+19095550101"


COLUMNS = {Column.PHONE: 0, Column.LANGUAGE: 1, Column.SOURCE: 2, Column.DATE: 3}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["", "es", "gate", "2026-11-20"], Refused.NO_PHONE),
        (["Maria", "es", "gate", "2026-11-20"], Refused.BAD_PHONE),
        (["555 0101", "es", "gate", "2026-11-20"], Refused.BAD_PHONE),
        (["9.09556E+09", "es", "gate", "2026-11-20"], Refused.ROUNDED),
        (["9,09556E+09", "es", "gate", "2026-11-20"], Refused.ROUNDED),
        (["800 555 0101", "es", "gate", "2026-11-20"], Refused.NOT_MOBILE),
        (["909 555 0101", "", "gate", "2026-11-20"], Refused.NO_LANGUAGE),
        (["909 555 0101", "francais", "gate", "2026-11-20"], Refused.BAD_LANGUAGE),
        (["909 555 0101", "es", "", "2026-11-20"], Refused.NO_CONSENT),
        (["909 555 0101", "es", "gate", ""], Refused.NO_CONSENT),
        (["909 555 0101", "es"], Refused.NO_CONSENT),
        (["909 555 0101", "es", "gate", "2026-11-25"], Refused.BAD_DATE),
        (["909 555 0101", "es", "gate", "last week"], Refused.BAD_DATE),
        (["909 555 0101", "es", "gate", "1926-11-20"], Refused.BAD_DATE),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_reason(cells: list[str], reason: Refused) -> None:
    assert judge(Row(2, cells), COLUMNS, Defaults("US", TODAY)) is reason


STANDING = {Column.PHONE: 0, Column.STANDING: 1, Column.OPTED_OUT: 2}


@pytest.mark.parametrize(
    ("standing", "opted_out", "reason"),
    [
        ("active", "", None),
        ("Subscribed", "FALSE", None),
        ("Suscrita", "no", None),
        ("", "", None),
        ("Firfircoon", "Maya", None),
        ("left", "", Refused.LEFT),
        ("Unsubscribed", "", Refused.LEFT),
        ("opted_out", "", Refused.LEFT),
        ("Opted-Out", "", Refused.LEFT),
        ("STOP", "", Refused.LEFT),
        ("Dado de baja", "", Refused.LEFT),
        ("Ka baxay", "", Refused.LEFT),
        ("subscribed", "TRUE", Refused.LEFT),
        ("", "Sí", Refused.LEFT),
        ("", "haa", Refused.LEFT),
        ("", "11/20/2026 9:15 AM", Refused.LEFT),  # when they left
        ("pending", "", Refused.PENDING),
        ("Pendiente", "", Refused.PENDING),
        ("unreachable", "", Refused.UNREACHABLE),
        ("Full time", "", Refused.STRANGE_STANDING),
        ("", "perhaps", Refused.STRANGE_STANDING),
        ("unsubscribed", "perhaps", Refused.STRANGE_STANDING),
    ],
)
def test_whom_the_file_says_to_have_left_is_not_taken(
    standing: str, opted_out: str, reason: Refused | None
) -> None:
    found = judge(Row(2, ["909 555 0101", standing, opted_out]), STANDING, WHOLE)
    assert found is reason if reason else isinstance(found, Candidate)


def test_what_we_write_of_a_standing_we_read() -> None:
    assert {one: STANDINGS[one] for one in Standing} == {
        Standing.ACTIVE: None,
        Standing.PENDING: Refused.PENDING,
        Standing.LEFT: Refused.LEFT,
        Standing.UNREACHABLE: Refused.UNREACHABLE,
    }
    assert all(HEADERS[column] is column for column in Column)  # as the refused rows have them


def test_the_tables_hold_words_as_they_are_looked_up() -> None:
    for table in (HEADERS, STANDINGS, LEFT_OR_NOT):
        assert [one for one in table if word(one) != one] == []
    assert {word(one) for one in LANGUAGES} <= LANGUAGES.keys()


@pytest.mark.parametrize(
    ("text", "day_first", "when"),
    [
        ("2026-11-20", False, date(2026, 11, 20)),
        ("2026-11-20T10:00:00Z", False, date(2026, 11, 20)),
        ("11/20/2026", False, date(2026, 11, 20)),
        ("20/11/2026", False, date(2026, 11, 20)),
        ("3/4/2026", False, date(2026, 3, 4)),
        ("3/4/2026", True, date(2026, 4, 3)),
        ("3.4.2026", False, date(2026, 4, 3)),
        ("11/20/2026 9:15 AM", False, date(2026, 11, 20)),
        ("31/31/2026", False, None),
        ("2026-02-30", False, None),
        ("11/20/26", False, None),
        ("46346", False, None),
    ],
)
def test_dates_are_read_or_refused(text: str, day_first: bool, when: date | None) -> None:
    assert read_date(text, day_first=day_first) == when


@pytest.mark.parametrize("cell", ["=1+1", "+1 909", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_that_we_write_is_a_formula_and_it_comes_back_as_it_was(cell: str) -> None:
    assert safe(cell) == "'" + cell
    assert safe("Maria") == "Maria"
    import csv
    import io

    text = io.StringIO()
    csv.writer(text).writerow([safe(cell), "x"])
    [row] = rows(b"a,b\n" + text.getvalue().encode())[1:]
    assert row.cells == [cell.replace("\r", "\n"), "x"]  # ends of lines are all one


# Octets alone hardly ever make a quote or an end of line.
AS_TYPED = st.lists(
    st.sampled_from(
        ['"', '""', ",", ";", "\t", "\n", "\r\n", "\r", "\0", "'", "909 555 0101", "Mar\u00eda", "5"]
    )
).map("".join)
FILES = (
    st.binary(max_size=400)
    | AS_TYPED.map(lambda text: text.encode())
    | AS_TYPED.map(lambda text: text.encode("utf-16"))
    | AS_TYPED.map(lambda text: text.replace("5", "x" * 999).encode("cp1252"))
)


@settings(deadline=None)
@given(FILES, st.integers(10, 50))
def test_whatever_comes_is_rows_and_in_pieces_the_same(octets: bytes, size: int) -> None:
    found = rows(octets)
    assert rows(octets, size) == found
    assert [row.line for row in found] == sorted({row.line for row in found})
    for row in found:
        assert isinstance(judge(row, {Column.PHONE: 0}, WHOLE), Candidate | Refused)


@given(AS_TYPED)
def test_no_row_is_lost_whatever_is_quoted(text: str) -> None:
    found = "".join(cell for row in rows(text.encode()) for cell in row.cells)
    assert found.count("Mar\u00eda") == text.count("Mar\u00eda")


def _slowly(text: str) -> Any:
    number = phonenumbers.parse(text, "US")
    if number.extension or not phonenumbers.is_valid_number(number):
        return BadPhoneNumber
    if phonenumbers.number_type(number) not in CAN_BE_MOBILE:
        return NotMobile
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(
    st.integers(200, 999),
    st.integers(0, 9_999_999),
    st.sampled_from(["{}{}", "+1{}{}", "1-{} {}", "({}) {}"]),
)
def test_a_number_is_read_quickly_as_it_is_read_slowly(area: int, rest: int, form: str) -> None:
    text = form.format(area, f"{rest:07}")
    try:
        found: Any = parse_phone(text, "US")
    except (BadPhoneNumber, NotMobile) as error:
        found = type(error)
    assert found == _slowly(text)
