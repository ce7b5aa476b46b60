"""Matches of a listing, and single ones."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.views import ActorView, RecordViewSet
from apps.markets.models import Listing
from apps.matching.api.serializers import (
    MatchesQuery,
    MatchesSerializer,
    MatchSerializer,
    ReceiptSerializer,
)
from apps.matching.models import Match
from apps.matching.queries.conflicts import flags
from apps.matching.queries.quality import not_judged_wrong_by
from apps.matching.queries.ranking import SHOWN, because
from apps.matching.queries.receipts import receipt
from marketplace.conflicts import Conflict
from marketplace.errors import Missing


def _with_listings(matches: QuerySet[Match]) -> QuerySet[Match]:
    return matches.select_related("offer__organization", "need__organization").defer(
        "offer__body", "offer__confidential", "need__body", "need__confidential"
    )


class ListingMatchesView(ActorView):
    """The counterparts that fit a listing best."""

    scope = "matches"

    @extend_schema(
        operation_id="listing_matches", parameters=[MatchesQuery], responses=MatchesSerializer
    )
    def get(self, request: Request, listing_id: UUID) -> Response:
        """Show up to 20 matches of a listing, best first, or why there are none."""
        listing = Listing.objects.visible_to(self.actor).filter(pk=listing_id).first()
        if listing is None:
            raise Missing
        found = _with_listings(Match.objects.visible_to(self.actor).of(listing_id))
        if not self.asked(MatchesQuery)["judged"]:
            found = not_judged_wrong_by(found, self.actor)
        matches = list(found.order_by("-score", "id")[:SHOWN])
        answer: dict[str, Any] = {
            "results": matches,
            "because": None if matches else because(listing, by=self.actor),
        }
        context = {"listing": listing_id, "conflicts": flags(matches, by=self.actor)}
        return Response(MatchesSerializer(answer, context=context).data)


class MatchViewSet(RecordViewSet[Match]):
    """Single matches."""

    records = Match.objects.all()
    scope = "matches"
    serializer_class = MatchSerializer
    http_method_names = ["get"]
    conflicts: dict[UUID, list[Conflict]] = {}

    def get_queryset(self) -> QuerySet[Match]:
        return _with_listings(self.records.all().visible_to(self.actor))

    def get_object(self) -> Match:
        """Return the match, and keep what stands between its two sides to be said beside it."""
        match = super().get_object()
        self.conflicts = flags([match], by=self.actor)
        return match

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "conflicts": self.conflicts}

    @extend_schema(operation_id="match_receipt", responses=ReceiptSerializer)
    def receipt(self, request: Request, pk: UUID) -> Response:
        """Show what a match was reckoned from, reckon it again, and say whether it still holds."""
        found = receipt(self.get_object())
        return Response(ReceiptSerializer(found, context=self.get_serializer_context()).data)
