"""The figures and the runs that made them, at the console."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.base.admin import ReadOnlyAdmin
from apps.statistics.models import Figure, FoldRun, Verification
from apps.taxonomy.models import Code
from marketplace.taxonomy import Subject


def _name(subject: Subject, column: str) -> Subquery:
    """Return the newest name of the bare code in a column; figures hold no keys of codes."""
    codes = Code.objects.filter(edition__subject=subject, code=OuterRef(column))
    return Subquery(codes.order_by("-edition__valid_from").values("name_zh")[:1])


@admin.register(Figure)
class FigureAdmin(ReadOnlyAdmin[Figure]):
    """How many contracts, worth how much."""

    list_display = [
        "of_month",
        "contract_type",
        "of_field",
        "seller",
        "buyer",
        "count",
        "value",
        "recognised_value",
    ]
    list_filter = ["contract_type", "month"]
    search_fields = ["seller_region", "buyer_region"]
    ordering = ["-month", "id"]
    readonly_fields = ["of_month", "of_field", "seller", "buyer"]
    fields = [
        *("of_month", "contract_type", "of_field", "seller", "buyer"),
        *("count", "value", "recognised_value", "updated_at"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Figure]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                field_name=_name(Subject.TECHNOLOGY_FIELD, "field"),
                seller_name=_name(Subject.REGION, "seller_region"),
                buyer_name=_name(Subject.REGION, "buyer_region"),
            )
        )

    @admin.display(description=_("month"), ordering="month")
    def of_month(self, figure: Figure) -> str:
        return f"{figure.month:%Y-%m}"

    @admin.display(description=_("technology field"), ordering="field")
    def of_field(self, figure: Any) -> str:
        return f"{figure.field} {figure.field_name or ''}"

    @admin.display(description=_("seller region"), ordering="seller_region")
    def seller(self, figure: Any) -> str:
        return f"{figure.seller_region} {figure.seller_name or ''}"

    @admin.display(description=_("buyer region"), ordering="buyer_region")
    def buyer(self, figure: Any) -> str:
        return f"{figure.buyer_region} {figure.buyer_name or ''}"


@admin.register(FoldRun)
class FoldRunAdmin(ReadOnlyAdmin[FoldRun]):
    """When ledger entries became figures."""

    list_display = ["started_at", "ended_at", "kind", "entries", "figures"]
    list_filter = ["kind"]
    ordering = ["-id"]


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin[Verification]):
    """Whether the figures are what the ledger says."""

    list_display = ["verified_at", "entries", "waiting", "figures", "differences"]
    ordering = ["-id"]
