"""Questions about deals that no row answers by itself."""

from uuid import UUID

from apps.accounts.models import Membership
from apps.markets.models import Listing
from marketplace.actors import Actor, Role
from marketplace.deals import is_introduction
from marketplace.errors import Invalid


def introduces(actor: Actor, *, offer: UUID | None, need: UUID | None) -> bool:
    """Say whether `actor`, naming these listings, brings two others together."""
    if not actor.has(Role.BROKER) or offer is None or need is None:
        return False
    owns_one = Listing.objects.filter(
        pk__in=[offer, need], organization=actor.organization
    ).exists()
    return is_introduction(actor, names_both=True, owns_one=owns_one)


def broker_named(username: str, *, field: str) -> Membership:
    """
    Return what makes the person of this user name a broker: a role in a verified organization.

    Of several it is the first. Raise Invalid where there is none, in the same words whether or not
    there is such a person.
    """
    membership = (
        Membership.objects.current()
        .filter(
            user__username=username,
            user__is_active=True,
            role=Role.BROKER,
            organization__verified_at__isnull=False,
        )
        .order_by("pk")
        .first()
    )
    if membership is None:
        raise Invalid(
            "There is no broker of that name in a verified organization.",
            code="unknown_broker",
            field=field,
        )
    return membership
