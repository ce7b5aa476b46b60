"""Tables that are taken in."""

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from apps.documents import actions as documents
from apps.exchange import actions, tasks
from apps.exchange.imports import rows as taking
from apps.exchange.models import Import, ImportFault, ImportRow
from apps.journal.models import Entry
from apps.markets.models import Listing, terms_of
from apps.pools.models import Fund, Project, Talent
from apps.reviews import actions as reviews
from marketplace.coach import DraftKind
from marketplace.errors import Conflict, Missing, Refused
from marketplace.exchange import ImportState
from marketplace.listings import ListingState, PriceWay
from marketplace.pools import PoolState
from tests.build import exchange as build

NEED, OFFER = DraftKind.TECHNOLOGY_NEED, DraftKind.TECHNOLOGY_OFFER


def counts(job: Import) -> tuple[int, int, int]:
    return job.rows_created, job.rows_changed, job.rows_unchanged


# --- what comes in ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", build.WRITERS)
def test_a_table_becomes_drafts(suffix, as_researcher):
    content = build.WRITERS[suffix]([build.need(1), build.need(2, price_way="negotiated")])
    job = build.done(content, by=as_researcher, name=f"needs.{suffix}")
    assert (job.state, counts(job), job.rows_total) == (ImportState.DONE, (2, 0, 0), 2)
    first, second = Listing.objects.order_by("external_reference")
    assert first.title == "求购长寿命轴承钢 1 号"
    assert (first.state, first.price_way) == (ListingState.DRAFT, PriceWay.NEGOTIATED)
    assert first.cooperation_modes == ["licence"]
    assert (first.imported_from, second.author_id) == (f"needs.{suffix}", as_researcher.user)
    assert Entry.objects.filter(verb="listing.drafted").count() == 2


def test_checking_leaves_nothing_and_finds_what_committing_finds(as_researcher):
    job = build.checked(build.xlsx([build.offer(1), build.offer(2)]), kind=OFFER, by=as_researcher)
    assert (job.state, counts(job), job.faults_total) == (ImportState.CHECKED, (2, 0, 0), 0)
    assert not Listing.objects.exists()
    assert not Project.objects.exists()
    assert not Entry.objects.filter(verb__startswith="listing").exists()


def test_an_offer_without_a_project_gets_one_from_its_own_words(as_researcher):
    build.done(
        build.xlsx([build.offer(1, is_service_invention="否")]), kind=OFFER, by=as_researcher
    )
    offer = Listing.objects.get()
    project = offer.project
    assert (project.title, project.summary, project.readiness) == (offer.title, offer.body, 6)
    assert project.intellectual_property_id.endswith(":0201")
    assert project.is_service_invention is False
    assert project.external_reference == "A-1"
    assert project.state is PoolState.DRAFT


def test_an_offer_points_at_the_project_of_its_reference(as_researcher):
    project = {
        "external_reference": "X",
        "title": "轴承钢",
        "region": 610100,
        "rights": "0201 | ZL200310102344.5 | 一种轴承钢 | granted | 2043-05-31",
        "indicators": "硬度 | ≥ | 62 | HRC |  |  | public",
    }
    build.done(build.xlsx([project]), kind=DraftKind.PROJECT, by=as_researcher)
    rows = [build.offer(1, project="X"), build.offer(2, external_reference="X")]
    build.done(build.xlsx(rows), kind=OFFER, by=as_researcher)
    found = Project.objects.get()
    assert {offer.project_id for offer in Listing.objects.all()} == {found.pk}
    assert found.rights[0]["number"] == "ZL200310102344.5"


def test_talents_and_funds_come_in(as_manager):
    talent = {
        "external_reference": "T-1",
        "title": "李工",
        "region": "610100 西安市",
        "kind": "engineer 工程师",
        "discipline": "430",
        "语言": "zh;en",
        "employments": "西北工程大学 |  | 60",
    }
    fund = {
        "external_reference": "F-1",
        "title": "硬科技基金",
        "region": "610100",
        "kind": "equity",
        "product": "angel_fund",
        "largest_ticket": 5000000,
        "fields": "05;07",
        "conditions": "readiness | ≥ | 4",
    }
    build.done(build.xlsx([talent]), kind=DraftKind.TALENT, by=as_manager)
    build.done(build.xlsx([fund]), kind=DraftKind.FUND, by=as_manager)
    assert Talent.objects.get().languages == ["zh", "en"]
    found = Fund.objects.get()
    assert found.largest_ticket == Decimal("5000000.00")
    assert found.conditions == [{"fact": "readiness", "relation": "at_least", "value": "4"}]
    again = build.done(build.xlsx([fund]), kind=DraftKind.FUND, by=as_manager)
    assert counts(again) == (0, 0, 1)


