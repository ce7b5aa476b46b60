"""The shapes in which pool entries travel."""

from typing import Any

from rest_framework import serializers

from apps.base.api.serializers import Amount, CodeField, Input, Moves, TermChoice
from apps.pools.models import Fund, Project, Talent
from marketplace.pools import POOL_ENTRY, FundKind, PoolState, TalentKind

#: What everybody sees of an entry, and what only its organization and reviewers see.
TEASER = ["id", "version", "organization", "title", "summary", "field", "region", "state"]
FULL = ["author", "reviewed_by", "review_note", "moves", "created_at", "updated_at"]


class Common(serializers.ModelSerializer[Any]):
    """What the entries of all pools show."""

    organization = serializers.UUIDField(source="organization_id", read_only=True)
    field = CodeField(source="field_id", allow_null=True)
    region = CodeField(source="region_id")
    state = TermChoice(PoolState, read_only=True)


class Review(serializers.Serializer[Any]):
    """What only the organization of an entry and its reviewers see."""

    author = serializers.UUIDField(source="author_id", read_only=True)
    reviewed_by = serializers.UUIDField(source="reviewed_by_id", read_only=True, allow_null=True)
    moves = Moves(POOL_ENTRY)


class TalentTeaser(Common):
    """What everybody sees of a talent."""

    kind = TermChoice(TalentKind, read_only=True)
    discipline = CodeField(source="discipline_id", allow_null=True)

    class Meta:
        model = Talent
        fields = [*TEASER, "kind", "discipline"]


class TalentFull(TalentTeaser, Review):
    """What its organization and reviewers see of a talent."""

    class Meta(TalentTeaser.Meta):
        fields = [*TalentTeaser.Meta.fields, *FULL]


class FundTeaser(Common):
    """What everybody sees of a fund."""

    kind = TermChoice(FundKind, read_only=True)

    class Meta:
        model = Fund
        fields = [*TEASER, "kind", "smallest_ticket", "largest_ticket"]


class FundFull(FundTeaser, Review):
    """What its organization and reviewers see of a fund."""

    class Meta(FundTeaser.Meta):
        fields = [*FundTeaser.Meta.fields, *FULL]


class ProjectTeaser(Common):
    """What everybody sees of a project."""

    intellectual_property = CodeField(source="intellectual_property_id", allow_null=True)

    class Meta:
        model = Project
        fields = [*TEASER, "readiness", "intellectual_property", "is_service_invention"]


class ProjectFull(ProjectTeaser, Review):
    """What its organization and reviewers see of a project."""

    class Meta(ProjectTeaser.Meta):
        fields = [*ProjectTeaser.Meta.fields, *FULL]


class EntryInput(Input):
    """What can be written into an entry of any pool."""

    title = serializers.CharField(max_length=200)
    summary = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    field = serializers.CharField(max_length=40, required=False, allow_null=True)
    region = serializers.CharField(max_length=40)


class TalentInput(EntryInput):
    """What can be written into a talent."""

    kind = TermChoice(TalentKind)
    discipline = serializers.CharField(max_length=40, required=False, allow_null=True)


class FundInput(EntryInput):
    """What can be written into a fund."""

    kind = TermChoice(FundKind)
    smallest_ticket = Amount(required=False, allow_null=True)
    largest_ticket = Amount(required=False, allow_null=True)


class ProjectInput(EntryInput):
    """What can be written into a project."""

    readiness = serializers.IntegerField(min_value=1, max_value=9, required=False, allow_null=True)
    intellectual_property = serializers.CharField(max_length=40, required=False, allow_null=True)
    is_service_invention = serializers.BooleanField(required=False)


class EntryAdmission(Input):
    """What a reviewer may add when admitting."""

    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class EntryReason(Input):
    """Why something is turned down."""

    reason = serializers.CharField(max_length=2000)
