"""
Write what is there as a table that can be read in again, row by row.

A row says what its reader is shown elsewhere: of what is withheld its band, or that there is one.
Nothing is held in memory but some hundred rows. In CSV no text is taken for a formula: before one
that begins like one stands "'", which reading takes away again.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.db.models import QuerySet
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from apps.exchange.queries import writing_labels
from apps.markets.models import TABLES, Listing
from apps.pools.models import PoolEntry
from apps.pools.queries import plain
from marketplace.actors import Actor
from marketplace.coach import DraftKind
from marketplace.errors import Conflict
from marketplace.exchange import (
    LONGEST_CELL,
    OF_PROJECT,
    PLACES,
    REFERENCE,
    Column,
    FileFormat,
    Labels,
    columns_of,
    harmless,
    withheld_block,
    withheld_indicator,
)
from marketplace.listings import pool_of, shows_confidential
from marketplace.pools import TERMS_OF
from marketplace.reviews import shows_review
from marketplace.secrecy import Secrecy, shown_block, shown_indicator

MEDIA_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: How many rows are fetched and written at once, and how much of a file is sent at once.
CHUNK, PIECE = 500, 256 * 1024
#: Up to which size a workbook is not written to disk.
HELD = 1024 * 1024
#: How many digits a number of a spreadsheet keeps.
DIGITS = 15
#: Words of an entry that are shown only with its review.
KEPT_BACK = frozenset({"certificate", "employments", "inventors"})
#: Characters that XML cannot hold, and what would be taken for one that is written so.
UNWRITABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\r\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)"
)


def written(
    rows: "QuerySet[Any]",
    kind: DraftKind,
    file_format: FileFormat,
    *,
    by: Actor,
    day: date,
    language: str,
) -> Iterator[bytes]:
    """Return the file of `rows`, which `by` may know of, in pieces."""
    labels = writing_labels(day, language, kind)
    columns = columns_of(kind)
    lines = _lines(_joined(rows, kind), kind, columns, labels, by=by)
    heads = [heading(column, language) for column in columns]
    return _csv(heads, lines) if file_format is FileFormat.CSV else _xlsx(heads, lines)


def heading(column: Column, language: str) -> str:
    """Return what stands over a column; what even a draft needs has a star."""
    words = column.en if language == "en" else column.heading.zh
    return f"{words}*" if column.is_needed else words


def _joined(rows: "QuerySet[Any]", kind: DraftKind) -> "QuerySet[Any]":
    """Fetch with each row what belongs to it, without a query for each."""
    if kind not in PLACES:
        return rows.order_by("id")
    market, side = PLACES[kind]
    table = TABLES[market, side].__name__.lower()
    pools = {"project", pool_of(market, side).value}
    return rows.filter(market=market, side=side).select_related(table, *pools).order_by("id")


def _lines(
    rows: "QuerySet[Any]",
    kind: DraftKind,
    columns: Sequence[Column],
    labels: Labels,
    *,
    by: Actor,
) -> Iterator[list[object]]:
    for row in rows.iterator(chunk_size=CHUNK):
        words = shown_words(row, by=by)
        yield [
            None
            if (value := words.get(column.key)) in (None, "", [], ())
            else column.cell.write(value, labels)
            for column in columns
        ]


def shown_words(row: Listing | PoolEntry, *, by: Actor) -> dict[str, Any]:
    """Return the words of a thing as `by` is shown them, by column."""
    level = row.level_for(by)
    if isinstance(row, Listing):
        words = plain(row.all_words())
        words |= plain(words.pop("terms"))
        if not shows_confidential(by, row.organization_id):
            words["confidential"] = ""
        own = by.acts_for(row.organization_id)
        pool = pool_of(row.market, row.side).value
        words[pool] = _name_of(getattr(row, pool), own)
        if own and row.project is not None:
            words |= plain(row.project.words(OF_PROJECT))
    else:
        words = plain(row.words(TERMS_OF[row.pool]))
        if not (shows_review(by, row.organization_id) or level is Secrecy.UNDER_NDA):
            words |= dict.fromkeys(KEPT_BACK & words.keys())
    if not (shows_review(by, row.organization_id) and row.external_reference):
        words[REFERENCE] = str(row.pk)
    for name, shown, withheld in (
        ("indicators", shown_indicator, withheld_indicator),
        ("blocks", shown_block, withheld_block),
    ):
        if words.get(name):
            words[name] = [withheld(shown(each, level)) for each in words[name]]
    return words


def _name_of(entry: PoolEntry | None, is_own: bool) -> str:
    """Return how a listing names what it points at: its reference, which is its owner's, or id."""
    if entry is None:
        return ""
    return (entry.external_reference if is_own else "") or str(entry.pk)


# --- CSV --------------------------------------------------------------------------------------


def _csv(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Write CSV as Chinese Excel opens it: UTF-8 with a byte order mark, lines ending in CRLF."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(heads)
    for count, line in enumerate(lines, start=1):
        writer.writerow([harmless(_text(cell)) for cell in line])
        if count % CHUNK == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _emptied(buffer: StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


# --- Excel ------------------------------------------------------------------------------------


def _xlsx(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Write a workbook to disk first, for its directory comes last; then send it from there."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")
    sheet.freeze_panes = "A2"
    bold = Font(bold=True)
    head = []
    for text in heads:
        cell = text_cell(sheet, text)
        cell.font = bold
        head.append(cell)
    sheet.append(head)
    try:
        for line in lines:
            sheet.append([_cell(sheet, cell) for cell in line])
    except Conflict:
        sheet.close()
        sheet._writer.cleanup()
        raise
    file = SpooledTemporaryFile(HELD)  # noqa: SIM115 (it is closed when it is sent)
    book.save(file)
    file.seek(0)
    return _sent(file)


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _cell(sheet: Any, value: object) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd"
        return cell
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= DIGITS:
        return value
    return text_cell(sheet, _text(value))


def text_cell(sheet: Any, text: str) -> Any:
    """Return a cell that is text, whatever it begins with, also when it is edited."""
    if len(text) > LONGEST_CELL:
        raise Conflict(
            "A text is too long for a cell of a spreadsheet; take the file as CSV.",
            code="cell_too_long",
        )
    cell = WriteOnlyCell(sheet, UNWRITABLE.sub(lambda c: f"_x{ord(c[0]):04X}_", text))
    if text.startswith("="):
        cell.data_type = "s"
        cell.quotePrefix = True
    return cell
