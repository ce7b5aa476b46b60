"""How a match is shown."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import CodeField, TermChoice
from apps.markets.models import Listing
from apps.matching import queries
from apps.matching.models import Match
from marketplace.listings import Side
from marketplace.matching import Part


class CounterpartSerializer(serializers.ModelSerializer[Listing]):
    """What everybody may know of a published listing."""

    organization = serializers.CharField(source="organization.name", read_only=True)
    side = TermChoice(Side, read_only=True)
    field = CodeField(source="field_id", allow_null=True)
    region = CodeField(source="region_id")

    class Meta:
        model = Listing
        fields = ("id", "side", "title", "organization", "field", "region")
        read_only_fields = fields


class ReasonSerializer(serializers.Serializer[Mapping[str, Any]]):
    """A part of the score, in the reader's language."""

    part = TermChoice(Part, read_only=True)
    contribution = serializers.DecimalField(max_digits=8, decimal_places=6, read_only=True)
    text = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string"})
    def get_text(self, reason: Mapping[str, Any]) -> str:
        return queries.said(reason)


class MatchSerializer(serializers.ModelSerializer[Match]):
    """A match with its receipt: what was compared, by which method, and what each part gave."""

    offer = CounterpartSerializer(read_only=True)
    need = CounterpartSerializer(read_only=True)
    reasons = ReasonSerializer(many=True, read_only=True)

    class Meta:
        model = Match
        fields = (
            "id",
            "version",
            "offer",
            "need",
            "score",
            "reasons",
            "method",
            "offer_version",
            "need_version",
            "computed_at",
        )
        read_only_fields = fields


class RankedSerializer(serializers.ModelSerializer[Match]):
    """A match as seen from one of its two listings."""

    reasons = ReasonSerializer(many=True, read_only=True)
    counterpart = serializers.SerializerMethodField()

    class Meta:
        model = Match
        fields = ("id", "score", "reasons", "counterpart", "computed_at")
        read_only_fields = fields

    @extend_schema_field(CounterpartSerializer)
    def get_counterpart(self, match: Match) -> dict[str, Any]:
        # The view says from which of the two it is looked at.
        seen_from: UUID = self.context["listing"]
        counterpart = match.need if match.offer_id == seen_from else match.offer
        return dict(CounterpartSerializer(counterpart).data)


class MatchesSerializer(serializers.Serializer[Mapping[str, Any]]):
    """The best matches of a listing; where there are none, why."""

    results = RankedSerializer(many=True, read_only=True)
    because = serializers.CharField(read_only=True, allow_null=True)
