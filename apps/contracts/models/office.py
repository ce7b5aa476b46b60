"""Offices as registration points, and the counters of their numbers."""

from typing import Self

import pgtrigger
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization
from apps.base.models import Record, RecordQuerySet
from apps.taxonomy.models import Code
from marketplace.actors import Actor


class RegistrationOfficeQuerySet(RecordQuerySet["RegistrationOffice"]):
    """Registration offices."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all: where one can register is no secret."""
        return self


class RegistrationOffice(Record):
    """An office as a registration point (登记点): what its numbers say about it."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, related_name="registration_office"
    )
    region = models.ForeignKey(Code, models.PROTECT, related_name="+")
    #: The four digits of the region that its numbers carry: 6101 for Xi'an.
    number_region = models.CharField(max_length=4)
    #: The two digits that tell it from other points of the region.
    point = models.CharField(max_length=2)

    objects = RegistrationOfficeQuerySet.as_manager()

    class Meta:
        verbose_name = _("registration office")
        verbose_name_plural = _("registration offices")
        constraints = [
            models.CheckConstraint(
                condition=Q(number_region__regex=r"^\d{4}$", point__regex=r"^\d{2}$"),
                name="registration_office_numbers_are_digits",
            ),
            models.UniqueConstraint(
                fields=["number_region", "point"],
                name="registration_office_has_its_own_point",
                violation_error_code="point_taken",
                violation_error_message="Another office of the region has this registration point.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number_region} {self.point}"


class NumberCounterQuerySet(models.QuerySet["NumberCounter"]):
    """Number counters."""

    def draw(self, office: RegistrationOffice, year: int) -> int:
        """
        Return the next serial of `office` in `year`, and hold the counter to the transaction's end.

        Whoever comes next waits for our commit and goes on from the old value if we fail: no gap,
        no clash. So this is the last statement of a transaction that locks.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO contracts_numbercounter AS counter (office_id, year, last)"
                " VALUES (%s, %s, 1)"
                " ON CONFLICT (office_id, year) DO UPDATE SET last = counter.last + 1"
                " RETURNING last",
                [office.pk, year],
            )
            ((serial,),) = cursor.fetchall()
        return int(serial)


class NumberCounter(models.Model):
    """The last serial that an office gave in a year."""

    office = models.ForeignKey(RegistrationOffice, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    objects = NumberCounterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["office", "year"], name="number_counter_is_once_per_office_and_year"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="number_counter_goes_up_by_one",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.last <> OLD.last + 1"),
            ),
            pgtrigger.Protect(name="number_counter_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"
