"""What every app above asks of people and organizations before it decides."""

from uuid import UUID

from apps.accounts.models import Membership, Organization
from marketplace.actors import Actor
from marketplace.errors import Conflict, Refused


def memberships_of(user: UUID | None) -> list[UUID]:
    """Return the organizations to which a person belongs."""
    current = Membership.objects.current().filter(user=user)
    return list(current.values_list("organization_id", flat=True))


def must_be_verified(organization: UUID) -> None:
    """Raise Conflict unless staff have verified the organization."""
    if not Organization.objects.filter(pk=organization, verified_at__isnull=False).exists():
        raise Conflict("The organization must be verified first.", code="organization_not_verified")


def must_be_vetted(organization: UUID) -> None:
    """Raise Conflict unless the organization may deal with what has a dual use."""
    if not Organization.objects.filter(pk=organization, vetted_at__isnull=False).exists():
        raise Conflict(
            "The organization must be vetted first for what has a dual use.",
            code="organization_not_vetted",
        )


def person_of(actor: Actor) -> UUID:
    """Return the person who acts, or raise Refused where it is none."""
    if actor.user is None:
        raise Refused("This is done by a person.", code="no_person")
    return actor.user


def organization_of(actor: Actor) -> UUID:
    """Return the organization that the actor acts for, or raise Refused."""
    if actor.organization is None:
        raise Refused("You do not act for an organization that may do this.", code="not_yours")
    return actor.organization
