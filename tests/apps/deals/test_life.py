"""Deals led at random by both sides: whatever they try, the deal stays one that can be."""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from apps.deals import actions
from apps.journal.models import Entry
from marketplace.deals import DealState, DropReason, moves_of
from marketplace.errors import MarketError
from marketplace.money import Money
from tests.build import deals as build

MOVES = ["open_talks", "propose_price", "agree", "reopen", "drop", "assign_broker", "contract"]


def test_a_deal_led_at_random_stays_possible(
    as_researcher, as_agent, as_broker, as_stranger, as_reviewer
):
    deal = build.deal(owner=as_researcher, taker=as_agent, reviewer=as_reviewer)
    cast = [as_researcher, as_agent, as_broker, as_stranger]
    arguments = {
        "propose_price": {"price": Money(Decimal("10.00"))},
        "drop": {"reason": DropReason.OTHER},
        "assign_broker": {"broker": "broker"},
    }

    class Life(RuleBasedStateMachine):
        @initialize()
        def begin(self):
            self.place = transaction.savepoint()
            self.deal = deal
            self.deal.refresh_from_db()

        def teardown(self):
            transaction.savepoint_rollback(self.place)

        @rule(move=st.sampled_from(MOVES), actor=st.sampled_from(cast))
        def anybody_tries(self, move, actor):
            shown = moves_of(actor, state=self.deal.state, table=self.deal.table)
            before = (self.deal.version, Entry.objects.count())
            try:
                self.deal = getattr(actions, move)(self.deal, by=actor, **arguments.get(move, {}))
            except MarketError:
                assert move not in shown
                self.deal.refresh_from_db()
                assert (self.deal.version, Entry.objects.count()) == before
            else:
                assert move in shown or move == "contract"
                after = (self.deal.version, Entry.objects.count())
                assert after == (before[0] + 1, before[1] + 1)

        @invariant()
        def it_can_be(self):
            row = self.deal
            assert (row.state is DealState.DROPPED) == (row.drop_reason is not None)
            if row.state in (DealState.AGREED, DealState.CONTRACTED):
                assert row.price_amount is not None
                assert row.agreed_on is not None

    run_state_machine_as_test(Life)


@pytest.mark.parametrize("state", list(DealState))
@pytest.mark.parametrize("with_broker", [False, True])
def test_every_state_can_be_built(
    state, with_broker, as_researcher, as_agent, as_broker, as_reviewer
):
    deal = build.deal(
        state,
        owner=as_researcher,
        taker=as_agent,
        reviewer=as_reviewer,
        broker=as_broker if with_broker else None,
    )
    assert deal.state is state
