"""The pools as the reviewers see them."""

from typing import TypeVar

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.base.admin import ConsoleMove, RecordAdmin
from apps.pools import actions
from apps.pools.models import Fund, PoolEntry, Project, Talent
from marketplace.actors import Role
from marketplace.pools import POOL_ENTRY

E = TypeVar("E", bound=PoolEntry)

NOTE = forms.CharField(
    label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
)
REASON = forms.CharField(
    label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
)


class PoolEntryAdmin(RecordAdmin[E]):
    """The entries of one pool."""

    roles = frozenset({Role.REVIEWER, Role.ADMINISTRATOR})
    cycle = POOL_ENTRY
    console_moves = [
        ConsoleMove("admit", actions.admit, {"note": NOTE}),
        ConsoleMove("send_back", actions.send_back, {"reason": REASON}),
        ConsoleMove("refuse", actions.refuse, {"reason": REASON}),
    ]
    list_display = ["title", "organization", "field", "region", "state", "updated_at"]
    list_filter = ["state"]
    list_select_related = ["organization", "field", "region"]
    search_fields = ["title", "organization__name"]


@admin.register(Talent)
class TalentAdmin(PoolEntryAdmin[Talent]):
    """The talent pool."""

    list_filter = ["state", "kind"]


@admin.register(Fund)
class FundAdmin(PoolEntryAdmin[Fund]):
    """The fund pool."""

    list_filter = ["state", "kind"]


@admin.register(Project)
class ProjectAdmin(PoolEntryAdmin[Project]):
    """The project pool."""

    list_filter = ["state", "readiness"]
