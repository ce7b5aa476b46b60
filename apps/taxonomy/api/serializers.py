"""What code lists look like outside."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import CodeField, TermChoice
from apps.taxonomy.models import Code, Concordance, Edition, Zone
from marketplace.taxonomy import Certainty, Relation, Subject, ZoneKind


class EditionOutput(serializers.ModelSerializer[Edition]):
    """A code list."""

    subject = TermChoice(Subject, read_only=True)
    certainty = TermChoice(Certainty, read_only=True)
    codes = serializers.IntegerField(source="size", read_only=True)

    class Meta:
        model = Edition
        fields = [
            "key",
            "subject",
            "name_zh",
            "name_en",
            "source",
            "valid_from",
            "valid_until",
            "certainty",
            "is_partial",
            "note_zh",
            "note_en",
            "codes",
        ]


class CodeOutput(serializers.ModelSerializer[Code]):
    """One code."""

    edition = serializers.CharField(source="edition_id", read_only=True)
    subject = TermChoice(Subject, source="edition.subject", read_only=True)
    # A field of this name is no attribute: the metaclass takes it away.
    parent = CodeField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    certainty = TermChoice(Certainty, read_only=True)

    class Meta:
        model = Code
        fields = [
            "key",
            "code",
            "edition",
            "subject",
            "name_zh",
            "name_en",
            "level",
            "parent",
            "certainty",
        ]


class CodeInTree(serializers.ModelSerializer[Code]):
    """A code above or below another."""

    class Meta:
        model = Code
        fields = ["key", "code", "name_zh", "name_en", "level"]


class CodeBecame(serializers.ModelSerializer[Concordance]):
    """What a code became, or is in another list."""

    key = serializers.CharField(source="to_code.key", read_only=True)
    code = serializers.CharField(source="to_code.code", read_only=True)
    edition = serializers.CharField(source="to_code.edition_id", read_only=True)
    name_zh = serializers.CharField(source="to_code.name_zh", read_only=True)
    name_en = serializers.CharField(source="to_code.name_en", read_only=True)
    relation = TermChoice(Relation, source="kind", read_only=True)
    certainty = TermChoice(Certainty, read_only=True)

    class Meta:
        model = Concordance
        fields = [
            "key",
            "code",
            "edition",
            "name_zh",
            "name_en",
            "relation",
            "changed_on",
            "certainty",
        ]


class CodeCameFrom(CodeBecame):
    """What a code was before, or is in another list; the relation is from that to this."""

    key = serializers.CharField(source="from_code.key", read_only=True)
    code = serializers.CharField(source="from_code.code", read_only=True)
    edition = serializers.CharField(source="from_code.edition_id", read_only=True)
    name_zh = serializers.CharField(source="from_code.name_zh", read_only=True)
    name_en = serializers.CharField(source="from_code.name_en", read_only=True)


class CodeDetail(CodeOutput):
    """One code with what stands above, below and beside it."""

    ancestors = serializers.SerializerMethodField(help_text="From the top of the tree down.")
    children = CodeInTree(many=True, read_only=True)
    became = CodeBecame(source="concordances_onward", many=True, read_only=True)
    came_from = CodeCameFrom(source="concordances_back", many=True, read_only=True)

    class Meta(CodeOutput.Meta):
        fields = [*CodeOutput.Meta.fields, "ancestors", "children", "became", "came_from"]

    @extend_schema_field(CodeInTree(many=True))
    def get_ancestors(self, code: Code) -> Any:
        return CodeInTree(self.context["ancestors"], many=True).data


class ZoneOutput(serializers.ModelSerializer[Zone]):
    """A functional zone."""

    kind = TermChoice(ZoneKind, read_only=True)
    region = CodeField(source="region_id")
    parent = serializers.CharField(  # type: ignore[assignment]
        source="parent_id", read_only=True, allow_null=True
    )
    certainty = TermChoice(Certainty, read_only=True)

    class Meta:
        model = Zone
        fields = [
            "key",
            "name_zh",
            "name_en",
            "kind",
            "region",
            "parent",
            "valid_from",
            "valid_until",
            "source",
            "certainty",
        ]
