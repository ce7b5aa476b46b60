"""What can be done to the entries of the pools, and what the tables refuse."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from apps.accounts.models import Membership, Organization
from apps.journal.models import Entry
from apps.pools import actions
from apps.pools.models import Fund, Project, Talent
from marketplace.actors import Role
from marketplace.errors import Conflict, Invalid, Missing, Refused, Stale
from marketplace.pools import PoolState
from tests.build import pools as build_pools

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db

BUILDERS = {"project": build_pools.project, "talent": build_pools.talent, "fund": build_pools.fund}


@pytest.mark.parametrize("pool", BUILDERS)
def test_an_entry_is_drafted_submitted_and_admitted_by_a_reviewer(pool, as_manager, as_reviewer):
    entry = BUILDERS[pool](by=as_manager, reviewer=as_reviewer)
    entry.refresh_from_db()
    assert entry.state is PoolState.ADMITTED
    assert entry.reviewed_by_id == as_reviewer.user
    assert entry.version == 3
    told = Entry.objects.filter(subject_id=str(entry.pk)).order_by("id")
    assert [row.verb for row in told] == [
        f"{pool}.drafted",
        f"{pool}.submitted",
        f"{pool}.admitted",
    ]
    assert all(row.parties == [as_manager.organization] for row in told)


def test_a_draft_needs_title_region_and_kind_and_knows_its_codes(as_manager):
    with pytest.raises(Invalid) as caught:
        actions.draft(Talent, {"title": "", "region": "999999", "field": "77"}, by=as_manager)
    assert {(c.field, c.code) for c in caught.value.causes} == {
        ("title", "missing"),
        ("region", "unknown_code"),
        ("field", "unknown_code"),
        ("kind", "missing"),
    }
    assert not Talent.objects.exists()


@pytest.mark.parametrize("who", ["as_reviewer", "as_statistician", "as_anonymous"])
def test_who_takes_part_in_no_pool_drafts_nothing(who, request):
    with pytest.raises(Refused):
        actions.draft(Project, build_pools.PROJECT, by=request.getfixturevalue(who))


def test_a_researcher_enters_no_fund(as_researcher):
    with pytest.raises(Refused):
        actions.draft(Fund, build_pools.FUND, by=as_researcher)


def test_only_drafts_and_what_was_sent_back_can_be_changed(as_researcher, as_reviewer):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    with pytest.raises(Conflict):
        actions.change(entry, {"title": "B"}, by=as_researcher)
    actions.send_back(entry, reason="缺少试验条件", by=as_reviewer)
    entry = actions.change(entry, {"title": "B", "field": "03"}, by=as_researcher)
    assert (entry.title, entry.field_id) == ("B", "fields-2001:03")
    entry = actions.submit(entry, by=as_researcher)
    assert entry.reviewed_by is None
    entry = actions.admit(entry, by=as_reviewer)
    entry = actions.leave(entry, by=as_researcher)
    assert entry.state is PoolState.LEFT


def test_what_is_incomplete_is_not_submitted(as_researcher):
    entry = actions.draft(Project, {"title": "A", "region": "610100"}, by=as_researcher)
    with pytest.raises(Invalid) as caught:
        actions.submit(entry, by=as_researcher)
    assert [cause.field for cause in caught.value.causes] == [
        "summary",
        "field",
        "readiness",
        "intellectual_property",
    ]
    entry.refresh_from_db()
    assert entry.state is PoolState.DRAFT


def test_an_unverified_organization_submits_nothing(as_researcher, institute):
    Organization.objects.filter(pk=institute.pk).update(verified_at=None, verified_by=None)
    entry = actions.draft(Project, build_pools.PROJECT, by=as_researcher)
    with pytest.raises(Conflict) as caught:
        actions.submit(entry, by=as_researcher)
    assert caught.value.code == "organization_not_verified"


def test_a_reviewer_who_also_belongs_to_the_owner_does_not_decide(
    as_researcher, as_reviewer, reviewer, institute
):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    Membership.objects.create(user=reviewer, organization=institute, role=Role.RESEARCHER)
    with pytest.raises(Refused) as caught:
        actions.admit(entry, by=as_reviewer)
    assert caught.value.code == "own_organization"


def test_a_stale_decision_is_none(as_researcher, as_reviewer):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    with pytest.raises(Stale):
        actions.admit(entry, by=as_reviewer, expected=entry.version - 1)
    entry.refresh_from_db()
    assert entry.state is PoolState.SUBMITTED


def test_strangers_see_what_is_admitted_and_reviewers_all_but_drafts(
    as_researcher, as_reviewer, as_stranger, as_anonymous
):
    entries = {
        state: build_pools.project(by=as_researcher, reviewer=as_reviewer, state=state)
        for state in PoolState
    }
    seen = {
        actor: {entry.state for entry in Project.objects.all().visible_to(actor)}
        for actor in (as_researcher, as_reviewer, as_stranger, as_anonymous)
    }
    assert seen[as_researcher] == set(PoolState)
    assert seen[as_reviewer] == set(PoolState) - {PoolState.DRAFT}
    assert seen[as_stranger] == seen[as_anonymous] == {PoolState.ADMITTED}
    with pytest.raises(Missing):
        actions.submit(entries[PoolState.DRAFT], by=as_stranger)
    with pytest.raises(Refused):
        actions.leave(entries[PoolState.ADMITTED], by=as_stranger)


@pytest.mark.parametrize(
    ("words", "constraint"),
    [
        ({"readiness": 10}, "project_readiness_is_1_to_9"),
        ({"title": ""}, "project_has_a_title"),
        ({"state": "lost"}, "project_state_is_known"),
        ({"reviewed_by": "author"}, "project_author_is_not_reviewer"),
    ],
)
def test_the_table_refuses_impossible_projects(as_researcher, words, constraint):
    entry = actions.draft(Project, build_pools.PROJECT, by=as_researcher)
    if words.get("reviewed_by"):
        words = {"reviewed_by": entry.author}
    if "state" in words:
        row = Project(
            organization_id=entry.organization_id,
            author_id=entry.author_id,
            title="A",
            region_id=entry.region_id,
            imported_from="elsewhere",
            state=words["state"],
            field_id=entry.field_id,
            summary="B",
        )
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            row.save(force_insert=True)
        return
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Project.objects.filter(pk=entry.pk).update(**words)


def test_the_table_lets_nothing_jump(as_researcher, as_reviewer):
    entry = actions.draft(Project, build_pools.PROJECT, by=as_researcher)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Project.objects.filter(pk=entry.pk).update(
            state="admitted", reviewed_by_id=as_reviewer.user
        )
    with pytest.raises(ProgrammingError), transaction.atomic():
        Project(
            organization_id=entry.organization_id,
            author_id=entry.author_id,
            title="A",
            summary="B",
            field_id=entry.field_id,
            region_id=entry.region_id,
            state="admitted",
            reviewed_by_id=as_reviewer.user,
        ).save(force_insert=True)


def test_the_table_refuses_decisions_of_nobody(as_researcher):
    entry = build_pools.project(by=as_researcher, reviewer=as_researcher, state=PoolState.SUBMITTED)
    with pytest.raises(IntegrityError, match="decided_by_somebody"), transaction.atomic():
        Project.objects.filter(pk=entry.pk).update(state="admitted")
    with pytest.raises(IntegrityError, match="complete_once_submitted"), transaction.atomic():
        Project.objects.filter(pk=entry.pk).update(field=None)


def test_the_table_refuses_tickets_that_go_downwards(as_manager):
    entry = actions.draft(Fund, build_pools.FUND, by=as_manager)
    with pytest.raises(IntegrityError, match="tickets_go_upwards"), transaction.atomic():
        Fund.objects.filter(pk=entry.pk).update(smallest_ticket=Decimal(9), largest_ticket=8)
    with pytest.raises(IntegrityError, match="not_negative"), transaction.atomic():
        Fund.objects.filter(pk=entry.pk).update(smallest_ticket=Decimal(-1))
