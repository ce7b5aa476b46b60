"""How lists are narrowed by the words after the question mark."""

from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework.backends import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

M = TypeVar("M", bound=Model)

#: Words that every list knows, beside its own filters.
COMMON = frozenset({"cursor", "page_size"})


class StrictFilterBackend(DjangoFilterBackend):
    """Filters of django-filter; a word that no filter knows is an error, not an empty promise."""

    def filter_queryset(self, request: Request, queryset: QuerySet[M], view: Any) -> QuerySet[M]:
        filterset_class = self.get_filterset_class(view, queryset)  # type: ignore[no-untyped-call]
        filters = filterset_class.base_filters if filterset_class else {}
        asked = request.query_params.keys() - COMMON
        unknown = asked - filters.keys()
        if unknown:
            raise ValidationError(
                {word: [_("There is no such filter.")] for word in sorted(unknown)},
                "unknown_filter",
            )
        if not asked and not any(each.extra.get("required") for each in filters.values()):
            return queryset  # The form of a filter set costs as much as a query.
        narrowed = super().filter_queryset(request, queryset, view)  # type: ignore[no-untyped-call]
        return cast("QuerySet[M]", narrowed)
