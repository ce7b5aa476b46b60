"""Ranking both ways, storing, clearing away."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.journal.models import Entry
from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.matching import readers
from apps.matching.actions import rematch as actions
from apps.matching.models import Match, Stale
from apps.matching.queries.ranking import Ranked, Ranking
from apps.retrieval.models import Posting, Text, kind_of
from apps.reviews import actions as reviews
from marketplace import words
from marketplace.actors import Actor, Role
from marketplace.errors import Missing, Refused
from marketplace.listings import Side
from marketplace.matching import Part
from tests.build import matching as build

pytestmark = pytest.mark.django_db

CLOCK = Actor.system("test")


@pytest.fixture
def bearing(as_researcher: Actor, as_reviewer: Actor) -> Listing:
    return build.offer("高韧性轴承钢热处理工艺", by=as_researcher, reviewer=as_reviewer)


@pytest.fixture
def battery(as_researcher: Actor, as_reviewer: Actor) -> Listing:
    return build.offer("固态锂电池电解质", by=as_researcher, reviewer=as_reviewer)


@pytest.fixture
def wanted(as_agent: Actor, as_reviewer: Actor) -> Listing:
    return build.need("轴承钢的热处理技术", by=as_agent, reviewer=as_reviewer)


def snapshot() -> list[object]:
    return [
        sorted(Match.objects.values_list("id", "version", "score", "computed_at")),
        sorted(Text.objects.values_list("listing", "words", "weights", "length")),
        sorted(Posting.objects.values_list("word", "kind", "weight", "length")),
    ]


def ranked(listing: Listing) -> list[Ranked]:
    listing = Listing.objects.get(pk=listing.pk)
    return Ranking(listing).best()


def test_a_need_finds_its_offer_and_the_offer_the_need(
    bearing: Listing, battery: Listing, wanted: Listing
) -> None:
    build.caught_up()
    (there,) = ranked(wanted)
    (back,) = ranked(bearing)
    assert (there.offer.listing, there.need.listing) == (bearing, wanted)
    assert (back.offer.listing, back.need.listing) == (bearing, wanted)
    assert there.score == back.score
    assert there.reasons == back.reasons
    assert Match.objects.get().reasons[0]["facts"] == {"terms": ["热处理", "轴承钢"]}
    assert ranked(battery) == []


def test_the_best_comes_first(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> None:
    far = build.offer("轴承", by=as_researcher, reviewer=as_reviewer)
    near = build.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    wanted = build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    assert [pair.offer.listing for pair in ranked(wanted)] == [near, far]


def test_a_match_keeps_what_it_was_made_of(bearing: Listing, wanted: Listing) -> None:
    build.caught_up()
    match = Match.objects.get()
    assert (match.offer, match.need, match.method) == (bearing, wanted, "2026-1")
    assert (match.offer_version, match.need_version) == (bearing.version, wanted.version)
    assert [r["part"] for r in match.reasons] == [
        *(Part.WORDS, Part.FIELD, Part.REGION, Part.COOPERATION, Part.HEALTH, Part.RESPONSE)
    ]
    assert sum(Decimal(r["contribution"]) for r in match.reasons) == match.score


def test_matching_twice_is_the_same(bearing: Listing, battery: Listing, wanted: Listing) -> None:
    build.caught_up()
    before, entries = snapshot(), Entry.objects.count()
    for listing in (bearing, battery, wanted, bearing):
        actions.rematch(listing.pk, by=CLOCK)
    assert snapshot() == before
    assert Entry.objects.count() == entries


def test_the_order_in_which_listings_are_matched_does_not_matter(
    bearing: Listing, battery: Listing, wanted: Listing
) -> None:
    build.caught_up()
    first = {m.pk: m.score for m in Match.objects.all()}
    for listing in (wanted, battery, bearing):
        actions.rematch(listing.pk, by=CLOCK)
    assert {m.pk: m.score for m in Match.objects.all()} == first


def test_news_of_a_match_is_written_down_once(bearing: Listing, wanted: Listing) -> None:
    build.caught_up()
    (entry,) = Entry.objects.filter(verb="listing.matched")
    assert entry.actor_task == "rematch"
    assert len(entry.facts["won"]) == 1


def test_the_same_organization_is_never_matched(
    bearing: Listing, as_researcher: Actor, as_reviewer: Actor
) -> None:
    build.need("轴承钢的热处理技术", by=as_researcher, reviewer=as_reviewer)
    build.caught_up()
    assert not Match.objects.current().exists()
    assert ranked(bearing) == []


def test_what_is_confidential_is_neither_indexed_nor_matched(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    build.offer("甲", confidential="石墨烯", by=as_researcher, reviewer=as_reviewer)
    build.need("石墨烯", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    assert not Match.objects.current().exists()
    offer = Text.objects.get(listing__side=Side.OFFER)
    assert words.key("石墨") not in offer.read()
    assert words.key("甲") in offer.read()


@pytest.mark.parametrize("move", [markets.pause, markets.withdraw, markets.conclude])
def test_what_closes_is_gone_at_once_and_its_words_soon(
    move: object, bearing: Listing, wanted: Listing, as_researcher: Actor, as_agent: Actor
) -> None:
    build.caught_up()
    seen = Match.objects.visible_to(as_agent)
    assert seen.count() == 1
    move(bearing, by=as_researcher)  # type: ignore[operator]
    assert seen.count() == 0
    assert ranked(wanted) == []
    build.caught_up()
    assert not Match.objects.current().exists()
    assert not Text.objects.filter(listing=bearing).exists()
    kinds = set(Posting.objects.values_list("kind", flat=True))
    assert kinds == {kind_of(wanted.market, wanted.side)}


def test_what_is_resumed_comes_back(
    bearing: Listing, wanted: Listing, as_researcher: Actor
) -> None:
    build.caught_up()
    before = snapshot()[1:]
    paused = markets.pause(bearing, by=as_researcher)
    build.caught_up()
    markets.resume(paused, by=as_researcher)
    build.caught_up()
    # It is the same match again.
    assert Match.objects.get().is_current
    # The text has another number by now, but the same words with the same weights.
    assert snapshot()[1:] == before


def test_who_loses_a_counterpart_is_looked_after(
    bearing: Listing, wanted: Listing, as_researcher: Actor
) -> None:
    build.caught_up()
    markets.withdraw(bearing, by=as_researcher)
    build.caught_up()
    entry = Entry.objects.get(verb="listing.unmatched")
    assert entry.facts == {"won": [], "lost": [str(wanted.pk)]}
    readers.take([entry])
    assert Stale.objects.filter(pk=wanted.pk).exists()


def test_a_newcomer_is_shown_to_a_counterpart_that_has_room(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "SHOWN", 1)
    offer = build.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    near = build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    far = build.need("轴承及其他", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    assert {m.need for m in Match.objects.filter(offer=offer)} == {near, far}
    # A better one for `far` takes its only place, and the pair that is nobody's best goes.
    better = build.offer("轴承及其他", by=as_researcher, reviewer=as_reviewer)
    build.caught_up()
    actions.rematch(offer.pk, by=CLOCK)
    assert {(m.offer, m.need) for m in Match.objects.current()} == {(offer, near), (better, far)}


@pytest.mark.parametrize("text", ["的", "🚀", "！！！", "x", "the of"])
def test_words_that_say_nothing_do_no_harm(
    text: str, as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    build.offer(text, body=text, by=as_researcher, reviewer=as_reviewer)
    build.need(text, body=text, by=as_agent, reviewer=as_reviewer)
    assert build.caught_up() == 2
    assert Match.objects.current().count() == (text == "x")


def test_a_need_that_equals_an_offer_is_matched(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    build.offer("Solid electrolyte 固态电解质", by=as_researcher, reviewer=as_reviewer)
    build.need("Solid electrolyte 固态电解质", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    assert Match.objects.get().reasons[0]["facts"]["terms"] == [
        "固态电解质",
        "electrolyte",
        "solid",
    ]


def test_a_draft_is_not_matched(bearing: Listing, as_agent: Actor) -> None:
    build.caught_up()
    row = reviews.draft(
        Listing,
        {"title": "轴承钢", "body": "轴承钢", "region": "610100"},
        market=bearing.market,
        side=Side.NEED,
        by=as_agent,
    )
    actions.rematch(row.pk, by=CLOCK)
    assert not Match.objects.current().exists()
    assert not Text.objects.filter(listing=row).exists()


def test_a_request_made_meanwhile_is_not_lost(bearing: Listing) -> None:
    asked = timezone.now()
    Stale.objects.create(listing_id=bearing.pk, requested_at=asked)
    actions.rematch(bearing.pk, by=CLOCK)
    assert not Stale.objects.exists()


def test_only_the_clock_or_an_administrator_rematches(bearing: Listing, as_broker: Actor) -> None:
    with pytest.raises(Refused):
        actions.rematch(bearing.pk, by=as_broker)
    with pytest.raises(Missing):
        actions.rematch(uuid4(), by=CLOCK)
    assert not Text.objects.exists()


def test_a_claim_is_taken_once_until_it_lapses() -> None:
    now, patience = timezone.now(), timedelta(minutes=2)
    Stale.objects.bulk_create(Stale(listing_id=uuid4(), requested_at=now) for _ in range(3))
    claim = Stale.objects.all().claim
    assert len(claim(2, now=now, patience=patience)) == 2
    assert len(claim(9, now=now, patience=patience)) == 1
    assert claim(9, now=now, patience=patience) == []
    assert len(claim(9, now=now + 2 * patience, patience=patience)) == 3


def test_a_listing_that_cannot_be_matched_does_not_hold_up_the_others(
    bearing: Listing, wanted: Listing
) -> None:
    Stale.objects.create(listing_id=uuid4(), requested_at=timezone.now() - timedelta(days=1))
    assert build.caught_up() == 2
    assert Stale.objects.count() == 1


def test_the_reader_asks_only_for_what_changes_a_match(wanted: Listing, as_agent: Actor) -> None:
    readers.take(list(Entry.objects.exclude(verb="listing.published")))
    assert not Stale.objects.exists()
    entries = list(Entry.objects.filter(verb="listing.published"))
    readers.take(entries * 2)
    assert Stale.objects.get().listing_id == wanted.pk


def test_the_database_refuses_a_second_match_of_a_pair(bearing: Listing, wanted: Listing) -> None:
    build.caught_up()
    match = Match.objects.get()
    match.pk = uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        match.save(force_insert=True)


def test_who_sees_a_match(
    bearing: Listing,
    wanted: Listing,
    as_researcher: Actor,
    as_agent: Actor,
    as_broker: Actor,
    as_reviewer: Actor,
    as_administrator: Actor,
    as_statistician: Actor,
    as_stranger: Actor,
    as_anonymous: Actor,
) -> None:
    build.caught_up()

    def sees(actor: Actor) -> bool:
        return Match.objects.visible_to(actor).exists()

    assert [
        sees(actor)
        for actor in (as_researcher, as_agent, as_broker, as_reviewer, as_administrator, CLOCK)
    ] == [True] * 6
    assert [sees(a) for a in (as_statistician, as_stranger, as_anonymous)] == [False] * 3
    assert sees(Actor(user=uuid4())) is False
    assert sees(Actor(user=uuid4(), roles=frozenset({Role.BROKER}))) is True
