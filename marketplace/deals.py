"""How a deal is struck, and who may make which move."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import auto
from uuid import UUID

from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.lifecycle import Lifecycle, move
from marketplace.listings import AUTHORS
from marketplace.money import LARGEST, YUAN, Money
from marketplace.vocabulary import Term


class DealState(Term):
    """How far two organizations have come."""

    INTEREST = auto()
    IN_TALKS = auto()
    AGREED = auto()
    CONTRACTED = auto()
    DROPPED = auto()


class DropReason(Term):
    """Why nothing came of it."""

    TOO_EARLY = auto()
    BENEFIT_UNCLEAR = auto()
    PRICE = auto()
    READINESS = auto()
    FIELD = auto()
    CAPACITY = auto()
    CONFLICT = auto()
    NO_ANSWER = auto()
    LISTING_CLOSED = auto()
    OTHER = auto()


DEAL = Lifecycle(
    start=DealState.INTEREST,
    moves={
        "open_talks": move(DealState.INTEREST, to=DealState.IN_TALKS),
        "propose_price": move(DealState.IN_TALKS, to=DealState.IN_TALKS),
        "agree": move(DealState.IN_TALKS, to=DealState.AGREED),
        "reopen": move(DealState.AGREED, to=DealState.IN_TALKS),
        "contract": move(DealState.AGREED, to=DealState.CONTRACTED),
        "release": move(DealState.CONTRACTED, to=DealState.AGREED),
        "drop": move(
            DealState.INTEREST, DealState.IN_TALKS, DealState.AGREED, to=DealState.DROPPED
        ),
    },
)

#: The states in which the two sides still have something to settle.
OPEN_STATES = (DealState.INTEREST, DealState.IN_TALKS, DealState.AGREED)
#: The states in which a broker can still be of use.
BROKER_STATES = (DealState.INTEREST, DealState.IN_TALKS)
#: The states that rest on a price.
PRICED_STATES = (DealState.AGREED, DealState.CONTRACTED)


class Seat(Term):
    """A place at the table, as the moves distinguish them."""

    EITHER_SIDE = auto()
    ANSWERING_SIDE = auto()
    OTHER_THAN_PROPOSER = auto()
    CLOCK = auto()


#: Who may make which move. Who may list for an organization may also speak for it at a deal.
WHO_MAY: dict[str, frozenset[Seat]] = {
    "open_talks": frozenset({Seat.ANSWERING_SIDE}),
    "propose_price": frozenset({Seat.EITHER_SIDE}),
    "agree": frozenset({Seat.OTHER_THAN_PROPOSER}),
    "reopen": frozenset({Seat.EITHER_SIDE}),
    "contract": frozenset({Seat.EITHER_SIDE}),
    "release": frozenset({Seat.CLOCK}),
    "drop": frozenset({Seat.EITHER_SIDE, Seat.CLOCK}),
    "assign_broker": frozenset({Seat.EITHER_SIDE}),
}
#: Moves that are made only by another deed: the contract is drawn up, or comes to nothing.
INDIRECT_MOVES = frozenset({"contract", "release"})

#: Reasons only the clock gives: it knows that a listing was closed, and so nobody else need say it.
CLOCK_REASONS = frozenset({DropReason.LISTING_CLOSED})

#: What a price can be in. Amounts are registered in yuan and there are no exchange rates here.
CURRENCIES = (YUAN,)


@dataclass(frozen=True, slots=True)
class Table:
    """Which organizations sit at a deal."""

    owner: UUID
    taker: UUID
    #: The one that opened the deal: a side, or the broker's where he introduced the two.
    opened_for: UUID
    price_proposed_by: UUID | None = None
    broker: UUID | None = None

    @property
    def answering(self) -> UUID:
        """
        Return the side whose yes opens the talks: the one that did not open the deal.

        Where a broker introduced the two it is the owner, who has most to lose by talking; the
        taker says his own yes or no in the talks.
        """
        return self.taker if self.opened_for == self.owner else self.owner

    @property
    def accepting(self) -> UUID | None:
        """Return the side whose yes settles the proposed price, if there is one."""
        if self.price_proposed_by is None:
            return None
        return self.taker if self.price_proposed_by == self.owner else self.owner

    def side_of(self, actor: Actor) -> UUID:
        """Return the side that `actor`, who acts for one of them, acts for."""
        return self.owner if actor.acts_for(self.owner) else self.taker

    def has_at(self, seat: Seat, actor: Actor) -> bool:
        """Say whether `actor` sits in `seat`."""
        if actor.is_system or seat is Seat.CLOCK:
            return actor.is_system and seat is Seat.CLOCK
        organizations = {
            Seat.EITHER_SIDE: (self.owner, self.taker),
            Seat.ANSWERING_SIDE: (self.answering,),
            Seat.OTHER_THAN_PROPOSER: (self.accepting,),
        }
        return actor.has(*AUTHORS) and actor.acts_for(*organizations[seat])


def may(move: str, table: Table, actor: Actor) -> bool:
    """Say whether `actor` is one of those who may make `move`, whatever the state."""
    return any(table.has_at(seat, actor) for seat in WHO_MAY[move])


def must_be_allowed(move: str, table: Table, actor: Actor) -> None:
    """Raise Refused unless `actor` is one of those who may make `move`."""
    if may(move, table, actor):
        return
    if move == "agree" and table.has_at(Seat.EITHER_SIDE, actor):
        if table.price_proposed_by is None:
            return  # Nobody's price: that is no matter of rights but of what is on the table.
        raise Refused("Your own price is for the other side to accept.", code="own_price")
    if move == "open_talks" and table.has_at(Seat.EITHER_SIDE, actor):
        raise Refused("It is for the other side to open the talks.", code="own_interest")
    raise Refused("At this deal that move is not yours.", code="not_your_move")


def moves_of(actor: Actor, *, state: DealState, table: Table) -> list[str]:
    """Return the moves that `actor` can make right now, in the order of the life cycle."""
    names = [name for name in DEAL.moves_from(state) if name not in INDIRECT_MOVES]
    if state in BROKER_STATES and table.broker is None:
        names.append("assign_broker")
    return [name for name in names if may(name, table, actor)]


def proposed_price(price: Money) -> Money:
    """
    Return `price` if it can be put on the table, or raise Invalid.

    Nothing is a price too: a licence can be free, or be paid only after use (先使用后付费).
    """
    if price.currency not in CURRENCIES:
        raise Invalid(
            "Prices are in {currencies}.",
            code="wrong_currency",
            field="currency",
            currencies=", ".join(CURRENCIES),
        )
    if not 0 <= price.amount <= LARGEST:
        raise Invalid(
            "A price is from 0 to {largest}.",
            code="amount_out_of_range",
            field="amount",
            largest=LARGEST,
        )
    return price


def must_have_price(table: Table) -> None:
    """Raise Conflict where there is no price to agree to."""
    if table.price_proposed_by is None:
        raise Conflict("Nobody has proposed a price yet.", code="no_price")


def drop_reason(reason: DropReason, *, state: DealState, by: Actor) -> DropReason:
    """
    Return `reason` if it can end a deal in `state`, or raise an error.

    That a listing was closed ends only an interest nobody answered: those who talk have found each
    other, which is often why the listing was closed.
    """
    if reason in CLOCK_REASONS and not by.is_system:
        raise Invalid(
            "{reason} is said by the market itself. Give your own reason.",
            code="reason_not_yours",
            field="reason",
            reason=reason,
        )
    if reason in CLOCK_REASONS and state is not DealState.INTEREST:
        raise Conflict("The two sides talk already.", code="talks_go_on")
    return reason


def is_introduction(actor: Actor, *, names_both: bool, owns_one: bool) -> bool:
    """
    Say whether `actor`, by opening a deal, brings two others together rather than shows interest.

    It is known by whose the listings are: a broker names two, and neither is his organization's.
    """
    return actor.has(Role.BROKER) and names_both and not owns_one


def must_stand_between(belongs_to: Collection[UUID], table: Table, *, field: str = "") -> None:
    """Raise Refused where a broker `belongs_to` one of the sides between which he is to stand."""
    if table.owner in belongs_to or table.taker in belongs_to:
        raise Refused(
            "A broker belongs to neither side of the deal.", code="self_dealing", field=field
        )


def must_want_broker(state: DealState, table: Table) -> None:
    """Raise Conflict where there is nothing left to broker, or somebody who does it."""
    if state not in BROKER_STATES:
        raise Conflict(
            "This is {state} now; there is nothing left to broker.", code="wrong_state", state=state
        )
    if table.broker is not None:
        raise Conflict("The deal has a broker already.", code="broker_already_assigned")
