"""Relations between organizations over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.filters import TrueOrFalseFilter
from apps.base.api.views import RecordViewSet, move
from apps.matching.actions import relations as actions
from apps.matching.api.relation_serializers import DeclaredRelationSerializer, RelationInput
from apps.matching.models import Relation


class RelationFilter(FilterSet):
    """How the list of relations is narrowed."""

    is_standing = TrueOrFalseFilter(
        field_name="ended_at", lookup_expr="isnull", help_text="Only those that stand, or not."
    )


class RelationViewSet(RecordViewSet[Relation]):
    """Relations that organizations declared; both sides see them, brokers and officers all."""

    records = Relation.objects.all()
    queryset = Relation.objects.none()
    scope = "matches"
    serializer_class = DeclaredRelationSerializer
    filterset_class = RelationFilter
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "head", "options"]

    def get_queryset(self) -> QuerySet[Relation]:
        return Relation.objects.visible_to(self.actor).select_related("first", "second")

    @extend_schema(request=RelationInput, responses={201: DeclaredRelationSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Declare that the own organization is related to another one, as its manager."""
        return self.shown(actions.declare(**self.given(RelationInput), by=self.actor), 201)

    @move()
    def end(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End a relation, as the organization that declared it or as an administrator."""
        return self.moved(actions.end)
