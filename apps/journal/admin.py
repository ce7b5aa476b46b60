"""The journal as administrators see it."""

from django.contrib import admin

from apps.base.admin import ReadOnlyAdmin
from apps.journal.models import Entry, Untold
from marketplace.actors import Role


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin[Entry]):
    """What happened."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["at", "verb", "subject_type", "subject_id", "actor_user", "actor_task"]
    search_fields = ["verb", "subject_id", "request_id"]
    ordering = ["-id"]


@admin.register(Untold)
class UntoldAdmin(ReadOnlyAdmin[Untold]):
    """Who is still to be told, and what was set aside."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["reader", "entry_id", "set_aside_at", "error"]
    list_filter = ["reader", ("set_aside_at", admin.EmptyFieldListFilter)]
