"""Runs of the index over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.views import RecordViewSet, move
from apps.retrieval.actions import runs
from apps.retrieval.api.serializers import RunInput, RunSerializer
from apps.retrieval.models import Run


class RunViewSet(RecordViewSet[Run]):
    """
    Large jobs of matching.

    A refit learns anew from the texts of a market, a rematch matches all of its listings. The work
    is done in the background: read the run again to see how far it has come.
    """

    records = Run.objects.all()
    scope = "matches"
    serializer_class = RunSerializer
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "head", "options"]
    page_ordering = "-id"

    @extend_schema(request=RunInput, responses={201: RunSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for a market to be fitted or matched anew."""
        given = self.given(RunInput)
        return self.shown(runs.begin_run(**given, by=self.actor), 201)

    @extend_schema(responses=RunSerializer)
    @move()
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stop it; what was used until now stays in use."""
        return self.moved(runs.cancel)

    @extend_schema(responses=RunSerializer)
    @move()
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Go on where it was cancelled or got stuck."""
        return self.moved(runs.resume)
