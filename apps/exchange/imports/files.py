"""
Read tables: Excel, CSV and JSON Lines, row by row, whatever may be wrong with them.

Excel: the first sheet that is not hidden, hidden rows too. Formulas, error values and merged cells
are faults, for nobody sees what they would come to. CSV: with commas, in UTF-8 with or without a
byte order mark, or in GB 18030, as Chinese Excel saves it. JSON Lines: one object per line, whose
names are headings; lists and objects as they are.

In Excel and CSV the headings are row 1. A row that is empty is passed over.
"""

import codecs
import csv
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import TextIOWrapper
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from marketplace.coach import DraftKind
from marketplace.errors import Invalid
from marketplace.exchange import (
    LONGEST_CELL,
    LONGEST_TEXT,
    MOST_COLUMNS,
    MOST_ROWS,
    PLACES,
    Column,
    FileFormat,
    Labels,
    blamed,
    columns_of,
    header_of,
    meant,
    read_row,
)

#: How many bytes a workbook may unfold to, and those of its parts that are held in memory.
LARGEST_UNFOLDED, LARGEST_HELD = 400 * 1024 * 1024, 100 * 1024 * 1024
#: How much of a file is looked at at once.
PIECE = 256 * 1024
#: How many merged ranges are told.
MOST_MERGED = 100

MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z0-9:]{2,30})[\"']")
#: How a spreadsheet writes a character that XML cannot hold (ECMA-376, ST_Xstring).
CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")

# Longer cells than Python expects; nobody else here reads CSV.
csv.field_size_limit(LONGEST_TEXT)


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row: what it says by column, as far as it can be read, and what cannot."""

    number: int
    words: dict[str, Any]
    faults: list[Invalid]


def rows_of(
    file: IO[bytes], file_format: FileFormat, kind: DraftKind, labels: Labels
) -> Iterator[ReadRow]:
    """
    Return the rows of a file that are not empty; one whose headings are wrong has only these.

    Raise Invalid where the file as a whole cannot be read.
    """
    if file_format is FileFormat.JSONL:
        yield from _json_rows(file, kind, labels)
        return
    grid = _sheet(file) if file_format is FileFormat.XLSX else _csv(file)
    columns: list[Column | None] = []
    for number, cells in grid:
        if isinstance(cells, Invalid):
            yield ReadRow(number, {}, [cells])
            if cells.code == "too_many_columns":
                return
            continue
        if number == 1:
            header, rest = cells[:MOST_COLUMNS], cells[MOST_COLUMNS:]
            columns, faults = header_of(header, kind)
            if any(_is_there(cell) for cell in rest):
                faults.append(_too_many_columns())
            if faults:
                yield ReadRow(1, {}, faults)
                return
            continue
        if not columns:  # The first row was empty, and passed over.
            yield ReadRow(1, {}, header_of([], kind)[1])
            return
        if number > MOST_ROWS + 1:
            yield ReadRow(number, {}, [_too_many_rows()])
            return
        yield _row(number, cells, columns, labels)
    if not columns:
        yield ReadRow(1, {}, header_of([], kind)[1])


def _row(
    number: int, cells: Sequence[object], columns: Sequence[Column | None], labels: Labels
) -> ReadRow:
    faults: list[Invalid] = []
    given: dict[Column, object] = {}
    for place, column in enumerate(columns):
        cell = cells[place] if place < len(cells) else None
        if column is None:
            if _is_there(cell):
                faults.append(
                    Invalid("There is no heading over this.", code="no_heading", field=_at(place))
                )
        elif isinstance(cell, Invalid):
            faults.append(blamed(cell, column.key))
        else:
            given[column] = cell
    if any(_is_there(cell) for cell in cells[len(columns) :]):
        faults.append(Invalid("The row is longer than the header.", code="too_many_cells"))
    words, wrong = read_row(given, labels)
    return ReadRow(number, words, [*faults, *wrong])


def _at(place: int) -> str:
    """Return the letters of a column that has no heading."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _is_there(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _too_many_columns() -> Invalid:
    return Invalid("At most {most} columns.", code="too_many_columns", most=MOST_COLUMNS)


def _too_many_rows() -> Invalid:
    return Invalid("At most {most} rows in one file.", code="too_many_rows", most=MOST_ROWS)


# --- Excel ------------------------------------------------------------------------------------


def _sheet(file: IO[bytes]) -> Iterator[tuple[int, list[object] | Invalid]]:
    """Return the rows of the first visible sheet that are not empty, with their numbers."""
    try:
        _must_be_small(file)
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise _unreadable()
        sheet = sheets[0]
        for number, fault in _merged(file, sheet._worksheet_path):
            yield number, fault
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(), start=1):
            cells = [_cell(cell) for cell in row]
            while cells and not _is_there(cells[-1]):
                cells.pop()
            if len(cells) > MOST_COLUMNS:
                yield number, _too_many_columns()
                return
            if cells or number == 1:
                yield number, cells
    except Invalid:
        raise
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        DefusedXmlException,
        ParseError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        EOFError,
        OSError,
        OverflowError,
    ) as error:
        # What a library says of a broken file depends on where it is broken.
        raise _unreadable() from error