def test_the_terms_of_a_kind_come_in(as_agent):
    row = build.need(1, headcount=2, engagement="full_time", talent_kind="engineer")
    del row["cooperation_modes"]
    build.done(build.xlsx([row]), kind=DraftKind.TALENT_NEED, by=as_agent)
    terms = terms_of(Listing.objects.get())
    assert (terms.headcount, terms.engagement) == (2, "full_time")  # type: ignore[attr-defined]


# --- again ------------------------------------------------------------------------------------


def test_the_same_file_again_changes_only_what_is_different(as_researcher):
    build.done(build.xlsx([build.offer(1), build.offer(2)]), kind=OFFER, by=as_researcher)
    rows = [build.offer(1), build.offer(2, title="新名", price_from="7"), build.offer(3)]
    job = build.done(build.xlsx(rows), kind=OFFER, by=as_researcher)
    assert counts(job) == (1, 1, 1)
    changed = Listing.objects.get(external_reference="A-2")
    assert (changed.title, changed.project.title, changed.wording) == ("新名", "新名", 2)
    assert Listing.objects.get(external_reference="A-1").version == 1
    assert Project.objects.count() == 3


def test_a_column_that_is_not_there_leaves_what_stands_and_an_empty_cell_empties(as_researcher):
    build.done(build.xlsx([build.need(1, price_to="9", readiness=3)]), by=as_researcher)
    row = build.need(1, price_to=None)
    job = build.done(build.xlsx([row]), by=as_researcher)
    listing = Listing.objects.get()
    assert (counts(job), listing.price_to, listing.readiness) == ((0, 1, 0), None, 3)


def test_what_is_live_gets_a_proposed_wording_once(as_manager, as_reviewer):
    build.done(build.xlsx([build.need(1)]), by=as_manager)
    listing = reviews.submit(Listing.objects.get(), cleared_by="王保密", by=as_manager)
    reviews.accept(listing, cleared_by="孙", by=as_reviewer)
    for expected in [(0, 1, 0), (0, 0, 1)]:
        job = build.done(build.xlsx([build.need(1, title="新名")]), by=as_manager)
        assert counts(job) == expected
    listing = Listing.objects.get()
    assert (listing.title, listing.proposed_wording) == ("求购长寿命轴承钢 1 号", 2)


def test_what_waits_for_a_decision_and_differs_is_a_fault(as_manager):
    build.done(build.xlsx([build.need(1)]), by=as_manager)
    reviews.submit(Listing.objects.get(), cleared_by="王保密", by=as_manager)
    job = build.checked(build.xlsx([build.need(1, title="新名"), build.need(2)]), by=as_manager)
    assert build.faults(job) == {(2, "", "wrong_state")}


def test_a_reference_stays_in_its_market(as_researcher):
    build.done(build.xlsx([build.need(1)]), by=as_researcher)
    job = build.checked(
        build.xlsx([build.offer(1, external_reference="N-1")]), kind=OFFER, by=as_researcher
    )
    assert build.faults(job) == {(2, "external_reference", "other_place")}


def test_the_listings_of_others_stay_theirs(as_researcher, as_agent):
    for by in (as_researcher, as_agent):
        assert counts(build.done(build.xlsx([build.need(1)]), by=by)) == (1, 0, 0)
    assert Listing.objects.count() == 2


def test_what_comes_in_can_be_submitted_at_once(as_manager):
    rows = [build.need(1), build.need(2)]
    job = build.done(build.xlsx(rows), submit=True, by=as_manager)
    assert job.rows_submitted == 2
    assert {row.state for row in Listing.objects.all()} == {ListingState.SUBMITTED}
    short = build.checked(
        build.xlsx([build.need(3, field=None), build.need(4)]), submit=True, by=as_manager
    )
    assert build.faults(short) == {(2, "field", "missing")}


# --- faults -----------------------------------------------------------------------------------


def test_all_faults_are_told_by_row_and_column_and_nothing_comes_in(as_researcher):
    rows = [
        build.need(1),
        build.need(2, region="999999", field="x", price_to="1"),
        build.need(3, readiness=10, price_from="0.001", valid_until="gestern", region="1"),
        build.need(1),
        build.need(5, title=None, indicators="硬度 | ≥ | viel | HRC |  |  | public"),
        build.need(6, keywords="a" * 41, cooperation_modes="loan", price_from=9, price_to=1),
    ]
    job = build.checked(build.xlsx(rows), by=as_researcher)
    assert build.faults(job) == {
        (3, "region", "unknown_code"),
        (3, "field", "unknown_code"),
        (4, "readiness", "out_of_range"),
        (4, "price_from", "too_exact"),
        (4, "valid_until", "no_day"),
        (4, "region", "unknown_code"),
        (5, "external_reference", "repeated_reference"),
        (6, "title", "missing"),
        (6, "indicators", "number_form"),
        (7, "keywords", "too_long"),
        (7, "cooperation_modes", "unknown_word"),
        (7, "price_from", "band_order"),
    }
    with pytest.raises(Conflict, match="faults"):
        actions.commit(job, by=as_researcher)
    assert not Listing.objects.exists()


