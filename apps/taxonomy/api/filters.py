"""How code lists are narrowed."""

from datetime import date
from typing import Any, TypeVar

from django import forms
from django.db.models import Model, Q, QuerySet
from django_filters.filters import CharFilter, ChoiceFilter, Filter
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema_field

from apps.base.api.filters import DayFilter
from apps.taxonomy.models import Code, Edition, Zone
from apps.taxonomy.queries import valid_on
from marketplace.taxonomy import Subject, ZoneKind

M = TypeVar("M", bound=Model)


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": 9})
class LevelFilter(Filter):
    """How deep in the tree."""

    field_class: type[forms.Field] = forms.IntegerField

    def __init__(self, **options: Any) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            min_value=1, max_value=9, **options
        )


class EditionFilters(FilterSet):
    """The words that /code-lists knows."""

    subject = ChoiceFilter(choices=Subject.choices(), help_text="What is classified.")
    on = DayFilter(method="keep_valid", help_text="Only lists valid on this day.")

    class Meta:
        model = Edition
        fields: list[str] = []

    def keep_valid(self, rows: QuerySet[M], name: str, day: date) -> QuerySet[M]:
        return rows.filter(valid_on(day))


class CodeFilters(FilterSet):
    """The words that /codes knows."""

    subject = ChoiceFilter(
        field_name="edition__subject", choices=Subject.choices(), help_text="What is classified."
    )
    edition = CharFilter(
        max_length=40, help_text="Only this edition, such as gbt2260-2024, whatever the day."
    )
    on = DayFilter(
        method="keep_valid",
        help_text="Only codes valid on this day; without this and edition, those of today.",
    )
    parent = CharFilter(
        field_name="parent__code", max_length=40, help_text="Only codes directly below this one."
    )
    under = CharFilter(
        method="keep_branch", max_length=40, help_text="Only this code and all below it."
    )
    level = LevelFilter(help_text="1 is the top of the tree.")
    search = CharFilter(
        method="find",
        max_length=80,
        help_text="The beginning of a code, or a piece of a name in Chinese or English.",
    )

    class Meta:
        model = Code
        fields: list[str] = []

    def keep_valid(self, rows: QuerySet[M], name: str, day: date) -> QuerySet[M]:
        return rows.filter(valid_on(day, "edition__"))

    def keep_branch(self, rows: QuerySet[M], name: str, code: str) -> QuerySet[M]:
        return rows.filter(path__contains=f"/{code}/")

    def find(self, rows: QuerySet[M], name: str, text: str) -> QuerySet[M]:
        return rows.filter(
            Q(code__istartswith=text) | Q(name_zh__icontains=text) | Q(name_en__icontains=text)
        )


class ZoneFilters(FilterSet):
    """The words that /zones knows."""

    on = DayFilter(
        method="keep_valid", help_text="Only zones that there were on this day; without it, today."
    )
    kind = ChoiceFilter(choices=ZoneKind.choices(), help_text="What the zone is.")
    parent = CharFilter(
        field_name="parent_id", max_length=60, help_text="Only zones that are parts of this one."
    )
    region = CharFilter(
        method="keep_region", max_length=40, help_text="Only zones within this region."
    )

    class Meta:
        model = Zone
        fields: list[str] = []

    def keep_valid(self, rows: QuerySet[M], name: str, day: date) -> QuerySet[M]:
        return rows.filter(valid_on(day))

    def keep_region(self, rows: QuerySet[M], name: str, code: str) -> QuerySet[M]:
        return rows.filter(region__path__contains=f"/{code}/")
