"""Whatever several people try in whatever order: two reviews, and a ledger that adds up."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from apps.accounts.models import Membership, Organization, User
from apps.contracts import actions
from apps.contracts.models import Contract, LedgerEntry, NumberCounter, Unfolded
from apps.journal.models import Entry
from marketplace.actors import Actor, Role
from marketplace.contracts import CONTRACT, ContractState, RefusalGround
from marketplace.errors import Conflict, Invalid, MarketError, Missing, Refused, Stale
from tests.build import contracts as build

MOVES = st.sampled_from(
    [
        ("submit", {"holds_no_state_secret": True}),
        ("submit", {"holds_no_state_secret": False}),
        ("accept", {}),
        ("send_back", {"reason": "请补正。"}),
        ("review", {"recognised_amount": Decimal("6800000.00")}),
        ("review", {"recognised_amount": Decimal("6400000.00")}),
        ("review", {"recognised_amount": Decimal("8000000.01")}),
        ("register", {}),
        ("refuse", {"ground": RefusalGround.OTHER, "note": "不符合。"}),
        ("withdraw", {}),
        ("change", {"deduction_amount": Decimal("1600000.00")}),
        ("change", {"buyers": [build.BUYER]}),
    ]
)
WHO = st.sampled_from(["author", "first", "second", "third", "buyer", "stranger", "clock"])
#: Most of what people do is what is open to them; the rest is what they must not get away with.
SENSIBLE = {
    ContractState.DRAFT: ["submit", "change"],
    ContractState.SENT_BACK: ["submit", "change"],
    ContractState.SUBMITTED: ["accept", "send_back"],
    ContractState.ACCEPTED: ["review", "refuse"],
    ContractState.FIRST_REVIEWED: ["register", "send_back"],
}


class Life(RuleBasedStateMachine):
    """Two contracts among seven who act."""

    people: dict[str, Actor]
    #: How often the way into the register was found, over all runs.
    registered = 0

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        known = {name: self.people[name] for name in ("author", "first", "second")}
        self.rows = [build.contract(**known).pk for _ in range(2)]
        #: Who reviewed first since the contract was last sent back.
        self.reviewed: dict[UUID, UUID | None] = dict.fromkeys(self.rows)

    def teardown(self) -> None:
        connection.check_constraints()
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @rule(place=st.integers(0, 1), who=WHO, move=MOVES, old=st.booleans())
    def anybody_tries_anything(
        self, place: int, who: str, move: tuple[str, dict[str, Any]], old: bool
    ) -> None:
        self._try(place, who, *move, late=old)

    @rule(
        place=st.integers(0, 1),
        reviewer=st.sampled_from(["first", "second", "third"]),
        choice=st.integers(0, 3),
    )
    def somebody_does_what_is_open(self, place: int, reviewer: str, choice: int) -> None:
        state = Contract.objects.get(pk=self.rows[place]).state
        if state in SENSIBLE:
            name = SENSIBLE[state][choice == 3]
            who = "author" if name in ("submit", "change") else reviewer
            given: dict[str, Any] = {
                "submit": {"holds_no_state_secret": True},
                "change": {"deduction_amount": Decimal("1200000.00")},
                "send_back": {"reason": "请补正。"},
                "review": {"recognised_amount": Decimal("6400000.00")},
                "refuse": {"ground": RefusalGround.OTHER, "note": "不符合。"},
            }.get(name, {})
            self._try(place, who, name, given, late=False)

    def _try(self, place: int, who: str, name: str, given: dict[str, Any], *, late: bool) -> None:
        row = Contract.objects.get(pk=self.rows[place])
        actor = self.people[who]
        entries = Entry.objects.count()
        try:
            after = getattr(actions, name)(
                row, **given, by=actor, expected=row.version - 1 if late else row.version
            )
        except (Conflict, Invalid, Missing, Refused, Stale):
            assert Contract.objects.get(pk=row.pk).version == row.version
            assert Entry.objects.count() == entries
            return
        except MarketError as error:
            raise AssertionError("no other refusal is known") from error
        assert not late
        assert Entry.objects.count() == entries + 1
        assert after.version == row.version + 1
        if name != "change":
            assert after.state is CONTRACT.after(row.state, name)
        if name in ("submit", "withdraw", "change"):
            assert who == "author"
        else:
            assert who in ("first", "second", "third")
        if name == "review":
            self.reviewed[row.pk] = actor.user
        if name == "register":
            assert self.reviewed[row.pk] not in (None, actor.user)
            Life.registered += 1
        self.two_people_reviewed_what_is_registered()
        self.the_ledger_is_the_sum_of_the_register()

    def two_people_reviewed_what_is_registered(self) -> None:
        for row in Contract.objects.filter(state=ContractState.REGISTERED):
            people = {row.author_id, row.first_reviewer_id, row.second_reviewer_id}
            assert len(people - {None}) == 3
            assert row.first_reviewer_id == self.reviewed[row.pk]
            assert row.number is not None

    def the_ledger_is_the_sum_of_the_register(self) -> None:
        names = ("total_amount", "recognised_amount")
        register = Contract.objects.filter(state=ContractState.REGISTERED)
        sums = {name: Sum(name, default=Decimal(0)) for name in names}
        assert LedgerEntry.objects.aggregate(**sums) == register.aggregate(**sums)
        counter = NumberCounter.objects.first()
        drawn = counter.last if counter else 0
        assert register.count() == LedgerEntry.objects.count() == Unfolded.objects.count() == drawn


@pytest.fixture
def third_reviewer(office: Organization) -> Actor:
    """Return a third person of the office."""
    person = User.objects.create(username="third_reviewer", name="冯审核", password="!")
    Membership.objects.create(user=person, organization=office, role=Role.REVIEWER)
    return person.as_actor(organization=office.pk)


@pytest.mark.django_db
def test_there_is_no_way_round_two_reviews(
    as_researcher: Actor,
    as_reviewer: Actor,
    as_second_reviewer: Actor,
    as_agent: Actor,
    as_stranger: Actor,
    third_reviewer: Actor,
) -> None:
    Life.people = {
        "author": as_researcher,
        "first": as_reviewer,
        "second": as_second_reviewer,
        "third": third_reviewer,
        "buyer": as_agent,
        "stranger": as_stranger,
        "clock": Actor.system("clock"),
    }
    run_state_machine_as_test(Life)
    assert Life.registered > 0, "the machine never got as far as what it is to guard"