def test_faults_are_the_same_however_large_the_pieces_are(as_researcher):
    rows = [build.need(n, region="999999" if n % 3 else "610100") for n in range(1, 12)]
    found = [
        build.faults(build.checked(build.xlsx(rows), batch=batch, by=as_researcher))
        for batch in (1, 4, 500)
    ]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 8


def test_only_so_many_faults_are_kept(as_researcher, monkeypatch):
    monkeypatch.setattr(actions, "MOST_FAULTS", 3)
    rows = [build.need(n, region="999999") for n in range(1, 9)]
    job = build.checked(build.xlsx(rows), batch=2, by=as_researcher)
    assert (job.faults_total, job.faults.count()) == (8, 3)


# --- life -------------------------------------------------------------------------------------


def test_an_import_is_checked_before_it_is_committed(as_researcher):
    job = build.begun(build.xlsx([build.need(1)]), by=as_researcher)
    with pytest.raises(Conflict):
        actions.commit(job, by=as_researcher)


def test_what_is_done_leaves_no_rows_and_no_file(as_researcher):
    job = build.done(build.xlsx([build.need(1)]), by=as_researcher)
    assert not ImportRow.objects.exists()
    assert job.document.state == "claimed"
    job.document.refresh_from_db()
    assert job.document.state == "destroyed"
    assert len(job.document.sha256) == 64


def test_it_can_be_cancelled_between_pieces_and_goes_on_there(as_researcher):
    rows = [build.need(n) for n in range(1, 8)]
    job = actions.commit(build.checked(build.xlsx(rows), by=as_researcher), by=as_researcher)
    job = actions.step(job, by=build.CLOCK, batch=3)
    job = actions.cancel(job, by=as_researcher)
    assert actions.step(job, by=build.CLOCK).state is ImportState.CANCELLED
    assert (job.rows_done, Listing.objects.count()) == (3, 3)
    job = build.worked(actions.resume(job, by=as_researcher), batch=3)
    assert (job.state, job.rows_done, counts(job)) == (ImportState.DONE, 7, (7, 0, 0))
    assert Listing.objects.count() == 7


