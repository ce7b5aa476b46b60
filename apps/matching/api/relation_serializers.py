"""The shapes in which relations between organizations travel."""

from rest_framework import serializers

from apps.base.api.serializers import Input, TermChoice
from apps.matching.models import Relation
from marketplace.conflicts import LONGEST_NOTE, RelationKind


class RelationInput(Input):
    """To which organization the own one is related, and how."""

    organization = serializers.UUIDField()
    kind = TermChoice(RelationKind)
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True)


class DeclaredRelationSerializer(serializers.ModelSerializer[Relation]):
    """That two organizations are related, as one of them declared."""

    organizations = serializers.SerializerMethodField()
    names = serializers.SerializerMethodField()
    kind = TermChoice(RelationKind, read_only=True)
    declared_by = serializers.UUIDField(source="declared_by_id", read_only=True)
    ended_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Relation
        fields = [
            *("id", "version", "organizations", "names", "kind", "note", "declared_by"),
            *("created_at", "ended_at"),
        ]
        read_only_fields = fields

    def get_organizations(self, relation: Relation) -> list[str]:
        return [str(relation.first_id), str(relation.second_id)]

    def get_names(self, relation: Relation) -> list[str]:
        return [relation.first.name, relation.second.name]
