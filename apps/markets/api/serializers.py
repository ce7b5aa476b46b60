"""The shapes in which listings travel."""

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import Amount, CodeField, Input, TermChoice
from apps.markets.models import Listing, terms_of
from apps.pools.queries import plain
from apps.reviews.api.serializers import (
    Advised,
    BlockInput,
    Duplicate,
    Graded,
    IndicatorInput,
    OpenMoves,
    Review,
    optional,
)
from apps.reviews.queries import with_proposal
from marketplace.calendar import day_of
from marketplace.funding import FinancingStage
from marketplace.listings import (
    LONGEST,
    LONGEST_KEYWORD,
    MOST_KEYWORDS,
    MOVES,
    RANGES,
    CooperationMode,
    Engagement,
    Exclusivity,
    ListingState,
    Market,
    PriceWay,
    Side,
)
from marketplace.pools import FundKind, TalentKind
from marketplace.reviews import changed
from marketplace.search import Query, highlight
from marketplace.secrecy import (
    MOST_BLOCKS,
    MOST_INDICATORS,
    DualUse,
)

# --- the terms of the six kinds ---------------------------------------------------------------


def _whole(name: str, **options: Any) -> serializers.IntegerField:
    least, most = RANGES[f"terms.{name}"]
    return serializers.IntegerField(
        min_value=int(least), max_value=int(most), required=False, allow_null=True, **options
    )


def _share(name: str) -> serializers.DecimalField:
    least, most = RANGES[f"terms.{name}"]
    return serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=least,
        max_value=most,
        required=False,
        allow_null=True,
        help_text="In per cent.",
    )


class TechnologyOfferTerms(Input):
    """On which terms technology is offered."""

    exclusivity = TermChoice(Exclusivity, required=False, allow_null=True)
    free_months = _whole(
        "free_months", help_text="For how many months it may be used before it is paid for."
    )
    equity_share = _share("equity_share")
    support = optional(1000)


class TechnologyNeedTerms(Input):
    """On which terms technology is needed."""

    exclusivity = TermChoice(Exclusivity, required=False, allow_null=True)
    needed_by = serializers.DateField(required=False, allow_null=True)
    present_solution = optional(2000)
    acceptance = optional(2000)


class TalentOfferTerms(Input):
    """On which terms a talent is offered."""

    engagement = TermChoice(Engagement, required=False, allow_null=True)
    share_of_time = _whole("share_of_time", help_text="In per cent.")
    available_from = serializers.DateField(required=False, allow_null=True)


class TalentNeedTerms(Input):
    """On which terms a talent is needed."""

    engagement = TermChoice(Engagement, required=False, allow_null=True)
    share_of_time = _whole("share_of_time", help_text="In per cent.")
    starts_on = serializers.DateField(required=False, allow_null=True)
    headcount = _whole("headcount")
    talent_kind = TermChoice(TalentKind, required=False, allow_null=True)
    discipline = serializers.CharField(max_length=40, required=False, allow_null=True)
    duties = optional(2000)


class CapitalOfferTerms(Input):
    """On which terms money is offered."""

    stages = serializers.ListField(child=TermChoice(FinancingStage), max_length=6, required=False)
    most_equity_share = _share("most_equity_share")
    term_months = _whole("term_months")


class CapitalNeedTerms(Input):
    """On which terms money is needed."""

    fund_kind = TermChoice(FundKind, required=False, allow_null=True)
    stage = TermChoice(FinancingStage, required=False, allow_null=True)
    equity_share = _share("equity_share")
    term_months = _whole("term_months")
    use_of_money = optional(2000)
    security = optional(1000)


