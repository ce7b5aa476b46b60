"""Which figures are asked for."""

# mypy: disallow_untyped_calls=False
# (django-filter has no annotations)

from datetime import date
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from django_filters import filters
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema_field

from apps.statistics.models import Figure, FigureQuerySet
from marketplace.contracts import ContractType
from marketplace.statistics import FIELD, MONTH, REGION, Dimension, month_from_text, region_prefix


class MonthText(forms.CharField):
    """A month as a text, such as 2026-03."""

    def to_python(self, value: Any) -> date | None:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return None
        try:
            return month_from_text(text)
        except ValueError as error:
            raise forms.ValidationError(_("A month looks like 2026-03."), "month") from error


@extend_schema_field({"type": "integer", "minimum": 1000, "maximum": 2999})
class YearFilter(filters.Filter):
    """A whole year."""

    field_class: type[forms.Field] = forms.IntegerField


@extend_schema_field({"type": "string", "pattern": f"^{MONTH.pattern}$"})
class MonthFilter(filters.Filter):
    """A month."""

    field_class: type[forms.Field] = MonthText


@extend_schema_field({"type": "string", "pattern": f"^{REGION.pattern}$"})
class RegionFilter(filters.CharFilter):
    """A region with all regions within it."""

    def __init__(self, **options: Any) -> None:
        wrong = _("A region is its code of six digits.")
        super().__init__(validators=[RegexValidator(rf"^{REGION.pattern}\Z", wrong)], **options)

    def filter(self, qs: FigureQuerySet, value: str) -> FigureQuerySet:
        if not value:
            return qs
        return qs.filter(**{f"{self.field_name}__startswith": region_prefix(value)})


@extend_schema_field({"type": "string", "pattern": f"^{FIELD.pattern}$"})
class FieldFilter(filters.CharFilter):
    """A technology field."""

    def __init__(self, **options: Any) -> None:
        wrong = _("A technology field is its code, such as 01.")
        super().__init__(validators=[RegexValidator(rf"^{FIELD.pattern}\Z", wrong)], **options)


class FigureFilters(FilterSet):
    """The words after the question mark."""

    year = YearFilter(
        field_name="month", lookup_expr="year", min_value=1000, max_value=2999, label=_("year")
    )
    month_from = MonthFilter(field_name="month", lookup_expr="gte", label=_("first month"))
    month_to = MonthFilter(field_name="month", lookup_expr="lte", label=_("last month"))
    contract_type = filters.ChoiceFilter(choices=ContractType.choices(), label=_("contract type"))
    field = FieldFilter(field_name="field", label=_("technology field"))
    seller_region = RegionFilter(
        field_name="seller_region", label=_("seller region, with all regions within it")
    )
    buyer_region = RegionFilter(
        field_name="buyer_region", label=_("buyer region, with all regions within it")
    )

    class Meta:
        model = Figure
        fields: list[str] = []


class SummaryFilters(FigureFilters):
    """The words after the question mark of a summary."""

    by = filters.ChoiceFilter(
        choices=Dimension.choices(),
        required=True,
        method="unchanged",
        label=_("what the figures are grouped by"),
    )

    def unchanged(self, figures: FigureQuerySet, _name: str, _value: str) -> FigureQuerySet:
        """Leave the rows as they are: grouping drops none."""
        return figures