def _must_be_small(file: IO[bytes]) -> None:
    """Refuse a workbook by what it says that it unfolds to, which is all that is unfolded."""
    with zipfile.ZipFile(file) as package:
        sizes = {part.filename.lower(): part.file_size for part in package.infolist()}
    held = sum(size for name, size in sizes.items() if "/worksheets/" not in name)
    if sum(sizes.values()) > LARGEST_UNFOLDED or held > LARGEST_HELD:
        raise Invalid("The workbook is too large.", code="workbook_too_large", field="file")


def _unreadable() -> Invalid:
    return Invalid("The workbook cannot be read.", code="workbook_unreadable", field="file")


def _merged(file: IO[bytes], path: str) -> Iterator[tuple[int, Invalid]]:
    """Return a fault for each merged range of a sheet: only its first cell would be read."""
    count, rest = 0, b""
    with zipfile.ZipFile(file) as package, package.open(path.lstrip("/")) as part:
        while piece := part.read(PIECE):
            text = rest + piece
            end = 0
            for found in MERGED.finditer(text):
                end = found.end()
                count += 1
                if count > MOST_MERGED:
                    return
                left, top, _right, _bottom = range_boundaries(found[1].decode())
                yield (
                    int(top or 1),
                    Invalid(
                        "These cells are merged: {cells}. Undo that and fill each one.",
                        code="merged_cells",
                        field=_at(int(left or 1) - 1),
                        cells=found[1].decode(),
                    ),
                )
            rest = text[max(end, len(text) - 200) :]


def _cell(cell: Any) -> object:
    """Return what stands in a cell: a fault where it is a formula or an error, or too long."""
    value = cell.value
    if value is None:
        return None
    kind = cell.data_type
    if kind == "f":
        return Invalid("This is a formula; put its value here.", code="formula")
    if kind == "e":
        return Invalid("This is an error of the spreadsheet: {given}.", code="error", given=value)
    if isinstance(value, str):
        if len(value) > LONGEST_CELL:
            return Invalid("At most {length} characters.", code="too_long", length=LONGEST_CELL)
        if "_x" in value:
            return CHARACTER.sub(lambda found: chr(int(found[1], 16)), value)
    return value


# --- CSV --------------------------------------------------------------------------------------


def _csv(file: IO[bytes]) -> Iterator[tuple[int, list[object] | Invalid]]:
    encoding = _encoding_of(file)
    file.seek(0)
    text = TextIOWrapper(file, encoding=encoding, newline="")
    number = 0
    try:
        for number, cells in enumerate(csv.reader(text, strict=True), start=1):
            if number == 1 or any(cell.strip() for cell in cells):
                yield number, [meant(cell) for cell in cells]
    except csv.Error:
        yield number + 1, Invalid("From here on the file is not CSV.", code="not_csv")
    finally:
        text.detach()


def _encoding_of(file: IO[bytes]) -> str:
    """Return in which encoding a file can be read from beginning to end."""
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while piece := file.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return "utf-8-sig" if encoding == "utf-8" else encoding
    raise Invalid("The file is neither UTF-8 nor GB 18030.", code="encoding", field="file")


# --- JSON Lines -------------------------------------------------------------------------------


def _json_rows(file: IO[bytes], kind: DraftKind, labels: Labels) -> Iterator[ReadRow]:
    known = {title: column for column in columns_of(kind) for title in column.titles()}
    count = 0
    for number, line in enumerate(file, start=1):
        text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if not text.strip():
            continue
        count += 1
        if count > MOST_ROWS:
            yield ReadRow(number, {}, [_too_many_rows()])
            return
        given = _object(text)
        if isinstance(given, Invalid):
            yield ReadRow(number, {}, [given])
            continue
        yield _json_row(number, given, known, kind, labels)


def _json_row(
    number: int,
    given: Mapping[str, Any],
    known: Mapping[str, Column],
    kind: DraftKind,
    labels: Labels,
) -> ReadRow:
    faults: list[Invalid] = []
    cells: dict[Column, object] = {}
    place = dict(zip(("market", "side"), PLACES.get(kind, ()), strict=False))
    for name, value in given.items():
        column = known.get(name.strip().casefold())
        if column is None and name in place:
            # What kind it is may be said in each row too.
            if value != place[name]:
                faults.append(
                    Invalid("This file is of another kind.", code="other_kind", field=name)
                )
        elif column is None:
            faults.append(
                Invalid("There is no such column.", code="unknown_column", field=name[:80])
            )
        elif column in cells:
            faults.append(
                Invalid("This column came before.", code="repeated_column", field=column.key)
            )
        else:
            cells[column] = value
    faults += [
        Invalid("This is needed.", code="missing", field=column.key)
        for column in columns_of(kind)
        if column.is_needed and column not in cells
    ]
    words, wrong = read_row(cells, labels)
    return ReadRow(number, words, [*faults, *wrong])


def _object(line: bytes) -> dict[str, Any] | Invalid:
    try:
        # Numbers with a point stay exactly what is written.
        given = json.loads(line.decode(), parse_float=Decimal)
    except UnicodeDecodeError:
        return Invalid("The row is not UTF-8.", code="not_utf8")
    except (ValueError, RecursionError, ArithmeticError):
        return Invalid("The row is not JSON.", code="not_json")
    if not isinstance(given, dict):
        return Invalid("The row is no object.", code="not_object")
    return given