def test_what_dies_in_the_middle_of_a_piece_leaves_none_of_it(as_researcher, monkeypatch):
    rows = [build.need(n) for n in range(1, 8)]
    job = actions.commit(build.checked(build.xlsx(rows), by=as_researcher), by=as_researcher)
    job = actions.step(job, by=build.CLOCK, batch=3)
    draft_many = reviews.draft_many

    def dies(*args: Any, **options: Any) -> None:
        draft_many(*args, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(taking.reviews, "draft_many", dies)
    with pytest.raises(KeyboardInterrupt):
        tasks.step()
    job.refresh_from_db()
    assert (job.state, job.rows_done) == (ImportState.COMMITTING, 3)
    assert Listing.objects.count() == 3
    monkeypatch.undo()
    assert build.worked(job).state is ImportState.DONE
    assert Listing.objects.count() == 7


def test_an_import_that_cannot_go_on_fails_and_lets_others_pass(as_researcher, monkeypatch):
    job = actions.commit(
        build.checked(build.xlsx([build.need(1)]), by=as_researcher), by=as_researcher
    )

    def breaks(*args: Any, **options: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(taking.reviews, "draft_many", breaks)
    assert tasks.step() == 1
    job.refresh_from_db()
    assert (job.state, job.failure) == (ImportState.FAILED, "ZeroDivisionError")
    monkeypatch.undo()
    actions.resume(job, by=as_researcher)
    tasks.step()
    assert Listing.objects.count() == 1


def test_what_became_wrong_since_the_check_stops_the_commit(as_manager):
    rows = [build.need(n) for n in range(1, 5)]
    job = actions.commit(build.checked(build.xlsx(rows), by=as_manager), by=as_manager)
    build.done(build.xlsx([build.need(4)]), by=as_manager)
    listing = reviews.submit(Listing.objects.get(), cleared_by="王保密", by=as_manager)
    build_other = build.need(4, title="新名")
    assert build_other["title"] != listing.title
    Import.objects.filter(pk=job.pk).update()
    ImportRow.objects.filter(import_job=job, number=5).update(
        words=ImportRow.objects.get(import_job=job, number=5).words | {"title": "新名"}
    )
    job = build.worked(job, batch=2)
    assert (job.state, job.failure) == (ImportState.FAILED, "import_has_faults")
    assert (job.rows_done, Listing.objects.count()) == (2, 3)
    assert build.faults(job) == {(5, "", "wrong_state")}
    reviews.take_back(listing, by=as_manager)
    job = build.worked(actions.resume(job, by=as_manager))
    assert (job.state, counts(job)) == (ImportState.DONE, (3, 1, 0))


def test_who_has_left_imports_no_more(as_researcher):
    job = actions.check(
        build.begun(build.xlsx([build.need(1)]), by=as_researcher), by=as_researcher
    )
    job = actions.step(job, by=build.CLOCK)
    job.author.memberships.update(ended_at="2026-01-01T00:00:00Z")
    job = actions.step(job, by=build.CLOCK)
    assert job.state is ImportState.FAILED


def test_a_file_that_was_destroyed_comes_in_no_more(as_researcher):
    job = build.checked(build.xlsx([build.need(1)]), by=as_researcher)
    documents.destroy(job.document, by=as_researcher)
    job.refresh_from_db()
    with pytest.raises(Conflict):
        actions.commit(job, by=as_researcher)


def test_an_import_nobody_goes_on_with_is_forgotten(as_researcher):
    job = build.checked(build.xlsx([build.need(1)]), by=as_researcher)
    assert tasks.forget() == 0
    Import.objects.update(updated_at="2026-01-01T00:00:00Z")
    assert tasks.forget() == 1
    assert tasks.forget() == 0
    assert not ImportRow.objects.exists()
    with pytest.raises(Conflict):
        actions.resume(job, by=as_researcher)


def test_only_authors_of_the_own_organization_import(as_researcher, as_reviewer, as_agent):
    with pytest.raises(Refused):
        build.begun(build.xlsx([build.need(1)]), by=as_reviewer)
    with pytest.raises(Refused):
        build.begun(build.xlsx([]), kind=DraftKind.FUND, by=as_researcher)
    job = build.begun(build.xlsx([build.need(1)]), by=as_researcher)
    with pytest.raises(Missing):
        actions.check(job, by=as_agent)


def test_the_file_is_where_documents_are(as_researcher):
    job = build.begun(build.xlsx([build.need(1)]), by=as_researcher)
    assert storages["documents"].exists(job.document.place)
    assert str(job).startswith("technology_need")
    assert not ImportFault.objects.exists()


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def given(tmp_path: Path, institute: Any, as_manager: Any, as_reviewer: Any) -> dict[str, Any]:
    return {
        "kind": "technology_need",
        "organization": institute.credit_code,
        "author": "manager",
        "stdout": StringIO(),
    }


def test_the_command_prints_a_summary(tmp_path, given):
    path = tmp_path / "a.jsonl"
    path.write_bytes(build.jsonl([build.need(1, market="technology", side="need")]))
    call_command("import_listings", path, **given, publish_as="reviewer")
    summary = json.loads(given["stdout"].getvalue())
    assert (summary["imported"], summary["created"], summary["published"]) == (True, 1, 1)
    assert Listing.objects.get().state is ListingState.PUBLISHED


def test_the_command_publishes_offers_with_their_projects(tmp_path, given):
    path = tmp_path / "a.xlsx"
    row = build.offer(1, intellectual_property="01", is_service_invention="no")
    path.write_bytes(build.xlsx([row]))
    given["kind"] = "technology_offer"
    with pytest.raises(CommandError, match="readiness_evidence"):
        call_command("import_listings", path, **given, publish_as="reviewer")
    assert Listing.objects.get().state is ListingState.DRAFT


def test_the_command_tells_every_fault(tmp_path, given):
    path = tmp_path / "a.csv"
    path.write_bytes(build.as_csv([build.need(1, region="x")]))
    with pytest.raises(CommandError):
        call_command("import_listings", path, **given)
    summary = json.loads(given["stdout"].getvalue())
    assert summary["imported"] is False
    assert summary["faults"][0]["row"] == 2
    assert summary["faults"][0]["code"] == "unknown_code"


def test_a_dry_run_leaves_nothing(tmp_path, given):
    path = tmp_path / "a.csv"
    path.write_bytes(build.as_csv([build.need(1)]))
    call_command("import_listings", path, **given, dry_run=True)
    assert json.loads(given["stdout"].getvalue())["created"] == 1
    assert not Listing.objects.exists()


@pytest.mark.parametrize(
    "words", [{"organization": "x"}, {"author": "nobody"}, {"author": "agent"}]
)
def test_the_command_says_what_it_does_not_know(words, tmp_path, given, as_agent):
    path = tmp_path / "a.csv"
    path.write_bytes(build.as_csv([build.need(1)]))
    with pytest.raises(CommandError):
        call_command("import_listings", path, **{**given, **words})


def test_the_benchmark_takes_in_a_table_of_its_own(as_researcher):
    out = StringIO()
    call_command("benchmark_import", rows=3, stdout=out)
    figures = json.loads(out.getvalue())
    assert figures["created"] == Listing.objects.count() == 3
