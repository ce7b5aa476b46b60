"""What is news to whom."""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Membership
from apps.finding.models import SavedSearch, Views
from apps.markets.models import Listing, ListingQuerySet
from apps.markets.search import Criteria, narrowed
from apps.pools.queries import SUBJECTS
from apps.taxonomy.queries import resolve
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.errors import Invalid
from marketplace.listings import CooperationMode, Market, PriceWay, Side
from marketplace.search import query

#: Which words of a search are codes.
CODES = ("field", "region")
#: Words of a search that a listing says in just the same way; of foreign keys its column.
PLAIN = {
    "market": "market",
    "side": "side",
    "price_way": "price_way",
    "organization": "organization_id",
    "project": "project_id",
}
#: What each word of a search is read as; it is kept as in the address of a list of listings.
READ: dict[str, Callable[[Any], Any]] = {
    "search": str,
    "market": Market,
    "side": Side,
    "field": str,
    "region": str,
    "cooperation_mode": CooperationMode,
    "price_way": PriceWay,
    "readiness_from": int,
    "readiness_to": int,
    "price_from": Decimal,
    "price_to": Decimal,
    "organization": UUID,
    "project": UUID,
}


def news_for(actor: Actor) -> ListingQuerySet:
    """Return what can be news to an actor: what is published by others, as far as he may know."""
    rows = Listing.objects.all().published().visible_to(actor)
    return rows.exclude(organization=actor.organization)


def matching(criteria: Mapping[str, Any], *, by: Actor, among: Collection[UUID]) -> list[UUID]:
    """Return which of the listings `among` are news to `by` that a saved search would find."""
    rows = narrowed(news_for(by), criteria_of(criteria), by=by, among=among)
    return list(rows.values_list("pk", flat=True))


def facts_of(listings: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Return what the published ones among `listings` say plainly, by the words of a search."""
    rows = Listing.objects.published().filter(pk__in=listings)
    return {
        key: {name: str(value) for name, value in zip(PLAIN, values, strict=True)}
        for key, *values in rows.values_list("pk", *PLAIN.values())
    }


def possible(
    criteria: Mapping[str, Any], facts: Mapping[UUID, Mapping[str, str]], *, by: Actor
) -> list[UUID]:
    """
    Return which listings a search may find, as far as their plain facts tell.

    Most searches can find none of a few listings, and need not be asked of the database.
    """
    asked = {name: criteria[name] for name in PLAIN.keys() & criteria.keys()}
    own = str(by.organization)
    return [
        key
        for key, said in facts.items()
        if said["organization"] != own and all(said[name] == value for name, value in asked.items())
    ]


def criteria_of(kept: Mapping[str, Any]) -> Criteria:
    """Return kept criteria as a search takes them."""
    read = {name: READ[name](value) for name, value in kept.items()}
    return Criteria(words=read.pop("search", ""), **read)


def faults_of(criteria: Mapping[str, Any]) -> list[Invalid]:
    """Return a fault for each code of a search that there is not, and where it holds no word."""
    today = day_of(timezone.now())
    faults = []
    for name in CODES:
        if name in criteria:
            try:
                resolve(SUBJECTS[name], criteria[name], on=today, field=f"criteria.{name}")
            except Invalid as error:
                faults.append(error)
    if "search" in criteria and query(criteria["search"]).is_empty:
        faults.append(
            Invalid(
                "This holds no word that can be looked for.",
                code="no_word",
                field="criteria.search",
            )
        )
    return faults


def actors_of(searches: Sequence[SavedSearch]) -> dict[UUID, Actor]:
    """
    Return as whom each of `searches` looks now; none for who has left its organization.

    Roles and vetting are read anew, in one query, however many searches there are.
    """
    rows = Membership.objects.current().filter(
        user__in={search.user_id for search in searches},
        organization__in={search.organization_id for search in searches},
        user__is_active=True,
    )
    roles: dict[tuple[UUID, UUID], set[Role]] = {}
    vetted: set[UUID] = set()
    for user, organization, role, vetted_at in rows.values_list(
        "user_id", "organization_id", "role", "organization__vetted_at"
    ):
        roles.setdefault((user, organization), set()).add(Role(role))
        if vetted_at is not None:
            vetted.add(organization)
    return {
        search.pk: Actor(
            user=search.user_id,
            organization=search.organization_id,
            roles=frozenset(roles[search.user_id, search.organization_id]),
            is_vetted=search.organization_id in vetted,
        )
        for search in searches
        if (search.user_id, search.organization_id) in roles
    }


def actor_of(search: SavedSearch) -> Actor | None:
    """Return as whom a search looks now; None for who has left its organization."""
    return actors_of([search]).get(search.pk)


def days_of(listing: Listing) -> QuerySet[Views]:
    """Return how often a listing was looked at on each day, the newest first."""
    return Views.objects.filter(listing=listing).order_by("-day")
