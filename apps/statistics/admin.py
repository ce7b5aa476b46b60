"""The figures and the runs that made them, at the console."""

from django.contrib import admin

from apps.base.admin import ReadOnlyAdmin
from apps.statistics.models import Figure, FoldRun, Verification


@admin.register(Figure)
class FigureAdmin(ReadOnlyAdmin[Figure]):
    """How many contracts, worth how much."""

    list_display = [
        "month",
        "contract_type",
        "field",
        "seller_region",
        "buyer_region",
        "count",
        "value",
        "recognised_value",
    ]
    list_filter = ["contract_type", "month"]
    search_fields = ["seller_region", "buyer_region"]
    ordering = ["-month", "id"]


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
