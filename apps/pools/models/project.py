"""The project pool (项目池), and what became of the firms that grew out of it."""

from datetime import date
from typing import Self
from uuid import UUID

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import JSONObject

from apps.accounts.models import Organization
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet, life_cycle
from apps.pools.models.entry import PoolEntry, PoolEntryQuerySet
from apps.taxonomy.models import Code
from marketplace.actors import Actor, Role
from marketplace.pools import POOL_ENTRY, MilestoneKind, PoolKind, PoolState
from marketplace.reviews import SubjectKind

#: Refuses what was submitted with shares that are not a hundred in all.
SHARES = """
IF NEW.state NOT IN ('draft', 'sent_back', 'sealed') AND EXISTS (
    SELECT FROM (VALUES (NEW.owners), (NEW.inventors)) AS each(shares)
    WHERE jsonb_array_length(shares) > 0
    AND (SELECT sum((share ->> 'share')::numeric) FROM jsonb_array_elements(shares) share) <> 100
) THEN
    RAISE EXCEPTION 'The shares of a project are not a hundred in all';
END IF;
RETURN NEW;
"""

#: Which rights have run out, as marketplace.rights.lapsed says it; days in this form are in order.
LAPSED = """$[*] ? (@.status == "lapsed" || @.status == "refused" || @.expires_on < $today)"""


class ProjectQuerySet(PoolEntryQuerySet["Project"]):
    """Projects."""

    def owned_with(self, organization: object) -> Self:
        """Return the projects that name `organization` as an owner, or would by a change."""
        return self.filter(
            Q(owners__contains=[{"organization": str(organization)}])
            | Q(new_owners__contains=[organization])
        )

    def with_lapsed_right(self, today: date) -> Self:
        """Return what is in the pool and has a right that has run out, and does not show it yet."""
        is_over = Func(
            F("rights"),
            Value(LAPSED),
            JSONObject(today=Value(today.isoformat())),
            function="jsonb_path_exists",
            template="%(function)s(%(expressions)s)",
            output_field=models.BooleanField(),
        )
        rows = self.admitted().filter(has_lapsed_right=False)
        return rows.alias(is_over=is_over).filter(is_over=True).order_by("pk")

    def shared_with(self, actor: Actor) -> Self:
        """Return what the actor's organization owns a share of, and may know of."""
        rows = self.owned_with(actor.organization).exclude(state=PoolState.SEALED)
        return rows if actor.is_vetted else rows.filter(dual_use=None)

    def visible_to(self, actor: Actor) -> Self:
        """Return what all entries show, and to managers what their organization owns a share of."""
        rows = super().visible_to(actor)
        if actor.is_system or not actor.has(Role.ORGANIZATION_MANAGER) or not actor.organization:
            return rows
        return rows | self.shared_with(actor)


class Project(PoolEntry):
    """An achievement on its way to use."""

    pool = PoolKind.PROJECT
    kind_of_subject = SubjectKind.PROJECT

    #: Readiness level 1 to 9 (GB/T 22900), and what shows it.
    readiness = models.PositiveSmallIntegerField(null=True)
    readiness_evidence = models.TextField(blank=True, default="", db_default="")
    intellectual_property = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")
    #: Made in the course of duty (职务成果).
    is_service_invention = models.BooleanField(default=True)
    #: Whose it is: organization, share in per cent.
    owners = models.JSONField(default=list, db_default=[])
    #: Organizations whose consent the proposed wording needs, beside those that own it now.
    new_owners = ArrayField(models.UUIDField(), default=list, db_default=[])
    #: Who made it: name, share in per cent.
    inventors = models.JSONField(default=list, db_default=[])
    #: Its rights: kind, number, status, last day.
    rights = models.JSONField(default=list, db_default=[])
    applications = ArrayField(models.CharField(max_length=200), default=list, db_default=[])
    #: Its figures: name, relation, value, unit, condition, competing solution, secrecy.
    indicators = models.JSONField(default=list, db_default=[])
    reforms = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    #: Industry chains (产业链) that it belongs to.
    chains = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    #: Set by the clock: one of its rights has run out.
    has_lapsed_right = models.BooleanField(default=False, db_default=False)

    objects = ProjectQuerySet.as_manager()

    def fill_in(self) -> None:
        # Unless it says otherwise, an organization owns what it enters.
        self.owners = self.owners or [
            {"organization": str(self.organization_id), "share": "100.00"}
        ]

    def drop_proposal(self) -> list[str]:
        self.new_owners = []
        return [*super().drop_proposal(), "new_owners"]

    def needs_consent(self) -> bool:
        return self.is_service_invention or bool(self.new_owners)

    def owning(self) -> set[UUID]:
        named = {UUID(owner["organization"]) for owner in self.owners if owner.get("organization")}
        return {*named, *self.new_owners, self.organization_id}

    class Meta(PoolEntry.Meta):
        constraints = [
            *PoolEntry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(readiness=None) | Q(readiness__range=(1, 9)),
                name="project_readiness_is_1_to_9",
            ),
        ]
        indexes = [
            GinIndex(fields=["owners"], name="project_by_owner", opclasses=["jsonb_path_ops"]),
            GinIndex(fields=["new_owners"], name="project_by_new_owner"),
        ]
        triggers = [
            *life_cycle(POOL_ENTRY, "project"),
            pgtrigger.Trigger(
                name="project_shares_are_a_hundred",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=SHARES,
            ),
        ]


class MilestoneQuerySet(RecordQuerySet["Milestone"]):
    """Milestones."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those of the projects that the actor may know of."""
        if actor.is_system:
            return self
        projects = Project.objects.visible_to(actor).filter(pk=OuterRef("project_id"))
        return self.filter(Exists(projects), removed_at=None)


class Milestone(Record):
    """That a firm which grew out of a project became more than it was (登高、升规、晋位、上市)."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="milestones")
    kind = TermField(MilestoneKind)
    firm = models.CharField(max_length=200)
    #: The firm, where it takes part in the market.
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    reached_on = models.DateField()
    evidence = models.CharField(max_length=400, blank=True, default="")
    removed_at = models.DateTimeField(null=True)

    objects = MilestoneQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=MilestoneKind.values()), name="milestone_kind_is_known"
            ),
            models.CheckConstraint(condition=~Q(firm=""), name="milestone_names_its_firm"),
            models.UniqueConstraint(
                fields=["project", "kind", "firm"],
                condition=Q(removed_at=None),
                name="milestone_is_reached_once",
                violation_error_code="milestone_noted_already",
                violation_error_message="This milestone of the firm is noted already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.firm}: {self.kind}"
