"""A form that brings a file: read as it comes, and laid down on no disk, as it may hold numbers."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from alerts.console.doors import (
    MOST_FIELDS,
    MOST_OCTETS,
    Fields,
    StrangeForm,
    require_from_here,
    require_theirs,
)
from alerts.console.once import press_of
from alerts.subscribers.imports import MOST_OCTETS as MOST_OF_A_FILE
from alerts.team.sessions import SignedIn


class Upload:
    """A form whose last part is a file (RFC 7578). What comes after the file is not looked at."""

    def __init__(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("Content-Type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise StrangeForm
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_header_field": self._field,
                "on_header_value": self._value,
                "on_header_end": self._header,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )
        self._stream = request.stream()
        self._octets = 0
        self._headers: dict[bytes, bytes] = {}
        self._header_name = self._header_value = b""
        self._text = b""
        self._file = False  # it has begun
        self._over = False  # and ended
        self._pieces: deque[bytes] = deque()
        self.fields: Fields = {}

    async def read_fields(self) -> Fields:
        """What stands before the file. Raises StrangeForm."""
        while not self._file and await self._more(MOST_OCTETS):
            pass
        return self.fields

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file as it comes. Raises StrangeForm."""
        while True:
            while self._pieces:
                yield self._pieces.popleft()
            if self._over or not await self._more():
                return

    async def rest(self) -> None:
        """Let the browser say all it has to say: else it would not read the answer."""
        while self._octets <= MOST_OF_A_FILE and await self._more():
            self._pieces.clear()

    async def _more(self, most: int | None = None) -> bool:
        chunk = await anext(self._stream, b"")
        self._octets += len(chunk)
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise StrangeForm from None
        if not self._file and (most is None or self._octets > most or len(self.fields) > MOST_FIELDS):
            raise StrangeForm
        return bool(chunk)

    def _begin(self) -> None:
        self._headers, self._text = {}, b""

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._file = self._file or b"filename" in options

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file and not self._over:
            self._pieces.append(data[start:end])
        elif not self._file:
            self._text += data[start:end]

    def _end(self) -> None:
        if self._file:
            self._over = True
            return
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self.fields[options.get(b"name", b"").decode("utf-8", "replace")] = self._text.decode(
            "utf-8", "replace"
        )


def upload_of(request: Request) -> Upload:
    """The form of a request that came from a page of ours. Raises StrangeForm."""
    require_from_here(request)
    return Upload(request)


async def fields_of(request: Request, upload: Upload, reader: SignedIn) -> tuple[Fields, bytes]:
    """What stands before the file, and by what this form is recognised. Raises StrangeForm."""
    form = await upload.read_fields()
    press = press_of(request, str(reader.session_id), form)
    require_theirs(form, reader)
    return form, press
