"""Matches as the officers of the market see them."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.base.admin import ReadOnlyAdmin
from apps.matching.models import Match, Relation, Standing
from apps.matching.queries.ranking import said


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
        lines = [(reason["contribution"], said(reason)) for reason in match.reasons]
        return format_html_join("", "<p>{}　{}</p>", lines)


@admin.register(Relation)
class RelationAdmin(ReadOnlyAdmin[Relation]):
    """Which organizations declared that they are related."""

    list_display = ("first", "second", "kind", "declared_by", "created_at", "ended_at")
    list_filter = ("kind",)
    list_select_related = ("first", "second", "declared_by")
    search_fields = ("first__name", "second__name")
    ordering = ("-created_at",)
    fields = ("first", "second", "kind", "note", "declared_by", "created_at", "ended_at")
    readonly_fields = fields


@admin.register(Standing)
class StandingAdmin(ReadOnlyAdmin[Standing]):
    """How organizations answer those who come to them."""

    list_display = ("organization", "asked", "answered", "median_hours", "reckoned_at")
    list_select_related = ("organization",)
    search_fields = ("organization__name",)
    ordering = ("-asked",)
    fields = ("organization", "asked", "answered", "median_hours", "is_stale", "reckoned_at")
    readonly_fields = fields
