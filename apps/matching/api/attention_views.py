"""Proposals over HTTP, and how fairly they are made."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.authentication import Everybody
from apps.base.api.views import ActorView, RecordViewSet
from apps.markets.models import Listing
from apps.matching.api.attention_serializers import (
    AttentionFiguresSerializer,
    ProposalSerializer,
    ProposalsSerializer,
)
from apps.matching.models import SEES_ALL, Proposal
from apps.matching.queries.attention import kept_by_month, proposals_of
from marketplace.attention import DEFINITIONS, promise_on
from marketplace.calendar import day_of
from marketplace.errors import Missing


class ListingProposalsView(ActorView):
    """To whom a listing of one's own was proposed."""

    scope = "matches"
    http_method_names = ["get", "head", "options"]

    @extend_schema(operation_id="listing_proposals", responses=ProposalsSerializer)
    def get(self, request: Request, listing_id: UUID) -> Response:
        """
        Show to how many counterparts a listing was proposed, to which and when.

        Where it was not proposed often enough in time, show why, and what helps. Its organization
        reads it, and those who broker.
        """
        listing = Listing.objects.visible_to(self.actor).filter(pk=listing_id).first()
        if listing is None:
            raise Missing
        if not self.actor.acts_for(listing.organization_id) and not self.actor.has(*SEES_ALL):
            raise Missing
        return Response(ProposalsSerializer(proposals_of(listing, by=self.actor)).data)


class ProposalViewSet(RecordViewSet[Proposal]):
    """What was proposed to one's organization."""

    records = Proposal.objects.all()
    queryset = Proposal.objects.none()
    scope = "matches"
    serializer_class = ProposalSerializer
    http_method_names = ["get", "head", "options"]
    is_versioned = False

    def get_queryset(self) -> QuerySet[Proposal]:
        rows = Proposal.objects.visible_to(self.actor)
        listings = ("proposed__organization", "to__organization")
        return rows.select_related("match", *listings).defer(
            *(f"{side}__{name}" for side in ("proposed", "to") for name in ("body", "confidential"))
        )

    @extend_schema(operation_id="proposals")
    def list(self, request: Request) -> Response:
        """Show what was proposed to your organization and still stands, the newest first."""
        return super().list(request)


class AttentionFiguresView(ActorView):
    """How often listings are proposed as promised."""

    scope = "matches"
    permission_classes = [Everybody]
    http_method_names = ["get", "head", "options"]

    @extend_schema(operation_id="attention", responses=AttentionFiguresSerializer)
    def get(self, request: Request) -> Response:
        """Show, by market and month, how many listings were proposed often enough in time."""
        today = day_of(timezone.now())
        promise = promise_on(today)
        figures = {
            "promise": promise,
            "definitions": DEFINITIONS,
            "results": kept_by_month(today),
        }
        answer = AttentionFiguresSerializer(figures, context={"promise": promise})
        return Response(answer.data)
