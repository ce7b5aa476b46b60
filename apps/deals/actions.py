"""Everything that can be done to a deal."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.queries import memberships_of, must_be_verified, organization_of
from apps.deals.models import Deal
from apps.deals.queries import broker_named
from apps.journal.actions import record
from apps.markets.models import Listing
from apps.matching.models import Match
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.deals import (
    DEAL,
    DropReason,
    drop_reason,
    must_be_allowed,
    must_have_price,
    must_stand_between,
    must_want_broker,
    proposed_price,
)
from marketplace.errors import Invalid, Refused
from marketplace.listings import AUTHORS, ListingState, Side
from marketplace.money import Money


@transaction.atomic
def express_interest(*, offer: UUID | None = None, need: UUID | None = None, by: Actor) -> Deal:
    """
    Show interest in another organization's listing, with or without a listing of one's own.

    Who answers an offer is the taker, who answers a need the owner.
    """
    by.must_have(*AUTHORS)
    found = _listings(offer, need, by)
    if len(found) == 2:
        by.must_act_for(*(listing.organization_id for listing in found.values()))
    person, own = _opener(by)
    deal = _deal(
        found,
        owner=found[Side.OFFER].organization_id if offer else own,
        taker=found[Side.NEED].organization_id if need else own,
        opened_for=own,
        opened_by=person,
    )
    deal.save(force_insert=True)
    record("deal.opened", deal, by=by, parties=deal.parties, offer=offer, need=need)
    return deal


@transaction.atomic
def introduce(*, offer: UUID, need: UUID, by: Actor) -> Deal:
    """Bring two organizations together; the broker who does it belongs to neither."""
    by.must_have(Role.BROKER)
    found = _listings(offer, need, by)
    person, own = _opener(by)
    deal = _deal(
        found,
        owner=found[Side.OFFER].organization_id,
        taker=found[Side.NEED].organization_id,
        opened_for=own,
        opened_by=person,
    )
    must_stand_between(memberships_of(person), deal.table)
    deal.broker_id, deal.broker_organization_id = person, own
    deal.save(force_insert=True)
    record("deal.introduced", deal, by=by, parties=deal.parties, offer=offer, need=need)
    return deal


@transaction.atomic
def assign_broker(deal: Deal, *, broker: str, by: Actor, expected: int | None = None) -> Deal:
    """Entrust the deal to the broker of this user name, who must belong to neither side."""
    deal = Deal.objects.locked(deal, by=by, expected=expected)
    must_be_allowed("assign_broker", deal.table, by)
    must_want_broker(deal.state, deal.table)
    membership = broker_named(broker, field="broker")
    must_stand_between(memberships_of(membership.user_id), deal.table, field="broker")
    deal.broker_id, deal.broker_organization_id = membership.user_id, membership.organization_id
    deal.store("broker", "broker_organization")
    record("deal.broker_assigned", deal, by=by, parties=deal.parties, broker=deal.broker_id)
    return deal


@transaction.atomic
def open_talks(deal: Deal, *, by: Actor, expected: int | None = None) -> Deal:
    """Answer an interest and start talking."""
    deal = Deal.objects.locked(deal, by=by, expected=expected)
    must_be_allowed("open_talks", deal.table, by)
    deal.state = DEAL.after(deal.state, "open_talks")
    deal.store("state")
    record("deal.talks_opened", deal, by=by, parties=deal.parties)
    return deal


@transaction.atomic
def propose_price(deal: Deal, *, price: Money, by: Actor, expected: int | None = None) -> Deal:
    """Put a price on the table, in place of the one that is there."""
    deal = Deal.objects.locked(deal, by=by, expected=expected)
    must_be_allowed("propose_price", deal.table, by)
    deal.state = DEAL.after(deal.state, "propose_price")
    price = proposed_price(price)
    deal.price_amount, deal.price_currency = price.amount, price.currency
    deal.price_proposed_by_id = deal.table.side_of(by)
    deal.store("price_amount", "price_currency", "price_proposed_by")
    record("deal.price_proposed", deal, by=by, parties=deal.parties)
    return deal


@transaction.atomic
def agree(deal: Deal, *, by: Actor, expected: int | None = None) -> Deal:
    """Accept the price that the other side proposed."""
    deal = Deal.objects.locked(deal, by=by, expected=expected)
    must_be_allowed("agree", deal.table, by)
    deal.state = DEAL.after(deal.state, "agree")
    must_have_price(deal.table)
    deal.agreed_on = day_of(timezone.now())
    deal.store("state", "agreed_on")
    record("deal.agreed", deal, by=by, parties=deal.parties)
    return deal


@transaction.atomic
def reopen(deal: Deal, *, by: Actor, expected: int | None = None) -> Deal:
    """Go back to the talks; the price is off the table, so that nobody is held to it."""
    deal = Deal.objects.locked(deal, by=by, expected=expected)
    must_be_allowed("reopen", deal.table, by)
    deal.state = DEAL.after(deal.state, "reopen")
    deal.agreed_on = None
    deal.price_amount, deal.price_currency, deal.price_proposed_by = None, "", None
    deal.store("state", "agreed_on", "price_amount", "price_currency", "price_proposed_by")
    record("deal.reopened", deal, by=by, parties=deal.parties)
    return deal


@transaction.atomic
def contract(deal: Deal, *, by: Actor, expected: int | None = None) -> Deal:
    """Close a deal because its contract was drawn up; called by that deed, in its transaction."""
    deal = Deal.objects.locked(deal, by=by, expected=expected)
    must_be_allowed("contract", deal.table, by)
    deal.state = DEAL.after(deal.state, "contract")
    deal.store("state")
    record("deal.contracted", deal, by=by, parties=deal.parties)
    return deal


@transaction.atomic
def release(deal: Deal, *, by: Actor, expected: int | None = None) -> Deal:
    """Give a deal back to its sides because its contract came to nothing; called by that deed."""
    deal = Deal.objects.locked(deal, by=by, expected=expected)
    must_be_allowed("release", deal.table, by)
    deal.state = DEAL.after(deal.state, "release")
    deal.store("state")
    record("deal.released", deal, by=by, parties=deal.parties)
    return deal


@transaction.atomic
def drop(
    deal: Deal, *, reason: DropReason, note: str = "", by: Actor, expected: int | None = None
) -> Deal:
    """End a deal without a contract."""
    deal = Deal.objects.locked(deal, by=by, expected=expected)
    must_be_allowed("drop", deal.table, by)
    state = DEAL.after(deal.state, "drop")
    deal.drop_reason = drop_reason(reason, state=deal.state, by=by)
    deal.state, deal.drop_note = state, note
    deal.store("state", "drop_reason", "drop_note")
    record("deal.dropped", deal, by=by, parties=deal.parties, reason=reason)
    return deal


def _listings(offer: UUID | None, need: UUID | None, by: Actor) -> dict[Side, Listing]:
    """
    Return the listings a deal is to be about, or raise Invalid for all that is wrong with them.

    They stay locked, so that none is withdrawn before the deal is there to be told of it.
    """
    named = ((Side.OFFER, offer), (Side.NEED, need))
    asked: dict[Side, UUID] = {side: pk for side, pk in named if pk is not None}
    if not asked:
        raise Invalid("Name an offer, a need, or one of each.", code="no_listing", field="offer")
    rows = {
        row.pk: row
        for row in Listing.objects.visible_to(by)
        .filter(pk__in=asked.values())
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    }
    found = {side: rows[pk] for side, pk in asked.items() if pk in rows and rows[pk].side is side}
    faults = [
        # The same words for what is not there and what may not be seen.
        Invalid(
            "There is no {side} with this id that you may see.",
            code="unknown_listing",
            field=side.value,
            side=side,
        )
        for side in asked
        if side not in found
    ]
    faults += [
        Invalid("This listing is not published.", code="not_published", field=side.value)
        for side, row in found.items()
        if row.state is not ListingState.PUBLISHED
    ]
    Invalid.unless_none(faults)
    if len({row.market for row in found.values()}) > 1:
        raise Invalid(
            "The offer and the need are in different markets.", code="other_market", field="need"
        )
    return found


def _opener(by: Actor) -> tuple[UUID, UUID]:
    """Return the person and the organization that open a deal, which must be a verified one."""
    organization = organization_of(by)
    if by.user is None:
        raise Refused("Only a person can do this.", code="not_a_person")
    must_be_verified(organization)
    return by.user, organization


def _deal(
    found: Mapping[Side, Listing], *, owner: UUID, taker: UUID, opened_for: UUID, opened_by: UUID
) -> Deal:
    """Return a new deal that is not stored yet."""
    offer, need = found.get(Side.OFFER), found.get(Side.NEED)
    if owner == taker:
        raise Invalid(
            "A deal has two sides; both would be the same organization.",
            code="same_organization",
            field="offer" if offer else "need",
        )
    return Deal(
        offer=offer,
        need=need,
        match=Match.objects.filter(offer=offer, need=need).first() if offer and need else None,
        owner_id=owner,
        taker_id=taker,
        opened_by_id=opened_by,
        opened_for_id=opened_for,
    )
