"""The shapes in which wordings, submissions, consents and files travel."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.errors import words
from apps.base.api.serializers import Input, TermChoice
from apps.documents.api.streams import UploadInput
from apps.reviews.models import Attachment, Consent, Reviewed, Submission, Wording
from marketplace.actors import Actor
from marketplace.coach import AdviceCode
from marketplace.documents import MediaType
from marketplace.reviews import (
    LONGEST_FINDING,
    LONGEST_NAME,
    LONGEST_NOTE,
    MOST_FINDINGS,
    AttachmentPurpose,
    FindingCode,
    Purpose,
    Verdict,
)
from marketplace.secrecy import (
    LONGEST,
    LONGEST_OF_BLOCK,
    IndicatorRelation,
    Secrecy,
    Shown,
    clearance_faults,
    shown_block,
    shown_indicator,
)

#: A figure, as a text of digits.
LONGEST_NUMBER = 26


# --- words ------------------------------------------------------------------------------------


class Number(serializers.CharField):
    """A number as a text of digits, exactly as it was meant."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_NUMBER, **options)


def optional(longest: int) -> serializers.CharField:
    """Return a text that may be left out, or empty."""
    return serializers.CharField(max_length=longest, required=False, allow_blank=True)


class BlockInput(Input):
    """A text of its own, and who reads it."""

    heading = serializers.CharField(max_length=LONGEST_OF_BLOCK["heading"])
    text = serializers.CharField(max_length=LONGEST_OF_BLOCK["text"])
    secrecy = TermChoice(Secrecy)


class Block(serializers.Serializer[Any]):
    """A text of its own; the text is there for whom it is meant."""

    heading = serializers.CharField()
    text = serializers.CharField(required=False)
    secrecy = TermChoice(Secrecy)
    is_withheld = serializers.BooleanField()


class IndicatorInput(Input):
    """A figure: value, unit, test condition, competing solution, and who reads it."""

    name = serializers.CharField(max_length=LONGEST["name"])
    relation = TermChoice(IndicatorRelation)
    value = Number()
    value_to = Number(required=False, help_text="The second end, where the relation is between.")
    unit = optional(LONGEST["unit"])
    condition = optional(LONGEST["condition"])
    competing = optional(LONGEST["competing"])
    secrecy = TermChoice(Secrecy)
    band_from = Number(required=False, help_text="The band that others read instead of the value.")
    band_to = Number(required=False)


class Indicator(serializers.Serializer[Any]):
    """A figure: exact, as its band, or only that it is stated."""

    name = serializers.CharField()
    shown = TermChoice(Shown)
    secrecy = TermChoice(Secrecy)
    relation = TermChoice(IndicatorRelation, required=False)
    value = serializers.CharField(required=False)
    value_to = serializers.CharField(required=False)
    unit = serializers.CharField(required=False, allow_blank=True)
    condition = serializers.CharField(required=False, allow_blank=True)
    competing = serializers.CharField(required=False, allow_blank=True)
    band_from = serializers.CharField(required=False)
    band_to = serializers.CharField(required=False)


class Graded(serializers.Serializer[Any]):
    """What shows a thing, each part as far as its secrecy allows."""

    @property
    def reader(self) -> Actor:
        """Return who reads."""
        actor: Actor = self.context["view"].actor
        return actor

    @extend_schema_field(Block(many=True))
    def get_blocks(self, row: Any) -> list[dict[str, object]]:
        level = row.level_for(self.reader)
        return [shown_block(block, level) for block in row.blocks]

    @extend_schema_field(Indicator(many=True))
    def get_indicators(self, row: Any) -> list[dict[str, object]]:
        level = row.level_for(self.reader)
        return [shown_indicator(indicator, level) for indicator in row.indicators]


class OpenMoves(serializers.Field[Any, Any, Any, Any]):
    """The moves that are open now; each is a POST below."""

    def __init__(self) -> None:
        super().__init__(source="*", read_only=True)

    def to_representation(self, value: Reviewed) -> list[str]:
        return value.open_moves()


class Review(serializers.Serializer[Any]):
    """What only its organization, its owners and its reviewers see of a thing."""

    author = serializers.UUIDField(source="author_id", read_only=True)
    reviewed_by = serializers.UUIDField(source="reviewed_by_id", read_only=True, allow_null=True)
    waiting = TermChoice(Purpose, read_only=True, allow_null=True)


# --- reviews ----------------------------------------------------------------------------------


