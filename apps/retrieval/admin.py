"""Runs of the index at the console: how far each has come, and why it is stuck."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.base.admin import ReadOnlyAdmin
from apps.base.api.errors import words
from apps.retrieval.models import Run
from marketplace.actors import Role
from marketplace.errors import Conflict


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin[Run]):
    """Which market is fitted or matched anew, and how far that has come."""

    roles = frozenset({Role.ADMINISTRATOR, Role.STATISTICIAN})
    list_display: Any = [
        *("kind", "market", "state", "step", "progress", "why", "began_at", "ended_at")
    ]
    list_filter = ["kind", "market", "state"]
    fields = [*list_display, "created_at", "updated_at"]
    readonly_fields = ["progress", "why"]
    ordering = ["-id"]

    @admin.display(description=_("progress"))
    def progress(self, run: Run) -> str:
        """Return how much of the whole is done."""
        return f"{run.done:,} / {run.whole:,}"

    @admin.display(description=_("reason"))
    def why(self, run: Run) -> str:
        """Say why it is stuck."""
        return words(Conflict(run.reason, **run.reason_facts)) if run.reason else ""
