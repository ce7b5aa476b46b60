"""Figures, and the runs that fold the value ledger into them and prove them."""

from typing import Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.base.fields import TermField, said
from apps.base.models import append_only
from marketplace.actors import Actor
from marketplace.contracts import ContractType
from marketplace.statistics import READERS, Dimension, RunKind


class FigureQuerySet(models.QuerySet["Figure"]):
    """Figures."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all figures to the office, and none to others: a cell may be one contract."""
        return self if actor.has(*READERS) else self.none()


class Figure(models.Model):
    """
    How many contracts, worth how much, of one month, type, field and pair of regions.

    It is the sum of ledger entries and of nothing else: it can be recomputed from them at any time.
    """

    id = models.BigAutoField(primary_key=True)
    #: The first day of the month.
    month = models.DateField(_("month"))
    contract_type = TermField(ContractType, verbose_name=_("contract type"))
    #: Codes, not foreign keys: a figure of the past must not hang on the code lists of the present.
    field = models.CharField(_("technology field"), max_length=40)
    seller_region = models.CharField(_("seller region"), max_length=40)
    buyer_region = models.CharField(_("buyer region"), max_length=40)
    count = models.BigIntegerField(_("number of contracts"))
    # Wider than an amount of the ledger, so that no sum of amounts can fail to fit.
    value = models.DecimalField(_("contract value"), max_digits=26, decimal_places=2)
    recognised_value = models.DecimalField(_("recognised value"), max_digits=26, decimal_places=2)
    updated_at = models.DateTimeField(_("updated"))

    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("figure")
        verbose_name_plural = _("figures")
        constraints = [
            models.UniqueConstraint(fields=Dimension.values(), name="figure_is_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="figure_month_is_its_first_day"),
            models.CheckConstraint(
                condition=Q(contract_type__in=ContractType.values()),
                name="figure_contract_type_is_known",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.month:%Y-%m} {said(self.contract_type)} {self.field}"
            f" {self.seller_region} → {self.buyer_region}"
        )


class FoldRunQuerySet(models.QuerySet["FoldRun"]):
    """Runs of the folder."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all runs to those who read figures."""
        return self if actor.has(*READERS) else self.none()


class FoldRun(models.Model):
    """One step in which ledger entries became figures; it commits together with them."""

    id = models.BigAutoField(primary_key=True)
    kind = TermField(RunKind, verbose_name=_("kind"))
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"))
    #: How many entries left the queue in this step.
    entries = models.BigIntegerField(_("entries taken"))
    #: How many figures it added, changed or removed.
    figures = models.BigIntegerField(_("figures touched"))

    objects = FoldRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("fold run")
        verbose_name_plural = _("fold runs")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=RunKind.values()), name="fold_run_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__gte=F("started_at")), name="fold_run_ends_after_its_start"
            ),
        ]
        triggers = [append_only("fold_run_append_only")]

    def __str__(self) -> str:
        return f"{said(self.kind)} {self.started_at:%Y-%m-%d %H:%M:%S}: {self.entries}"


class VerificationQuerySet(models.QuerySet["Verification"]):
    """Verifications."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all verifications to those who read figures."""
        return self if actor.has(*READERS) else self.none()


class Verification(models.Model):
    """What it came to when all figures were recomputed from the ledger and compared."""

    id = models.BigAutoField(primary_key=True)
    verified_at = models.DateTimeField(_("verified"))
    #: Entries that the figures must hold, and entries that they cannot hold yet.
    entries = models.BigIntegerField(_("entries counted"))
    waiting = models.BigIntegerField(_("entries waiting"))
    figures = models.BigIntegerField(_("figures compared"))
    differences = models.BigIntegerField(_("differences"))
    #: The first of the differences, in words.
    examples = models.JSONField(_("examples"), default=list, encoder=DjangoJSONEncoder)

    objects = VerificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        triggers = [append_only("verification_append_only")]

    def __str__(self) -> str:
        return f"{self.verified_at:%Y-%m-%d %H:%M:%S}: {self.differences}"
