"""Files of all sorts, and what is wrong with them."""

import zipfile
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

from apps.exchange.imports import files, rows_of
from apps.exchange.queries import reading_labels
from marketplace.coach import DraftKind
from marketplace.errors import Invalid
from marketplace.exchange import FileFormat
from tests.build import exchange as build

NEED = DraftKind.TECHNOLOGY_NEED


def read(content: bytes, format: str = "xlsx", kind: DraftKind = NEED) -> list[Any]:
    return list(rows_of(BytesIO(content), FileFormat(format), kind, reading_labels()))


def faults(content: bytes, format: str = "xlsx") -> set[tuple[int, str, str]]:
    return {
        (row.number, fault.field, fault.code)
        for row in read(content, format)
        for fault in row.faults
    }


def book(*rows: dict[str, Any]) -> Workbook:
    made: Workbook = load_workbook(BytesIO(build.xlsx(rows or [build.need(1)])))
    return made


def test_cells_have_the_type_that_they_have_in_excel():
    row = build.need(1, price_from=1234.5, readiness=6.0, valid_until=date(2027, 12, 31))
    [found] = read(build.xlsx([row | {"region": 610100, "needed_by": datetime(2027, 1, 2)}]))  # noqa: DTZ001
    assert found.faults == []
    assert str(found.words["price_from"]) == "1234.50"
    assert found.words["valid_until"] == date(2027, 12, 31)
    assert (found.words["region"], found.words["needed_by"]) == ("610100", date(2027, 1, 2))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_as_chinese_excel_saves_it(encoding):
    content = build.as_csv([build.need(1, body="第一行\n第二行,㐀")], encoding)
    [row] = read(content, "csv")
    assert (row.faults, row.words["body"]) == ([], "第一行\n第二行,㐀")


def test_labels_in_both_languages_are_known(db):
    [row] = read(build.xlsx([build.need(1, cooperation_modes="技术许可;Transfer")]))
    assert row.words["cooperation_modes"] == ["licence", "transfer"]


def test_empty_rows_are_passed_over_and_the_numbers_stay():
    made = book(build.need(1), build.need(2))
    made.active.insert_rows(3, 5)
    assert [row.number for row in read(build.saved(made))] == [2, 8]


def test_hidden_sheets_are_passed_over():
    made = book()
    hidden = made.create_sheet("old", 0)
    hidden["A1"] = "nothing"
    hidden.sheet_state = "hidden"
    assert [row.words["external_reference"] for row in read(build.saved(made))] == ["N-1"]


def test_the_first_visible_sheet_is_read_alone():
    made = book()
    made.create_sheet("notes")["A1"] = "whatever"
    assert len(read(build.saved(made))) == 1


def test_merged_cells_are_a_fault():
    made = book(build.need(1), build.need(2))
    made.active.merge_cells("B2:B3")
    assert (2, "B", "merged_cells") in faults(build.saved(made))


def test_formulas_and_errors_of_the_spreadsheet_are_faults():
    made = book()
    columns = {cell.value: cell.column for cell in made.active[1]}
    made.active.cell(2, columns["title"], "=A2&B2")
    made.active.cell(2, columns["region"], "#N/A").data_type = "e"
    assert faults(build.saved(made)) == {(2, "title", "formula"), (2, "region", "error")}


def test_comments_and_formats_do_no_harm():
    made = book()
    made.active["A1"].comment = Comment("note", "me")
    assert faults(build.saved(made)) == set()


def test_wrong_headings_are_faults_of_row_1_and_nothing_else_is_read():
    content = build.xlsx([{"external_reference": "A", "colour": "red", "题目": "x"}])
    assert faults(content) == {
        (1, "colour", "unknown_column"),
        (1, "题目", "unknown_column"),
        (1, "title", "missing_column"),
        (1, "body", "missing_column"),
        (1, "region", "missing_column"),
    }


@pytest.mark.parametrize("format", ["xlsx", "csv"])
def test_a_table_of_nothing_lacks_its_headings(format):
    content = build.saved(Workbook()) if format == "xlsx" else b"\r\n"
    assert {code for _row, _column, code in faults(content, format)} == {"missing_column"}


