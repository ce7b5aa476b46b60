"""Matches as the officers of the market see them."""

from django.contrib import admin

from apps.base.admin import ReadOnlyAdmin
from apps.matching.models import Match


@admin.register(Match)
class MatchAdmin(ReadOnlyAdmin[Match]):
    """Which offers fit which needs, and why."""

    list_display = ("offer", "need", "score", "is_current", "method", "computed_at")
    list_filter = ("offer__market", "method")
    list_select_related = ("offer", "need")
    search_fields = ("offer__title", "need__title")
    ordering = ("-computed_at",)
