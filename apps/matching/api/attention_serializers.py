"""The shapes in which proposals, and how fairly they are made, travel."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import TermChoice
from apps.matching.api.serializers import CounterpartSerializer
from apps.matching.models import Proposal, Unproposed
from apps.matching.queries.attention import Kept, Proposals
from marketplace.attention import HELP, WHY, Promise, Shortage
from marketplace.listings import Market
from marketplace.statistics import MONTH, Definition, month_as_text


class PromiseSerializer(serializers.Serializer[Promise]):
    """What every published listing is promised."""

    proposals = serializers.IntegerField(read_only=True)
    days = serializers.IntegerField(read_only=True)
    weekly_to_listing = serializers.IntegerField(read_only=True)
    weekly_to_organization = serializers.IntegerField(read_only=True)


class UnproposedSerializer(serializers.Serializer[Unproposed]):
    """Why a listing was not proposed often enough, and what helps."""

    shortage = TermChoice(Shortage, read_only=True)
    text = serializers.SerializerMethodField()
    help = serializers.SerializerMethodField()
    found_at = serializers.DateTimeField(read_only=True)

    @extend_schema_field({"type": "string"})
    def get_text(self, row: Unproposed) -> str:
        return gettext(WHY[row.shortage])

    @extend_schema_field({"type": "string"})
    def get_help(self, row: Unproposed) -> str:
        return gettext(HELP[row.shortage])


class MadeSerializer(serializers.Serializer[Mapping[str, Any]]):
    """That a listing was proposed, and to which one; null where that cannot be seen any more."""

    proposed_on = serializers.DateField(read_only=True)
    to = CounterpartSerializer(read_only=True, allow_null=True)


class ProposalsSerializer(serializers.Serializer[Proposals]):
    """How often a listing was proposed, to whom, and if too seldom, why."""

    promise = PromiseSerializer(read_only=True)
    due_on = serializers.DateField(read_only=True, allow_null=True)
    count = serializers.IntegerField(read_only=True)
    results = MadeSerializer(source="made", many=True, read_only=True)
    because = UnproposedSerializer(read_only=True, allow_null=True)


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    """What was proposed for which listing."""

    match = serializers.UUIDField(source="match_id", read_only=True)
    proposed = CounterpartSerializer(read_only=True)
    to = CounterpartSerializer(read_only=True)
    score = serializers.DecimalField(
        source="match.score", max_digits=9, decimal_places=6, read_only=True
    )

    class Meta:
        model = Proposal
        fields = ("id", "match", "score", "proposed", "to", "proposed_on", "created_at")
        read_only_fields = fields


class ReasonsCountSerializer(serializers.Serializer[Mapping[str, Any]]):
    """How many listings were not proposed often enough for a reason."""

    shortage = TermChoice(Shortage, read_only=True)
    text = serializers.CharField(read_only=True)
    listings = serializers.IntegerField(read_only=True)


class KeptSerializer(serializers.Serializer[Kept]):
    """How often the promise was kept in one market to what fell due in one month."""

    market = TermChoice(Market, read_only=True)
    month = serializers.SerializerMethodField()
    due = serializers.IntegerField(read_only=True)
    in_time = serializers.IntegerField(read_only=True)
    rate = serializers.DecimalField(max_digits=4, decimal_places=1, read_only=True, allow_null=True)
    late = serializers.IntegerField(read_only=True)
    reasons = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "pattern": f"^{MONTH.pattern}$"})
    def get_month(self, kept: Kept) -> str:
        return month_as_text(kept.month)

    @extend_schema_field(ReasonsCountSerializer(many=True))
    def get_reasons(self, kept: Kept) -> list[dict[str, Any]]:
        return [
            {"shortage": shortage.value, "text": gettext(WHY[shortage]), "listings": count}
            for shortage, count in kept.reasons.items()
            if count
        ]


class AttentionDefinition(serializers.Serializer[Definition]):
    """How something is counted, in the reader's language."""

    name = serializers.CharField(read_only=True)
    text = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string"})
    def get_text(self, definition: Definition) -> str:
        promise: Promise = self.context["promise"]
        sentence = gettext(definition.text)
        return sentence.format(proposals=promise.proposals, days=promise.days)


class AttentionFiguresSerializer(serializers.Serializer[Mapping[str, Any]]):
    """How fairly listings are proposed, and how that is counted."""

    promise = PromiseSerializer(read_only=True)
    definitions = AttentionDefinition(many=True, read_only=True)
    results = KeptSerializer(many=True, read_only=True)
