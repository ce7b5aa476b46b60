"""How a match is shown."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import CodeField, Input, TermChoice
from apps.markets.models import Listing
from apps.matching.models import Match
from apps.matching.queries.ranking import Because, said
from apps.matching.queries.receipts import Receipt
from marketplace.conflicts import Conflict
from marketplace.listings import Side
from marketplace.matching import CONDITIONS, Condition, Part, Reason, total


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
    contribution = serializers.DecimalField(max_digits=9, decimal_places=6, read_only=True)
    text = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string"})
    def get_text(self, reason: Mapping[str, Any]) -> str:
        return said(reason)


class ChangeSerializer(serializers.Serializer[Mapping[str, Any]]):
    """What would raise a score, by how much at most."""

    part = TermChoice(Part, read_only=True)
    gain = serializers.DecimalField(max_digits=9, decimal_places=6, read_only=True)
    text = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string"})
    def get_text(self, change: Any) -> str:
        return gettext(change.message)


class MatchSerializer(serializers.ModelSerializer[Match]):
    """A match: what was compared, by which method, and what each part gave."""

    offer = CounterpartSerializer(read_only=True)
    need = CounterpartSerializer(read_only=True)
    reasons = ReasonSerializer(many=True, read_only=True)
    conflicts = serializers.SerializerMethodField()

    class Meta:
        model = Match
        fields = (
            "id",
            "version",
            "offer",
            "need",
            "score",
            "reasons",
            "conflicts",
            "method",
            "offer_version",
            "need_version",
            "offer_wording",
            "need_wording",
            "computed_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=TermChoice(Conflict)))
    def get_conflicts(self, match: Match) -> list[str]:
        found: Mapping[UUID, list[Conflict]] = self.context.get("conflicts", {})
        return list(found.get(match.pk, []))


class RankedSerializer(MatchSerializer):
    """A match as seen from one of its two listings."""

    counterpart = serializers.SerializerMethodField()

    class Meta:
        model = Match
        fields = ("id", "score", "reasons", "conflicts", "counterpart", "computed_at")
        read_only_fields = fields

    @extend_schema_field(CounterpartSerializer)
    def get_counterpart(self, match: Match) -> dict[str, Any]:
        # The view says from which of the two it is looked at.
        seen_from: UUID = self.context["listing"]
        counterpart = match.need if match.offer_id == seen_from else match.offer
        return dict(CounterpartSerializer(counterpart).data)


class MatchesQuery(Input):
    """Which matches of a listing are shown."""

    judged = serializers.BooleanField(
        default=False, help_text="Also those that one's own house judged wrong."
    )


class RemovedSerializer(serializers.Serializer[Mapping[str, Any]]):
    """A condition, how many it keeps away, and what would be there without it alone."""

    condition = TermChoice(Condition, read_only=True)
    text = serializers.CharField(read_only=True)
    removed = serializers.IntegerField(read_only=True)
    alone = serializers.IntegerField(read_only=True)
    best = serializers.DecimalField(max_digits=9, decimal_places=6, read_only=True, allow_null=True)


class BecauseSerializer(serializers.Serializer[Because]):
    """Why there are no matches."""

    text = serializers.SerializerMethodField()
    looked_at = serializers.SerializerMethodField()
    conditions = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string"})
    def get_text(self, because: Because) -> str:
        return gettext(because.message).format(**because.facts)

    @extend_schema_field({"type": "integer"})
    def get_looked_at(self, because: Because) -> int:
        return because.funnel.looked_at if because.funnel else 0

    @extend_schema_field(RemovedSerializer(many=True))
    def get_conditions(self, because: Because) -> list[dict[str, Any]]:
        if because.funnel is None:
            return []
        funnel = because.funnel
        return [
            dict(
                RemovedSerializer(
                    {
                        "condition": condition,
                        "text": gettext(CONDITIONS[condition]),
                        "removed": removed,
                        "alone": funnel.alone[condition],
                        "best": funnel.best.get(condition),
                    }
                ).data
            )
            for condition, removed in funnel.refused.most_common()
        ]


class MatchesSerializer(serializers.Serializer[Mapping[str, Any]]):
    """The best matches of a listing; where there are none, why."""

    results = RankedSerializer(many=True, read_only=True)
    because = BecauseSerializer(read_only=True, allow_null=True)


class ReceiptSerializer(serializers.Serializer[Receipt]):
    """The receipt of a match: what it was reckoned from, and whether it still comes out so."""

    match = MatchSerializer(read_only=True)
    #: What else went into it: the day, healths, answers, similarity, the fit.
    given = serializers.JSONField(source="match.given", read_only=True)
    replays = serializers.BooleanField(read_only=True, allow_null=True)
    score_again = serializers.SerializerMethodField()
    reasons_again = serializers.SerializerMethodField()
    score_now = serializers.DecimalField(
        max_digits=9, decimal_places=6, read_only=True, allow_null=True
    )
    holds = serializers.BooleanField(read_only=True)
    verdict = serializers.SerializerMethodField()
    changes_of_offer = ChangeSerializer(many=True, read_only=True)
    changes_of_need = ChangeSerializer(many=True, read_only=True)

    @extend_schema_field({"type": "string", "format": "decimal", "nullable": True})
    def get_score_again(self, receipt: Receipt) -> str | None:
        return None if receipt.again is None else str(total(receipt.again))

    @extend_schema_field(ReasonSerializer(many=True))
    def get_reasons_again(self, receipt: Receipt) -> list[dict[str, Any]]:
        return [dict(ReasonSerializer(_plain(each)).data) for each in receipt.again or []]

    @extend_schema_field({"type": "string"})
    def get_verdict(self, receipt: Receipt) -> str:
        if receipt.again is None:
            return gettext("It cannot be reckoned again: something it rests on is kept no longer.")
        if not receipt.replays:
            return gettext("Reckoned again from the same inputs, it comes out otherwise.")
        if receipt.score_now is None:
            return gettext("The same comes out again; but today the two are not matched any more.")
        if receipt.holds:
            return gettext("The same comes out again, and it would still come out so today.")
        return gettext("The same comes out again; today it would come to another score.")


def _plain(reason: Reason) -> dict[str, Any]:
    return asdict(reason)
