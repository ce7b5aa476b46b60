"""The shapes in which saved searches, alerts, favourites and views travel."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import Amount, CodeField, Input, TermChoice
from apps.finding.models import Alert, Favourite, SavedSearch, Views
from apps.markets.models import Listing
from marketplace.finding import LONGEST_NAME, Frequency
from marketplace.listings import CooperationMode, ListingState, Market, PriceWay, Side
from marketplace.mail import Language, MailState
from marketplace.search import LONGEST_SEARCH


class SearchCriteria(Input):
    """The words that narrow the list of listings; a code includes everything below it."""

    search = serializers.CharField(max_length=LONGEST_SEARCH, required=False)
    market = TermChoice(Market, required=False)
    side = TermChoice(Side, required=False)
    field = serializers.CharField(max_length=40, required=False)
    region = serializers.CharField(max_length=40, required=False)
    cooperation_mode = TermChoice(CooperationMode, required=False)
    price_way = TermChoice(PriceWay, required=False)
    readiness_from = serializers.IntegerField(min_value=1, max_value=9, required=False)
    readiness_to = serializers.IntegerField(min_value=1, max_value=9, required=False)
    price_from = Amount(required=False)
    price_to = Amount(required=False)
    organization = serializers.UUIDField(required=False)
    project = serializers.UUIDField(required=False)


class SavedSearchInput(Input):
    """A search to be kept."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    criteria = SearchCriteria()
    frequency = TermChoice(Frequency)
    language = TermChoice(Language)


class SavedSearchSerializer(serializers.ModelSerializer[SavedSearch]):
    """A saved search."""

    criteria = SearchCriteria(read_only=True)
    frequency = TermChoice(Frequency, read_only=True)
    language = TermChoice(Language, read_only=True)
    is_active = serializers.BooleanField(read_only=True)

    class Meta:
        model = SavedSearch
        fields = [
            *("id", "version", "name", "criteria", "frequency", "language", "is_active"),
            *("stopped_at", "last_alerted_at", "created_at"),
        ]
        read_only_fields = fields


class FoundListing(serializers.ModelSerializer[Listing]):
    """What tells listings apart in a short list."""

    market = TermChoice(Market, read_only=True)
    side = TermChoice(Side, read_only=True)
    organization = serializers.UUIDField(source="organization_id", read_only=True)
    organization_name = serializers.CharField(source="organization.name", read_only=True)
    field = CodeField(source="field_id", allow_null=True)
    region = CodeField(source="region_id")
    state = TermChoice(ListingState, read_only=True)

    class Meta:
        model = Listing
        fields = [
            *("id", "market", "side", "title", "organization", "organization_name"),
            *("field", "region", "valid_until", "listed_at", "state"),
        ]
        read_only_fields = fields


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """What a saved search told at one time, as far as it can still be seen."""

    saved_search = serializers.UUIDField(source="search_id", read_only=True)
    saved_search_name = serializers.CharField(source="search.name", read_only=True)
    listings = serializers.SerializerMethodField()
    mail_state = TermChoice(MailState, source="mail.state", read_only=True)
    mailed_at = serializers.DateTimeField(source="mail.sent_at", read_only=True, allow_null=True)

    class Meta:
        model = Alert
        fields = [
            *("id", "version", "saved_search", "saved_search_name", "listings"),
            *("mail_state", "mailed_at", "created_at"),
        ]
        read_only_fields = fields

    @extend_schema_field(FoundListing(many=True))
    def get_listings(self, alert: Any) -> list[Any]:
        """Show the listings that its reader may see; the view has read them with it."""
        return list(FoundListing([hit.listing for hit in alert.told], many=True).data)


class FavouriteInput(Input):
    """Which listing is to be a favourite."""

    listing = serializers.UUIDField()


class FavouriteSerializer(serializers.ModelSerializer[Favourite]):
    """A listing that one wants to find again."""

    listing = FoundListing(read_only=True)

    class Meta:
        model = Favourite
        fields = ["id", "version", "listing", "created_at"]
        read_only_fields = fields


class ViewsOfDay(serializers.ModelSerializer[Views]):
    """How often a listing was looked at on one day."""

    class Meta:
        model = Views
        fields = ["day", "count"]
        read_only_fields = fields


class Attention(serializers.Serializer[Any]):
    """How much a listing is looked at; numbers only."""

    views = serializers.IntegerField()
    favourites = serializers.IntegerField()
    days = ViewsOfDay(many=True)
