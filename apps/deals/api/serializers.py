"""The shapes in which deals travel."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.models import Organization, User
from apps.base.api.serializers import Amount, Input, TermChoice
from apps.deals.models import Deal
from apps.markets.models import Listing
from marketplace.deals import WHO_MAY, DealState, DropReason, moves_of


class DealSideSerializer(serializers.ModelSerializer[Organization]):
    """One of the organizations at a deal."""

    class Meta:
        model = Organization
        fields = ["id", "name"]
        read_only_fields = fields


class DealBrokerSerializer(serializers.ModelSerializer[User]):
    """A person at a deal."""

    class Meta:
        model = User
        fields = ["id", "name"]
        read_only_fields = fields


class DealListingSerializer(serializers.ModelSerializer[Listing]):
    """A listing that a deal is about."""

    class Meta:
        model = Listing
        fields = ["id", "title"]
        read_only_fields = fields


class DealSerializer(serializers.ModelSerializer[Deal]):
    """A deal as those at it see it."""

    state = TermChoice(DealState, read_only=True)
    offer = DealListingSerializer(read_only=True, allow_null=True)
    need = DealListingSerializer(read_only=True, allow_null=True)
    owner = DealSideSerializer(read_only=True)
    taker = DealSideSerializer(read_only=True)
    broker = DealBrokerSerializer(read_only=True, allow_null=True)
    broker_organization = DealSideSerializer(read_only=True, allow_null=True)
    drop_reason = TermChoice(DropReason, read_only=True, allow_null=True)
    moves = serializers.SerializerMethodField(
        help_text="The moves that you can make right now; each is a POST below the deal."
    )

    class Meta:
        model = Deal
        fields = [
            "id",
            "version",
            "state",
            "offer",
            "need",
            "match",
            "owner",
            "taker",
            "broker",
            "broker_organization",
            "opened_for",
            "price_amount",
            "price_currency",
            "price_proposed_by",
            "agreed_on",
            "drop_reason",
            "drop_note",
            "created_at",
            "updated_at",
            "moves",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "string", "enum": list(WHO_MAY)}})
    def get_moves(self, deal: Deal) -> list[str]:
        actor = self.context["view"].actor
        return moves_of(actor, state=deal.state, table=deal.table)


class OpeningInput(Input):
    """Which listings a deal is to be about: an offer, a need, or one of each."""

    offer = serializers.UUIDField(required=False, allow_null=True, default=None)
    need = serializers.UUIDField(required=False, allow_null=True, default=None)


class PriceInput(Input):
    """A price to put on the table."""

    amount = Amount()
    currency = serializers.RegexField(r"^[A-Z]{3}$", max_length=3)


class DropInput(Input):
    """Why nothing comes of it; the other side reads both."""

    reason = TermChoice(DropReason)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class BrokerInput(Input):
    """Who is to be the broker, by user name."""

    broker = serializers.CharField(max_length=150)
