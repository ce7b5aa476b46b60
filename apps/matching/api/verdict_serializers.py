"""The shapes in which verdicts and the quality of matches travel."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import Input, TermChoice
from apps.matching.models import Verdict
from apps.matching.queries.quality import Quality
from marketplace.listings import Market
from marketplace.statistics import MONTH, month_as_text, month_from_text
from marketplace.verdicts import (
    DEFINITIONS,
    MOST_MONTHS,
    Cell,
    Judgement,
    VerdictReason,
    Voice,
    months_between,
)


@extend_schema_field(TermChoice(Judgement))
class JudgementWord(serializers.CharField):
    """A judgement as it is said; whether there is such a one, the rule book says."""


@extend_schema_field(TermChoice(VerdictReason, allow_null=True))
class ReasonWord(serializers.CharField):
    """A reason as it is said."""


class VerdictInput(Input):
    """What a match is worth, and why where it is not good."""

    judgement = JudgementWord()
    reason = ReasonWord(required=False, allow_null=True)
    note = serializers.CharField(required=False, allow_blank=True)


class MatchVerdictSerializer(serializers.ModelSerializer[Verdict]):
    """A verdict; which person gave it is told to his own house only."""

    match = serializers.UUIDField(source="match_id", read_only=True)
    voice = TermChoice(Voice, read_only=True)
    organization = serializers.UUIDField(source="organization_id", read_only=True)
    organization_name = serializers.CharField(source="organization.name", read_only=True)
    person = serializers.SerializerMethodField()
    judgement = TermChoice(Judgement, read_only=True)
    reason = TermChoice(VerdictReason, read_only=True, allow_null=True)

    class Meta:
        model = Verdict
        fields = [
            *("id", "version", "match", "voice", "organization", "organization_name", "person"),
            *("judgement", "reason", "note", "given_on", "score", "method"),
            *("created_at", "updated_at"),
        ]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"]})
    def get_person(self, verdict: Verdict) -> str | None:
        is_own = self.context["view"].actor.acts_for(verdict.organization_id)
        return verdict.user.name if is_own else None


@extend_schema_field({"type": "string", "pattern": f"^{MONTH.pattern}$"})
class QualityMonth(serializers.Field[Any, Any, Any, Any]):
    """A month, such as 2026-03."""

    default_error_messages = {"month": _lazy("A month looks like 2026-03.")}

    def to_internal_value(self, data: Any) -> date:
        try:
            return month_from_text(str(data))
        except ValueError:
            self.fail("month")

    def to_representation(self, value: date) -> str:
        return month_as_text(value)


class QualityQuery(Input):
    """Of which market and field, and from which month to before which."""

    market = TermChoice(Market, required=False)
    field = serializers.CharField(
        max_length=40, required=False, help_text="A technology field at the top of its list."
    )

    def get_fields(self) -> dict[str, Any]:
        months = {
            "from": QualityMonth(
                required=False, help_text="The first month; else a year before the end."
            ),
            "until": QualityMonth(
                required=False,
                help_text="The month after the last; else the one after the present one.",
            ),
        }
        return {**super().get_fields(), **months}


def check_span(since: date, until: date) -> None:
    """Raise an error unless there are some months, and not too many."""
    if not 1 <= months_between(since, until) <= MOST_MONTHS:
        message = gettext("Ask for 1 to {most} months; the last one is not in it.")
        raise serializers.ValidationError({"until": [message.format(most=MOST_MONTHS)]}, "months")


class QualityDefinition(serializers.Serializer[Any]):
    """How something is counted, in the reader's language."""

    name = serializers.CharField(read_only=True)
    text = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string"})
    def get_text(self, definition: Any) -> str:
        return gettext(definition.text)


class ReasonCount(serializers.Serializer[Any]):
    """How many matches were not good for a reason."""

    reason = TermChoice(VerdictReason, read_only=True)
    matches = serializers.IntegerField(read_only=True)


class QualityNumbers(serializers.Serializer[Any]):
    """How matches were judged; all of it is null where they are too few to be shown."""

    verdicts = serializers.IntegerField(allow_null=True)
    matches = serializers.IntegerField(allow_null=True)
    good = serializers.IntegerField(allow_null=True)
    weak = serializers.IntegerField(allow_null=True)
    wrong = serializers.IntegerField(allow_null=True)
    precision = serializers.DecimalField(max_digits=5, decimal_places=4, allow_null=True)


class QualityCell(QualityNumbers):
    """How the matches of one month, market and field were judged."""

    month = QualityMonth(read_only=True)
    market = TermChoice(Market)
    field = serializers.CharField()


class QualitySerializer(serializers.Serializer[Any]):
    """How right the matches are, by month, market and field, and how that is counted."""

    definitions = QualityDefinition(many=True)
    cells = QualityCell(many=True)
    total = QualityNumbers()
    reasons = ReasonCount(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": QualityMonth(), "until": QualityMonth(), **super().get_fields()}


def shown(found: Quality) -> dict[str, Any]:
    """Return the quality as its reader may see it."""
    return {
        "from": found.since,
        "until": found.until,
        "definitions": DEFINITIONS,
        "cells": list(_rows(found)),
        "total": _numbers(found.total),
        "reasons": [
            {"reason": reason, "matches": count}
            for reason, count in sorted(
                found.total.reasons.items(),
                key=lambda item: (-item[1], list(VerdictReason).index(item[0])),
            )
        ],
    }


def _rows(found: Quality) -> Iterator[Mapping[str, Any]]:
    for (month, market, field), cell in found.cells.items():
        is_shown = found.shows_small or not cell.is_small
        numbers = _numbers(cell) if is_shown else dict.fromkeys(_numbers(cell))
        yield {"month": month, "market": market, "field": field, **numbers}


def _numbers(cell: Cell) -> dict[str, Any]:
    return {
        "verdicts": cell.verdicts,
        "matches": cell.matches,
        **{judgement.value: cell.judged[judgement] for judgement in Judgement},
        "precision": cell.precision,
    }
