"""The three pools: talents, funds and projects, each with its own review."""

from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Organization, User
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet, life_cycle
from apps.taxonomy.models import Code
from marketplace.actors import Actor
from marketplace.pools import (
    EDITABLE_IN,
    POOL_ENTRY,
    REVIEWERS,
    FundKind,
    PoolKind,
    PoolState,
    TalentKind,
)

E = TypeVar("E", bound="PoolEntry")

#: A reviewer has looked at what is in one of these states.
DECIDED = ["sent_back", "admitted", "refused", "left"]


class PoolEntryQuerySet(RecordQuerySet[E]):
    """Entries of one pool."""

    def admitted(self) -> Self:
        """Return what is in the pool now."""
        return self.filter(state=PoolState.ADMITTED)

    def visible_to(self, actor: Actor) -> Self:
        """Return what is admitted, to its organization all its own, to reviewers all submitted."""
        if actor.is_system:
            return self
        seen = Q(state=PoolState.ADMITTED)
        if actor.has(*REVIEWERS):
            seen = ~Q(state=PoolState.DRAFT)
        if actor.organization is not None:
            seen |= Q(organization=actor.organization)
        return self.filter(seen)


class PoolEntry(Record):
    """A durable asset of an organization, admitted to a pool by a reviewer."""

    #: Which pool this is.
    pool: ClassVar[PoolKind]

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True, default="")
    #: Technology field (技术领域).
    field = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")
    region = models.ForeignKey(Code, models.PROTECT, related_name="+")
    state = TermField(PoolState, default=POOL_ENTRY.start)
    imported_from = models.CharField(max_length=80, blank=True, default="")
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    review_note = models.TextField(blank=True, default="")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PoolState.values()), name="%(class)s_state_is_known"
            ),
            models.CheckConstraint(condition=~Q(title=""), name="%(class)s_has_a_title"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(state.value for state in EDITABLE_IN))
                | Q(field__isnull=False) & ~Q(summary=""),
                name="%(class)s_is_complete_once_submitted",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=DECIDED) | Q(reviewed_by__isnull=False),
                name="%(class)s_is_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(reviewed_by=F("author")), name="%(class)s_author_is_not_reviewer"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Talent(PoolEntry):
    """A scientist, an engineer or a technology manager (人才池)."""

    pool = PoolKind.TALENT

    kind = TermField(TalentKind)
    discipline = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")

    objects = PoolEntryQuerySet["Talent"].as_manager()

    class Meta(PoolEntry.Meta):
        constraints = [
            *PoolEntry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind__in=TalentKind.values()), name="talent_kind_is_known"
            ),
        ]
        triggers = life_cycle(POOL_ENTRY, "talent")


class Fund(PoolEntry):
    """Money that can be had: equity, a loan product, a subsidy, an insurance (资金池)."""

    pool = PoolKind.FUND

    kind = TermField(FundKind)
    #: The smallest and the largest amount given at once, in yuan.
    smallest_ticket = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    largest_ticket = models.DecimalField(max_digits=18, decimal_places=2, null=True)

    objects = PoolEntryQuerySet["Fund"].as_manager()

    class Meta(PoolEntry.Meta):
        constraints = [
            *PoolEntry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind__in=FundKind.values()), name="fund_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(smallest_ticket=None) | Q(smallest_ticket__gte=0),
                name="fund_smallest_ticket_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(largest_ticket=None) | Q(largest_ticket__gte=0),
                name="fund_largest_ticket_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(smallest_ticket=None)
                | Q(largest_ticket=None)
                | Q(smallest_ticket__lte=F("largest_ticket")),
                name="fund_tickets_go_upwards",
            ),
        ]
        triggers = life_cycle(POOL_ENTRY, "fund")


class Project(PoolEntry):
    """An achievement on its way to use (项目池)."""

    pool = PoolKind.PROJECT

    #: Readiness level 1 to 9 (GB/T 22900).
    readiness = models.PositiveSmallIntegerField(null=True)
    intellectual_property = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")
    #: Made in the course of duty (职务成果).
    is_service_invention = models.BooleanField(default=True)

    objects = PoolEntryQuerySet["Project"].as_manager()

    class Meta(PoolEntry.Meta):
        constraints = [
            *PoolEntry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(readiness=None) | Q(readiness__range=(1, 9)),
                name="project_readiness_is_1_to_9",
            ),
        ]
        triggers = life_cycle(POOL_ENTRY, "project")
