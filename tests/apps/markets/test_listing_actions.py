"""What can be done to a listing, and what the table refuses."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from apps.accounts import actions as accounts
from apps.accounts.models import Membership, Organization
from apps.journal.models import Entry
from apps.journal.queries import unsealed
from apps.markets import actions
from apps.markets.models import Listing, TechnologyOffer, terms_of
from apps.markets.tasks import expire_listings
from apps.pools import actions as pool_actions
from apps.reviews import actions as reviews
from apps.reviews.models import Consent, Submission, Wording
from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, Invalid, Missing, Refused, Stale
from marketplace.listings import LISTING, ListingState, Market, Side
from marketplace.pools import PoolState
from marketplace.secrecy import DualUse
from tests.build import markets as build_markets
from tests.build import pools as build_pools

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db


CLEARED = {"cleared_by": build_markets.CLEARED}


def codes(caught: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, str]]:
    return {(cause.field, cause.code) for cause in caught.value.causes}


@pytest.fixture
def draft(as_researcher, as_reviewer) -> Listing:
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer, state=ListingState.DRAFT)


@pytest.fixture
def submitted(as_researcher, as_reviewer) -> Listing:
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED)


@pytest.fixture
def published(as_researcher, as_reviewer) -> Listing:
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer)


def test_a_listing_is_drafted_submitted_and_published_by_a_reviewer(published, as_reviewer):
    published.refresh_from_db()
    assert published.state is ListingState.PUBLISHED
    assert published.reviewed_by_id == as_reviewer.user
    assert published.published_on == build_markets.in_days(0)
    assert published.version == 3
    told = Entry.objects.filter(subject_type="markets.listing").order_by("id")
    assert [entry.verb for entry in told] == [
        "listing.drafted",
        "listing.submitted",
        "listing.published",
    ]
    assert all(entry.parties == [published.organization_id] for entry in told)


def test_the_journal_holds_none_of_the_words(published, as_researcher, as_reviewer):
    secret = "独门配方"
    other = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED, confidential=secret
    )
    findings = [{"field": "body", "code": "vague", "text": "涉及 李研究员"}]
    reviews.send_back(other, findings=findings, note="李研究员", by=as_reviewer)
    reviews.change(other, {"confidential": secret * 2, "title": "新名"}, by=as_researcher)
    facts = json.dumps(list(Entry.objects.values_list("facts", flat=True)), ensure_ascii=False)
    for word in (secret, "李研究员", "新名", published.title):
        assert word not in facts
    changed = Entry.objects.get(verb="listing.changed")
    assert changed.facts == {"fields": ["confidential", "title"], "wording": 2}
    told = unsealed(changed)
    assert told["title"] == [other.title, "新名"]
    assert told["confidential"] == [secret, secret * 2]


@pytest.mark.parametrize("state", ListingState)
def test_every_move_is_made_from_its_states_and_from_no_other(
    state, as_researcher, as_reviewer, as_secrecy_officer
):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer, state=state)
    row = Listing.objects.filter(pk=listing.pk).values()
    before = row.get()
    others = {
        "publish": as_reviewer,
        "send_back": as_reviewer,
        "refuse": as_reviewer,
        "expire": Actor.system("test"),
        "spill": as_secrecy_officer,
    }
    cleared = {"cleared_by": build_markets.CLEARED}
    given = {
        "submit": cleared | {"what_changed": "新指标"},
        "publish": cleared,
        "send_back": {"findings": build_markets.FINDINGS},
        "refuse": {"reason": "缺少指标"},
        "spill": {"reason": "误填"},
    }
    for deed in LISTING.moves:
        by = others.get(deed, as_researcher)
        act = build_markets.deed(deed)
        if deed not in LISTING.moves_from(state):
            # A reviewer knows nothing of drafts, and nobody of what is sealed.
            with pytest.raises((Conflict, Missing)):
                act(listing, **given.get(deed, {}), by=by)
            assert row.get() == before
            continue
        with transaction.atomic():
            if deed == "expire":
                build_markets.run_out(listing)
            after = act(listing, **given.get(deed, {}), by=by)
            assert after.state is LISTING.after(state, deed)
            assert after.version == before["version"] + 1
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    "role",
    [
        "as_researcher",
        "as_manager",
        "as_agent",
        "as_broker",
    ],
)
def test_those_who_take_part_may_list(role, request):
    by = request.getfixturevalue(role)
    listing = reviews.draft(
        Listing, build_markets.words(), market=Market.TECHNOLOGY, side=Side.NEED, by=by
    )
    assert listing.organization_id == by.organization
    assert listing.author_id == by.user


@pytest.mark.parametrize("role", ["as_reviewer", "as_statistician", "as_administrator"])
def test_the_office_lists_nothing(role, request):
    with pytest.raises(Refused):
        reviews.draft(
            Listing,
            build_markets.words(),
            market=Market.TECHNOLOGY,
            side=Side.NEED,
            by=request.getfixturevalue(role),
        )


def test_everything_that_is_wrong_is_told_at_once(as_researcher):
    with pytest.raises(Invalid) as caught:
        reviews.draft(
            Listing,
            {
                "title": "",
                "body": "B",
                "region": "1",
                "field": "12",
                "price_from": Decimal(2),
                "price_to": Decimal(1),
                "readiness": 10,
            },
            market=Market.TECHNOLOGY,
            side=Side.OFFER,
            by=as_researcher,
        )
    assert codes(caught) == {
        ("title", "missing"),
        ("region", "unknown_code"),
        ("field", "unknown_code"),
        ("price_from", "band_order"),
        ("readiness", "readiness"),
    }
    assert not Listing.objects.exists()
    assert not Entry.objects.exists()


def test_an_offer_is_submitted_only_when_its_project_is_admitted(as_researcher, as_reviewer):
    project = build_pools.project(
        by=as_researcher,
        reviewer=as_reviewer,
        state=PoolState.SUBMITTED,
        is_service_invention=False,
    )
    listing = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.DRAFT, project=project.pk
    )
    with pytest.raises(Invalid) as caught:
        reviews.submit(listing, **CLEARED, by=as_researcher)
    assert codes(caught) == {("project", "not_admitted")}
    reviews.accept(project, **CLEARED, by=as_reviewer)
    assert reviews.submit(listing, **CLEARED, by=as_researcher).state is ListingState.SUBMITTED


def test_what_left_its_pool_meanwhile_is_not_published_or_shown_again(
    submitted, published, as_researcher, as_reviewer
):
    paused = actions.pause(published, by=as_researcher)
    for listing in (submitted, published):
        gone = pool_actions.leave(listing.project, reason="已转让", by=as_researcher)
        pool_actions.release(gone, by=as_reviewer)
    with pytest.raises(Invalid):
        reviews.accept(submitted, **CLEARED, by=as_reviewer)
    with pytest.raises(Invalid):
        actions.resume(paused, by=as_researcher)
    submitted.refresh_from_db()
    assert (submitted.state, submitted.published_on) == (ListingState.SUBMITTED, None)


def test_a_project_of_others_cannot_be_offered(published, as_agent):
    with pytest.raises(Invalid) as caught:
        reviews.draft(
            Listing,
            build_markets.words(project=published.project_id),
            market=Market.TECHNOLOGY,
            side=Side.OFFER,
            by=as_agent,
        )
    assert codes(caught) == {("project", "unknown_entry")}


def test_one_project_stands_in_all_three_markets(published, as_researcher, as_reviewer):
    for market in (Market.TALENT, Market.CAPITAL):
        build_markets.of_kind(
            market,
            Side.NEED,
            project=published.project_id,
            by=as_researcher,
            reviewer=as_reviewer,
        )
    assert {row.market for row in published.project.listings.published()} == set(Market)


def test_talents_and_funds_are_offered_in_their_markets(as_manager, as_reviewer):
    talent = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    fund = build_pools.fund(by=as_manager, reviewer=as_reviewer)
    for market, entry in (
        (Market.TALENT, {"talent": talent.pk}),
        (Market.CAPITAL, {"fund": fund.pk}),
    ):
        listing = build_markets.of_kind(
            market, Side.OFFER, **entry, by=as_manager, reviewer=as_reviewer
        )
        assert listing.state is ListingState.PUBLISHED
    with pytest.raises(Invalid) as caught:
        reviews.draft(
            Listing,
            build_markets.words(cooperation_modes=[], fund=fund.pk),
            market=Market.TALENT,
            side=Side.OFFER,
            by=as_manager,
        )
    assert codes(caught) == {("fund", "wrong_pool")}


def test_an_unverified_organization_submits_nothing(draft, institute, as_researcher):
    Organization.objects.filter(pk=institute.pk).update(verified_at=None, verified_by=None)
    with pytest.raises(Conflict) as caught:
        reviews.submit(draft, **CLEARED, by=as_researcher)
    assert caught.value.code == "organization_not_verified"


@pytest.mark.parametrize(("days", "code"), [(0, "validity_is_over"), (1100, "validity_too_long")])
def test_the_last_day_is_after_today_and_not_too_far(days, code, as_researcher, as_reviewer):
    listing = build_markets.offer(
        by=as_researcher,
        reviewer=as_reviewer,
        state=ListingState.DRAFT,
        valid_until=build_markets.in_days(days),
    )
    with pytest.raises(Invalid) as caught:
        reviews.submit(listing, **CLEARED, by=as_researcher)
    assert codes(caught) == {("valid_until", code)}


def test_the_author_does_not_publish_in_the_office_either(
    submitted, researcher, manager, office, as_manager
):
    Membership.objects.create(user=researcher, organization=office, role=Role.REVIEWER)
    both = researcher.as_actor(organization=office.pk)
    with pytest.raises(Refused) as caught:
        reviews.accept(submitted, **CLEARED, by=both)
    assert caught.value.code == "own_work"
    Membership.objects.create(user=manager, organization=office, role=Role.REVIEWER)
    colleague = manager.as_actor(organization=office.pk)
    with pytest.raises(Refused) as caught:
        reviews.accept(submitted, **CLEARED, by=colleague)
    assert caught.value.code == "own_organization"
    submitted.refresh_from_db()
    assert submitted.state is ListingState.SUBMITTED


def test_others_make_no_moves_on_what_they_see(published, as_agent, as_broker, as_reviewer):
    for deed in (actions.pause, actions.withdraw, actions.conclude):
        for by in (as_agent, as_broker, as_reviewer):
            with pytest.raises(Refused):
                deed(published, by=by)
    with pytest.raises(Refused):
        reviews.change(published, {"title": "B"}, by=as_agent)
    with pytest.raises(Refused):
        actions.expire(published, by=as_reviewer)


def test_a_decision_on_an_older_version_is_none(submitted, as_reviewer):
    with pytest.raises(Stale):
        reviews.accept(submitted, **CLEARED, by=as_reviewer, expected=submitted.version - 1)


def test_an_external_reference_is_given_once_in_an_organization(as_researcher, as_agent):
    place = {"market": Market.TECHNOLOGY, "side": Side.NEED}
    terms = build_markets.words(external_reference="A-1")
    reviews.draft(Listing, terms, **place, by=as_researcher)
    reviews.draft(Listing, terms, **place, by=as_agent)
    with pytest.raises(IntegrityError, match="external_reference"), transaction.atomic():
        reviews.draft(Listing, terms, **place, by=as_researcher)


def test_the_clock_ends_what_has_run_out_and_nothing_else(
    published, submitted, as_researcher, as_reviewer
):
    due = [
        build_markets.offer(
            by=as_researcher, reviewer=as_reviewer, state=state, project=published.project_id
        )
        for state in (ListingState.PUBLISHED, ListingState.PAUSED)
    ]
    for listing in [*due, submitted]:
        build_markets.run_out(listing)
    Listing.objects.filter(pk=published.pk).update(valid_until=build_markets.in_days(0))
    assert expire_listings() == 2
    assert expire_listings() == 0
    for listing in due:
        listing.refresh_from_db()
        assert listing.state is ListingState.EXPIRED
    entry = Entry.objects.filter(verb="listing.expired").first()
    assert entry is not None
    assert entry.actor_task == "markets.expire_listings"
    with pytest.raises(Conflict):
        actions.expire(published, by=Actor.system("test"))


def test_what_has_run_out_is_not_resumed_before_the_clock_comes(published, as_researcher):
    paused = actions.pause(published, by=as_researcher)
    build_markets.run_out(paused, days=1)
    with pytest.raises(Conflict) as caught:
        actions.resume(paused, by=as_researcher)
    assert caught.value.code == "validity_is_over"


@pytest.mark.parametrize(
    ("words", "constraint"),
    [
        ({"price_from": Decimal(-1)}, "price_from_is_not_negative"),
        ({"price_from": None, "price_to": Decimal(-1)}, "price_to_is_not_negative"),
        ({"price_from": Decimal(9), "price_to": Decimal(8)}, "price_band_goes_upwards"),
        ({"readiness": 10}, "readiness_is_1_to_9"),
        ({"readiness": 0}, "readiness_is_1_to_9"),
        ({"title": ""}, "has_title_and_body"),
        ({"side": "both"}, "side_is_known|points_at"),
        ({"market": "flea"}, "market_is_known|cooperation|points_at"),
        ({"cooperation_modes": ["barter"]}, "cooperation_modes_are_known"),
        ({"cooperation_modes": []}, "complete_once_submitted"),
        ({"price_way": "barter"}, "price_way_is_known"),
        ({"price_way": "listed_price", "price_from": None}, "listed_price_is_given"),
        ({"dual_use": "both"}, "dual_use_is_known"),
        ({"health": 101}, "health_is_0_to_100"),
        ({"waiting": "entry"}, "submitted_while_it_waits"),
        ({"waiting": "change"}, "change_has_a_proposed_wording"),
        ({"proposed_wording": 1}, "proposed_wording_is_newer"),
        ({"field": None}, "complete_once_submitted"),
        ({"valid_until": None}, "complete_once_submitted"),
        ({"project": None}, "offer_points_at_its_pool"),
        ({"market": "capital", "cooperation_modes": []}, "points_at"),
        ({"reviewed_by": None}, "published_by_somebody"),
        ({"published_on": None}, "published_by_somebody"),
        ({"published_at": None}, "published_by_somebody"),
    ],
)
def test_the_table_refuses_impossible_listings(published, words, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Listing.objects.filter(pk=published.pk).update(**words)


def test_the_table_refuses_an_author_as_reviewer(published):
    with pytest.raises(IntegrityError, match="author_is_not_reviewer"), transaction.atomic():
        Listing.objects.filter(pk=published.pk).update(reviewed_by=published.author_id)


def test_the_table_lets_nothing_jump(draft, as_reviewer):
    with pytest.raises(ProgrammingError), transaction.atomic():
        Listing.objects.filter(pk=draft.pk).update(state="concluded")
    jumped = Listing(
        market=Market.TECHNOLOGY,
        side=Side.NEED,
        organization_id=draft.organization_id,
        author_id=draft.author_id,
        title="A",
        body="B",
        region_id=draft.region_id,
        field_id=draft.field_id,
        cooperation_modes=draft.cooperation_modes,
        valid_until=draft.valid_until,
        state=ListingState.SUBMITTED,
        waiting="entry",
    )
    with pytest.raises(ProgrammingError), transaction.atomic():
        jumped.save(force_insert=True)


def test_nobody_sees_more_than_the_rules_let(as_researcher, as_reviewer, request):
    for state in ListingState:
        build_markets.need(by=as_researcher, reviewer=as_reviewer, state=state)
    seen = {
        name: {
            listing.state
            for listing in Listing.objects.all().visible_to(request.getfixturevalue(name))
        }
        for name in (
            "as_manager",
            "as_reviewer",
            "as_administrator",
            "as_secrecy_officer",
            "as_statistician",
            "as_stranger",
            "as_anonymous",
        )
    }
    unsealed_states = set(ListingState) - {ListingState.SEALED}
    assert seen["as_manager"] == seen["as_secrecy_officer"] == unsealed_states
    assert seen["as_reviewer"] == seen["as_administrator"] == unsealed_states - {ListingState.DRAFT}
    for name in ("as_statistician", "as_stranger", "as_anonymous"):
        assert seen[name] == {ListingState.PUBLISHED}


def test_validity_is_counted_in_business_days(published):
    assert published.valid_until - published.published_on == timedelta(days=90)


def test_many_drafts_are_begun_at_once_or_none(as_researcher, django_assert_max_num_queries):
    place = {"market": Market.CAPITAL, "side": Side.NEED}
    terms = {"use_of_money": "中试线"}
    rows = [
        build_markets.words(title=f"融资 {number}", cooperation_modes=[], terms=terms)
        for number in range(50)
    ]
    with django_assert_max_num_queries(12):
        listings = reviews.draft_many(
            Listing, rows, **place, by=as_researcher, imported_from="file.csv"
        )
    assert [row.title for row in Listing.objects.order_by("id")] == [row.title for row in listings]
    assert {terms_of(row).use_of_money for row in Listing.objects.all()} == {"中试线"}
    assert {row.imported_from for row in Listing.objects.all()} == {"file.csv"}
    assert Wording.objects.filter(number=1).count() == 50
    assert Entry.objects.filter(verb="listing.drafted").count() == 50
    with pytest.raises(Invalid) as caught:
        reviews.draft_many(
            Listing,
            [rows[0], {"title": "", "region": "1"}, {**rows[1], "terms": {"headcount": 3}}],
            **place,
            by=as_researcher,
        )
    assert codes(caught) == {
        ("1.title", "missing"),
        ("1.body", "missing"),
        ("1.region", "unknown_code"),
        ("2.terms.headcount", "wrong_market"),
    }
    assert Listing.objects.count() == 50


def test_a_draft_keeps_every_wording(draft, as_researcher):
    first = Wording.objects.of(draft).get()
    assert (first.number, first.words["title"]) == (1, draft.title)
    assert first.words["price_from"] == "100000.00"
    changed = reviews.change(
        draft,
        {"price_from": Decimal(100000), "terms": {"support": "培训"}, "dual_use": None},
        by=as_researcher,
    )
    assert (changed.wording, terms_of(changed).support) == (2, "培训")
    assert TechnologyOffer.objects.get().support == "培训"
    again = reviews.change(changed, {"terms": {"equity_share": Decimal(20)}}, by=as_researcher)
    assert (terms_of(again).support, TechnologyOffer.objects.get().equity_share) == ("培训", 20)
    same = reviews.change(again, {"title": draft.title}, by=as_researcher)
    assert (same.version, same.wording) == (again.version, 3)
    told = Entry.objects.filter(verb="listing.changed").order_by("id")
    assert [entry.facts["fields"] for entry in told] == [["terms.support"], ["terms.equity_share"]]
    assert [wording.number for wording in Wording.objects.of(draft)] == [3, 2, 1]


def test_what_is_submitted_is_declared_and_can_be_taken_back(draft, as_researcher, as_reviewer):
    with pytest.raises(Invalid) as caught:
        reviews.submit(draft, cleared_by=" ", by=as_researcher)
    assert caught.value.code == "not_cleared"
    submitted = reviews.submit(draft, **CLEARED, by=as_researcher)
    asked = Submission.objects.get(subject_id=draft.pk)
    assert (asked.purpose, asked.wording, asked.cleared_by) == ("entry", 1, build_markets.CLEARED)
    with pytest.raises(Conflict) as conflict:
        reviews.change(submitted, {"title": "B"}, by=as_researcher)
    assert conflict.value.code == "wrong_state"
    back = reviews.take_back(submitted, by=as_researcher)
    assert (back.state, back.waiting) == (ListingState.DRAFT, None)
    asked.refresh_from_db()
    assert asked.verdict == "withdrawn"
    with pytest.raises((Conflict, Missing)):
        reviews.accept(back, **CLEARED, by=as_reviewer)


def test_a_resubmission_says_what_has_changed(submitted, as_researcher, as_reviewer):
    back = reviews.send_back(submitted, findings=build_markets.FINDINGS, by=as_reviewer)
    asked = Submission.objects.get(subject_id=back.pk)
    assert asked.findings == build_markets.FINDINGS
    back = reviews.change(back, {"body": "硬度 62 HRC，按 GB/T 230.1 测得。"}, by=as_researcher)
    with pytest.raises(Invalid) as caught:
        reviews.submit(back, **CLEARED, by=as_researcher)
    assert caught.value.field == "what_changed"
    again = reviews.submit(back, **CLEARED, what_changed="补充试验标准", by=as_researcher)
    asked = Submission.objects.open().of(again).get()
    assert (asked.wording, asked.changed_fields) == (2, ["body"])


@pytest.mark.parametrize(
    ("findings", "field"),
    [
        ([], "findings"),
        ([{"field": "colour", "code": "vague", "text": "x"}], "findings.0.field"),
        ([{"field": "terms.support", "code": "vague", "text": " "}], "findings.0.text"),
        # A word of another kind of listing.
        ([{"field": "terms.duties", "code": "vague", "text": "x"}], "findings.0.field"),
    ],
)
def test_what_is_sent_back_is_told_why(findings, field, submitted, as_reviewer):
    with pytest.raises(Invalid) as caught:
        reviews.send_back(submitted, findings=findings, by=as_reviewer)
    assert [cause.field for cause in caught.value.causes] == [field]
    submitted.refresh_from_db()
    assert submitted.state is ListingState.SUBMITTED


def test_an_offer_of_a_service_invention_needs_the_consent_of_its_manager(
    as_researcher, as_manager, as_reviewer, as_agent
):
    project = build_pools.project(by=as_manager, reviewer=as_reviewer, is_service_invention=True)
    listing = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.DRAFT, project=project.pk
    )
    with pytest.raises(Invalid) as caught:
        reviews.submit(listing, **CLEARED, by=as_researcher)
    assert codes(caught) == {("consent", "consent_missing")}
    reviews.consent(listing, by=as_manager)
    changed = reviews.change(listing, {"title": "B"}, by=as_researcher)
    with pytest.raises(Invalid):  # The consent pins the wording.
        reviews.submit(changed, **CLEARED, by=as_researcher)
    with pytest.raises((Refused, Missing)):
        reviews.consent(listing, by=as_agent)
    # A manager who submits consents by that.
    assert reviews.submit(changed, **CLEARED, by=as_manager).state is ListingState.SUBMITTED
    assert Consent.objects.current(listing.pk, 2).get().given_by_id == as_manager.user
    need = build_markets.need(by=as_researcher, reviewer=as_reviewer, project=project.pk)
    assert need.state is ListingState.PUBLISHED


def test_of_a_dual_use_is_listed_by_vetted_organizations_only(
    as_manager, as_reviewer, as_secrecy_officer, institute, as_vetted_agent, as_stranger
):
    listing = build_markets.need(
        by=as_manager,
        reviewer=as_reviewer,
        state=ListingState.DRAFT,
        dual_use=DualUse.MILITARY_TO_CIVIL,
    )
    with pytest.raises(Conflict) as caught:
        reviews.submit(listing, **CLEARED, by=as_manager)
    assert caught.value.code == "organization_not_vetted"
    accounts.vet(institute, by=as_secrecy_officer)
    listing = reviews.submit(listing, **CLEARED, by=as_manager)
    with pytest.raises(Missing):  # Not even reviewers know of it, unless their office is vetted.
        reviews.accept(listing, **CLEARED, by=as_reviewer)
    vetted = replace(as_reviewer, is_vetted=True)
    listing = reviews.accept(listing, **CLEARED, by=vetted)
    rows = Listing.objects.filter(pk=listing.pk)
    assert rows.visible_to(as_vetted_agent).exists()
    assert not rows.visible_to(as_stranger).exists()


def test_a_dual_use_project_is_offered_as_such(
    as_manager, as_reviewer, institute, as_secrecy_officer
):
    accounts.vet(institute, by=as_secrecy_officer)
    vetted = replace(as_reviewer, is_vetted=True)
    project = build_pools.project(
        by=replace(as_manager, is_vetted=True), reviewer=vetted, dual_use=DualUse.CIVIL_TO_MILITARY
    )
    listing = build_markets.offer(
        by=as_manager, reviewer=vetted, state=ListingState.DRAFT, project=project.pk
    )
    with pytest.raises(Invalid) as caught:
        reviews.submit(listing, **CLEARED, by=as_manager)
    assert codes(caught) == {("dual_use", "dual_use")}
    listing = reviews.change(listing, {"dual_use": DualUse.CIVIL_TO_MILITARY}, by=as_manager)
    assert reviews.submit(listing, **CLEARED, by=as_manager).state is ListingState.SUBMITTED
