"""What the entries of all pools have in common."""

from collections.abc import Sequence
from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q

from apps.base.fields import TermField
from apps.base.models import RecordQuerySet
from apps.reviews.models import Reviewed
from apps.taxonomy.models import Code
from marketplace.actors import Actor, Role
from marketplace.pools import (
    AUTHORS,
    EDITABLE_IN,
    POOL_ENTRY,
    TERMS_OF,
    PoolKind,
    PoolState,
    open_moves,
)
from marketplace.reviews import REVIEWERS

E = TypeVar("E", bound="PoolEntry")

#: What stands where words were erased and cannot be empty.
ERASED = "—"
#: A reviewer has looked at what is in one of these states.
DECIDED = ["sent_back", "admitted", "refused", "left"]
#: What need not be whole: it is not finished, or not there any more.
NOT_WHOLE = sorted([*(state.value for state in EDITABLE_IN), "sealed"])


class PoolEntryQuerySet(RecordQuerySet[E]):
    """Entries of one pool."""

    def admitted(self) -> Self:
        """Return what is in the pool now."""
        return self.filter(state=PoolState.ADMITTED)

    def visible_to(self, actor: Actor) -> Self:
        """
        Return what is admitted, to its organization all its own, to reviewers all submitted.

        What has a dual use exists for its organization and for vetted ones only; what was sealed,
        for nobody. Secrecy officers know of everything, so that they can close anything.
        """
        if actor.is_system:
            return self
        if actor.has(Role.SECRECY_OFFICER):
            return self.exclude(state=PoolState.SEALED)
        seen = Q(state=PoolState.ADMITTED)
        if actor.has(*REVIEWERS):
            seen = ~Q(state=PoolState.DRAFT)
        if not actor.is_vetted:
            seen &= Q(dual_use=None)
        if actor.organization is not None:
            seen |= Q(organization=actor.organization)
        return self.filter(seen).exclude(state=PoolState.SEALED)

    def counted_for(self, actor: Actor) -> Self:
        """
        Return what was ever admitted, to be counted only.

        What has a dual use is counted for its organization and for vetted ones only.
        """
        rows = self.filter(state__in=[PoolState.ADMITTED, PoolState.LEFT])
        if actor.is_system or actor.is_vetted:
            return rows
        seen = Q(dual_use=None)
        if actor.organization is not None:
            seen |= Q(organization=actor.organization)
        return rows.filter(seen)


class PoolEntry(Reviewed):
    """A durable asset of an organization, admitted to a pool by a reviewer."""

    #: Which pool this is.
    pool: ClassVar[PoolKind]
    cycle = POOL_ENTRY
    live_in = frozenset({PoolState.ADMITTED})
    accepts = "admit"
    left_by_spill = frozenset({"kind", "region", "dual_use", "is_service_invention"})

    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True, default="")
    #: Further texts, each with its own secrecy.
    blocks = models.JSONField(default=list, db_default=[])
    #: Technology field (技术领域).
    field = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")
    region = models.ForeignKey(Code, models.PROTECT, related_name="+")
    state: TermField[PoolState] = TermField(PoolState, default=POOL_ENTRY.start)
    admitted_on = models.DateField(null=True)
    left_on = models.DateField(null=True)
    #: What the organization itself calls it, so that a file can be imported again.
    external_reference = models.CharField(max_length=80, blank=True, default="", db_default="")

    class Meta:
        abstract = True
        constraints = [
            *Reviewed.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "external_reference"],
                condition=~Q(external_reference=""),
                name="%(class)s_external_reference_is_once_in_its_organization",
                violation_error_code="external_reference_taken",
                violation_error_message="Your organization has an entry of this reference.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=PoolState.values()), name="%(class)s_state_is_known"
            ),
            models.CheckConstraint(condition=~Q(title=""), name="%(class)s_has_a_title"),
            models.CheckConstraint(
                condition=Q(state__in=NOT_WHOLE) | Q(field__isnull=False) & ~Q(summary=""),
                name="%(class)s_is_complete_once_submitted",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=DECIDED) | Q(reviewed_by__isnull=False),
                name="%(class)s_is_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["admitted", "left"]) | Q(admitted_on__isnull=False),
                name="%(class)s_admission_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(state="left", left_on__isnull=False)
                | ~Q(state="left") & Q(left_on=None)
                | Q(state="sealed"),
                name="%(class)s_leaving_has_its_day",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def authors(self) -> frozenset[Role]:
        return AUTHORS[self.pool]

    def open_moves(self) -> list[str]:
        return open_moves(self.state, self.waiting, self.proposed_wording is not None)

    def erase_words(self) -> list[str]:
        erased = super().erase_words()
        self.title = ERASED
        return erased

    def word_columns(self) -> Sequence[str]:
        return TERMS_OF[self.pool]
