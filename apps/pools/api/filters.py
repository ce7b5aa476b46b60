"""How the pools are narrowed."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters.filters import CharFilter, ChoiceFilter, NumberFilter, UUIDFilter
from django_filters.rest_framework.filterset import FilterSet
from rest_framework.exceptions import ValidationError

from apps.base.api.errors import words
from apps.pools.queries import SUBJECTS
from apps.taxonomy.queries import under
from marketplace.calendar import day_of
from marketplace.errors import Invalid
from marketplace.pools import FundKind, PoolState, TalentKind


class EntryFilter(FilterSet):
    """Words that narrow every pool; a code includes everything below it."""

    state = ChoiceFilter(choices=PoolState.choices())
    organization = UUIDFilter()
    field = CharFilter(method="below")
    region = CharFilter(method="below")

    def below(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the rows whose code is `value` or below it."""
        try:
            codes = under(SUBJECTS[name], value, on=day_of(timezone.now()), field=name)
        except Invalid as error:
            raise ValidationError({name: [words(error)]}, error.code) from error
        return rows.filter(**{f"{name}__in": codes.values("pk")})


class TalentFilter(EntryFilter):
    """Words that narrow the talents."""

    kind = ChoiceFilter(choices=TalentKind.choices())


class FundFilter(EntryFilter):
    """Words that narrow the funds."""

    kind = ChoiceFilter(choices=FundKind.choices())


class ProjectFilter(EntryFilter):
    """Words that narrow the projects."""

    readiness_from = NumberFilter(
        field_name="readiness", lookup_expr="gte", min_value=1, max_value=9, decimal_places=0
    )
