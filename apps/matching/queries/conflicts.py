"""What stands between the two sides of a match."""

from collections.abc import Collection, Sequence
from uuid import UUID

from apps.markets.models import Listing
from apps.matching.models import Match, Relation
from marketplace.actors import Actor
from marketplace.conflicts import Conflict, Pair, Party, conflicts, house_of, in_order


def related(pairs: Collection[Pair]) -> set[Pair]:
    """Return those of `pairs` whose two organizations are related; with one query."""
    if not pairs:
        return set()
    keys = {key for pair in pairs for key in pair}
    rows = Relation.objects.standing().filter(first__in=keys, second__in=keys)
    found = set(rows.values_list("first_id", "second_id"))
    return {pair for pair in pairs if in_order(*pair) in found}


def flags(matches: Sequence[Match], *, by: Actor) -> dict[UUID, list[Conflict]]:
    """
    Return by match what is said beside it to whoever looks at it; with two queries.

    It is asked at every reading, so a relation that is declared is beside all matches at once.
    """
    keys = {key for match in matches for key in (match.offer_id, match.need_id)}
    rows = Listing.objects.filter(pk__in=keys).values_list(
        "pk", "organization_id", "organization__verified_at"
    )
    parties = {
        pk: Party(organization, is_confirmed=verified_at is not None)
        for pk, organization, verified_at in rows
    }
    sides = {match.pk: (parties[match.offer_id], parties[match.need_id]) for match in matches}
    relations = related({(one.organization, other.organization) for one, other in sides.values()})
    house = house_of(by)
    found = {pk: conflicts(*pair, relations, house) for pk, pair in sides.items()}
    return {pk: each for pk, each in found.items() if each}