def test_ten_thousand_columns_are_a_fault():
    made = Workbook()
    made.active.append(["x"] * 10_001)
    assert faults(build.saved(made)) == {(1, "", "too_many_columns")}
    assert (1, "", "too_many_columns") in faults(",".join(["x"] * 10_001).encode(), "csv")


def test_a_cell_without_a_heading_and_a_row_that_is_too_long_are_faults():
    heads = "external_reference,title,body,region,,\n"
    assert faults(f"{heads}A,t,b,610100,x,\nB,t,b,610100,,,y\n".encode(), "csv") == {
        (2, "E", "no_heading"),
        (3, "", "too_many_cells"),
    }


def test_too_many_rows_are_a_fault(monkeypatch):
    monkeypatch.setattr(files, "MOST_ROWS", 3)
    rows = [build.need(n) for n in range(1, 6)]
    assert faults(build.xlsx(rows)) == {(5, "", "too_many_rows")}
    assert faults(build.jsonl(rows), "jsonl") == {(4, "", "too_many_rows")}


def test_a_workbook_that_would_unfold_to_too_much_is_not_read(monkeypatch):
    content = build.xlsx([build.need(1)])
    monkeypatch.setattr(files, "LARGEST_HELD", 100)
    with pytest.raises(Invalid) as error:
        read(content)
    assert error.value.code == "workbook_too_large"


@pytest.mark.parametrize(
    "sheet",
    [
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>',
    ],
)
def test_a_broken_workbook_is_a_fault_in_words(sheet):
    old, new = BytesIO(build.xlsx([build.need(1)])), BytesIO()
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(new, "w") as target:
        for part in source.infolist():
            is_sheet = part.filename == "xl/worksheets/sheet1.xml"
            target.writestr(part, sheet if is_sheet else source.read(part))
    with pytest.raises(Invalid) as error:
        read(new.getvalue())
    assert error.value.code == "workbook_unreadable"


def test_big_numbers_and_wrong_types_are_faults():
    row = build.need(1, price_from=10**20, readiness=True, title=False, valid_until=3.5)
    assert faults(build.xlsx([row])) == {
        (2, "price_from", "out_of_range"),
        (2, "readiness", "no_number"),
        (2, "title", "no_text"),
        (2, "valid_until", "no_day"),
    }


def test_what_excel_keeps_of_0_1_and_0_2_is_not_guessed():
    old, new = BytesIO(build.xlsx([build.need(1, price_from=0.3)])), BytesIO()
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(new, "w") as target:
        for part in source.infolist():
            content = source.read(part).replace(b"<v>0.3</v>", b"<v>0.30000000000000004</v>")
            target.writestr(part, content)
    assert faults(new.getvalue()) == {(2, "price_from", "too_exact")}


def test_json_lines_tell_what_is_wrong_with_each():
    lines = [
        build.jsonl([build.need(1, keywords=["钢", "铁"], price_from=0.1)]),
        b"{broken",
        b"[1]",
        b"\xff\xfe",
        b'{"external_reference": "A", "market": "talent", "colour": "red", "title": "t"}',
        b'{"a":' * 5000,
        b"",
    ]
    assert faults(b"\n".join(lines), "jsonl") == {
        (2, "", "not_json"),
        (3, "", "not_object"),
        (4, "", "not_utf8"),
        (5, "market", "other_kind"),
        (5, "colour", "unknown_column"),
        (5, "body", "missing"),
        (5, "region", "missing"),
        (6, "", "not_json"),
    }
    assert read(lines[0], "jsonl")[0].words["keywords"] == ["钢", "铁"]


def test_broken_csv_is_a_fault_from_there_on():
    heads = "external_reference,title,body,region\n"
    assert faults(f'{heads}A,t,b,610100\nB,"t'.encode(), "csv") == {(3, "", "not_csv")}


def test_what_is_in_no_encoding_is_a_fault():
    with pytest.raises(Invalid) as error:
        read(b"a\xff\xff", "csv")
    assert error.value.code == "encoding"


def test_characters_that_xml_cannot_hold_are_read():
    made = book(build.need(1, body="a_x000D_b_x005F_x0041_"))
    [row] = read(build.saved(made))
    assert row.words["body"] == "a\rb_x0041_"
