"""The rules of the three pools, without a database."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.pools import (
    AUTHORS,
    BESIDES,
    COMMITMENT,
    LONGEST,
    MOST,
    MOVES,
    POOL_ENTRY,
    TERMS_OF,
    CommitmentState,
    Month,
    PoolKind,
    PoolState,
    band_faults,
    flows,
    missing,
    open_moves,
    readiness_faults,
    required_of,
)
from marketplace.reviews import Purpose, must_be_open, must_decide, must_give_reason, shows_review

AUTHOR, OTHER, OWNER, OFFICE = uuid4(), uuid4(), uuid4(), uuid4()


def reviewer(role: Role = Role.REVIEWER, **facts: object) -> Actor:
    return Actor(**{"user": OTHER, "organization": OFFICE, "roles": frozenset({role})} | facts)


def test_a_project_with_title_and_region_is_a_whole_draft_and_lacks_six_things_to_be_submitted():
    given = {"title": "A", "region": "610100"}
    required = required_of(PoolKind.PROJECT, given)
    assert missing(given, required, PoolState.DRAFT) == []
    found = missing(given, required, PoolState.SUBMITTED)
    assert [fault.field for fault in found] == [
        "summary",
        "field",
        "readiness",
        "readiness_evidence",
        "intellectual_property",
        "owners",
    ]
    assert {fault.code for fault in found} == {"missing"}


@pytest.mark.parametrize(
    ("pool", "words", "besides"),
    [
        (PoolKind.TALENT, {"kind": "scientist"}, {"discipline"}),
        (PoolKind.TALENT, {"kind": "engineer"}, {"discipline"}),
        (PoolKind.TALENT, {"kind": "technology_manager"}, {"rank", "certificate"}),
        (PoolKind.TALENT, {"kind": "team"}, {"members"}),
        (PoolKind.FUND, {"quota": Decimal(1)}, {"opens_on"}),
        (PoolKind.FUND, {"quota": None}, set()),
        (PoolKind.PROJECT, {"intellectual_property": "0201"}, {"rights"}),
        (PoolKind.PROJECT, {"intellectual_property": "01"}, set()),
        (PoolKind.PROJECT, {"intellectual_property": "08"}, set()),
        (PoolKind.PROJECT, {"reforms": ["ownership_granted"]}, {"inventors"}),
    ],
)
def test_some_words_require_others(pool, words, besides):
    assert set(required_of(pool, words)) - set(required_of(pool)) == besides


@pytest.mark.parametrize("empty", [None, "", []])
def test_what_is_empty_is_missing(empty: object):
    assert [f.field for f in missing({"title": empty}, {"title": PoolState.DRAFT}, PoolState.DRAFT)]


@pytest.mark.parametrize("pool", PoolKind)
def test_every_required_word_can_be_written(pool: PoolKind):
    assert set(required_of(pool)) <= set(TERMS_OF[pool])
    assert {each.word for each in BESIDES if each.pool is pool} <= set(TERMS_OF[pool])
    assert AUTHORS[pool]


def test_lengths_are_of_words_that_there_are():
    words = {word for words in TERMS_OF.values() for word in words}
    assert LONGEST.keys() <= words
    assert MOST.keys() <= words


@pytest.mark.parametrize(
    ("low", "high", "codes"),
    [
        ("0", "50000.00", []),
        (None, "50000.00", []),
        ("10.00", None, []),
        (None, None, []),
        ("10.00", "10.00", []),
        ("50000.00", "10.00", ["band_order"]),
        ("-0.01", "10.00", ["negative_amount"]),
        ("-1", "-2", ["negative_amount", "negative_amount", "band_order"]),
    ],
)
def test_a_band_of_amounts_goes_upwards_from_nought(low, high, codes):
    terms = {"low": low and Decimal(low), "high": high and Decimal(high)}
    assert [fault.code for fault in band_faults(terms, "low", "high")] == codes


@pytest.mark.parametrize(("level", "count"), [(None, 0), (1, 0), (9, 0), (0, 1), (10, 1), (-1, 1)])
def test_readiness_levels_go_from_1_to_9(level, count):
    assert len(readiness_faults({"readiness": level})) == count


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADMINISTRATOR])
def test_a_reviewer_or_administrator_of_another_organization_decides(role: Role):
    by = reviewer(role)
    assert must_decide(by, author=AUTHOR, organization=OWNER, memberships=[OFFICE]) == OTHER


@pytest.mark.parametrize(
    ("by", "memberships", "code"),
    [
        (reviewer(Role.RESEARCHER), [], "wrong_role"),
        (reviewer(Role.STATISTICIAN), [], "wrong_role"),
        (reviewer(user=AUTHOR), [], "own_work"),
        (reviewer(organization=OWNER), [], "own_organization"),
        (reviewer(), [OFFICE, OWNER], "own_organization"),
        (Actor.system("clock"), [], "no_person"),
        (Actor.anonymous(), [], "wrong_role"),
    ],
)
def test_nobody_else_decides(by: Actor, memberships, code: str):
    with pytest.raises(Refused) as caught:
        must_decide(by, author=AUTHOR, organization=OWNER, memberships=memberships)
    assert caught.value.code == code


def test_the_notes_of_a_review_are_for_the_organization_and_reviewers():
    assert shows_review(Actor(user=AUTHOR, organization=OWNER), OWNER)
    assert shows_review(reviewer(), OWNER)
    assert not shows_review(Actor(user=OTHER, organization=OFFICE), OWNER)
    assert not shows_review(Actor.anonymous(), OWNER)


def test_a_reason_has_words():
    must_give_reason("Too short")
    with pytest.raises(Invalid):
        must_give_reason("  ")


def test_every_state_can_be_reached_and_only_what_is_sealed_is_final():
    reached = {POOL_ENTRY.start} | {move.target for move in POOL_ENTRY.moves.values()}
    assert reached == set(PoolState)
    assert [state for state in PoolState if not POOL_ENTRY.moves_from(state)] == [PoolState.SEALED]


@pytest.mark.parametrize(
    ("state", "waiting", "has_proposal", "moves"),
    [
        ("draft", None, False, "submit spill"),
        ("submitted", "entry", False, "admit send_back refuse take_back spill"),
        ("sent_back", None, False, "submit spill"),
        ("refused", None, False, "spill"),
        ("admitted", None, False, "spill leave"),
        ("admitted", None, True, "spill submit_change withdraw_change leave"),
        ("admitted", "change", True, "admit send_back refuse take_back spill withdraw_change"),
        ("admitted", "exit", False, "refuse take_back release spill"),
        ("admitted", "exit", True, "refuse take_back release spill"),
        ("left", None, False, "spill"),
        ("sealed", None, False, ""),
    ],
)
def test_what_is_open_depends_on_what_waits(state, waiting, has_proposal, moves):
    waits = Purpose(waiting) if waiting else None
    found = open_moves(PoolState(state), waits, has_proposal)
    assert found == moves.split()
    for move in MOVES:
        if move in found:
            must_be_open(move, state=PoolState(state), among=found)
        else:
            with pytest.raises(Conflict) as caught:
                must_be_open(move, state=PoolState(state), among=found)
            assert caught.value.code == "wrong_state"


def test_money_that_is_paid_is_not_given_back():
    assert COMMITMENT.after(CommitmentState.RESERVED, "pay") is CommitmentState.PAID
    assert COMMITMENT.moves_from(CommitmentState.PAID) == []
    assert COMMITMENT.moves_from(CommitmentState.RELEASED) == []


def test_flows_are_counted_from_the_beginning_and_months_are_half_open():
    january, february, march = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
    assert flows(entered={january: 3}, left={march: 1}, since=february, until=date(2026, 4, 1)) == [
        Month(february, 0, 0, 3),
        Month(march, 0, 1, 2),
    ]
    assert flows(entered={}, left={}, since=january, until=january) == []
    year = flows(entered={}, left={}, since=date(2025, 12, 1), until=date(2027, 1, 1))
    assert [each.month.month for each in year] == [12, *range(1, 13)]


def test_a_draft_cannot_be_admitted():
    with pytest.raises(Conflict):
        POOL_ENTRY.after(PoolState.DRAFT, "admit")