class Clearance(Input):
    """The declaration that there is no state secret (国家秘密) in it, dated when it arrives."""

    no_state_secret = serializers.BooleanField(help_text="Must be true.")
    cleared_by = serializers.CharField(
        max_length=LONGEST_NAME, help_text="Who in the organization cleared it."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for fault in clearance_faults(**attrs):
            name = fault.field.rpartition(".")[2]
            raise serializers.ValidationError({name: [words(fault)]}, fault.code)
        return attrs


class WithClearance(Input):
    """A body that carries a declaration."""

    clearance = Clearance()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Leave of the declaration what an action takes: who made it."""
        clearance = attrs.pop("clearance")
        return attrs | {"cleared_by": clearance["cleared_by"]}


class RoundInput(WithClearance):
    """What goes with asking for a review."""

    what_changed = serializers.CharField(
        max_length=LONGEST_NOTE,
        required=False,
        allow_blank=True,
        help_text="What is different since the last round; which fields are, is found out.",
    )


class AcceptanceInput(WithClearance):
    """What a reviewer says when letting something in."""

    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True)


class FindingInput(Input):
    """One thing that is to be put right."""

    field = serializers.CharField(
        max_length=80, required=False, allow_blank=True, help_text="Empty for the whole."
    )
    code = TermChoice(FindingCode)
    text = serializers.CharField(max_length=LONGEST_FINDING)


class FindingsInput(Input):
    """Why something is given back to be put right."""

    findings = FindingInput(many=True, max_length=MOST_FINDINGS)  # type: ignore[call-arg]
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True)


class ReasonInput(Input):
    """Why something is turned down, or done."""

    reason = serializers.CharField(max_length=LONGEST_NOTE)


class FindingOutput(serializers.Serializer[Any]):
    """One thing that is to be put right."""

    field = serializers.CharField(allow_blank=True)
    code = TermChoice(FindingCode)
    text = serializers.CharField()


class WordingSerializer(serializers.ModelSerializer[Wording]):
    """What a thing says, said or would say."""

    words = serializers.DictField()
    author = serializers.UUIDField(source="author_id", read_only=True, allow_null=True)

    class Meta:
        model = Wording
        fields = ["number", "words", "author", "created_at"]


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """One round of review."""

    purpose = TermChoice(Purpose, read_only=True)
    verdict = TermChoice(Verdict, read_only=True, allow_null=True)
    changed_fields = serializers.ListField(child=serializers.CharField(), read_only=True)
    findings = FindingOutput(many=True, read_only=True)
    submitted_by = serializers.UUIDField(source="submitted_by_id", read_only=True)
    decided_by = serializers.UUIDField(source="decided_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Submission
        fields = [
            "id",
            "purpose",
            "wording",
            "what_changed",
            "changed_fields",
            "submitted_by",
            "cleared_by",
            "declared_on",
            "verdict",
            "decided_by",
            "decided_at",
            "note",
            "findings",
            "decision_cleared_by",
            "created_at",
        ]


class ConsentSerializer(serializers.ModelSerializer[Consent]):
    """That an owner agrees to one wording."""

    organization = serializers.UUIDField(source="organization_id", read_only=True)
    given_by = serializers.UUIDField(source="given_by_id", read_only=True)

    class Meta:
        model = Consent
        fields = ["id", "wording", "organization", "given_by", "created_at", "withdrawn_at"]


class FileInput(UploadInput):
    """A file, what it is, and who may open it."""

    purpose = TermChoice(AttachmentPurpose)
    secrecy = TermChoice(Secrecy)


class FileSerializer(serializers.ModelSerializer[Attachment]):
    """A file that hangs on a thing."""

    name = serializers.CharField(source="document.name", read_only=True)
    media_type = TermChoice(MediaType, source="document.media_type", read_only=True)
    size = serializers.IntegerField(source="document.size", read_only=True)
    sha256 = serializers.CharField(source="document.sha256", read_only=True)
    purpose = TermChoice(AttachmentPurpose, read_only=True)
    secrecy = TermChoice(Secrecy, read_only=True)

    class Meta:
        model = Attachment
        fields = ["id", "name", "media_type", "size", "sha256", "purpose", "secrecy", "created_at"]


class AdviceSerializer(serializers.Serializer[Any]):
    """One piece of advice on one field, in the reader's language."""

    code = TermChoice(AdviceCode)
    field = serializers.CharField()
    message = serializers.CharField()


class Duplicate(serializers.Serializer[Any]):
    """One of the same owner that may be the same, and how alike it is, from 0 to 1."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    likeness = serializers.FloatField()


class Advised(serializers.Serializer[Any]):
    """What a reader will miss in the newest words; each kind adds what they may repeat."""

    advice = AdviceSerializer(many=True)