#: The shape of the further terms, by market and side.
TERMS_SHAPES: dict[tuple[Market, Side], type[Input]] = {
    (Market.TECHNOLOGY, Side.OFFER): TechnologyOfferTerms,
    (Market.TECHNOLOGY, Side.NEED): TechnologyNeedTerms,
    (Market.TALENT, Side.OFFER): TalentOfferTerms,
    (Market.TALENT, Side.NEED): TalentNeedTerms,
    (Market.CAPITAL, Side.OFFER): CapitalOfferTerms,
    (Market.CAPITAL, Side.NEED): CapitalNeedTerms,
}
ANY_TERMS = PolymorphicProxySerializer(
    component_name="ListingTerms",
    serializers=list(TERMS_SHAPES.values()),
    resource_type_field_name=None,
)

# --- listings ---------------------------------------------------------------------------------


class ListingTeaser(Graded, serializers.ModelSerializer[Listing]):
    """What everybody may read of a listing in a list."""

    market = TermChoice(Market, read_only=True)
    side = TermChoice(Side, read_only=True)
    organization = serializers.UUIDField(source="organization_id", read_only=True)
    organization_name = serializers.CharField(source="organization.name", read_only=True)
    project = serializers.UUIDField(source="project_id", read_only=True, allow_null=True)
    talent = serializers.UUIDField(source="talent_id", read_only=True, allow_null=True)
    fund = serializers.UUIDField(source="fund_id", read_only=True, allow_null=True)
    keywords = serializers.ListField(child=serializers.CharField(), read_only=True)
    field = CodeField(source="field_id", allow_null=True)
    region = CodeField(source="region_id")
    cooperation_modes = serializers.ListField(child=TermChoice(CooperationMode), read_only=True)
    price_way = TermChoice(PriceWay, read_only=True)
    dual_use = TermChoice(DualUse, read_only=True, allow_null=True)
    state = TermChoice(ListingState, read_only=True)
    is_outdated = serializers.SerializerMethodField(
        help_text="Its last day has gone by; it is removed unless it is renewed."
    )
    has_lapsed_right = serializers.SerializerMethodField(
        help_text="A right of the project that it points at has run out."
    )
    is_closed = serializers.SerializerMethodField(
        help_text="The call of the fund that it points at has closed."
    )

    class Meta:
        model = Listing
        fields = [
            *("id", "version", "market", "side", "organization", "organization_name", "project"),
            *("talent", "fund", "title", "body", "keywords", "field", "region"),
            *("cooperation_modes", "readiness", "price_way", "price_from", "price_to", "dual_use"),
            *("valid_until", "state", "published_on", "listed_at", "health", "is_outdated"),
            *("has_lapsed_right", "is_closed"),
        ]

    def get_is_outdated(self, row: Listing) -> bool:
        return row.is_outdated(day_of(timezone.now()))

    def get_has_lapsed_right(self, row: Listing) -> bool:
        return row.has_lapsed_right()

    def get_is_closed(self, row: Listing) -> bool:
        return row.is_closed(day_of(timezone.now()))


@extend_schema_field(
    {
        "type": "array",
        "description": "The text in pieces, each with whether it is what was searched for.",
        "items": {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "boolean"}],
            "minItems": 2,
            "maxItems": 2,
        },
    }
)
class Pieces(serializers.Field[Any, Any, Any, Any]):
    """A text in pieces."""


class ListingHighlights(serializers.Serializer[Any]):
    """Where the words of a search stand: in the whole title, and in what is shown of the body."""

    title = Pieces()
    body = Pieces()


class ListingFound(ListingTeaser):
    """What everybody may read of a listing in a list, and where the words of a search stand."""

    highlights = serializers.SerializerMethodField(help_text="Null where no words were given.")

    @cached_property
    def _shown(self) -> list[tuple[str, Callable[[Listing], Any], Callable[[Any], Any]]]:
        """Return of each field how it is read and shown; asked once, not again for every row."""
        return [
            (
                name,
                (lambda row: row) if field.source == "*" else attrgetter(str(field.source)),
                field.to_representation,
            )
            for name, field in self.fields.items()
        ]

    def to_representation(self, row: Listing) -> dict[str, Any]:
        return {
            name: None if (value := read(row)) is None else show(value)
            for name, read, show in self._shown
        }

    class Meta(ListingTeaser.Meta):
        fields = [*ListingTeaser.Meta.fields, "highlights"]

    @extend_schema_field(ListingHighlights(allow_null=True))
    def get_highlights(self, row: Listing) -> dict[str, Any] | None:
        asked: Query = self.context["asked"]
        if asked.is_empty:
            return None
        return {"title": highlight(row.title, asked, None), "body": highlight(row.body, asked)}


