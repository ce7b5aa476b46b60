"""Write the table that is to be filled in, with what may stand where, in both languages."""

import csv
from datetime import date
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from apps.exchange.exports.tables import heading
from apps.exchange.queries import titles_on, writing_labels
from marketplace.coach import DraftKind
from marketplace.exchange import (
    MOST_ROWS,
    Choice,
    Choices,
    Code,
    Codes,
    Column,
    Day,
    FileFormat,
    Labels,
    YesOrNo,
    columns_of,
    example_of,
)

NEEDED, LATER = PatternFill("solid", fgColor="FFE2E2"), PatternFill("solid", fgColor="FFF6DA")
NOTES = (
    "字段 / Column",
    "英文 / English",
    "代码 / Key",
    "何时必填 / Needed",
    "说明 / Note (Chinese)",
    "Note (English)",
    "示例 / Example",
)
GENERAL = (
    (
        "从第 2 行起每行一条。带 * 的列必填;红色为起草时必填,黄色为提交审核前必填。",
        "One thing per row, from row 2 on. Columns with * are needed; red ones for a draft, yellow "
        "ones before it is submitted for review.",
    ),
    (
        "不要合并单元格,不要用公式(请粘贴为数值),不要改动表头。可删除不用的列。",
        "No merged cells, no formulas (paste values), no other headings. Columns may be left out.",
    ),
    (
        "单元格内一行一项,各部分用 | 分隔;内容中的 | 前写 \\。国家秘密不得填写。",
        "In a cell one thing per line, its parts with | between; write \\ before a | that is none. "
        "Never a state secret.",
    ),
)


def template(kind: DraftKind, file_format: FileFormat, *, day: date, language: str) -> bytes:
    """Return an empty table of `kind`; a workbook also has lists to choose from, and notes."""
    columns = columns_of(kind)
    heads = [heading(column, language) for column in columns]
    if file_format is FileFormat.CSV:
        buffer = StringIO("\ufeff")
        buffer.seek(1)
        csv.writer(buffer).writerow(heads)
        return buffer.getvalue().encode()
    labels = writing_labels(day, language, kind)
    book = Workbook()
    table = book.active
    assert isinstance(table, Worksheet)  # noqa: S101 (a new workbook has one sheet)
    table.title = kind.value
    notes = book.create_sheet("说明 Notes")
    lists = book.create_sheet("选项 Choices")
    for place, (column, head) in enumerate(zip(columns, heads, strict=True), start=1):
        cell = table.cell(1, place, head)
        cell.font = Font(bold=True)
        if column.required_from is not None or column.is_needed:
            cell.fill = NEEDED if column.is_needed else LATER
        if said := _said(column):
            cell.comment = Comment(said, "", width=360, height=120)
        table.column_dimensions[get_column_letter(place)].width = 18
        if isinstance(column.cell, Day):
            for row in range(2, 200):
                table.cell(row, place).number_format = "yyyy-mm-dd"
    table.freeze_panes = "A2"
    _offer_choices(table, lists, columns, labels, day, language)
    _write_notes(notes, columns, labels)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _said(column: Column) -> str:
    return "\n".join(filter(None, [column.heading.note_zh, column.heading.note_en]))


def _offer_choices(
    table: Worksheet,
    lists: Worksheet,
    columns: tuple[Column, ...],
    labels: Labels,
    day: date,
    language: str,
) -> None:
    """Put what can be chosen on a sheet of its own, and let the cells offer it."""
    subjects = {c.cell.subject for c in columns if isinstance(c.cell, Code | Codes)}
    codes = titles_on(day, language, subjects)
    place = 0
    for position, column in enumerate(columns, start=1):
        cell = column.cell
        if isinstance(cell, Choice | Choices):
            choices = [str(Choice(cell.vocabulary).write(w, labels)) for w in cell.vocabulary]
        elif isinstance(cell, Code | Codes):
            choices = [f"{code} {title}".strip() for code, title in codes[cell.subject].items()]
        elif isinstance(cell, YesOrNo):
            choices = ["yes", "no"] if language == "en" else ["是", "否"]
        else:
            continue
        place += 1
        lists.cell(1, place, column.key).font = Font(bold=True)
        for row, choice in enumerate(choices, start=2):
            lists.cell(row, place, choice)
        letter = get_column_letter(place)
        # What is typed may be the bare code, so the list is an offer, not a fence.
        offer = DataValidation(
            type="list",
            formula1=f"'{lists.title}'!${letter}$2:${letter}${len(choices) + 1}",
            allow_blank=True,
            showErrorMessage=False,
        )
        own = get_column_letter(position)
        offer.add(f"{own}2:{own}{MOST_ROWS + 1}")
        table.add_data_validation(offer)


def _write_notes(notes: Worksheet, columns: tuple[Column, ...], labels: Labels) -> None:
    for texts in GENERAL:
        notes.append(list(texts))
    notes.append([])
    notes.append(list(NOTES))
    for cell in notes[notes.max_row]:
        cell.font = Font(bold=True)
    for column in columns:
        stage = "草稿 / draft" if column.is_needed else ""
        if not stage and column.required_from is not None:
            stage = "提交 / submit"
        words = column.heading
        notes.append(
            [
                *(words.zh, column.en, column.key, stage, words.note_zh, words.note_en),
                example_of(column, labels),
            ]
        )
    for row in notes.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if isinstance(cell.value, str) and cell.value.startswith("="):
                cell.data_type = "s"
    for letter, width in zip("ABCDEFG", (22, 24, 24, 16, 50, 50, 60), strict=True):
        notes.column_dimensions[letter].width = width
