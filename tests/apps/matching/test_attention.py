"""Proposals: whom, how often, why not, and what is told of it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Organization
from apps.journal.models import Entry
from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.matching import readers, tasks
from apps.matching.actions import attention
from apps.matching.models import (
    Attention,
    Match,
    Proposal,
    Relation,
    Unproposed,
    Verdict,
)
from apps.matching.queries.attention import kept_by_month
from marketplace.actors import Actor
from marketplace.attention import Promise, Shortage
from marketplace.calendar import day_of, month_of
from marketplace.conflicts import RelationKind
from marketplace.errors import Refused
from marketplace.listings import Market
from marketplace.verdicts import Judgement, VerdictReason, Voice
from tests.build import matching as build
from tests.callers import Caller

pytestmark = pytest.mark.django_db

CLOCK = Actor.system("test")
TECHNOLOGY = Market.TECHNOLOGY


@pytest.fixture
def offer(as_researcher: Actor, as_reviewer: Actor) -> Listing:
    return build.offer("轴承钢热处理工艺", by=as_researcher, reviewer=as_reviewer)


@pytest.fixture
def need(as_agent: Actor, as_reviewer: Actor) -> Listing:
    return build.need("轴承钢热处理工艺", by=as_agent, reviewer=as_reviewer)


def needs(count: int, *, by: Actor, reviewer: Actor) -> list[Listing]:
    numbers = "一二三四五六七八九十"
    return [
        build.need(f"轴承钢热处理工艺{numbers[n]}", by=by, reviewer=reviewer) for n in range(count)
    ]


def offers(count: int, *, by: Actor, reviewer: Actor) -> list[Listing]:
    numbers = "一二三四五六七八九十"
    return [
        build.offer(f"轴承钢热处理工艺{numbers[n]}", by=by, reviewer=reviewer) for n in range(count)
    ]


def proposed(listing: Listing) -> list[Any]:
    rows = Proposal.objects.of(listing.pk).order_by("pk")
    return list(rows.values_list("to", flat=True))


def round_of_the_clock() -> None:
    build.caught_up()
    build.news()
    tasks.propose()


def days_go_by(days: int = 8) -> None:
    """Let everything have happened earlier, and the clock come round."""
    back = timedelta(days=days)
    for row in Attention.objects.all():
        row.since, row.due_on = row.since - back, row.due_on - back
        row.looks_again_at = row.looks_again_at and row.looks_again_at - back
        row.save()
    for made in Proposal.objects.all():
        Proposal.objects.filter(pk=made.pk).update(proposed_on=made.proposed_on - back)
    tasks.propose()


def told(verb: str) -> list[Entry]:
    return list(Entry.objects.filter(verb=verb).order_by("pk"))


# --- proposing ---------------------------------------------------------------------------------


def test_each_side_is_proposed_to_the_other_and_told(offer: Listing, need: Listing) -> None:
    round_of_the_clock()
    assert proposed(offer) == [need.pk]
    assert proposed(need) == [offer.pk]
    match = Match.objects.get()
    rows = {str(row.to_id): row for row in Proposal.objects.all()}
    assert [(e.subject_type, e.facts, e.parties) for e in told("listing.proposed")] == [
        (
            "markets.listing",
            {"match": str(match.pk), "proposal": str(rows[e.subject_id].pk)},
            [rows[e.subject_id].to.organization_id],
        )
        for e in told("listing.proposed")
    ]
    assert {row.proposed_on for row in rows.values()} == {day_of(timezone.now())}


def test_again_and_again_proposes_nothing_twice(offer: Listing, need: Listing) -> None:
    round_of_the_clock()
    before = Proposal.objects.count()
    for _ in range(3):
        Attention.objects.update(is_ready=True, looks_again_at=None)
        round_of_the_clock()
    assert Proposal.objects.count() == before == len(told("listing.proposed")) == 2


def test_it_goes_on_until_the_promise_is_kept(
    offer: Listing, as_agent: Actor, as_reviewer: Actor
) -> None:
    needs(5, by=as_agent, reviewer=as_reviewer)
    round_of_the_clock()
    assert len(proposed(offer)) == 3
    row = Attention.objects.get(pk=offer.pk)
    assert (row.proposals, row.is_ready, row.looks_again_at) == (3, False, None)
    # The best come first.
    scores = Match.objects.of(offer.pk).order_by("-score").values_list("score", flat=True)
    given = Proposal.objects.of(offer.pk).order_by("pk").values_list("match__score", flat=True)
    assert list(given) == list(scores[:3])


def test_a_listing_is_sent_five_a_week_at_most_and_the_rest_when_it_has_room(
    need: Listing, as_researcher: Actor, as_reviewer: Actor
) -> None:
    offers(7, by=as_researcher, reviewer=as_reviewer)
    round_of_the_clock()
    assert Proposal.objects.filter(to=need).count() == 5
    days_go_by(1)
    assert Proposal.objects.filter(to=need).count() == 5
    days_go_by(7)
    assert Proposal.objects.filter(to=need).count() == 7


def test_an_organization_is_sent_so_many_a_week_over_all_its_listings(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Promise(day_of(timezone.now()), 3, 7, 5, 4)
    monkeypatch.setattr(attention, "promise_on", lambda day: few)
    offers(3, by=as_researcher, reviewer=as_reviewer)
    needs(3, by=as_agent, reviewer=as_reviewer)
    round_of_the_clock()
    for organization in (as_researcher.organization, as_agent.organization):
        assert Proposal.objects.filter(to__organization=organization).count() == 4
    # Nobody got a second one before all had a first.
    assert sorted(Attention.objects.values_list("proposals", flat=True)) == [1, 1, 1, 1, 2, 2]


def test_steps_overtake_nobody(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small the steps are, the same comes out."""
    offers(4, by=as_researcher, reviewer=as_reviewer)
    needs(2, by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    build.news()
    monkeypatch.setattr(attention, "STEP", 1)
    few = Promise(day_of(timezone.now()), 3, 7, 3, 20)
    monkeypatch.setattr(attention, "promise_on", lambda day: few)
    while attention.propose(TECHNOLOGY, by=CLOCK):
        pass
    rows = Attention.objects.filter(listing__side="offer")
    assert sorted(rows.values_list("proposals", flat=True)) == [1, 1, 2, 2]
    assert set(rows.values_list("is_ready", flat=True)) == {False}


def test_a_listing_that_closes_between_match_and_proposal_is_not_proposed(
    offer: Listing, need: Listing, as_agent: Actor, as_researcher: Actor
) -> None:
    build.caught_up()
    build.news()
    assert Match.objects.current().exists()
    markets.withdraw(need, by=as_agent)
    tasks.propose()
    assert not Proposal.objects.exists()
    assert not told("listing.proposed")


def test_one_that_pauses_is_proposed_when_it_is_back_with_its_days_anew(
    offer: Listing, need: Listing, as_agent: Actor
) -> None:
    build.caught_up()
    build.news()
    markets.pause(need, by=as_agent)
    tasks.propose()
    assert not Proposal.objects.exists()
    Attention.objects.update(due_on=day_of(timezone.now()) - timedelta(days=30))
    need.refresh_from_db()
    markets.resume(need, by=as_agent)
    readers.take(list(Entry.objects.filter(verb="listing.resumed")))
    assert Attention.objects.get(pk=need.pk).due_on == day_of(timezone.now()) + timedelta(days=7)
    round_of_the_clock()
    assert proposed(need) == [offer.pk]
    assert proposed(offer) == [need.pk]


def test_what_has_a_dual_use_is_proposed_to_vetted_organizations_only(
    as_agent: Actor, offer: Listing, need: Listing, works: Organization
) -> None:
    build.caught_up()
    build.news()
    Listing.objects.filter(pk=offer.pk).update(dual_use="civil_to_military")
    tasks.propose()
    assert not Proposal.objects.exists()


def test_the_related_are_not_proposed_to_one_another(
    offer: Listing, need: Listing, institute: Organization, works: Organization
) -> None:
    first, second = sorted([institute, works], key=lambda each: each.pk)
    relation = Relation.objects.create(
        first=first, second=second, kind=RelationKind.SHAREHOLDING, declared_by=first
    )
    round_of_the_clock()
    assert not Proposal.objects.exists()
    days_go_by()
    assert {row.shortage for row in Unproposed.objects.all()} == {Shortage.CONFLICTS}
    relation.ended_at = timezone.now()
    relation.save()
    days_go_by(1)
    assert Proposal.objects.count() == 2


def test_what_somebody_called_wrong_is_not_proposed(
    offer: Listing, need: Listing, as_agent: Actor
) -> None:
    build.caught_up()
    build.news()
    match = Match.objects.get()
    Verdict.objects.create(
        match=match,
        user_id=as_agent.user,
        organization_id=as_agent.organization,
        voice=Voice.NEEDING_PARTY,
        judgement=Judgement.WRONG,
        reason=VerdictReason.OTHER_METHOD,
        given_on=day_of(timezone.now()),
        score=match.score,
        method=match.method,
    )
    tasks.propose()
    assert not Proposal.objects.exists()


def test_only_the_market_itself_proposes(as_researcher: Actor) -> None:
    with pytest.raises(Refused):
        attention.propose(TECHNOLOGY, by=as_researcher)
    with pytest.raises(Refused):
        attention.settle(by=as_researcher)


def test_news_of_a_match_lets_a_resting_listing_be_looked_at(
    offer: Listing, as_agent: Actor, as_reviewer: Actor
) -> None:
    round_of_the_clock()
    row = Attention.objects.get(pk=offer.pk)
    assert (row.is_ready, row.proposals) == (False, 0)
    assert row.looks_again_at is not None
    needs(1, by=as_agent, reviewer=as_reviewer)
    round_of_the_clock()
    assert len(proposed(offer)) == 1


# --- reasons -----------------------------------------------------------------------------------


def test_nothing_is_said_before_the_days_are_over(offer: Listing) -> None:
    round_of_the_clock()
    days_go_by(7)
    assert not Unproposed.objects.exists()
    days_go_by(1)
    assert Unproposed.objects.get().shortage is Shortage.NOTHING_FITS


def test_a_reason_is_told_once_and_again_when_it_is_another_one(
    offer: Listing, as_agent: Actor, as_reviewer: Actor
) -> None:
    round_of_the_clock()
    for _ in range(3):
        days_go_by()
    needs(1, by=as_agent, reviewer=as_reviewer)
    round_of_the_clock()
    days_go_by()
    assert [(e.subject_id, e.parties, e.facts) for e in told("listing.unproposed")][:2] == [
        (str(offer.pk), [offer.organization_id], {"shortage": "nothing_fits"}),
        (str(offer.pk), [offer.organization_id], {"shortage": "few_fit"}),
    ]
    row = Unproposed.objects.get(pk=offer.pk)
    assert (row.shortage, row.proposals) == (Shortage.FEW_FIT, 1)


def test_the_reason_goes_when_it_was_proposed_often_enough(
    offer: Listing, as_agent: Actor, as_reviewer: Actor
) -> None:
    round_of_the_clock()
    days_go_by()
    needs(3, by=as_agent, reviewer=as_reviewer)
    assert Unproposed.objects.filter(pk=offer.pk).exists()
    round_of_the_clock()
    assert not Unproposed.objects.filter(pk=offer.pk).exists()


def test_all_whom_it_suits_are_busy(
    need: Listing, as_researcher: Actor, as_reviewer: Actor
) -> None:
    offers(7, by=as_researcher, reviewer=as_reviewer)
    round_of_the_clock()
    Attention.objects.update(due_on=day_of(timezone.now()) - timedelta(days=1))
    Attention.objects.filter(proposals__lt=3).update(is_ready=True, looks_again_at=None)
    tasks.propose()
    left = Attention.objects.filter(listing__side="offer", proposals=0)
    assert left.count() == 2
    why = Unproposed.objects.filter(pk__in=left.values("pk"))
    assert [row.shortage for row in why] == [Shortage.ALL_BUSY] * 2


# --- figures -----------------------------------------------------------------------------------


def test_the_figures_count_each_listing_once_when_its_days_are_over(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    kept = offers(1, by=as_researcher, reviewer=as_reviewer)[0]
    needs(3, by=as_agent, reviewer=as_reviewer)
    lonely = build.offer("固态锂电池电解质", by=as_researcher, reviewer=as_reviewer)
    gone = build.offer("石墨烯薄膜", by=as_researcher, reviewer=as_reviewer)
    round_of_the_clock()
    tasks.settle_attention()
    assert kept_by_month(day_of(timezone.now())) == []
    markets.withdraw(gone, by=as_researcher)
    days_go_by()
    for _ in range(2):
        tasks.settle_attention()
    rows = kept_by_month(day_of(timezone.now()))
    assert sum(row.due for row in rows) == 5
    (row,) = rows
    assert (row.market, row.month) == (
        TECHNOLOGY,
        month_of(day_of(timezone.now()) - timedelta(days=1)),
    )
    assert (row.due, row.in_time, row.late, row.rate) == (5, 1, 0, Decimal("20.0"))
    assert row.reasons == {
        Shortage.NOTHING_FITS: 1,
        Shortage.FEW_FIT: 3,
        Shortage.ALL_BUSY: 0,
        Shortage.CONFLICTS: 0,
    }
    assert Attention.objects.get(pk=kept.pk).in_time is True
    assert Attention.objects.get(pk=lonely.pk).shortage is Shortage.NOTHING_FITS
    assert not Attention.objects.filter(pk=gone.pk).exists()
    # What was counted stays counted.
    markets.withdraw(lonely, by=as_researcher)
    build.news()
    tasks.settle_attention()
    assert kept_by_month(day_of(timezone.now())) == rows


def test_what_was_proposed_too_late_is_counted_as_late(
    offer: Listing, as_agent: Actor, as_reviewer: Actor
) -> None:
    needs(3, by=as_agent, reviewer=as_reviewer)
    round_of_the_clock()
    Attention.objects.filter(pk=offer.pk).update(due_on=day_of(timezone.now()) - timedelta(days=1))
    tasks.settle_attention()
    (row,) = kept_by_month(day_of(timezone.now()))
    assert (row.due, row.in_time, row.late, row.rate) == (1, 0, 1, Decimal("0.0"))


# --- over HTTP ---------------------------------------------------------------------------------


def test_the_owner_sees_to_whom_it_was_proposed(
    offer: Listing, need: Listing, as_researcher: Actor, as_agent: Actor, as_stranger: Actor
) -> None:
    round_of_the_clock()
    path = f"/listings/{offer.pk}/proposals"
    answer = Caller(as_researcher).get(path).json()
    today = day_of(timezone.now())
    assert answer == {
        "promise": {
            "proposals": 3,
            "days": 7,
            "weekly_to_listing": 5,
            "weekly_to_organization": 20,
        },
        "due_on": str(today + timedelta(days=7)),
        "count": 1,
        "results": [
            {
                "proposed_on": str(today),
                "to": {
                    "id": str(need.pk),
                    "side": "need",
                    "title": need.title,
                    "organization": "深圳智造公司",
                    "field": "05",
                    "region": "610100",
                },
            }
        ],
        "because": None,
    }
    for other in (as_agent, as_stranger):
        assert Caller(other).get(path).status_code == 404
    # What closed is counted, and not shown.
    markets.withdraw(need, by=as_agent)
    answer = Caller(as_researcher).get(path).json()
    assert answer["count"] == 1
    assert answer["results"] == [{"proposed_on": str(today), "to": None}]


def test_the_owner_reads_the_reason_in_his_language(offer: Listing, as_researcher: Actor) -> None:
    round_of_the_clock()
    days_go_by()
    path = f"/listings/{offer.pk}/proposals"
    because = Caller(as_researcher).get(path).json()["because"]
    assert because["shortage"] == "nothing_fits"
    assert because["text"].startswith("Nothing on the other side")
    assert because["help"].startswith("Say more plainly")


def test_an_organization_sees_what_was_proposed_to_it(
    offer: Listing, need: Listing, as_researcher: Actor, as_agent: Actor, as_stranger: Actor
) -> None:
    round_of_the_clock()
    (shown,) = Caller(as_agent).get("/proposals").json()["results"]
    match = Match.objects.get()
    assert (shown["match"], shown["score"]) == (str(match.pk), str(match.score))
    assert (shown["proposed"]["id"], shown["to"]["id"]) == (str(offer.pk), str(need.pk))
    assert Caller(as_stranger).get("/proposals").json()["results"] == []
    markets.withdraw(offer, by=as_researcher)
    assert Caller(as_agent).get("/proposals").json()["results"] == []


def test_the_list_of_proposals_asks_the_database_as_often_whatever_its_length(
    as_researcher: Actor,
    as_agent: Actor,
    as_reviewer: Actor,
    django_assert_max_num_queries: Any,
) -> None:
    offers(3, by=as_researcher, reviewer=as_reviewer)
    needs(2, by=as_agent, reviewer=as_reviewer)
    round_of_the_clock()
    caller = Caller(as_agent)
    with django_assert_max_num_queries(6):
        assert len(caller.get("/proposals").json()["results"]) == 6


def test_everybody_may_read_how_often_the_promise_is_kept(
    offer: Listing, as_agent: Actor, as_reviewer: Actor
) -> None:
    needs(3, by=as_agent, reviewer=as_reviewer)
    round_of_the_clock()
    days_go_by()
    tasks.settle_attention()
    answer = Caller(Actor.anonymous()).get("/attention").json()
    said = {each["name"]: each["text"] for each in answer["definitions"]}
    assert "7 days" in said["due"]
    assert "at least 3 counterparts" in said["in_time"]
    (row,) = answer["results"]
    assert (row["due"], row["in_time"], row["rate"], row["late"]) == (4, 1, "25.0", 0)
    assert [(each["shortage"], each["listings"]) for each in row["reasons"]] == [("few_fit", 3)]
