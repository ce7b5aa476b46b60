"""What is set aside from funds, how far firms have come, and what the clock notices."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from apps.journal.models import Entry
from apps.pools import actions
from apps.pools.models import Commitment, Fund, Milestone, Project
from apps.pools.queries import flows_of
from apps.pools.tasks import notice_closed_funds, notice_lapsed_rights
from apps.reviews import actions as reviews
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Conflict, Invalid, Missing, Refused
from marketplace.pools import CommitmentState, PoolKind, PoolState
from tests.build import pools as build_pools

pytestmark = pytest.mark.django_db

CLEARED = {"cleared_by": build_pools.CLEARED_BY}
TODAY = day_of(timezone.now())
DAY = timedelta(days=1)


@pytest.fixture
def fund(as_manager, as_reviewer) -> Fund:
    return build_pools.fund(
        by=as_manager,
        reviewer=as_reviewer,
        largest_ticket=Decimal("500.00"),
        quota=Decimal("1000.00"),
        opens_on=TODAY,
        closes_on=TODAY,
    )


@pytest.fixture
def give(fund, works, as_manager):
    def commit(amount: str = "600.00", *, by: Actor = as_manager, **given: object) -> Commitment:
        words = {"amount": Decimal(amount), "beneficiary": works.pk, "purpose": "中试"}
        return actions.commit(fund, **words | given, by=by)

    return commit


def test_what_is_set_aside_is_taken_from_the_quota_and_given_back(give, fund, as_manager, works):
    first = give("600.00")
    with pytest.raises(Conflict) as caught:
        give("400.01")
    assert (caught.value.code, caught.value.facts) == (
        "quota_exhausted",
        {"remaining": "400.00"},
    )
    second = give("400.00")
    fund.refresh_from_db()
    assert (fund.committed, fund.version) == (Decimal(1000), 5)
    assert actions.pay(second, by=as_manager).state is CommitmentState.PAID
    actions.release_commitment(first, by=as_manager)
    fund.refresh_from_db()
    assert fund.committed == Decimal(400)
    for commitment in (first, second):
        with pytest.raises(Conflict):
            actions.release_commitment(commitment, by=as_manager)
    told = Entry.objects.filter(verb="commitment.made").first()
    assert set(told.parties) == {as_manager.organization, works.pk}


def test_a_fund_gives_only_while_it_is_in_the_pool_and_open(
    give, fund, as_manager, as_reviewer, works
):
    for opens_on, closes_on in ((TODAY + DAY, None), (None, TODAY - DAY)):
        Fund.objects.filter(pk=fund.pk).update(opens_on=opens_on, closes_on=closes_on)
        with pytest.raises(Conflict) as caught:
            give()
        assert caught.value.code == "fund_closed"
    draft = build_pools.fund(by=as_manager, reviewer=as_reviewer, state=PoolState.DRAFT)
    with pytest.raises(Conflict) as caught:
        actions.commit(draft, amount=Decimal(1), beneficiary=works.pk, purpose="x", by=as_manager)
    assert caught.value.code == "wrong_state"
    assert not Commitment.objects.exists()


def test_what_is_set_aside_is_something_for_somebody(give):
    with pytest.raises(Invalid) as caught:
        give("0", beneficiary=uuid4(), purpose=" ")
    assert {(c.field, c.code) for c in caught.value.causes} == {
        ("amount", "no_amount"),
        ("beneficiary", "unknown_organization"),
        ("purpose", "missing"),
    }


def test_only_the_own_money_is_given(give, as_stranger, as_agent, as_researcher, as_anonymous):
    for actor in (as_stranger, as_agent, as_researcher):
        with pytest.raises(Refused):
            give(by=actor)
    commitment = give()
    assert Commitment.objects.visible_to(as_agent).get() == commitment
    for actor in (as_stranger, as_anonymous):
        assert not Commitment.objects.visible_to(actor).exists()
        with pytest.raises(Missing):
            actions.pay(commitment, by=actor)
    with pytest.raises(Refused):
        actions.pay(commitment, by=as_agent)


def test_a_quota_is_not_lowered_below_what_is_set_aside(give, fund, as_manager, as_reviewer):
    reviews.change(fund, {"quota": Decimal(700)}, by=as_manager)
    give("300.00")
    reviews.submit_change(fund, **CLEARED, by=as_manager)
    give("600.00")
    with pytest.raises(Conflict) as caught:
        reviews.accept(fund, **CLEARED, by=as_reviewer)
    assert caught.value.code == "quota_committed"
    reviews.withdraw_change(fund, by=as_manager)
    with pytest.raises(Conflict) as caught:
        reviews.change(fund, {"quota": Decimal(899)}, by=as_manager)
    assert caught.value.facts == {"committed": "900.00"}
    fund.refresh_from_db()
    assert (fund.quota, fund.proposed_wording) == (Decimal(1000), None)


def test_the_table_lets_no_commitment_come_back(give, as_manager):
    commitment = actions.pay(give(), by=as_manager)
    rows = Commitment.objects.filter(pk=commitment.pk)
    with pytest.raises(ProgrammingError), transaction.atomic():
        rows.update(state="reserved")
    with pytest.raises(IntegrityError, match="commitment_is_of_something"), transaction.atomic():
        rows.update(amount=0)


# --- milestones -------------------------------------------------------------------------------


def test_managers_note_how_far_the_firms_of_a_project_have_come(
    as_researcher, as_manager, as_reviewer, as_stranger, as_anonymous, works
):
    project = build_pools.project(by=as_researcher, reviewer=as_reviewer)
    words = {"kind": "listed", "firm": "西钢股份", "reached_on": TODAY, "organization": works.pk}
    for actor in (as_researcher, as_stranger):
        with pytest.raises(Refused):
            actions.note_milestone(project, **words, by=actor)
    milestone = actions.note_milestone(project, **words, by=as_manager)
    assert Milestone.objects.visible_to(as_anonymous).get() == milestone
    with pytest.raises(IntegrityError, match="milestone_is_reached_once"), transaction.atomic():
        actions.note_milestone(project, **words, by=as_manager)
    with pytest.raises(Invalid) as caught:
        actions.note_milestone(
            project,
            kind="founded",
            firm=" ",
            reached_on=TODAY + DAY,
            organization=uuid4(),
            evidence="长" * 401,
            by=as_manager,
        )
    assert {(c.field, c.code) for c in caught.value.causes} == {
        ("firm", "missing"),
        ("reached_on", "day_to_come"),
        ("organization", "unknown_organization"),
        ("evidence", "too_long"),
    }
    actions.remove_milestone(milestone, by=as_manager)
    assert not Milestone.objects.visible_to(as_manager).exists()
    with pytest.raises(Missing):
        actions.remove_milestone(milestone, by=as_manager)
    actions.note_milestone(project, **words, by=as_manager)


def test_a_draft_has_no_milestones_and_those_of_a_project_that_left_are_not_shown(
    as_manager, as_reviewer, as_anonymous
):
    draft = build_pools.project(by=as_manager, reviewer=as_reviewer, state=PoolState.DRAFT)
    words = {"kind": "founded", "firm": "西钢", "reached_on": TODAY}
    with pytest.raises(Conflict):
        actions.note_milestone(draft, **words, by=as_manager)
    project = build_pools.project(by=as_manager, reviewer=as_reviewer)
    actions.note_milestone(project, **words, by=as_manager)
    actions.release(actions.leave(project, reason="x", by=as_manager), by=as_reviewer)
    assert not Milestone.objects.visible_to(as_anonymous).exists()
    assert Milestone.objects.visible_to(as_manager).exists()


# --- the clock --------------------------------------------------------------------------------


def test_a_right_that_runs_out_is_noticed_once_and_a_new_one_makes_it_good(as_manager, as_reviewer):
    def until(day: date) -> dict[str, object]:
        return build_pools.PATENT | {"expires_on": day.isoformat()}

    builds = {"by": as_manager, "reviewer": as_reviewer}
    project = build_pools.project(**builds, rights=[until(TODAY)])
    build_pools.project(**builds, rights=[build_pools.PATENT | {"expires_on": None}])
    assert notice_lapsed_rights() == 0
    Project.objects.filter(pk=project.pk).update(rights=[until(TODAY - DAY)])
    assert (notice_lapsed_rights(), notice_lapsed_rights()) == (1, 0)
    project.refresh_from_db()
    assert project.has_lapsed_right
    assert Entry.objects.get(verb="project.right_lapsed").subject_id == str(project.pk)
    reviews.change(project, {"rights": [until(TODAY + DAY)]}, by=as_manager)
    reviews.submit_change(project, **CLEARED, by=as_manager)
    assert not reviews.accept(project, **CLEARED, by=as_reviewer).has_lapsed_right


@pytest.mark.parametrize("status", ["lapsed", "refused"])
def test_a_right_that_lapsed_is_shown_from_its_admission_on(status, as_manager, as_reviewer):
    project = build_pools.project(
        by=as_manager, reviewer=as_reviewer, rights=[build_pools.PATENT | {"status": status}]
    )
    assert project.has_lapsed_right
    Project.objects.filter(pk=project.pk).update(has_lapsed_right=False)
    assert notice_lapsed_rights() == 1


def test_a_fund_that_closed_is_told_of_the_day_after_and_once(fund, as_manager, as_reviewer):
    assert notice_closed_funds() == 0
    Fund.objects.filter(pk=fund.pk).update(opens_on=TODAY - DAY, closes_on=TODAY - DAY)
    assert (notice_closed_funds(), notice_closed_funds()) == (1, 0)
    assert Entry.objects.get(verb="fund.closed").facts == {"closes_on": (TODAY - DAY).isoformat()}
    reviews.change(fund, {"closes_on": TODAY + DAY}, by=as_manager)
    reviews.submit_change(fund, **CLEARED, by=as_manager)
    fund = reviews.accept(fund, **CLEARED, by=as_reviewer)
    assert (fund.closes_on, fund.closed_noticed_on) == (TODAY + DAY, None)


def test_only_the_clock_notices(fund, as_manager, as_reviewer):
    project = build_pools.project(by=as_manager, reviewer=as_reviewer)
    with pytest.raises(Refused):
        actions.note_lapsed_right(project, by=as_manager)
    with pytest.raises(Refused):
        actions.note_closing(fund, by=as_manager)
    with pytest.raises(Conflict):
        actions.note_closing(fund, by=Actor.system("test"))


# --- stock and flow ---------------------------------------------------------------------------


def test_stock_and_flow_count_what_the_reader_may_know_of(
    as_manager, as_reviewer, as_anonymous, as_vetted_agent, as_vetted_reviewer
):
    came = {"admitted_on": "2026-01-31"}
    for state in (PoolState.ADMITTED, PoolState.LEFT, PoolState.SUBMITTED):
        entry = build_pools.talent(by=as_manager, reviewer=as_reviewer, state=state)
        left = {"left_on": "2026-03-01"} if state is PoolState.LEFT else {}
        if state is not PoolState.SUBMITTED:
            type(entry).objects.filter(pk=entry.pk).update(**came, **left)
    secret = build_pools.talent(
        by=as_vetted_agent, reviewer=as_vetted_reviewer, dual_use="military_to_civil"
    )
    type(secret).objects.filter(pk=secret.pk).update(**came)

    def told(by: Actor) -> list[tuple[int, int, int]]:
        months = flows_of(PoolKind.TALENT, since=date(2026, 1, 1), until=date(2026, 4, 1), by=by)
        return [(m.entered, m.left, m.stock) for m in months]

    assert told(as_anonymous) == told(as_reviewer) == [(2, 0, 2), (0, 0, 2), (0, 1, 1)]
    assert told(as_vetted_agent) == [(3, 0, 3), (0, 0, 3), (0, 1, 2)]
