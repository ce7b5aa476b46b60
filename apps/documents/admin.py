"""Files as administrators see them: that they are there, never what is in them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.base.admin import ReadOnlyAdmin
from apps.documents.models import Document
from marketplace.actors import Role


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin[Document]):
    """Who handed in which file, and whether its bytes are still there."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["name", "organization", "media_type", "size", "state", "created_at"]
    list_filter = ["state", "media_type"]
    list_select_related = ["organization"]
    search_fields = ["name", "sha256", "organization__name"]
    ordering = ["-created_at"]
    fields = [
        *("name", "organization", "author", "media_type", "size", "sha256", "cleared_by"),
        *("declared_on", "state", "created_at", "claimed_at", "destroyed_at", "removed_at"),
    ]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        # Files of all organizations: there is no way from here to their bytes.
        return Document.objects.order_by(*self.ordering)
