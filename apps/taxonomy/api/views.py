"""Code lists, codes and zones."""

from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from apps.base.api.permissions import Everybody
from apps.base.api.views import ActorView
from apps.taxonomy.api.filters import CodeFilters, EditionFilters, ZoneFilters
from apps.taxonomy.api.serializers import CodeDetail, CodeOutput, EditionOutput, ZoneOutput
from apps.taxonomy.models import Code, Concordance, Edition, Zone
from apps.taxonomy.queries import ancestors, valid_on
from marketplace.calendar import day_of


class EditionViewSet(ActorView, ListModelMixin, GenericViewSet[Edition]):
    """The code lists by edition."""

    scope = "taxonomy"
    permission_classes = [Everybody]
    serializer_class = EditionOutput
    filterset_class = EditionFilters
    page_ordering = "key"

    def get_queryset(self) -> QuerySet[Edition]:
        return Edition.objects.annotate(size=Count("codes")).visible_to(self.actor)

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the code lists, with their time, source and how sure we are of them."""
        return super().list(request, *args, **kwargs)


class CodeViewSet(ActorView, ListModelMixin, GenericViewSet[Code]):
    """The codes of all lists."""

    scope = "taxonomy"
    permission_classes = [Everybody]
    filterset_class = CodeFilters
    page_ordering = "key"

    def get_queryset(self) -> QuerySet[Code]:
        codes = Code.objects.select_related("edition")
        if self.action == "retrieve":
            codes = codes.prefetch_related(
                Prefetch("children", Code.objects.order_by("key")),
                Prefetch(
                    "concordances_onward",
                    Concordance.objects.select_related("to_code").order_by("to_code"),
                ),
                Prefetch(
                    "concordances_back",
                    Concordance.objects.select_related("from_code").order_by("from_code"),
                ),
            )
        elif self.request.query_params.keys().isdisjoint({"on", "edition"}):
            codes = codes.filter(valid_on(day_of(timezone.now()), "edition__"))
        return codes.visible_to(self.actor)

    def get_serializer_class(self) -> type[BaseSerializer[Code]]:
        return CodeDetail if self.action == "retrieve" else CodeOutput

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the codes of today, of another day or of one edition."""
        return super().list(request, *args, **kwargs)

    @extend_schema(responses=CodeDetail)
    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Show one code, by edition and code, with its tree and what it was or became."""
        code = self.get_object()
        context = {**self.get_serializer_context(), "ancestors": ancestors(code)}
        return Response(
            CodeDetail(code, context=context).data,
            headers={"ETag": f'"{code.key}.{code.edition.version}"'},
        )


class ZoneViewSet(ActorView, ListModelMixin, GenericViewSet[Zone]):
    """The functional zones."""

    scope = "taxonomy"
    permission_classes = [Everybody]
    serializer_class = ZoneOutput
    filterset_class = ZoneFilters
    page_ordering = "key"

    def get_queryset(self) -> QuerySet[Zone]:
        zones = Zone.objects.all()
        if "on" not in self.request.query_params:
            zones = zones.on(day_of(timezone.now()))
        return zones.visible_to(self.actor)

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the functional zones; they lie across regions and are never added to them."""
        return super().list(request, *args, **kwargs)
