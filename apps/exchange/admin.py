"""Imports as administrators see them: how far each has come, and what is wrong with it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.base.admin import ReadOnlyAdmin
from apps.exchange.models import Import, ImportFault
from marketplace.actors import Role


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin[Import]):
    """Which file of which organization is being taken in, and how far it has come."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = [
        *("imported_from", "organization", "kind", "state", "rows_done", "rows_total"),
        *("faults_total", "updated_at"),
    ]
    list_filter = ["state", "kind"]
    list_select_related = ["organization"]
    search_fields = ["imported_from", "organization__name"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        # Of all organizations: how far it has come says nothing of what is in the file.
        return Import.objects.order_by(*self.ordering)


@admin.register(ImportFault)
class ImportFaultAdmin(ReadOnlyAdmin[ImportFault]):
    """Where in a file something is wrong."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["import_job", "row", "column", "code"]
    list_select_related = ["import_job"]
    search_fields = ["=import_job__id", "code"]
    fields = ["import_job", "row", "column", "place", "code", "message"]
    ordering = ["-import_job", "id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportFault]:
        # The facts of a fault may tell what stands in the file, and are not shown.
        return ImportFault.objects.order_by(*self.ordering)
