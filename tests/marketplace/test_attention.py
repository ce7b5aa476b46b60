"""Who is proposed to whom, so that nobody is forgotten and nobody flooded."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.attention import (
    HELP,
    PROMISES,
    WHY,
    Counterpart,
    Loads,
    Promise,
    Shortage,
    Wanting,
    assign,
    promise_on,
    rate,
    shortage_of,
)

START = datetime(2026, 12, 1, tzinfo=UTC)
PROMISE = Promise(date(2026, 11, 1), 3, 7, 5, 20)


def key(number: int) -> UUID:
    return UUID(int=number)


def wanting(number: int, proposals: int = 0, waits: int = 0) -> Wanting:
    return Wanting(key(number), proposals, START - timedelta(hours=waits))


def other(number: int, score: int = 50, *, of: int = 900, is_related: bool = False) -> Counterpart:
    return Counterpart(key(number), key(of), Decimal(score), is_related)


def room(promise: Promise = PROMISE, **sent: dict[int, int]) -> Loads:
    return Loads(
        promise,
        {key(pk): count for pk, count in sent.get("listings", {}).items()},
        {key(pk): count for pk, count in sent.get("organizations", {}).items()},
    )


def plain(proposed: list[tuple[UUID, Counterpart]]) -> list[tuple[int, int]]:
    return [(listing.int, each.listing.int) for listing, each in proposed]


def test_the_worked_example() -> None:
    a, b, x, y = 1, 2, 11, 12
    suited = {key(n): [other(x, 60), other(y, 40)] for n in (a, b)}
    loads = room(listings={x: 4, y: 3})
    found = assign([wanting(b, 1, waits=1), wanting(a, 0, waits=9)], suited, loads)
    assert plain(found) == [(a, x), (a, y), (b, y)]


def test_the_fewest_proposals_come_first_then_the_longest_wait_then_the_key() -> None:
    suited = {key(n): [other(11)] for n in range(1, 7)}
    rows = [
        wanting(6, 0, 1),
        wanting(5, 0, 1),
        wanting(4, 0, 2),
        wanting(3, 1, 9),
        wanting(2, 2, 9),
    ]
    found = assign(rows, suited, room(Promise(START.date(), 3, 7, 4, 20)))
    assert plain(found) == [(4, 11), (5, 11), (6, 11), (3, 11)]


def test_each_gets_its_best_first_and_of_equal_ones_the_lower_key() -> None:
    suited = {key(1): [other(12, 40), other(14, 60), other(11, 40), other(13, 50)]}
    assert plain(assign([wanting(1)], suited, room())) == [(1, 14), (1, 13), (1, 11)]


def test_what_is_related_is_not_proposed() -> None:
    suited = {key(1): [other(11, 60, is_related=True), other(12, 40)]}
    assert plain(assign([wanting(1)], suited, room())) == [(1, 12)]


def test_a_full_listing_and_a_full_organization_get_nothing_more() -> None:
    suited = {key(1): [other(11, 60), other(12, 50, of=901), other(13, 40, of=902)]}
    loads = room(listings={11: 5}, organizations={901: 20, 902: 19})
    assert plain(assign([wanting(1)], suited, loads)) == [(1, 13)]


def test_a_step_stops_where_it_is_told() -> None:
    suited = {key(n): [other(11), other(12)] for n in (1, 2)}
    assert plain(assign([wanting(1), wanting(2, 1)], suited, room(), up_to=1)) == [(1, 11)]
    assert len(assign([wanting(1, 2)], suited, room(), up_to=9)) == 1


@pytest.mark.parametrize(
    ("proposals", "left", "expected"),
    [
        (0, [], Shortage.NOTHING_FITS),
        (1, [], Shortage.FEW_FIT),
        (2, [], Shortage.FEW_FIT),
        (3, [], None),
        (1, [other(11), other(12)], Shortage.ALL_BUSY),
        (
            1,
            [other(11), other(12, is_related=True), other(13, is_related=True)],
            Shortage.CONFLICTS,
        ),
        (1, [other(11), other(12, is_related=True)], Shortage.ALL_BUSY),
        (0, [other(12, is_related=True)], Shortage.CONFLICTS),
        (2, [other(12, is_related=True)], Shortage.CONFLICTS),
        # Somebody has room: nothing is short but time.
        (0, [other(11), other(21)], None),
    ],
)
def test_why_it_was_proposed_only_so_often(
    proposals: int, left: list[Counterpart], expected: Shortage | None
) -> None:
    loads = room(listings={11: 5, 12: 5, 13: 5})
    assert shortage_of(proposals, left=left, loads=loads) is expected


def test_every_shortage_says_why_and_what_helps() -> None:
    for shortage in Shortage:
        assert WHY[shortage].endswith(".")
        assert HELP[shortage].endswith(".")


def test_the_promise_of_a_day() -> None:
    first = PROMISES[0]
    assert (first.proposals, first.days) == (3, 7)
    assert (first.weekly_to_listing, first.weekly_to_organization) == (5, 20)
    assert promise_on(date(2020, 1, 1)) is first
    assert promise_on(date(2026, 12, 1)) is promise_on(date(2027, 12, 1)) is PROMISES[-1]
    assert [each.valid_from for each in PROMISES] == sorted(each.valid_from for each in PROMISES)
    assert first.last_day(date(2026, 12, 1)) == date(2026, 12, 8)


def test_the_rate() -> None:
    assert [rate(3, 2), rate(8, 5), rate(2000, 1), rate(4, 4)] == [
        Decimal("66.7"),
        Decimal("62.5"),
        Decimal("0.1"),
        Decimal("100.0"),
    ]
    assert rate(0, 0) is None


# --- whatever the market looks like -----------------------------------------------------------

receivers = st.lists(
    st.tuples(st.integers(100, 112), st.integers(1, 3), st.booleans()),
    max_size=10,
    unique_by=lambda each: each[0],
)
markets = st.tuples(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(0, 4), st.integers(0, 3), receivers),
        max_size=10,
        unique_by=lambda each: each[0],
    ),
    st.dictionaries(st.integers(100, 112), st.integers(0, 6)),
    st.dictionaries(st.integers(900, 903), st.integers(0, 22)),
    st.integers(0, 2**32),
)


@given(markets)
def test_nobody_is_flooded_or_overtaken_and_order_does_not_matter(market: tuple) -> None:  # type: ignore[type-arg]
    rows, to_listings, to_organizations, seed = market
    suited = {
        key(number): [
            other(pk, score, of=900 + pk % 4, is_related=is_related)
            for pk, score, is_related in others
        ]
        for number, _, _, others in rows
    }
    people = [wanting(number, proposals, waits) for number, proposals, waits, _ in rows]
    loads = room(listings=to_listings, organizations=to_organizations)
    found = assign(people, suited, loads)

    # Twice the same, in whatever order things are given.
    random = Random(seed)  # noqa: S311  no secret
    mixed = {listing: random.sample(others, len(others)) for listing, others in suited.items()}
    again = room(listings=to_listings, organizations=to_organizations)
    assert assign(random.sample(people, len(people)), mixed, again) == found

    # Each pair once, none that is related, none beyond what was promised.
    assert len(set(plain(found))) == len(found)
    assert not any(each.is_related for _, each in found)
    won = Counter(listing for listing, _ in found)
    before = {each.listing: each.proposals for each in people}
    for listing, count in won.items():
        assert before[listing] + count <= PROMISE.proposals

    # Nobody is sent more than he can look at.
    for pk, sent in Counter(each.listing for _, each in found).items():
        assert to_listings.get(pk.int, 0) + sent <= PROMISE.weekly_to_listing
    for pk, sent in Counter(each.organization for _, each in found).items():
        assert to_organizations.get(pk.int, 0) + sent <= PROMISE.weekly_to_organization

    # Whoever was proposed no further has nobody left with room.
    for each in people:
        told = {x.listing for listing, x in found if listing == each.listing}
        left = [x for x in suited[each.listing] if x.listing not in told]
        count = each.proposals + len(told)
        if count < PROMISE.proposals:
            assert not any(loads.has_room(x) for x in left if not x.is_related)
            assert shortage_of(count, left=left, loads=loads) is not None

    # Step by step, as many come first who had fewer: no proposal is made while somebody who had
    # fewer could have had the same one.
    replay = room(listings=to_listings, organizations=to_organizations)
    counts, taken = dict(before), set()
    for listing, chosen in found:
        for rival in people:
            if counts[rival.listing] < counts[listing]:
                possible = [
                    x
                    for x in suited[rival.listing]
                    if not x.is_related
                    and (rival.listing, x.listing) not in taken
                    and replay.has_room(x)
                ]
                assert possible == []
        replay.add(chosen)
        taken.add((listing, chosen.listing))
        counts[listing] += 1
