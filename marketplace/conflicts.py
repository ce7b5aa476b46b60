"""Conflicts of interest: what excludes a match, and what is said beside it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import auto
from uuid import UUID

from marketplace.actors import Actor, Role
from marketplace.errors import Invalid
from marketplace.vocabulary import Term

LONGEST_NOTE = 500

Pair = tuple[UUID, UUID]


class RelationKind(Term):
    """How two organizations are related (关联关系)."""

    SHAREHOLDING = auto()
    COMMON_CONTROL = auto()
    SHARED_MANAGEMENT = auto()
    FAMILY = auto()
    EMPLOYMENT = auto()
    FUNDING = auto()
    OTHER = auto()


class Conflict(Term):
    """What stands between the two sides of a match."""

    SAME_ORGANIZATION = auto()
    UNCONFIRMED_IDENTITY = auto()
    DECLARED_RELATION = auto()
    #: One of the two sides is the house of the broker who looks at it.
    OWN_HOUSE = auto()


#: Each conflict as a sentence, the key of its translation.
CONFLICTS: Mapping[Conflict, str] = {
    Conflict.SAME_ORGANIZATION: "Both sides are the same organization.",
    Conflict.UNCONFIRMED_IDENTITY: "The identity of one of the two organizations is not confirmed.",
    Conflict.DECLARED_RELATION: "The two organizations are related, as one of them declared.",
    Conflict.OWN_HOUSE: "One of the two sides is your own house, so you do not stand between them.",
}


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a match, as far as conflicts go."""

    organization: UUID
    #: Whether staff have verified who it is.
    is_confirmed: bool = True


def conflicts(
    offer: Party, need: Party, relations: Collection[Pair], reader_house: UUID | None = None
) -> list[Conflict]:
    """
    Return what stands between two sides, in the order of the vocabulary.

    `relations` are pairs of related organizations in either order, and `reader_house` is that of
    the broker who looks, if it is one. With an institute I, works W and a house of brokers B:

        I and I → same organization
        I, not confirmed, and W → unconfirmed identity
        I and W, related (W, I) → declared relation
        B and W, seen by a broker of B → own house; seen by anybody else → nothing
    """
    sides = (offer.organization, need.organization)
    found = {
        Conflict.SAME_ORGANIZATION: sides[0] == sides[1],
        Conflict.UNCONFIRMED_IDENTITY: not (offer.is_confirmed and need.is_confirmed),
        Conflict.DECLARED_RELATION: sides in relations or sides[::-1] in relations,
        Conflict.OWN_HOUSE: reader_house in sides,
    }
    return [conflict for conflict, is_there in found.items() if is_there]


def house_of(actor: Actor) -> UUID | None:
    """Return the house whose broker `actor` is; a party that looks at its own match has none."""
    is_broker = not actor.is_system and actor.has(Role.BROKER)
    return actor.organization if is_broker else None


def in_order(one: UUID, other: UUID) -> Pair:
    """Return two organizations in the order of their keys, in which their relation is kept."""
    return (one, other) if one < other else (other, one)


def relation_faults(own: UUID, other: UUID) -> list[Invalid]:
    """Return a fault where an organization is to be related to itself."""
    if own != other:
        return []
    return [
        Invalid(
            "An organization is not related to itself.",
            code="same_organization",
            field="organization",
        )
    ]
