"""The journal as administrators see it."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.base.admin import ReadOnlyAdmin
from apps.journal.models import Entry, Untold
from marketplace.actors import Role


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin[Entry]):
    """What happened."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["at", "verb", "who", "subject_type", "subject_id"]
    search_fields = ["verb", "subject_id", "request_id"]
    ordering = ["-id"]
    fields = [
        *("at", "verb", "who", "subject_type", "subject_id", "facts"),
        *("actor_user", "actor_organization", "parties", "request_id"),
    ]
    readonly_fields = ["at", "who"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        people = get_user_model()._default_manager.filter(pk=OuterRef("actor_user"))
        name = Subquery(people.values("name")[:1])
        return super().get_queryset(request).annotate(actor_name=name).defer("sealed")

    @admin.display(description=_("actor"))
    def who(self, entry: Any) -> str:
        """Name the person, or the clockwork, that acted."""
        return str(entry.actor_name or entry.actor_user or entry.actor_task)


@admin.register(Untold)
class UntoldAdmin(ReadOnlyAdmin[Untold]):
    """Who is still to be told, and what was set aside."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["reader", "entry_id", "set_aside_at", "error"]
    list_filter = ["reader", ("set_aside_at", admin.EmptyFieldListFilter)]
