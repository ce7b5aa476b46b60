"""How tables come in and go out over HTTP."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from apps.base.api.views import ActorView, RecordViewSet, move
from apps.documents.api.streams import take_upload
from apps.exchange import actions
from apps.exchange.api.filters import FormatFilter
from apps.exchange.api.serializers import ImportFaultSerializer, ImportInput, ImportSerializer
from apps.exchange.exports import MEDIA_TYPES, template, written
from apps.exchange.models import Import
from apps.exchange.queries import table_of
from marketplace.calendar import day_of
from marketplace.coach import DraftKind
from marketplace.exchange import FileFormat

#: What an answer with a table is, for the description of the API.
TABLE = {
    (200, media_type.partition(";")[0]): OpenApiTypes.BINARY for media_type in MEDIA_TYPES.values()
}


class ImportViewSet(RecordViewSet[Import]):
    """
    Imports.

    Hand a file in, let it be checked, read what is wrong with it, and commit the same file. The
    work is done in the background: read the import again to see how far it has come.
    """

    records = Import.objects.all()
    scope = "imports"
    serializer_class = ImportSerializer
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "head", "options"]
    takes_file = frozenset({"create"})

    @property
    def page_ordering(self) -> str:
        return "id" if getattr(self, "action", "") == "faults" else "-id"

    def get_queryset(self) -> QuerySet[Import]:
        rows: QuerySet[Import] = self.records.select_related("document").visible_to(self.actor)
        return rows

    @extend_schema(request={"multipart/form-data": ImportInput}, responses={201: ImportSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Hand in a table of the own organization: .xlsx, .csv or .jsonl."""
        given = self.given(ImportInput)
        document = take_upload(self, given)
        job = actions.begin(
            document,
            kind=given["kind"],
            submit=given["submit"],
            cleared_by=given["cleared_by"],
            by=self.actor,
        )
        return self.shown(job, 201)

    @extend_schema(responses=ImportFaultSerializer(many=True), filters=False)
    @action(detail=True)
    def faults(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List everything that is wrong with a file, by row and column."""
        job: Import = self.get_object()
        rows: Any = job.faults.all()
        page: list[Any] = self.paginate_queryset(rows) or []
        for fault in page:
            fault.import_job = job
        return self.get_paginated_response(ImportFaultSerializer(page, many=True).data)

    @extend_schema(responses=ImportSerializer)
    @move()
    def check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Try all rows, and take everything back."""
        return self.moved(actions.check)

    @extend_schema(responses=ImportSerializer)
    @move()
    def commit(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take all rows in, where the check found nothing wrong."""
        return self.moved(actions.commit)

    @extend_schema(responses=ImportSerializer)
    @move()
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stop; what is in stays in."""
        return self.moved(actions.cancel)

    @extend_schema(responses=ImportSerializer)
    @move()
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Go on where it was cancelled or failed."""
        return self.moved(actions.resume)


class TableView(ActorView, GenericViewSet[Any]):
    """Something of one kind as a table."""

    scope = "imports"
    kind: ClassVar[DraftKind]
    serializer_class: type[Serializer[Any]] = Serializer
    pagination_class = None
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = table_of(self.kind)._default_manager.all()
        seen: QuerySet[Any] = rows.visible_to(self.actor)
        return seen

    def asked_format(self) -> FileFormat:
        return FileFormat(self.request.query_params.get("file_format", "xlsx"))

    def answered(self, response: HttpResponseBase, name: str, format: FileFormat) -> Any:
        day = day_of(timezone.now())
        response["Content-Disposition"] = f'attachment; filename="{name}-{day}.{format}"'
        response["Cache-Control"] = "private, no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response


class ExportViewSet(TableView):
    """Exports."""

    @extend_schema(responses=TABLE, filters=True)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Download what the list shows with the same filters, as a table."""
        rows = self.filter_queryset(self.get_queryset())
        file_format = self.asked_format()
        pieces = written(
            rows,
            self.kind,
            file_format,
            by=self.actor,
            day=day_of(timezone.now()),
            language=get_language() or "zh-hans",
        )
        response = StreamingHttpResponse(pieces, content_type=MEDIA_TYPES[file_format])
        answer: HttpResponseBase = self.answered(response, self.kind.value, file_format)
        return answer


class TemplateViewSet(TableView):
    """Templates."""

    filterset_class = FormatFilter

    @extend_schema(responses=TABLE, filters=True)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Download the empty table that is to be filled in, with choices and notes."""
        self.filter_queryset(self.get_queryset())
        file_format = self.asked_format()
        content = template(
            self.kind,
            file_format,
            day=day_of(timezone.now()),
            language=get_language() or "zh-hans",
        )
        response = HttpResponse(content, content_type=MEDIA_TYPES[file_format])
        answer: HttpResponseBase = self.answered(response, f"template-{self.kind}", file_format)
        return answer
