"""Deals in the console, to be looked at only."""

from django.contrib import admin

from apps.base.admin import RecordAdmin
from apps.deals.models import Deal
from marketplace.actors import Role


@admin.register(Deal)
class DealAdmin(RecordAdmin[Deal]):
    """Deals; the two sides alone move them."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["owner", "taker", "broker", "state", "price_amount", "agreed_on", "created_at"]
    list_filter = ["state", "drop_reason"]
    list_select_related = ["owner", "taker", "broker"]
    search_fields = ["owner__name", "taker__name", "broker__name"]
