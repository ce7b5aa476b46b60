"""A floor above documents, as small as can be: whoever handed a file in may read it."""

from django.urls import include, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from apps.base.api.views import RecordViewSet
from apps.documents import actions
from apps.documents.api.streams import FILE_ANSWER, UploadInput, sent, take_upload
from apps.documents.models import Document
from config.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class PaperSerializer(serializers.ModelSerializer[Document]):
    class Meta:
        model = Document
        fields = ["id", "name", "media_type", "size", "sha256"]


class PaperInput(UploadInput):
    note = serializers.CharField(required=False, max_length=20)


class PaperViewSet(RecordViewSet[Document]):
    """Papers."""

    records = Document.objects
    scope = "pools"
    serializer_class = PaperSerializer
    lookup_value_converter = "uuid"
    takes_file = frozenset({"create", "add"})
    http_method_names = ["get", "head", "post"]

    @extend_schema(request=PaperInput)
    def create(self, request: Request) -> Response:
        """Hand a paper in."""
        given = self.given(PaperInput)
        document = take_upload(self, given)
        return self.shown(actions.claim(document, by=self.actor), 201)

    @action(detail=False, methods=["get"])
    def pile(self, request: Request) -> Response:
        """Count the papers."""
        return Response(self.get_queryset().count())

    @extend_schema(request=PaperInput)
    @pile.mapping.post
    def add(self, request: Request) -> Response:
        """Put a paper on the pile."""
        return self.create(request)

    @extend_schema(responses=FILE_ANSWER)
    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Read a paper."""
        return sent(self.get_object(), self)  # type: ignore[return-value]


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("papers", PaperViewSet, basename="paper")
urlpatterns = [path("api/v1/", include(router.urls)), *urlpatterns]
