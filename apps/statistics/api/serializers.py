"""What figures look like over HTTP."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import TermChoice
from apps.statistics.models import Figure
from apps.statistics.queries import Lag
from marketplace.contracts import ContractType
from marketplace.statistics import (
    DEFINITIONS,
    METHOD,
    MONTH,
    Dimension,
    in_hundred_million,
    month_as_text,
)


@extend_schema_field({"type": "string", "pattern": f"^{MONTH.pattern}$"})
class Month(serializers.Field[Any, Any, Any, Any]):
    """A month, such as 2026-03."""

    def to_representation(self, value: date) -> str:
        return month_as_text(value)


class Total(serializers.DecimalField):
    """A sum of amounts in yuan, exact; negative where more was taken back than added."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=26, decimal_places=2, read_only=True, **options)


class HundredMillion(Total):
    """A sum of amounts in 亿元, rounded to two decimals."""

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(in_hundred_million(value))


class SumsSerializer(serializers.Serializer[Mapping[str, Any]]):
    """Figures added up."""

    count = serializers.IntegerField(read_only=True)
    value = Total()
    recognised_value = Total()
    value_in_hundred_million = HundredMillion(source="value")
    recognised_value_in_hundred_million = HundredMillion(source="recognised_value")


class FigureSerializer(serializers.ModelSerializer[Figure]):
    """How many contracts, worth how much, of one month, type, field and pair of regions."""

    month = Month(read_only=True)
    contract_type = TermChoice(ContractType, read_only=True)
    value = Total()
    recognised_value = Total()

    class Meta:
        model = Figure
        fields = [
            "id",
            "month",
            "contract_type",
            "field",
            "seller_region",
            "buyer_region",
            "count",
            "value",
            "recognised_value",
            "updated_at",
        ]


class DefinitionSerializer(serializers.Serializer[Any]):
    """How something is counted."""

    name = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)


class HeadSerializer(serializers.Serializer[Any]):
    """What must be known of figures to cite them."""

    method = serializers.CharField(
        read_only=True, help_text="Which version of the definitions the figures follow."
    )
    as_of = serializers.DateTimeField(
        read_only=True, help_text="Every ledger entry written before this is counted."
    )
    waiting = serializers.IntegerField(
        read_only=True, help_text="How many ledger entries have yet to be counted."
    )
    definitions = DefinitionSerializer(many=True, read_only=True)


class GroupSerializer(SumsSerializer):
    """The figures of one month, type, field or region, added up."""

    key = serializers.CharField(read_only=True)


class SummarySerializer(HeadSerializer):
    """Figures added up by one dimension, and their total."""

    by = TermChoice(Dimension, read_only=True)
    groups = GroupSerializer(many=True, read_only=True)
    total = SumsSerializer(read_only=True)


class ExportSerializer(HeadSerializer):
    """All figures that were asked for, in one file."""

    generated_at = serializers.DateTimeField(read_only=True)
    rows = FigureSerializer(many=True, read_only=True)
    total = SumsSerializer(read_only=True)


def head(lag: Lag) -> dict[str, Any]:
    """Return what must be known of figures to cite them, in the reader's language."""
    return {
        "method": METHOD,
        "as_of": lag.as_of,
        "waiting": lag.waiting,
        "definitions": [{"name": each.name, "text": gettext(each.text)} for each in DEFINITIONS],
    }
