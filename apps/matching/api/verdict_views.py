"""Verdicts on matches, and how right the matches are by them, over HTTP."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.views import ActorView, RecordViewSet
from apps.matching.actions.verdicts import judge
from apps.matching.api.verdict_serializers import (
    MatchVerdictSerializer,
    QualityQuery,
    QualitySerializer,
    VerdictInput,
    check_span,
    shown,
)
from apps.matching.models import Match, Verdict
from apps.matching.queries.quality import quality
from marketplace.calendar import day_of, month_of
from marketplace.verdicts import USUAL_MONTHS, months_before


class VerdictView(ActorView):
    """What one person says of a match."""

    scope = "matches"
    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="match_verdict",
        request=VerdictInput,
        responses={200: MatchVerdictSerializer, 201: MatchVerdictSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """
        Say what a match is worth, as a party to it or as a broker.

        Who says it again replaces what he said before (200); the journal keeps both. The other side
        is not told.
        """
        given = self.given(VerdictInput)
        match = get_object_or_404(Match.objects.all_visible_to(self.actor), pk=pk)
        verdict, is_new = judge(match, **given, by=self.actor)
        answer = MatchVerdictSerializer(verdict, context={"view": self})
        return Response(answer.data, status=201 if is_new else 200)


class VerdictViewSet(RecordViewSet[Verdict]):
    """The verdicts on a match."""

    records = Verdict.objects.all()
    queryset = Verdict.objects.none()
    scope = "matches"
    serializer_class = MatchVerdictSerializer
    http_method_names = ["get", "head", "options"]
    is_versioned = False

    def get_queryset(self) -> QuerySet[Verdict]:
        match = get_object_or_404(
            Match.objects.all_visible_to(self.actor).only("pk"), pk=self.kwargs["pk"]
        )
        rows = Verdict.objects.visible_to(self.actor).filter(match=match)
        return rows.select_related("organization", "user")

    @extend_schema(operation_id="match_verdicts")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show what the own house said of a match; to brokers and officers, what anybody did."""
        return super().list(request, *args, **kwargs)


class MatchQualityView(ActorView):
    """How right the matches are."""

    scope = "matches"
    http_method_names = ["get", "head", "options"]

    @extend_schema(
        operation_id="match_quality", parameters=[QualityQuery], responses=QualitySerializer
    )
    def get(self, request: Request) -> Response:
        """Show how matches were judged by month, market and field, and for which reasons."""
        asked = self.asked(QualityQuery)
        until = asked.get("until") or months_before(month_of(day_of(timezone.now())), -1)
        since = asked.get("from") or months_before(until, USUAL_MONTHS)
        check_span(since, until)
        found = quality(
            since=since,
            until=until,
            market=asked.get("market"),
            field=asked.get("field", ""),
            by=self.actor,
        )
        return Response(QualitySerializer(shown(found)).data)
