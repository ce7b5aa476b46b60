"""Notices over HTTP."""

from django.db.models import QuerySet
from django_filters.rest_framework.filterset import FilterSet
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.filters import TrueOrFalseFilter
from apps.base.api.views import RecordViewSet, move
from apps.notifications import actions
from apps.notifications.api.serializers import NoticeSerializer
from apps.notifications.models import Notice


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
