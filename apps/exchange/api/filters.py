"""How exports are narrowed: by the same words as the lists, and by the format."""

from typing import Any

from django.db.models import QuerySet
from django_filters.filters import ChoiceFilter
from django_filters.rest_framework.filterset import FilterSet

from apps.markets.api.filters import ListingFilter
from apps.pools.api.filters import FundFilter, ProjectFilter, TalentFilter
from marketplace.coach import DraftKind
from marketplace.exchange import POOLS, FileFormat

#: In which formats a table goes out.
FORMATS = [(each.value, each.label) for each in (FileFormat.XLSX, FileFormat.CSV)]


class FormatFilter(FilterSet):
    """The format, which narrows nothing."""

    file_format = ChoiceFilter(choices=FORMATS, method="all_of", label="xlsx unless said.")

    def all_of(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep all rows."""
        return rows


class ListingExportFilter(FormatFilter, ListingFilter):
    """Words that narrow the listings that go out."""


class TalentExportFilter(FormatFilter, TalentFilter):
    """Words that narrow the talents that go out."""


class FundExportFilter(FormatFilter, FundFilter):
    """Words that narrow the funds that go out."""


class ProjectExportFilter(FormatFilter, ProjectFilter):
    """Words that narrow the projects that go out."""


def filter_of(kind: DraftKind) -> type[FilterSet]:
    """Return what narrows the things of `kind`."""
    if kind not in POOLS:
        return ListingExportFilter
    filters: dict[str, type[FilterSet]] = {
        "talent": TalentExportFilter,
        "fund": FundExportFilter,
        "project": ProjectExportFilter,
    }
    return filters[kind.value]