class FacetValue(serializers.Serializer[Any]):
    """How many listings there are with a value."""

    value = serializers.CharField()
    count = serializers.IntegerField()


class ListingCounts(serializers.Serializer[Any]):
    """How many listings there are, and of each facet asked for its values, the most first."""

    count = serializers.IntegerField()
    facets = serializers.DictField(child=FacetValue(many=True))


class ListingDetail(ListingTeaser):
    """What everybody may read of a listing, each part as far as its secrecy allows."""

    blocks = serializers.SerializerMethodField()
    indicators = serializers.SerializerMethodField()
    terms = serializers.SerializerMethodField(help_text="The further terms of its market and side.")

    class Meta(ListingTeaser.Meta):
        fields = [*ListingTeaser.Meta.fields, "blocks", "indicators", "terms"]

    @extend_schema_field(ANY_TERMS)
    def get_terms(self, row: Listing) -> dict[str, Any]:
        words = plain(terms_of(row).words())
        return dict(TERMS_SHAPES[row.market, row.side](words).data)


class ListingProposal(serializers.Serializer[Any]):
    """What is to take the place of the live words, and which of them differ."""

    wording = serializers.IntegerField()
    changed_fields = serializers.ListField(child=serializers.CharField())
    words = serializers.DictField()


@extend_schema_field({"type": "array", "items": {"oneOf": [{"const": name} for name in MOVES]}})
class ListingMoves(OpenMoves):
    """The moves that are open now; each is a POST below."""


def _exact(words: dict[str, Any]) -> dict[str, Any]:
    """Return `words` with amounts as exact texts, where JSON would make inexact numbers of them."""
    return {
        name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in words.items()
    }


class ListingFull(ListingDetail, Review):
    """What its organization, its owners and its reviewers read of a listing."""

    proposed = serializers.SerializerMethodField()
    moves = ListingMoves()

    class Meta(ListingDetail.Meta):
        fields = [
            *ListingDetail.Meta.fields,
            *("confidential", "external_reference", "author", "reviewed_by", "review_note"),
            *("wording", "waiting", "proposed", "moves", "created_at", "updated_at"),
        ]

    @extend_schema_field(ListingProposal(allow_null=True))
    def get_proposed(self, row: Listing) -> dict[str, Any] | None:
        if row.proposed_wording is None:
            return None
        live, words = row.all_words(), with_proposal(row).all_words()
        return {
            "wording": row.proposed_wording,
            "changed_fields": changed(live, words),
            "words": _exact(plain(words)) | {"terms": _exact(plain(words["terms"]))},
        }


class ListingChange(Input):
    """What can be written into a listing of any kind."""

    title = serializers.CharField(max_length=LONGEST["title"])
    body = serializers.CharField(max_length=LONGEST["body"])
    keywords = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_KEYWORD),
        max_length=MOST_KEYWORDS,
        required=False,
    )
    field = serializers.CharField(max_length=40, required=False, allow_null=True)
    region = serializers.CharField(max_length=40)
    cooperation_modes = serializers.ListField(
        child=TermChoice(CooperationMode), max_length=len(CooperationMode), required=False
    )
    readiness = serializers.IntegerField(min_value=1, max_value=9, required=False, allow_null=True)
    price_way = TermChoice(PriceWay, required=False)
    price_from = Amount(required=False, allow_null=True)
    price_to = Amount(required=False, allow_null=True)
    indicators = serializers.ListField(
        child=IndicatorInput(), max_length=MOST_INDICATORS, required=False
    )
    blocks = serializers.ListField(child=BlockInput(), max_length=MOST_BLOCKS, required=False)
    confidential = serializers.CharField(
        max_length=LONGEST["confidential"], required=False, allow_blank=True
    )
    dual_use = TermChoice(DualUse, required=False, allow_null=True)
    valid_until = serializers.DateField(required=False, allow_null=True)
    external_reference = serializers.CharField(
        max_length=LONGEST["external_reference"], required=False, allow_blank=True
    )
    project = serializers.UUIDField(required=False, allow_null=True)
    talent = serializers.UUIDField(required=False, allow_null=True)
    fund = serializers.UUIDField(required=False, allow_null=True)


