"""Code lists by edition, what their codes became in later ones, and functional zones."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.base.fields import TermField
from marketplace.actors import Actor
from marketplace.taxonomy import Certainty, Relation, Subject, ZoneKind


class EditionQuerySet(models.QuerySet["Edition"]):
    """Editions."""

    def visible_to(self, actor: Actor) -> Self:
        """Return them all: code lists are public."""
        return self


class Edition(models.Model):
    """
    One dated edition of a code list, such as GB/T 4754-2017.

    Its time is that in which the market codes by it: at any day there is at most one per subject.
    """

    #: Such as "gbt4754-2017".
    key = models.CharField(max_length=40, primary_key=True)
    subject = TermField(Subject)
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    source = models.CharField(max_length=300)
    #: Half-open: valid from the first day on, until the day before the last.
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    certainty = TermField(Certainty)
    #: Where it holds only some of the codes that there are.
    is_partial = models.BooleanField(default=False)
    #: What a reader must know before relying on it.
    note_zh = models.CharField(max_length=500, blank=True)
    note_en = models.CharField(max_length=500, blank=True)
    #: SHA-256 of what was loaded, so that loading the same again writes nothing.
    digest = models.CharField(max_length=64)
    #: Raised whenever its codes or their concordances are loaded anew.
    version = models.PositiveIntegerField(default=1)

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = _("code list")
        verbose_name_plural = _("code lists")
        constraints = [
            models.CheckConstraint(
                condition=Q(subject__in=Subject.values()), name="edition_subject_is_known"
            ),
            models.CheckConstraint(
                condition=Q(certainty__in=Certainty.values()), name="edition_certainty_is_known"
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="edition_ends_after_its_start",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class CodeQuerySet(models.QuerySet["Code"]):
    """Codes."""

    def visible_to(self, actor: Actor) -> Self:
        """Return them all: code lists are public."""
        return self

    def under(self, code: "Code") -> Self:
        """Return `code` and everything below it in its tree."""
        return self.filter(path__startswith=code.path)


class Code(models.Model):
    """
    One entry of a code list.

    The key holds the edition, so a foreign key to a code says which edition was meant, and can be
    read without a join: "gbt2260-2024:610100".
    """

    key = models.CharField(max_length=80, primary_key=True)
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="codes")
    code = models.CharField(max_length=40)
    name_zh = models.CharField(max_length=500)
    name_en = models.CharField(max_length=500, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    #: 1 at the top of the tree.
    level = models.PositiveSmallIntegerField()
    #: The codes from the top down to this one, after the edition: "gbt2260-2024/610000/610100/".
    path = models.CharField(max_length=240)
    certainty = TermField(Certainty)

    objects = CodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [
            models.UniqueConstraint(fields=["edition", "code"], name="code_is_once_in_its_edition"),
            models.CheckConstraint(
                condition=Q(parent=None, level=1) | Q(parent__isnull=False, level__gt=1),
                name="code_is_on_top_or_has_a_parent",
            ),
            models.CheckConstraint(
                condition=Q(certainty__in=Certainty.values()), name="code_certainty_is_known"
            ),
        ]
        indexes = [
            # With these operators LIKE "…%" finds a whole branch by the index.
            models.Index(fields=["path"], name="code_path", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name_zh}"


class Concordance(models.Model):
    """What a code of one edition became in a later one, or is in another list."""

    from_code = models.ForeignKey(Code, models.PROTECT, related_name="concordances_onward")
    to_code = models.ForeignKey(Code, models.PROTECT, related_name="concordances_back")
    kind = TermField(Relation)
    #: The day of the decision, where it is known.
    changed_on = models.DateField(null=True, blank=True)
    certainty = TermField(Certainty)

    class Meta:
        verbose_name = _("concordance")
        verbose_name_plural = _("concordances")
        constraints = [
            models.UniqueConstraint(
                fields=["from_code", "to_code"], name="concordance_is_said_once"
            ),
            models.CheckConstraint(
                condition=~Q(from_code=F("to_code")), name="concordance_has_two_sides"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=Relation.values()), name="concordance_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(certainty__in=Certainty.values()), name="concordance_certainty_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_code_id} → {self.to_code_id}"


class ZoneQuerySet(models.QuerySet["Zone"]):
    """Functional zones."""

    def visible_to(self, actor: Actor) -> Self:
        """Return them all: zones are public."""
        return self

    def on(self, day: date) -> Self:
        """Return the zones that there were on `day`."""
        return self.filter(
            Q(valid_until=None) | Q(valid_until__gt=day),
            valid_from__lte=day,
        )


class Zone(models.Model):
    """
    A functional zone (功能区), such as a high-tech zone.

    Zones lie across administrative regions: a second, dated geography that is never added to the
    first.
    """

    key = models.CharField(max_length=60, primary_key=True)
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    kind = TermField(ZoneKind)
    #: The smallest region that holds all of it.
    region = models.ForeignKey(Code, models.PROTECT, related_name="zones")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    #: Half-open, like the time of an edition.
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300)
    certainty = TermField(Certainty)

    objects = ZoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("functional zone")
        verbose_name_plural = _("functional zones")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ZoneKind.values()), name="zone_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(certainty__in=Certainty.values()), name="zone_certainty_is_known"
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="zone_ends_after_its_start",
            ),
            # A parent may be NULL, and a check passes on NULL, which is right here.
            models.CheckConstraint(
                condition=~Q(parent=F("key")), name="zone_does_not_lie_in_itself"
            ),
        ]

    def __str__(self) -> str:
        return self.name_zh
