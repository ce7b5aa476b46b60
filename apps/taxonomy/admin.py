"""Code lists as the officers see them."""

from django.contrib import admin

from apps.base.admin import ReadOnlyAdmin
from apps.taxonomy.models import Code, Edition, Zone


@admin.register(Edition)
class EditionAdmin(ReadOnlyAdmin[Edition]):
    """Code lists by edition."""

    list_display = ["key", "subject", "name_zh", "valid_from", "valid_until", "certainty"]
    list_filter = ["subject", "certainty", "is_partial"]
    search_fields = ["key", "name_zh", "name_en"]


@admin.register(Code)
class CodeAdmin(ReadOnlyAdmin[Code]):
    """Codes."""

    list_display = ["code", "name_zh", "name_en", "edition", "level", "certainty"]
    list_filter = ["edition__subject", "edition", "level", "certainty"]
    list_select_related = ["edition"]
    search_fields = ["code", "name_zh", "name_en"]
    ordering = ["key"]


@admin.register(Zone)
class ZoneAdmin(ReadOnlyAdmin[Zone]):
    """Functional zones."""

    list_display = ["name_zh", "name_en", "kind", "region", "parent", "valid_from", "valid_until"]
    list_filter = ["kind", "certainty"]
    list_select_related = ["region", "parent"]
    search_fields = ["key", "name_zh", "name_en"]