class ListingInput(ListingChange):
    """A new listing; its market and side stay what they are."""

    market = TermChoice(Market)
    side = TermChoice(Side)


class TechnologyOfferChange(ListingChange):
    """What can be written into an offer of technology."""

    terms = TechnologyOfferTerms(required=False)


class TechnologyNeedChange(ListingChange):
    """What can be written into a need of technology."""

    terms = TechnologyNeedTerms(required=False)


class TalentOfferChange(ListingChange):
    """What can be written into an offer of talent."""

    terms = TalentOfferTerms(required=False)


class TalentNeedChange(ListingChange):
    """What can be written into a need of talent."""

    terms = TalentNeedTerms(required=False)


class CapitalOfferChange(ListingChange):
    """What can be written into an offer of capital."""

    terms = CapitalOfferTerms(required=False)


class CapitalNeedChange(ListingChange):
    """What can be written into a need of capital."""

    terms = CapitalNeedTerms(required=False)


class TechnologyOfferInput(TechnologyOfferChange, ListingInput):
    """A new offer of technology: market “technology”, side “offer”."""


class TechnologyNeedInput(TechnologyNeedChange, ListingInput):
    """A new need of technology: market “technology”, side “need”."""


class TalentOfferInput(TalentOfferChange, ListingInput):
    """A new offer of talent: market “talent”, side “offer”."""


class TalentNeedInput(TalentNeedChange, ListingInput):
    """A new need of talent: market “talent”, side “need”."""


class CapitalOfferInput(CapitalOfferChange, ListingInput):
    """A new offer of capital: market “capital”, side “offer”."""


class CapitalNeedInput(CapitalNeedChange, ListingInput):
    """A new need of capital: market “capital”, side “need”."""


#: What is taken for a new listing, and for a change of one, by market and side.
INPUTS: dict[tuple[str, str], type[ListingInput]] = {
    (Market.TECHNOLOGY, Side.OFFER): TechnologyOfferInput,
    (Market.TECHNOLOGY, Side.NEED): TechnologyNeedInput,
    (Market.TALENT, Side.OFFER): TalentOfferInput,
    (Market.TALENT, Side.NEED): TalentNeedInput,
    (Market.CAPITAL, Side.OFFER): CapitalOfferInput,
    (Market.CAPITAL, Side.NEED): CapitalNeedInput,
}
CHANGES: dict[tuple[str, str], type[ListingChange]] = {
    (Market.TECHNOLOGY, Side.OFFER): TechnologyOfferChange,
    (Market.TECHNOLOGY, Side.NEED): TechnologyNeedChange,
    (Market.TALENT, Side.OFFER): TalentOfferChange,
    (Market.TALENT, Side.NEED): TalentNeedChange,
    (Market.CAPITAL, Side.OFFER): CapitalOfferChange,
    (Market.CAPITAL, Side.NEED): CapitalNeedChange,
}


class RenewalInput(Input):
    """Until when a listing is valid from now on."""

    valid_until = serializers.DateField(help_text="A day later than the one that stands there.")


# --- advice -----------------------------------------------------------------------------------


class ListingDuplicate(Duplicate):
    """A listing of the same owner that may be the same."""

    state = TermChoice(ListingState)


class ListingAdvice(Advised):
    """What a reader will miss in the newest words of a listing, and what it may repeat."""

    duplicates = ListingDuplicate(many=True)
