"""Addresses."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.pools.api.views import (
    CommitmentViewSet,
    FundViewSet,
    PoolFlowsView,
    ProjectViewSet,
    TalentViewSet,
)

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("talents", TalentViewSet, "talent")
router.register("funds", FundViewSet, "fund")
router.register("projects", ProjectViewSet, "project")
router.register("commitments", CommitmentViewSet, "commitment")

urlpatterns = [*router.urls, path("pool-flows", PoolFlowsView.as_view(), name="pool-flows")]
