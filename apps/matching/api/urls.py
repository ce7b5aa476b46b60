"""Addresses."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.matching.api.attention_views import (
    AttentionFiguresView,
    ListingProposalsView,
    ProposalViewSet,
)
from apps.matching.api.relation_views import RelationViewSet
from apps.matching.api.team_views import FundConditionsView, ProjectTeamView
from apps.matching.api.verdict_views import MatchQualityView, VerdictView, VerdictViewSet
from apps.matching.api.views import ListingMatchesView, MatchViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("relations", RelationViewSet, "relation")

urlpatterns = [
    *router.urls,
    path(
        "listings/<uuid:listing_id>/matches", ListingMatchesView.as_view(), name="listing-matches"
    ),
    path("matches/<uuid:pk>", MatchViewSet.as_view({"get": "retrieve"}), name="match-detail"),
    path(
        "matches/<uuid:pk>/receipt",
        MatchViewSet.as_view({"get": "receipt"}),
        name="match-receipt",
    ),
    path("matches/<uuid:pk>/verdict", VerdictView.as_view(), name="match-verdict"),
    path(
        "matches/<uuid:pk>/verdicts",
        VerdictViewSet.as_view({"get": "list"}),
        name="match-verdicts",
    ),
    path("match-quality", MatchQualityView.as_view(), name="match-quality"),
    path(
        "listings/<uuid:listing_id>/proposals",
        ListingProposalsView.as_view(),
        name="listing-proposals",
    ),
    path("proposals", ProposalViewSet.as_view({"get": "list"}), name="proposal-list"),
    path("attention", AttentionFiguresView.as_view(), name="attention"),
    path("projects/<uuid:project>/team", ProjectTeamView.as_view(), name="project-team"),
    path("funds/<uuid:pk>/conditions", FundConditionsView.as_view(), name="fund-conditions"),
]
