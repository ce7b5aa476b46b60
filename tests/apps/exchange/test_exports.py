"""Tables that go out."""

import csv
import tracemalloc
from datetime import date
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook

from apps.exchange.exports import tables, template, written
from apps.exchange.exports.tables import shown_words
from apps.exchange.imports import rows_of
from apps.exchange.queries import reading_labels, table_of
from apps.markets.models import Listing
from apps.reviews import actions as reviews
from marketplace.actors import Actor
from marketplace.coach import DraftKind
from marketplace.exchange import HEADINGS, REFERENCE, FileFormat, Labels, columns_of, example_of
from marketplace.listings import Market, Side
from tests.build import exchange as build

DAY = date(2026, 11, 24)
INDICATOR = {
    "name": "效率",
    "relation": "equal",
    "value": "38.2",
    "unit": "%",
    "condition": "AM1.5G",
    "secrecy": "under_nda",
}


def exported(
    kind: DraftKind, *, by: Actor, format: str = "xlsx", language: str = "zh-hans"
) -> bytes:
    rows: Any = table_of(kind)._default_manager.all()
    return b"".join(
        written(rows.visible_to(by), kind, FileFormat(format), by=by, day=DAY, language=language)
    )


def filled(kind: DraftKind) -> dict[str, Any]:
    """Return a row in which every column that has an example is filled."""
    labels = Labels()
    row: dict[str, Any] = {
        column.key: example_of(column, labels) or f"甲 {column.key}" for column in columns_of(kind)
    }
    row |= {"price_from": "1.00", "price_to": "2.50", "dual_use": None, "price_way": "negotiated"}
    row["cooperation_modes"] = "licence;transfer"
    for pool in ("project", "talent", "fund"):
        row[pool] = None
    match kind:
        case DraftKind.TALENT:
            row |= {"kind": "engineer", "members": None}
        case DraftKind.FUND:
            row |= {"kind": "equity", "smallest_ticket": "1.00", "quota": "90.00"}
            row |= {"opens_on": "2027-01-01", "closes_on": "2027-12-31"}
    own = {column.key for column in columns_of(kind)}
    return {key: value for key, value in row.items() if key in own}


def words(row: Any, by: Actor) -> dict[str, Any]:
    away = {REFERENCE, "organization", "project"}
    return {key: value for key, value in shown_words(row, by=by).items() if key not in away}


@pytest.mark.parametrize("format", ["xlsx", "csv"])
@pytest.mark.parametrize("kind", list(DraftKind))
def test_what_goes_out_comes_in_elsewhere_in_equal_words(
    kind, format, as_manager, as_researcher, as_agent, works
):
    seller = as_manager
    buyer = as_agent
    if kind is DraftKind.FUND:
        buyer = Actor(
            user=as_agent.user,
            organization=works.pk,
            roles=as_manager.roles,
        )
        works.memberships.update(role="organization_manager")
    build.done(build.xlsx([filled(kind)]), kind=kind, by=seller)
    [row] = table_of(kind)._default_manager.filter(organization=seller.organization)
    if kind is DraftKind.TECHNOLOGY_OFFER:
        project = exported(DraftKind.PROJECT, by=seller, format=format)
        build.done(project, kind=DraftKind.PROJECT, by=buyer, name=f"a.{format}")
    content = exported(kind, by=seller, format=format)
    build.done(content, kind=kind, by=buyer, name=f"a.{format}")
    [other] = table_of(kind)._default_manager.filter(organization=buyer.organization)
    assert words(other, buyer) == words(row, seller)
    again = build.done(content, kind=kind, by=seller, name=f"a.{format}")
    assert again.rows_unchanged == 1


@pytest.mark.parametrize(
    "title", ["=1+1", "+86", "-1", "@SUM(A1)", "'=1", "＝1", '=cmd|"/c calc"!A1']
)
@pytest.mark.parametrize("format", ["xlsx", "csv"])
def test_a_formula_is_harmless_and_comes_in_exactly(format, title, as_researcher, as_agent):
    build.done(build.jsonl([build.need(1, title=title)]), by=as_researcher, name="a.jsonl")
    content = exported(DraftKind.TECHNOLOGY_NEED, by=as_researcher, format=format)
    if format == "csv":
        [_head, line] = csv.reader(StringIO(content.decode("utf-8-sig")))
        assert not [cell for cell in line if cell.startswith(("=", "+", "-", "@", "＝"))]
    else:
        sheet = load_workbook(BytesIO(content)).active
        assert {cell.data_type for cell in sheet[2]} <= {"s", "n", "d"}
    build.done(content, by=as_agent, name=f"a.{format}")
    assert Listing.objects.get(organization=as_agent.organization).title == title


def test_csv_opens_in_chinese_excel(as_researcher):
    build.done(build.xlsx([build.need(1)]), by=as_researcher)
    content = exported(DraftKind.TECHNOLOGY_NEED, by=as_researcher, format="csv")
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\r\n")
    assert content.decode("utf-8-sig").startswith("外部编号*,名称*")
    assert "610100 西安市" in content.decode()
    english = exported(DraftKind.TECHNOLOGY_NEED, by=as_researcher, format="csv", language="en")
    assert english.decode("utf-8-sig").startswith("External reference*,Title*")


