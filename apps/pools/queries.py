"""What the actions of pools and markets ask of the tables before they decide."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from apps.accounts.models import Membership, Organization
from apps.base.models import Record
from apps.taxonomy.models import Code
from apps.taxonomy.queries import resolve_optional
from marketplace.actors import Actor
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.taxonomy import Subject

#: Which code list each word of an entry or listing that is a code belongs to.
SUBJECTS = {
    "region": Subject.REGION,
    "field": Subject.TECHNOLOGY_FIELD,
    "discipline": Subject.DISCIPLINE,
    "intellectual_property": Subject.INTELLECTUAL_PROPERTY,
}


def resolved(terms: Mapping[str, Any], *, on: date) -> tuple[dict[str, Any], list[Invalid]]:
    """Return `terms` with codes instead of what was written of them, and which are none."""
    found = dict(terms)
    unknown: list[Invalid] = []
    for name in SUBJECTS.keys() & terms.keys():
        if isinstance(terms[name], Code):
            continue
        try:
            found[name] = resolve_optional(SUBJECTS[name], terms[name], on=on, field=name)
        except Invalid as error:
            unknown.append(error)
            # Said to be unknown, it is not to be called missing too.
            found[name] = terms[name]
    return found, unknown


def memberships_of(user: UUID | None) -> list[UUID]:
    """Return the organizations to which a person belongs."""
    current = Membership.objects.current().filter(user=user)
    return list(current.values_list("organization_id", flat=True))


def must_be_verified(organization: UUID) -> None:
    """Raise Conflict unless staff have verified the organization."""
    if not Organization.objects.filter(pk=organization, verified_at__isnull=False).exists():
        raise Conflict("The organization must be verified first.", code="organization_not_verified")


def words_of(record: Record, names: Iterable[str]) -> dict[str, Any]:
    """Return what stands in `record`; of a foreign key the key, which needs no query."""
    columns = {column.name: column.attname for column in record._meta.concrete_fields}
    return {name: getattr(record, columns[name]) for name in names}


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
