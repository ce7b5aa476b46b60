"""Matches as the officers of the market see them."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.base.admin import ReadOnlyAdmin
from apps.matching import queries
from apps.matching.models import Match


@admin.register(Match)
class MatchAdmin(ReadOnlyAdmin[Match]):
    """Which offers fit which needs, and why."""

    list_display = ("offer", "need", "score", "is_current", "method", "computed_at")
    list_filter = ("offer__market", "method")
    list_select_related = ("offer", "need")
    search_fields = ("offer__title", "need__title")
    ordering = ("-computed_at",)
    fields = ("offer", "need", "score", "why", "is_current", "method", "computed_at")
    readonly_fields = fields

    @admin.display(description=_("reasons"))
    def why(self, match: Match) -> SafeString:
        """Say what each part gave."""
        lines = [(reason["contribution"], queries.said(reason)) for reason in match.reasons]
        return format_html_join("", "<p>{}　{}</p>", lines)