def test_others_are_given_what_they_are_shown(as_manager, as_agent, as_reviewer, as_anonymous):
    row = build.need(
        1, confidential="配方", indicators=[INDICATOR], blocks="工艺 | 1850 ℃ | signed_in"
    )
    build.done(build.jsonl([row]), by=as_manager, name="a.jsonl")
    kind = DraftKind.TECHNOLOGY_NEED
    assert "求购" not in exported(kind, by=as_agent, format="csv").decode()
    listing = reviews.submit(Listing.objects.get(), cleared_by="王保密", by=as_manager)
    reviews.accept(listing, cleared_by="孙", by=as_reviewer)
    own = exported(kind, by=as_manager, format="csv").decode()
    assert "配方" in own
    assert "38.2" in own
    assert "N-1" in own
    signed_in = exported(kind, by=as_agent, format="csv").decode()
    assert not [word for word in ("配方", "38.2", "AM1.5G", "N-1") if word in signed_in]
    assert "[35~40]" in signed_in
    assert "1850" in signed_in
    public = exported(kind, by=as_anonymous, format="csv").decode()
    assert not [word for word in ("38.2", "[35~40]", "1850") if word in public]
    assert "求购长寿命轴承钢 1 号" in public


def test_what_is_too_long_for_a_spreadsheet_goes_out_as_csv(as_researcher):
    blocks = "\n".join(f"第 {n} 段 | {'长' * 4900} | public" for n in range(8))
    build.done(build.as_csv([build.need(1, blocks=blocks)]), by=as_researcher, name="a.csv")
    assert "长" in exported(DraftKind.TECHNOLOGY_NEED, by=as_researcher, format="csv").decode()
    with pytest.raises(Exception, match="CSV"):
        exported(DraftKind.TECHNOLOGY_NEED, by=as_researcher)


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_an_export_holds_few_rows_in_memory(format, as_researcher, monkeypatch):
    monkeypatch.setattr(tables, "CHUNK", 50)
    words = build.need(1, body="长" * 8000)
    del words["external_reference"]
    rows = [words | {"valid_until": None, "cooperation_modes": []} for _ in range(400)]
    reviews.draft_many(Listing, rows, market=Market.TECHNOLOGY, side=Side.NEED, by=as_researcher)
    listings: Any = Listing.objects.visible_to(as_researcher)
    tracemalloc.start()
    size = 0
    for piece in written(
        listings,
        DraftKind.TECHNOLOGY_NEED,
        FileFormat(format),
        by=as_researcher,
        day=DAY,
        language="en",
    ):
        size += len(piece)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > (9_000_000 if format == "csv" else 10_000)
    assert most < 8_000_000


# --- templates --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("kind", list(DraftKind))
def test_a_template_can_be_filled_in(kind, language, db):
    content = template(kind, FileFormat.XLSX, day=DAY, language=language)
    book = load_workbook(BytesIO(content))
    table, notes, lists = book.worksheets
    assert table.freeze_panes == "A2"
    assert table.max_row == 1 or all(cell.value is None for cell in table[2])
    assert {cell.value for cell in notes["C"]} >= {column.key for column in columns_of(kind)}
    offered = {cell.value for row in lists.iter_rows() for cell in row}
    assert [each for each in offered if str(each).startswith("610100 ")]
    assert len(table.data_validations.dataValidation) >= 3
    heads = [cell.value for cell in table[1]]
    for place, column in enumerate(columns_of(kind), start=1):
        if column.key == "region":
            table.cell(2, place, "610100 西安市")
        elif column.is_needed:
            choices = column.key == "kind"
            table.cell(2, place, example_of(column, Labels()) if choices else "甲")
    assert len(heads) == len(columns_of(kind))
    file = BytesIO(build.saved(book))
    [row] = rows_of(file, FileFormat.XLSX, kind, reading_labels())
    assert (row.number, row.faults) == (2, [])


def test_an_empty_template_holds_no_row(db):
    content = template(DraftKind.PROJECT, FileFormat.XLSX, day=DAY, language="zh-hans")
    assert (
        list(rows_of(BytesIO(content), FileFormat.XLSX, DraftKind.PROJECT, reading_labels())) == []
    )
    text = template(DraftKind.PROJECT, FileFormat.CSV, day=DAY, language="zh-hans")
    assert text.decode("utf-8-sig").startswith("外部编号*")


def test_what_is_offered_is_understood(db):
    content = template(DraftKind.CAPITAL_NEED, FileFormat.XLSX, day=DAY, language="zh-hans")
    lists = load_workbook(BytesIO(content)).worksheets[2]
    for column in lists.iter_cols():
        cell = HEADINGS[column[0].value].cell
        for choice in column[1:6]:
            if choice.value is not None:
                assert cell.read(choice.value, reading_labels()) not in (None, "")
