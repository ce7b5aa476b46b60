"""How lists are narrowed by the words after the question mark."""

from typing import Any, TypeVar, cast

from django import forms
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django_filters.filters import DateFilter, Filter
from django_filters.rest_framework.backends import DjangoFilterBackend
from django_filters.utils import translate_validation
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

M = TypeVar("M", bound=Model)

#: Words that every list knows, beside its own filters.
COMMON = frozenset({"cursor", "page_size"})


class StrictFilterBackend(DjangoFilterBackend):
    """
    Filters of django-filter that pass over nothing.

    A word that no filter knows, or that comes twice or without a value, is an error.
    """

    def asked(self, request: Request, queryset: QuerySet[M], view: Any) -> Any:
        """Return the filter set with what is asked for, all of it checked."""
        self._must_be_clear(request, queryset, view)
        filters = self.get_filterset(request, queryset, view)  # type: ignore[no-untyped-call]
        if not filters.is_valid():
            raise translate_validation(filters.errors)
        return filters

    def filter_queryset(self, request: Request, queryset: QuerySet[M], view: Any) -> QuerySet[M]:
        if not self._must_be_clear(request, queryset, view):
            return queryset  # The form of a filter set costs as much as a query.
        narrowed = super().filter_queryset(request, queryset, view)  # type: ignore[no-untyped-call]
        return cast("QuerySet[M]", narrowed)

    def _must_be_clear(self, request: Request, queryset: QuerySet[M], view: Any) -> bool:
        """Refuse what no filter knows, and say whether there is anything to narrow by."""
        filterset_class = self.get_filterset_class(view, queryset)  # type: ignore[no-untyped-call]
        filters = filterset_class.base_filters if filterset_class else {}
        asked = request.query_params.keys() - COMMON
        unknown = asked - filters.keys()
        if unknown:
            raise ValidationError(
                {word: [_("There is no such filter.")] for word in sorted(unknown)},
                "unknown_filter",
            )
        must_be_clear(request.query_params)
        return bool(asked) or any(each.extra.get("required") for each in filters.values())


def must_be_clear(asked: QueryDict) -> None:
    """Refuse what stands in a query twice, or without a value."""
    unclear = [word for word, given in asked.lists() if len(given) > 1 or not given[0]]
    if unclear:
        raise ValidationError(
            {word: [_("Give each filter once, with a value.")] for word in unclear},
            "unclear_filter",
        )


class DayFilter(DateFilter):
    """A day as 2026-01-31, however dates are written in the reader's language."""

    def __init__(self, **options: Any) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            input_formats=["%Y-%m-%d"], **options
        )


class TrueOrFalse(forms.Field):
    """The word true or the word false."""

    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        if value not in ("true", "false"):
            raise forms.ValidationError(_("Say true or false."), "invalid")
        return bool(value == "true")


@extend_schema_field({"type": "boolean"})
class TrueOrFalseFilter(Filter):
    """Yes or no; anything else is an error, where django-filter would pass over it."""

    field_class: type[forms.Field] = TrueOrFalse

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
