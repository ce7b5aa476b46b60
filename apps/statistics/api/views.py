"""The figures, added up and as a file, for those who make them public."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from apps.base.api.views import ActorView
from apps.statistics import queries
from apps.statistics.api.filters import FigureFilters, SummaryFilters
from apps.statistics.api.serializers import (
    ExportSerializer,
    FigureSerializer,
    HeadSerializer,
    SummarySerializer,
    SumsSerializer,
    head,
)
from apps.statistics.models import Figure, FigureQuerySet
from marketplace.calendar import day_of
from marketplace.statistics import READERS, Dimension, Measure, month_as_text


class FigureViewSet(ActorView, ListModelMixin, GenericViewSet[Figure]):
    """Figures, folded from the value ledger."""

    scope = "statistics"
    serializer_class = FigureSerializer
    filterset_class: type[FigureFilters] = FigureFilters
    page_ordering = "id"
    http_method_names = ["get", "head", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.actor.must_have(*READERS)

    def get_queryset(self) -> FigureQuerySet:
        return Figure.objects.visible_to(self.actor)

    @extend_schema(responses=SummarySerializer, filters=True)
    @action(detail=False, filterset_class=SummaryFilters)
    def summary(self, request: Request) -> Response:
        """Add the figures up by one dimension."""
        # Read before the figures: they may know more than this says, never less.
        lag = queries.lag()
        figures = self.filter_queryset(self.get_queryset())
        by = Dimension(request.query_params["by"])
        groups = queries.grouped(figures, by)
        total = dict.fromkeys(Measure, Decimal(0))
        for group in groups:
            for measure in Measure:
                total[measure] += group[measure]
        if by is Dimension.MONTH:
            groups = [{**group, "key": month_as_text(group["key"])} for group in groups]
        summary = {**head(lag), "by": by, "groups": groups, "total": total}
        return Response(SummarySerializer(summary).data)

    @extend_schema(responses=ExportSerializer, filters=True)
    @action(detail=False)
    def export(self, request: Request) -> StreamingHttpResponse:
        """Download the figures with their total and how they are counted."""
        lag = queries.lag()
        now = timezone.now()
        figures = self.filter_queryset(self.get_queryset()).order_by("id")
        above = {**HeadSerializer(head(lag)).data, "generated_at": timezone.localtime(now)}
        return StreamingHttpResponse(
            _written(above, figures),
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="figures-{day_of(now)}.json"',
                "Cache-Control": "no-store",
            },
        )


def _written(above: dict[str, Any], figures: QuerySet[Figure]) -> Iterator[bytes]:
    """Write figures row by row; the total is of just these rows, so it stands after them."""
    render = JSONRenderer().render
    show = FigureSerializer().to_representation
    total: dict[str, Any] = dict.fromkeys(Measure, Decimal(0))
    yield render(above)[:-1] + b',"rows":['
    separator = b"\n"
    for figure in figures.iterator(chunk_size=2000):
        for measure in Measure:
            total[measure] += getattr(figure, measure)
        yield separator + render(show(figure))
        separator = b",\n"
    yield b'\n],"total":' + render(SumsSerializer(total).data) + b"}\n"
