"""The shapes in which proposed teams and judged conditions travel."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import TermChoice
from apps.base.fields import said
from apps.matching.api.serializers import CounterpartSerializer
from apps.matching.queries.teams import Answered, Conditions, Found, Money, ProposedTeam
from apps.pools.models import Fund
from marketplace.conflicts import Conflict
from marketplace.funding import Answer, Fact, Judgement
from marketplace.pools import FundKind, TalentKind
from marketplace.proposed_teams import Gap, Lack, Source
from marketplace.teams import TeamRole
from marketplace.vocabulary import Term

Names = Mapping[tuple[Fact, str], str]


def sentence(message: str, facts: Mapping[str, Any], names: Names) -> str:
    """Return a message with its facts in the reader's language, codes by their names."""
    kind = facts.get("fact")
    return gettext(message).format(
        **{name: _word(fact, kind, names) for name, fact in facts.items()}
    )


def _word(given: object, kind: object, names: Names) -> str:
    if isinstance(given, Judgement):
        return sentence(given.message, given.facts, names)
    if isinstance(given, list | tuple):
        between = "、" if (get_language() or "").startswith("zh") else ", "
        return between.join(_word(each, kind, names) for each in given)
    if isinstance(given, Term):
        return said(given)
    return names.get((Fact(str(kind)), str(given)), str(given)) if kind else str(given)


class JudgedConditionSerializer(serializers.Serializer[Judgement]):
    """Something that a fund asks, and whether it is met."""

    fact = serializers.SerializerMethodField()
    answer = TermChoice(Answer, read_only=True)
    text = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": Fact.values()})
    def get_fact(self, judgement: Judgement) -> str:
        return str(judgement.facts["fact"])

    @extend_schema_field({"type": "string"})
    def get_text(self, judgement: Judgement) -> str:
        return sentence(judgement.message, judgement.facts, self.context.get("names", {}))


class FundShortSerializer(serializers.ModelSerializer[Fund]):
    """What tells funds apart in a short list."""

    organization = serializers.CharField(source="organization.name", read_only=True)
    kind = TermChoice(FundKind, read_only=True)

    class Meta:
        model = Fund
        fields = ["id", "title", "organization", "kind"]
        read_only_fields = fields


class MoneySerializer(serializers.Serializer[Money]):
    """A fund, and what of all that it asks a project meets."""

    fund = FundShortSerializer(read_only=True)
    answer = TermChoice(Answer, source="opening.answer", read_only=True)
    conditions = JudgedConditionSerializer(source="opening.judgements", many=True, read_only=True)


class AnsweredSerializer(serializers.Serializer[Answered]):
    """A need that a project answers."""

    match = serializers.UUIDField(source="match.pk", read_only=True)
    score = serializers.DecimalField(
        source="match.score", max_digits=9, decimal_places=6, read_only=True
    )
    need = CounterpartSerializer(source="match.need", read_only=True)
    conflicts = serializers.ListField(child=TermChoice(Conflict), read_only=True)


class FoundSerializer(serializers.Serializer[Found]):
    """A talent on offer, how well it fits, and which places in the team it takes."""

    offer = CounterpartSerializer(source="listing", read_only=True)
    talent = serializers.UUIDField(source="listing.talent_id", read_only=True)
    kind = TermChoice(TalentKind, source="listing.talent.kind", read_only=True)
    score = serializers.DecimalField(max_digits=9, decimal_places=6, read_only=True)
    match = serializers.UUIDField(read_only=True, allow_null=True)
    roles = serializers.ListField(child=TermChoice(TeamRole), read_only=True)


class LackSerializer(serializers.Serializer[Lack]):
    """A missing piece, and the next step."""

    gap = TermChoice(Gap, read_only=True)
    text = serializers.SerializerMethodField()
    next_step = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string"})
    def get_text(self, lack: Lack) -> str:
        return sentence(lack.message, lack.facts, self.context.get("names", {}))

    @extend_schema_field({"type": "string"})
    def get_next_step(self, lack: Lack) -> str:
        return gettext(lack.step)


class ProposedTeamSerializer(serializers.Serializer[ProposedTeam]):
    """What a project has across the markets, as far as its reader may see it, and what it lacks."""

    project = serializers.UUIDField(read_only=True)
    #: Without it, which needs are answered is not for this reader to know.
    sees_matches = serializers.BooleanField(read_only=True)
    needs = AnsweredSerializer(many=True, read_only=True)
    talents_by = TermChoice(Source, read_only=True)
    talents = FoundSerializer(many=True, read_only=True)
    funds = MoneySerializer(many=True, read_only=True)
    lacks = LackSerializer(many=True, read_only=True)


class ConditionsQuery(serializers.Serializer[Any]):
    """For which project the conditions of a fund are judged."""

    project = serializers.UUIDField()


class ConditionsSerializer(serializers.Serializer[Conditions]):
    """Whether a fund takes applications, and what of what it asks a project meets."""

    fund = FundShortSerializer(read_only=True)
    project = serializers.UUIDField(read_only=True)
    is_open = serializers.BooleanField(read_only=True)
    has_quota = serializers.BooleanField(read_only=True)
    answer = TermChoice(Answer, source="opening.answer", read_only=True)
    conditions = JudgedConditionSerializer(source="opening.judgements", many=True, read_only=True)
