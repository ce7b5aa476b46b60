"""Matches of a listing, and single ones."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.views import ActorView, RecordViewSet
from apps.markets.models import Listing
from apps.matching import queries
from apps.matching.api.serializers import MatchesSerializer, MatchSerializer
from apps.matching.models import Match
from marketplace.errors import Missing


def _with_listings(matches: QuerySet[Match]) -> QuerySet[Match]:
    return matches.select_related("offer__organization", "need__organization").defer(
        "offer__body", "offer__confidential", "need__body", "need__confidential"
    )


class ListingMatchesView(ActorView):
    """The counterparts that fit a listing best."""

    scope = "matches"

    @extend_schema(operation_id="listing_matches", responses=MatchesSerializer)
    def get(self, request: Request, listing_id: UUID) -> Response:
        """Show up to 20 matches of a listing, best first, or why there are none."""
        listing = Listing.objects.visible_to(self.actor).filter(pk=listing_id).first()
        if listing is None:
            raise Missing
        found = Match.objects.visible_to(self.actor).of(listing_id).order_by("-score", "id")
        matches = list(_with_listings(found)[: queries.SHOWN])
        because = None if matches else gettext(queries.because(listing, by=self.actor))
        answer: dict[str, Any] = {"results": matches, "because": because}
        return Response(MatchesSerializer(answer, context={"listing": listing_id}).data)


class MatchViewSet(RecordViewSet[Match]):
    """Single matches."""

    records = Match.objects.all()
    scope = "matches"
    serializer_class = MatchSerializer
    http_method_names = ["get"]

    def get_queryset(self) -> QuerySet[Match]:
        return _with_listings(self.records.all().visible_to(self.actor))
