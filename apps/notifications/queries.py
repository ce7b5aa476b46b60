"""What is new for whom."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from apps.accounts.models import Membership, User
from apps.deals.models import Deal
from apps.markets.models import Listing
from apps.matching.models import Match
from apps.matching.queries.attention import proposable
from marketplace.actors import Actor
from marketplace.errors import Refused


def listings_of(organization: UUID) -> list[UUID]:
    """Return what an organization has on the market."""
    rows = Listing.objects.published().filter(organization=organization)
    return list(rows.values_list("pk", flat=True))


def new_matches(listings: Collection[UUID], *, since: datetime, by: Actor) -> list[Match]:
    """
    Return the matches of `listings` that `by` may know of and that were found after `since`.

    Those that somebody called wrong, and those that were lost again, are none. The best come first.
    """
    rows = proposable(Match.objects.visible_to(by)).filter(created_at__gt=since)
    # Asked side by side, for each side has an index of its own.
    found: dict[UUID, Match] = {}
    for side in ("offer", "need"):
        several = rows.filter(**{f"{side}__in": listings})
        found |= {each.pk: each for each in several.only("offer", "need", "score")}
    return sorted(found.values(), key=lambda match: (-match.score, match.pk))


def somebody_of(organization: UUID) -> Actor | None:
    """Return one of the people of an organization, through whose eyes it sees; None without any."""
    rows = Membership.objects.current().filter(organization=organization, user__is_active=True)
    first = rows.select_related("user").order_by("pk").first()
    return first.user.as_actor(organization=organization) if first else None


def brokered(listings: Collection[UUID]) -> list[Deal]:
    """Return the open deals about `listings` that stand in the charge of a broker."""
    deals = Deal.objects.open().filter(Q(offer__in=listings) | Q(need__in=listings))
    rows = deals.filter(broker__is_active=True, broker_organization__isnull=False)
    return list(rows.select_related("broker").order_by("pk"))


def broker_of(deal: Deal) -> Actor | None:
    """Return the broker in charge of a deal, as he may see now; None where he left his house."""
    broker: User | None = deal.broker
    if broker is None:
        return None
    try:
        return broker.as_actor(organization=deal.broker_organization_id)
    except Refused:
        return None
