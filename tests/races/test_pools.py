"""Many people at the same fund or entry at the same moment, on real connections."""

from collections.abc import Callable
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection

from apps.accounts.models import Organization
from apps.pools import actions
from apps.pools.models import Commitment, Fund, Project, Talent
from apps.pools.tasks import notice_lapsed_rights
from apps.reviews import actions as reviews
from apps.reviews.models import Submission, Wording
from marketplace.errors import MarketError
from marketplace.pools import CommitmentState, PoolState
from tests.build import pools as build_pools

CLEARED = {"cleared_by": build_pools.CLEARED_BY}


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Start all `deeds` at once, each on a connection of its own; return how they ended."""
    ends: list[object] = [None] * len(deeds)
    start = Barrier(len(deeds))

    def run(place: int) -> None:
        try:
            start.wait(10)
            ends[place] = deeds[place]()
        except MarketError as error:
            ends[place] = error.code
        finally:
            connection.close()

    threads = [Thread(target=run, args=[place]) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ends


@pytest.mark.django_db(transaction=True)
def test_many_commitments_at_once_never_overdraw_a_quota(as_manager, as_reviewer, works):
    fund = build_pools.fund(
        by=as_manager,
        reviewer=as_reviewer,
        largest_ticket=Decimal(30),
        quota=Decimal(100),
        opens_on="2026-01-01",
    )

    def commit() -> Commitment:
        return actions.commit(
            fund, amount=Decimal(30), beneficiary=works.pk, purpose="中试", by=as_manager
        )

    ends = at_once(*[commit] * 12)
    assert ends.count("quota_exhausted") == 9
    assert Commitment.objects.count() == 3
    fund.refresh_from_db()
    assert fund.committed == Decimal(90)


@pytest.mark.django_db(transaction=True)
def test_what_is_given_back_and_taken_at_once_adds_up(as_manager, as_reviewer, works):
    fund = build_pools.fund(
        by=as_manager,
        reviewer=as_reviewer,
        largest_ticket=Decimal(10),
        quota=Decimal(40),
        opens_on="2026-01-01",
    )
    words = {"amount": Decimal(10), "beneficiary": works.pk, "purpose": "中试", "by": as_manager}
    held = [actions.commit(fund, **words) for _ in range(4)]
    at_once(
        *[lambda row=row: actions.release_commitment(row, by=as_manager) for row in held],
        *[lambda row=row: actions.pay(row, by=as_manager) for row in held],
        *[lambda: actions.commit(fund, **words)] * 4,
    )
    fund.refresh_from_db()
    standing = Commitment.objects.exclude(state=CommitmentState.RELEASED)
    assert fund.committed == sum(row.amount for row in standing)
    assert fund.committed <= fund.quota


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_a_change_is_either_admitted_or_withdrawn(_again, as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"title": "B"}, by=as_manager)
    reviews.submit_change(entry, **CLEARED, by=as_manager)
    ends = at_once(
        lambda: reviews.accept(entry, **CLEARED, by=as_reviewer),
        lambda: reviews.withdraw_change(entry, by=as_manager),
    )
    assert ends.count("wrong_state") == 1
    row = Talent.objects.get(pk=entry.pk)
    was_admitted = isinstance(ends[0], Talent)
    assert row.title == ("B" if was_admitted else build_pools.TALENT["title"])
    assert (row.waiting, row.proposed_wording) == (None, None)
    assert not Submission.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_are_two_wordings(as_manager):
    entry = reviews.draft(Talent, build_pools.TALENT, by=as_manager)
    at_once(
        lambda: reviews.change(entry, {"title": "B"}, by=as_manager),
        lambda: reviews.change(entry, {"summary": "C"}, by=as_manager),
    )
    row = Talent.objects.get(pk=entry.pk)
    assert (row.title, row.summary, row.wording) == ("B", "C", 3)
    assert Wording.objects.of(entry).first().words["title"] == "B"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_a_spill_comes_out_on_top(_again, as_manager, as_reviewer, as_secrecy_officer):
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    at_once(
        lambda: reviews.spill(entry, reason="误传", by=as_secrecy_officer),
        lambda: reviews.accept(entry, **CLEARED, by=as_reviewer),
        lambda: reviews.take_back(entry, by=as_manager),
    )
    row = Project.objects.get(pk=entry.pk)
    assert (row.state, row.title) == (PoolState.SEALED, "—")
    assert all(wording.words == {} for wording in Wording.objects.of(entry))


@pytest.mark.django_db(transaction=True)
def test_two_clocks_notice_a_lapsed_right_once(as_manager, as_reviewer):
    for _ in range(3):
        build_pools.project(by=as_manager, reviewer=as_reviewer)
    rights = [build_pools.PATENT | {"expires_on": "2026-01-01"}]
    Project.objects.update(rights=rights)
    assert sum(at_once(notice_lapsed_rights, notice_lapsed_rights)) == 3


@pytest.mark.django_db(transaction=True)
def test_an_organization_commits_while_its_fund_leaves(as_manager, as_reviewer, works):
    fund = build_pools.fund(by=as_manager, reviewer=as_reviewer)
    actions.leave(fund, reason="到期", by=as_manager)
    words = {"amount": Decimal(1), "beneficiary": works.pk, "purpose": "中试", "by": as_manager}
    ends = at_once(
        lambda: actions.release(fund, by=as_reviewer), lambda: actions.commit(fund, **words)
    )
    assert Fund.objects.get(pk=fund.pk).state is PoolState.LEFT
    assert isinstance(ends[1], Commitment) or ends[1] == "wrong_state"
    assert Organization.objects.filter(pk=works.pk).exists()
