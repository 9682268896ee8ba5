"""Takes an upload that comes as a form: the part `file`, and the options of the reader as JSON.

The bytes of the file are passed on as they arrive. No part is kept in memory but `reader`, which is
short.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.api.models.dataset import UploadQuery
from app.api.protocol.pointers import escaped, problems_of
from app.api.protocol.strict_json import parse_json
from app.domain.errors import InvalidData, InvalidInput, Problem, TooLarge
from app.domain.reader_options import AUTO, ReaderOptions
from app.domain.uploads import CheckRequest

#: Bytes of the part `reader`; all options at their longest have about 12,000.
MAX_READER_BYTES = 64 * 2**10
#: Characters of an unknown name that are shown.
MAX_SHOWN = 40
FILE, READER = "file", "reader"
_PARTS = (FILE, READER)


@dataclass(frozen=True, kw_only=True)
class GivenOptions:
    """The options of a reader that a form gave."""

    options: ReaderOptions
    #: Those that it named, also with their defaults.
    names: frozenset[str]


def parse_options(text: bytes) -> GivenOptions:
    """Reads the part `reader`. Raises InvalidInput with the places of problems, reader/<name>."""
    try:
        options = ReaderOptions.model_validate(parse_json(text))
    except ValidationError as error:
        placed: list[ErrorDetails] = [
            {**each, "loc": (READER, *each["loc"])} for each in error.errors()
        ]
        problems = problems_of(placed)
    except InvalidInput as error:
        problems = [replace(each, pointer=READER + each.pointer) for each in error.problems]
    else:
        return GivenOptions(options=options, names=frozenset(options.model_fields_set))
    detail = f"The part `reader` of the form is not valid. {problems[0]}"
    raise InvalidInput(detail, problems=problems)


def check_request(query: UploadQuery, given: GivenOptions | None) -> CheckRequest:
    """Joins the options of the query with those of a form; `auto` says nothing.

    Raises InvalidInput where the two say different things.
    """
    asked = _said(query)
    if given is not None:
        found = _said(given.options)
        problems = [
            _contradiction(name, asked[name], value)
            for name, value in found.items()
            if name in asked and asked[name] != value
        ]
        if problems:
            raise InvalidInput(problems[0].detail, problems=problems)
        asked |= found
    return CheckRequest(kind=query.kind, options=ReaderOptions.model_validate(asked))


def _said(options: ReaderOptions) -> dict[str, Any]:
    values = options.model_dump(include=set(ReaderOptions.model_fields))
    return {name: value for name, value in values.items() if value not in (AUTO, (AUTO,))}


def _contradiction(name: str, asked: object, given: object) -> Problem:
    detail = f"The query says {_shown(asked)} and the part `reader` says {_shown(given)}."
    return Problem(pointer=f"{READER}/{name}", detail=detail, code="contradiction")


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:MAX_SHOWN]


@contextmanager
def placed_in_form(given: GivenOptions | None) -> Iterator[None]:
    """Points problems of an option, query/<name>, at the form where the option came from there."""
    try:
        yield
    except InvalidData as error:
        if given is None:
            raise
        of_form = {f"query/{name}": f"{READER}/{name}" for name in given.names}
        problems = [
            replace(each, pointer=of_form.get(each.pointer, each.pointer))
            for each in error.problems
        ]
        raise InvalidData(error.detail, problems=problems) from error


class UploadForm:
    """Splits a form into its parts as it arrives."""

    def __init__(self, content_type: str, *, write_file: Callable[[bytes], None]) -> None:
        """Raises InvalidInput where the Content-Type names no boundary."""
        self._write_file = write_file
        self._reader = bytearray()
        #: Names of the parts that have begun.
        self._names: list[str] = []
        self._header_name, self._header_value = bytearray(), bytearray()
        self._disposition = b""
        self._num_bytes = 0
        self._has_ended = False
        _, options = parse_options_header(content_type)
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_header_name,
                    "on_header_value": self._add_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._name_part,
                    "on_part_data": self._add_data,
                    "on_end": self._end,
                },
            )
        except (KeyError, FormParserError) as error:
            detail = "The Content-Type of a form must name its boundary, of at most 256 characters."
            raise InvalidInput.at("header/content-type", detail, code="form_invalid") from error

    def write(self, block: bytes) -> None:
        """Takes the next bytes of the body. Raises InvalidInput where they are no such form."""
        try:
            self._parser.write(block)
        except FormParserError as error:
            byte = self._num_bytes + max(0, getattr(error, "offset", 0))
            detail = f"The body is no form with this boundary: {error}."
            raise InvalidInput.at(f"byte/{byte}", detail, code="form_invalid") from error
        self._num_bytes += len(block)

    def finish(self) -> bytes:
        """Returns the part `reader`, empty without one. Raises InvalidInput for half a form."""
        if not self._has_ended:
            detail = "The form ends before its last boundary."
            raise InvalidInput.at(f"byte/{self._num_bytes}", detail, code="form_invalid")
        if FILE not in self._names:
            detail = "The form has no part `file`."
            raise InvalidInput.at(FILE, detail, code="missing")
        return bytes(self._reader)

    def _begin_part(self) -> None:
        self._disposition = b""

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _name_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", errors="replace")
        if name not in _PARTS:
            detail = f"There is no part {name[:MAX_SHOWN]!r}. Known are {', '.join(_PARTS)}; "
            detail += "everything else goes in the query."
            raise InvalidInput.at(escaped(name[:MAX_SHOWN]), detail, code="extra_forbidden")
        if name in self._names:
            detail = f"The form has two parts named {name}."
            raise InvalidInput.at(name, detail, code="form_invalid")
        self._names.append(name)

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._names[-1] == FILE:
            self._write_file(data[start:end])
            return
        self._reader += data[start:end]
        if len(self._reader) > MAX_READER_BYTES:
            detail = f"The part `reader` is larger than {MAX_READER_BYTES} bytes."
            raise TooLarge(detail)

    def _end(self) -> None:
        self._has_ended = True
