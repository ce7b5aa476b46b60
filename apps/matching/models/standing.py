"""How organizations answer, and how they are related to one another."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Organization
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.matching.models.match import SEES_ALL
from marketplace.actors import Actor
from marketplace.conflicts import LONGEST_NOTE, RelationKind


class StandingQuerySet(models.QuerySet["Standing"]):
    """How organizations answer."""

    def ask_for(self, organizations: Iterable[UUID]) -> None:
        """Ask for what is known of some organizations to be reckoned anew."""
        known = Organization.objects.filter(pk__in=set(organizations))
        self.bulk_create(
            # In one order, so that two who ask do not wait for each other.
            [Standing(organization_id=pk) for pk in sorted(known.values_list("pk", flat=True))],
            update_conflicts=True,
            unique_fields=["organization"],
            update_fields=["is_stale"],
        )

    def claim(self, count: int, now: datetime) -> list["Standing"]:
        """Hold up to `count` that must be reckoned and that nobody else holds, and return them."""
        due = self.filter(Q(is_stale=True) | Q(again_at__lte=now))
        return list(due.select_for_update(skip_locked=True).order_by("pk")[:count])


class Standing(models.Model):
    """How an organization has answered those who came to it, as the journal tells."""

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="+"
    )
    #: How many deals others began with it that are old enough to count, and how many it answered.
    asked = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    #: The median time to an answer, in hours.
    median_hours = models.PositiveIntegerField(null=True)
    #: Work to be done: something happened since it was reckoned.
    is_stale = models.BooleanField(default=True)
    reckoned_at = models.DateTimeField(null=True)
    #: When it must be reckoned again though nothing happened: something becomes too old.
    again_at = models.DateTimeField(null=True)

    objects = StandingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answered__lte=F("asked")), name="standing_answers_what_was_asked"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization"], condition=Q(is_stale=True), name="standing_to_reckon"
            ),
            models.Index(fields=["again_at"], name="standing_again"),
        ]

    def __str__(self) -> str:
        return str(self.organization_id)


class RelationQuerySet(RecordQuerySet["Relation"]):
    """Relations."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those of one's own organization, and all to those who broker or run the market."""
        if actor.has(*SEES_ALL):
            return self
        own = actor.organization
        return self.filter(Q(first=own) | Q(second=own)) if own else self.none()

    def standing(self) -> Self:
        """Return those that were not ended."""
        return self.filter(ended_at=None)


class Relation(Record):
    """
    That two organizations are related, as one of them declared.

    The two stand in the order of their keys, so that a pair is one row, whoever declared it.
    """

    first = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    second = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    kind = TermField(RelationKind)
    declared_by = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    ended_at = models.DateTimeField(null=True)

    objects = RelationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=RelationKind.values()), name="relation_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="relation_is_of_two_in_order"
            ),
            models.CheckConstraint(
                condition=Q(declared_by=F("first")) | Q(declared_by=F("second")),
                name="relation_is_declared_by_one_of_the_two",
            ),
            models.UniqueConstraint(
                fields=["first", "second", "kind"],
                condition=Q(ended_at=None),
                name="relation_stands_once",
                violation_error_code="relation_declared",
                violation_error_message="This relation has been declared already.",
            ),
        ]
        indexes = [models.Index(fields=["second"], name="relation_of_second")]

    def __str__(self) -> str:
        return f"{self.first_id} – {self.second_id}"
