"""Everything that can be done to relations between organizations."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Organization
from apps.accounts.queries import must_be_verified, organization_of
from apps.journal.actions import record
from apps.matching.models import Relation
from marketplace.actors import Actor, Role
from marketplace.conflicts import RelationKind, in_order, relation_faults
from marketplace.errors import Conflict, Invalid, Refused


@transaction.atomic
def declare(*, organization: UUID, kind: RelationKind, note: str = "", by: Actor) -> Relation:
    """
    Declare that the own organization is related to another one, as its manager.

    The other side is told. Of two who declare the same at once, one does and the other learns that
    it is done: the database keeps a relation once, in whichever order its two sides are named.
    """
    by.must_have(Role.ORGANIZATION_MANAGER)
    own = organization_of(by)
    must_be_verified(own)
    Invalid.unless_none(relation_faults(own, organization))
    verified = Organization.objects.filter(verified_at__isnull=False, pk=organization)
    if not verified.exists():
        raise Invalid(
            "There is no such verified organization.",
            code="unknown_organization",
            field="organization",
        )
    first, second = in_order(own, organization)
    relation = Relation.objects.create(
        first_id=first, second_id=second, kind=kind, declared_by_id=own, note=note.strip()
    )
    record("relation.declared", relation, by=by, parties=[first, second], kind=kind)
    return relation


@transaction.atomic
def end(relation: Relation, *, by: Actor, expected: int | None = None) -> Relation:
    """End a relation: whoever declared it does, or an administrator where it never was one."""
    relation = Relation.objects.locked(relation, by=by, expected=expected)
    by.must_have(Role.ORGANIZATION_MANAGER, Role.ADMINISTRATOR)
    if not by.has(Role.ADMINISTRATOR) and not by.acts_for(relation.declared_by_id):
        raise Refused("Only who declared a relation can end it.", code="not_declared_by_you")
    if relation.ended_at is not None:
        raise Conflict("This relation has been ended already.", code="relation_ended")
    relation.ended_at = timezone.now()
    relation.store("ended_at")
    parties = [relation.first_id, relation.second_id]
    record("relation.ended", relation, by=by, parties=parties, kind=relation.kind)
    return relation
