"""Deals, brought to a state by the actions themselves."""

from decimal import Decimal

from apps.deals import actions
from apps.deals.models import Deal
from marketplace.actors import Actor
from marketplace.deals import DealState, DropReason
from marketplace.money import Money
from tests.build import markets as build_markets

PRICE = Money(Decimal("800000.00"))


def deal(
    state: DealState = DealState.INTEREST,
    *,
    owner: Actor,
    taker: Actor,
    reviewer: Actor,
    broker: Actor | None = None,
    need: bool = False,
) -> Deal:
    """
    Return a deal about an offer of `owner`, that `taker` showed interest in, in `state`.

    With a `broker` it was he who introduced the two, and it is about a need of the taker too.
    """
    offer = build_markets.offer(by=owner, reviewer=reviewer)
    asked = {"offer": offer.pk}
    if need or broker:
        asked["need"] = build_markets.need(by=taker, reviewer=reviewer).pk
    if broker:
        row = actions.introduce(**asked, by=broker)
    else:
        row = actions.express_interest(**asked, by=taker)
    if state is DealState.DROPPED:
        return actions.drop(row, reason=DropReason.TOO_EARLY, by=owner)
    if state is not DealState.INTEREST:
        row = actions.open_talks(row, by=owner)
    if state in (DealState.AGREED, DealState.CONTRACTED):
        row = actions.propose_price(row, price=PRICE, by=owner)
        row = actions.agree(row, by=taker)
    if state is DealState.CONTRACTED:
        row = actions.contract(row, by=owner)
    return row
