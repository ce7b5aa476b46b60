"""The rules of the three pools, without a database."""

from decimal import Decimal
from uuid import uuid4

import pytest

from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.pools import (
    AUTHORS,
    POOL_ENTRY,
    TERMS_OF,
    PoolKind,
    PoolState,
    band_faults,
    faults,
    missing,
    must_decide,
    must_give_reason,
    readiness_faults,
    required_of,
    shows_review,
)

AUTHOR, OTHER, OWNER, OFFICE = uuid4(), uuid4(), uuid4(), uuid4()


def reviewer(role: Role = Role.REVIEWER, **facts: object) -> Actor:
    return Actor(**{"user": OTHER, "organization": OFFICE, "roles": frozenset({role})} | facts)


def test_a_project_with_title_and_region_is_a_whole_draft_and_lacks_four_things_to_be_submitted():
    given = {"title": "A", "region": "610100"}
    required = required_of(PoolKind.PROJECT)
    assert missing(given, required, PoolState.DRAFT) == []
    found = missing(given, required, PoolState.SUBMITTED)
    assert [fault.field for fault in found] == [
        "summary",
        "field",
        "readiness",
        "intellectual_property",
    ]
    assert {fault.code for fault in found} == {"missing"}


@pytest.mark.parametrize("empty", [None, "", []])
def test_what_is_empty_is_missing(empty: object):
    assert [f.field for f in missing({"title": empty}, {"title": PoolState.DRAFT}, PoolState.DRAFT)]


@pytest.mark.parametrize("pool", PoolKind)
def test_every_required_word_can_be_written(pool: PoolKind):
    assert set(required_of(pool)) <= set(TERMS_OF[pool])
    assert AUTHORS[pool]


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


def test_all_faults_are_told_at_once():
    terms = {"title": "", "kind": None, "smallest_ticket": Decimal(2), "largest_ticket": Decimal(1)}
    found = faults(PoolKind.FUND, terms, stage=PoolState.DRAFT)
    assert {(fault.field, fault.code) for fault in found} == {
        ("title", "missing"),
        ("region", "missing"),
        ("kind", "missing"),
        ("smallest_ticket", "band_order"),
    }


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


def test_every_state_can_be_reached_and_two_are_final():
    reached = {POOL_ENTRY.start} | {move.target for move in POOL_ENTRY.moves.values()}
    assert reached == set(PoolState)
    assert {state for state in PoolState if not POOL_ENTRY.moves_from(state)} == {
        PoolState.REFUSED,
        PoolState.LEFT,
    }


def test_a_draft_cannot_be_admitted():
    with pytest.raises(Conflict):
        POOL_ENTRY.after(PoolState.DRAFT, "admit")
