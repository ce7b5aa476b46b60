"""Notices over HTTP."""

from django.db.models import QuerySet
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.filters import TrueOrFalseFilter
from apps.base.api.views import ActorView, RecordViewSet, move
from apps.notifications import actions
from apps.notifications.api.serializers import NoticePreferences, NoticeSerializer
from apps.notifications.models import Notice, Postbox


class NoticeFilter(FilterSet):
    """How a list of notices is narrowed."""

    unread = TrueOrFalseFilter(
        field_name="read_at",
        lookup_expr="isnull",
        help_text="Only those that nobody has read, or only the others.",
    )


class NoticeViewSet(RecordViewSet[Notice]):
    """What your organization was told."""

    records = Notice.objects.all()
    scope = "notices"
    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "head", "options"]
    #: Reading twice is reading once, so there is no version to decide on.
    is_versioned = False

    def get_queryset(self) -> QuerySet[Notice]:
        return Notice.objects.visible_to(self.actor)

    @move()
    def mark_read(self, request: Request, pk: str) -> Response:
        """Note that a notice was read; it may be said twice."""
        return self.shown(actions.mark_read(self.get_object(), by=self.actor))


class NoticePreferencesView(ActorView):
    """How you are told of notices by mail; here you read them all in any case."""

    scope = "notices"
    http_method_names = ["get", "put", "head", "options"]

    @extend_schema(operation_id="notice_preferences", responses=NoticePreferences)
    def get(self, request: Request) -> Response:
        """Show in which language, and how soon, you are told of each group of notices."""
        box = Postbox.objects.visible_to(self.actor).first()
        return Response(NoticePreferences(box or Postbox()).data)

    @extend_schema(
        operation_id="change_notice_preferences",
        request=NoticePreferences,
        responses=NoticePreferences,
    )
    def put(self, request: Request) -> Response:
        """Say in which language, and how soon, you want to be told of each group of notices."""
        box = actions.prefer(self.given(NoticePreferences), by=self.actor)
        return Response(NoticePreferences(box).data)
