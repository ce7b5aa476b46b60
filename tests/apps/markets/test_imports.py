"""Listings from files."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.journal.models import Entry
from apps.markets import actions
from apps.markets.imports import Format, import_listings
from apps.markets.models import Listing
from apps.pools.models import Project
from marketplace.listings import ListingState
from marketplace.pools import PoolState
from tests.build import markets as build_markets


def row(number: int = 1, **words: Any) -> dict[str, Any]:
    return {
        "external_reference": f"A-{number}",
        "market": "technology",
        "side": "offer",
        "title": f"高韧性轴承钢 {number} 号",
        "body": "硬度 62 HRC。",
        "keywords": ["轴承钢", "热处理"],
        "field": "05",
        "region": "610100",
        "cooperation": "licence",
        "readiness": 6,
        "price_from": "1000.50",
        "valid_until": build_markets.in_days(90).isoformat(),
        "intellectual_property": "0201",
    } | words


@pytest.fixture
def written(tmp_path: Path):
    def write(*rows: Any, name: str = "offers.jsonl", start: bytes = b"") -> Path:
        path = tmp_path / name
        lines = [
            r if isinstance(r, bytes) else json.dumps(r, ensure_ascii=False).encode() for r in rows
        ]
        path.write_bytes(start + b"\n".join(lines) + b"\n")
        return path

    return write


def spreadsheet(path: Path, rows: list[dict[str, Any]], encoding: str) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for given in rows:
            writer.writerow(given | {"keywords": "；".join(given["keywords"])})
    return path


def counts(report: Any) -> tuple[int, int, int, int]:
    return report.created, report.changed, report.unchanged, report.published


def places(report: Any) -> set[tuple[int, str, str]]:
    return {(fault.row, fault.field, fault.code) for fault in report.faults}


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_json_lines_become_drafts_with_their_projects(start, written, as_researcher):
    path = written(row(1), b"", row(2, side="need", intellectual_property=None), start=start)
    report = import_listings(path, format=Format.JSONL, by=as_researcher)
    assert report.faults == []
    assert (report.rows, *counts(report)) == (2, 2, 0, 0, 0)
    offer, need = Listing.objects.order_by("external_reference")
    assert (offer.state, need.state) == (ListingState.DRAFT, ListingState.DRAFT)
    assert offer.project.title == offer.title
    assert need.project is None
    assert offer.imported_from == "offers.jsonl"
    assert offer.keywords == ["轴承钢", "热处理"]
    assert {entry.verb for entry in Entry.objects.all()} == {"project.drafted", "listing.drafted"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_spreadsheet_is_read_with_and_without_byte_order_mark(encoding, tmp_path, as_researcher):
    given = row(confidential="第一行\n第二行", readiness="", price_from="")
    path = spreadsheet(tmp_path / "offers.csv", [given], encoding)
    report = import_listings(path, format=Format.CSV, by=as_researcher)
    assert report.faults == []
    listing = Listing.objects.get()
    assert listing.keywords == ["轴承钢", "热处理"]
    assert listing.confidential == "第一行\n第二行"
    assert (listing.readiness, listing.price_from) == (None, None)


def test_a_dry_run_does_all_and_leaves_nothing(written, as_researcher, as_reviewer):
    path = written(row(1), row(2))
    report = import_listings(
        path, format=Format.JSONL, by=as_researcher, publish_as=as_reviewer, dry_run=True
    )
    assert (report.faults, counts(report)) == ([], (2, 0, 0, 2))
    assert not Listing.objects.exists()
    assert not Project.objects.exists()
    assert not Entry.objects.exists()


def test_a_reviewer_publishes_what_is_imported(written, as_researcher, as_reviewer):
    path = written(row(1), row(2, side="need"))
    report = import_listings(path, format=Format.JSONL, by=as_researcher, publish_as=as_reviewer)
    assert (report.faults, counts(report)) == ([], (2, 0, 0, 2))
    assert {listing.state for listing in Listing.objects.all()} == {ListingState.PUBLISHED}
    assert Project.objects.get().state is PoolState.ADMITTED
    again = import_listings(path, format=Format.JSONL, by=as_researcher, publish_as=as_reviewer)
    assert (again.faults, counts(again)) == ([], (0, 0, 2, 0))


def test_the_same_file_again_changes_only_what_is_different(written, as_researcher):
    import_listings(written(row(1), row(2)), format=Format.JSONL, by=as_researcher)
    before = Entry.objects.count()
    path = written(row(1), row(2, title="新名", price_from="7"), row(3))
    report = import_listings(path, format=Format.JSONL, by=as_researcher)
    assert (report.faults, counts(report)) == ([], (1, 1, 1, 0))
    changed = Listing.objects.get(external_reference="A-2")
    assert (changed.title, changed.project.title, changed.version) == ("新名", "新名", 2)
    assert Listing.objects.get(external_reference="A-1").version == 1
    assert Entry.objects.count() == before + 4
    assert Project.objects.count() == 3


def test_what_is_published_and_differs_is_a_fault(written, as_researcher, as_reviewer):
    import_listings(written(row(1)), format=Format.JSONL, by=as_researcher, publish_as=as_reviewer)
    report = import_listings(
        written(row(1, title="新名"), row(2)), format=Format.JSONL, by=as_researcher
    )
    assert places(report) == {(1, "", "wrong_state")}
    assert Listing.objects.get().title == "高韧性轴承钢 1 号"


def test_what_was_sent_back_is_changed_and_published(written, as_researcher, as_reviewer):
    import_listings(written(row(1, side="need")), format=Format.JSONL, by=as_researcher)
    listing = actions.submit(Listing.objects.get(), by=as_researcher)
    actions.send_back(listing, reason="缺少指标", by=as_reviewer)
    report = import_listings(
        written(row(1, side="need", body="疲劳寿命提高 50%。")),
        format=Format.JSONL,
        by=as_researcher,
        publish_as=as_reviewer,
    )
    assert (report.faults, counts(report)) == ([], (0, 1, 0, 1))


def test_a_reference_stays_in_its_market(written, as_researcher):
    import_listings(written(row(1)), format=Format.JSONL, by=as_researcher)
    report = import_listings(written(row(1, side="need")), format=Format.JSONL, by=as_researcher)
    assert places(report) == {(1, "external_reference", "other_place")}


def test_all_faults_are_told_with_their_rows_and_nothing_is_imported(written, as_researcher):
    path = written(
        row(1),
        row(2, region="999999", field="x", price_to="1"),
        row(3, readiness=10, price_from="0.001", valid_until="gestern", colour="red"),
        b"{broken",
        b"[1]",
        b"\xff\xfe",
        row(1),
        row(8, title="a\x00b", market="flea", external_reference=None),
        row(9, keywords=["a" * 41]),
        row(10, intellectual_property="zz"),
    )
    report = import_listings(path, format=Format.JSONL, by=as_researcher)
    assert report.rows == 10
    assert places(report) == {
        (2, "region", "unknown_code"),
        (2, "field", "unknown_code"),
        (3, "colour", "unknown_field"),
        (4, "", "not_json"),
        (5, "", "not_object"),
        (6, "", "not_utf8"),
        (7, "external_reference", "repeated_reference"),
        (8, "title", "null_characters_not_allowed"),
        (8, "market", "invalid_choice"),
        (8, "external_reference", "required"),
        (9, "keywords.0", "max_length"),
        (10, "intellectual_property", "unknown_code"),
    }
    assert not Listing.objects.exists()
    assert not Entry.objects.exists()


def test_a_spreadsheet_counts_its_header_as_the_first_row(tmp_path, as_researcher):
    path = spreadsheet(tmp_path / "a.csv", [row(1), row(2, readiness=10)], "utf-8")
    path.write_text(path.read_text() + "," * 30 + "\n")
    report = import_listings(path, format=Format.CSV, by=as_researcher)
    assert places(report) == {(3, "readiness", "max_value"), (4, "", "too_many_cells")}


@pytest.mark.parametrize(
    ("content", "code"), [(b'external_reference\n"a', "not_csv"), (b"a\n\xff", "not_utf8")]
)
def test_a_broken_spreadsheet_is_a_fault(content, code, tmp_path, as_researcher):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    report = import_listings(path, format=Format.CSV, by=as_researcher)
    assert code in {fault.code for fault in report.faults}


def test_the_listings_of_others_stay_theirs(written, as_researcher, as_agent):
    path = written(row(1, side="need"))
    for by in (as_researcher, as_agent):
        assert import_listings(path, format=Format.JSONL, by=by).created == 1
    assert {row.organization_id for row in Listing.objects.all()} == {
        as_researcher.organization,
        as_agent.organization,
    }


def test_who_may_not_list_may_not_import(written, as_reviewer):
    report = import_listings(written(row(1)), format=Format.JSONL, by=as_reviewer)
    assert {fault.code for fault in report.faults} == {"wrong_role"}
    assert not Listing.objects.exists()


def test_the_command_prints_a_summary(written, as_researcher, as_reviewer, institute):
    out = StringIO()
    given = {
        "organization": institute.credit_code,
        "author": "researcher",
        "publish_as": "reviewer",
    }
    call_command("import_listings", written(row(1)), stdout=out, **given)
    summary = json.loads(out.getvalue())
    assert summary["imported"] is True
    assert (summary["created"], summary["published"], summary["faults"]) == (1, 1, [])
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("import_listings", written(row(2, region="x")), stdout=out, **given)
    summary = json.loads(out.getvalue())
    assert summary["imported"] is False
    assert summary["faults"][0]["row"] == 1
    assert summary["faults"][0]["code"] == "unknown_code"


@pytest.mark.parametrize(
    "words", [{"organization": "x"}, {"author": "nobody"}, {"author": "agent"}, {"format": None}]
)
def test_the_command_says_what_it_does_not_know(words, written, as_researcher, as_agent, institute):
    given = {"organization": institute.credit_code, "author": "researcher"} | words
    name = "offers.txt" if "format" in words else "offers.jsonl"
    with pytest.raises(CommandError):
        call_command("import_listings", written(row(1), name=name), stdout=StringIO(), **given)
    assert not Listing.objects.exists()
