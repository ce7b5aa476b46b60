"""The shapes in which listings travel."""

from rest_framework import serializers

from apps.base.api.serializers import Amount, CodeField, Input, Moves, TermChoice
from apps.markets.models import Listing
from marketplace.listings import (
    LISTING,
    LONGEST,
    LONGEST_KEYWORD,
    MOST_KEYWORDS,
    CooperationMode,
    ListingState,
    Market,
    Side,
)


class ListingTeaser(serializers.ModelSerializer[Listing]):
    """What everybody may read of a listing."""

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
    cooperation = TermChoice(CooperationMode, read_only=True, allow_null=True)
    state = TermChoice(ListingState, read_only=True)
    moves = Moves(LISTING, by_clock={"expire"})

    class Meta:
        model = Listing
        fields = [
            "id",
            "version",
            "market",
            "side",
            "organization",
            "organization_name",
            "project",
            "talent",
            "fund",
            "title",
            "body",
            "keywords",
            "field",
            "region",
            "cooperation",
            "readiness",
            "price_from",
            "price_to",
            "valid_until",
            "state",
            "published_on",
            "moves",
        ]


class ListingFull(ListingTeaser):
    """What its organization and its reviewers read of a listing."""

    author = serializers.UUIDField(source="author_id", read_only=True)
    reviewed_by = serializers.UUIDField(source="reviewed_by_id", read_only=True, allow_null=True)

    class Meta(ListingTeaser.Meta):
        fields = [
            *ListingTeaser.Meta.fields,
            "confidential",
            "external_reference",
            "author",
            "reviewed_by",
            "review_note",
            "created_at",
            "updated_at",
        ]


class ListingChange(Input):
    """What can be written into a listing."""

    title = serializers.CharField(max_length=LONGEST["title"])
    body = serializers.CharField(max_length=LONGEST["body"])
    keywords = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_KEYWORD),
        max_length=MOST_KEYWORDS,
        required=False,
    )
    field = serializers.CharField(max_length=40, required=False, allow_null=True)
    region = serializers.CharField(max_length=40)
    cooperation = TermChoice(CooperationMode, required=False, allow_null=True)
    readiness = serializers.IntegerField(min_value=1, max_value=9, required=False, allow_null=True)
    price_from = Amount(required=False, allow_null=True)
    price_to = Amount(required=False, allow_null=True)
    confidential = serializers.CharField(
        max_length=LONGEST["confidential"], required=False, allow_blank=True
    )
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


class ListingPublication(Input):
    """What a reviewer may add when publishing."""

    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ListingReason(Input):
    """Why a listing is turned down."""

    reason = serializers.CharField(max_length=2000)
