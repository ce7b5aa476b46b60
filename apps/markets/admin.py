"""The markets as the reviewers see them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.base.admin import ConsoleMove, RecordAdmin
from apps.markets import actions
from apps.markets.models import Listing
from marketplace.actors import Role
from marketplace.listings import LISTING, shows_confidential

NOTE = forms.CharField(
    label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
)
REASON = forms.CharField(
    label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
)


@admin.register(Listing)
class ListingAdmin(RecordAdmin[Listing]):
    """The queue of the reviewers: what is submitted is decided here."""

    roles = frozenset({Role.REVIEWER, Role.ADMINISTRATOR})
    cycle = LISTING
    console_moves = [
        ConsoleMove("publish", actions.publish, {"note": NOTE}),
        ConsoleMove("send_back", actions.send_back, {"reason": REASON}),
        ConsoleMove("refuse", actions.refuse, {"reason": REASON}),
    ]
    list_display = ["title", "market", "side", "organization", "field", "state", "updated_at"]
    list_filter = ["state", "market", "side", "cooperation"]
    list_select_related = ["organization", "field"]
    search_fields = ["title", "organization__name", "external_reference"]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Keep the confidential part from those whom the rule book does not show it."""
        shown = obj is not None and shows_confidential(self.actor(request), obj.organization_id)
        return [] if shown else ["confidential"]
