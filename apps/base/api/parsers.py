"""How bodies are read, and in which form answers are written."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NoReturn

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from marketplace.documents import LARGEST


class StrictJSONParser(JSONParser):
    """
    JSON in UTF-8 that says every name once, and whose texts PostgreSQL can hold.

    That is: no NUL, no half of a surrogate pair, no NaN and no infinity.
    """

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = json.loads(
                stream.read().decode(), object_pairs_hook=_object, parse_constant=_no_number
            )
            text = "".join(_texts(data))
        except json.JSONDecodeError as error:
            where = {"line": error.lineno, "column": error.colno}
            raise ParseError(
                _("The body is no JSON from line {line}, column {column} on.").format(**where)
            ) from error
        except (RecursionError, ValueError) as error:
            # Nested too deep, too many digits, or not in UTF-8.
            raise ParseError(_("The body is not readable JSON.")) from error
        if "\x00" in text:
            raise ParseError(_("The text holds a NUL character."))
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ParseError(_("The text holds half of a surrogate pair.")) from error
        return data


class FileTooLarge(APIException):
    """More comes in than any file may hold."""

    status_code = 413
    default_code = "too_large"


class IncomingFile(TemporaryUploadedFile):
    """A file on disk whose SHA-256 was taken while it came in."""

    sha256 = ""


class DiskUploadHandler(TemporaryFileUploadHandler):
    """
    Write a file that comes in to disk, piece by piece, and stop where it grows too large.

    Nothing of it is kept in memory. Its hash tells a repeated request from another one.
    """

    file: IncomingFile

    def new_file(self, *args: Any, **options: Any) -> None:
        super().new_file(*args, **options)
        self.file.close()
        self.file = IncomingFile(
            self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra
        )
        self.digest = sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > LARGEST:
            self.file.close()
            raise FileTooLarge
        self.digest.update(raw_data)
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> IncomingFile:
        super().file_complete(file_size)
        self.file.sha256 = self.digest.hexdigest()
        return self.file


class AlwaysJSON(DefaultContentNegotiation):
    """Answer in the view's first form, whatever is asked for: there is one form per address."""

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object that says no name twice: readers disagree on which of two is meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ParseError(_("The body says the same name twice in one object."))
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _texts(data: object) -> Iterator[str]:
    """Walk every text and every name in `data`."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for name, inner in data.items():
            yield name
            yield from _texts(inner)
    elif isinstance(data, list):
        for inner in data:
            yield from _texts(inner)
