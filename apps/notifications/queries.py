"""What is new for whom."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from apps.accounts.models import Membership, User
from apps.deals.models import Deal
from apps.markets.models import Listing
from apps.matching.models import Match
from apps.matching.queries.attention import proposable
from apps.notifications.models import Notice
from apps.pools.models import Fund, Project, Talent
from marketplace.actors import Actor
from marketplace.errors import Refused

#: What has a title that everybody may read while it can be seen by everybody.
TITLED = {each._meta.label_lower for each in (Listing, Project, Talent, Fund)}


def listings_of(organization: UUID) -> list[UUID]:
    """Return what an organization has on the market."""
    rows = Listing.objects.published().filter(organization=organization)
    return list(rows.values_list("pk", flat=True))


def new_matches(
    listings: Collection[UUID], *, since: datetime, until: datetime, by: Actor
) -> list[Match]:
    """
    Return the matches of `listings` that `by` may know of and that were found in a time.

    Those that somebody called wrong, and those that were lost again, are none. The best come first.
    """
    rows = proposable(Match.objects.visible_to(by))
    rows = rows.filter(created_at__gt=since, created_at__lte=until)
    # Asked side by side, for each side has an index of its own.
    found: dict[UUID, Match] = {}
    for side in ("offer", "need"):
        several = rows.filter(**{f"{side}__in": listings})
        found |= {each.pk: each for each in several.only("offer", "need", "score")}
    return sorted(found.values(), key=lambda match: (-match.score, match.pk))


def new_matches_of_deal(
    deal: Deal, listings: Collection[UUID], *, since: datetime, until: datetime, by: Actor
) -> list[Match]:
    """
    Return the new matches of those of `listings` that a deal is about, as its broker is told them.

    That the two sides of the deal itself fit is no news to him. Matches in which his own house is
    a side are left out too: he arranges for others, and not beside them for his own.
    """
    own = {deal.offer_id, deal.need_id}
    about = [pk for pk in listings if pk in own]
    found = new_matches(about, since=since, until=until, by=by)
    sides = {pk for match in found for pk in (match.offer_id, match.need_id)}
    house = Listing.objects.filter(organization=deal.broker_organization_id, pk__in=sides)
    at_home = set(house.values_list("pk", flat=True))
    return [
        match
        for match in found
        if {match.offer_id, match.need_id} != own
        and at_home.isdisjoint((match.offer_id, match.need_id))
    ]


def can_see(notice: Notice, *, by: Actor) -> bool:
    """Say whether a notice is still for `by`, and what it tells of can still be seen by him."""
    if not Notice.objects.visible_to(by).filter(pk=notice.pk).exists():
        return False
    told = [(notice.subject_type, notice.subject_id)]
    if "match" in notice.facts:
        told.append((Match._meta.label_lower, notice.facts["match"]))
    return all(_rows(label).visible_to(by).filter(pk=pk).exists() for label, pk in told)


def public_title(notice: Notice) -> str:
    """Return how what a notice tells of is called, where everybody may read that; else nothing."""
    if notice.subject_type in TITLED:
        public = _rows(notice.subject_type).visible_to(Actor.anonymous())
        return public.filter(pk=notice.subject_id).values_list("title", flat=True).first() or ""
    return ""


def public_titles(listings: Sequence[UUID], most: int) -> list[str]:
    """Return how the first of `listings` are called, as far as everybody may read that."""
    public = Listing.objects.published().visible_to(Actor.anonymous()).filter(pk__in=listings)
    titles = dict(public.values_list("pk", "title"))
    return [titles[pk] for pk in listings if pk in titles][:most]


def _rows(label: str) -> Any:
    return apps.get_model(label)._default_manager


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


def readers_of(notices: Collection[Notice]) -> dict[UUID, list[User]]:
    """Return, by organization, the people in it who can be told something by mail."""
    rows = Membership.objects.current().filter(
        organization__in={notice.organization_id for notice in notices},
        user__is_active=True,
    )
    found: dict[UUID, dict[UUID, User]] = {}
    for row in rows.exclude(user__email="").select_related("user__postbox").order_by("pk"):
        found.setdefault(row.organization_id, {})[row.user_id] = row.user
    return {organization: list(people.values()) for organization, people in found.items()}
