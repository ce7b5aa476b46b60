"""What happened, as those concerned may read it."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from apps.base.api.views import ActorView
from apps.journal.models import Entry


class EntrySerializer(serializers.ModelSerializer[Entry]):
    """An entry."""

    class Meta:
        model = Entry
        fields = [
            "id",
            "at",
            "verb",
            "subject_type",
            "subject_id",
            "actor_user",
            "actor_organization",
            "actor_task",
            "request_id",
            "facts",
        ]


class EntryList(ActorView, ListAPIView[Entry]):
    """The deeds that concern one's organization, latest first; administrators see all."""

    scope = "journal"
    serializer_class = EntrySerializer
    filterset_fields = ["verb", "subject_type", "subject_id"]

    def get_queryset(self) -> QuerySet[Entry]:
        return Entry.objects.visible_to(self.actor).defer("sealed")
