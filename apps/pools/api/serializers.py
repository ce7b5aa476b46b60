"""The shapes in which pool entries travel."""

from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import Amount, CodeField, Input, Moves, TermChoice
from apps.pools.models import Commitment, Fund, Milestone, Project, Talent
from apps.reviews.api.serializers import (
    Advised,
    BlockInput,
    Duplicate,
    Graded,
    IndicatorInput,
    Number,
    OpenMoves,
    Review,
)
from marketplace.calendar import day_of
from marketplace.funding import (
    MOST_CONDITIONS,
    Comparison,
    Fact,
    FinancingStage,
    FundProduct,
    is_open,
    remaining,
)
from marketplace.pools import (
    COMMITMENT,
    LONGEST,
    LONGEST_EVIDENCE,
    LONGEST_FIRM,
    LONGEST_PURPOSE,
    MOST,
    MOVES,
    CommitmentState,
    FundKind,
    MilestoneKind,
    PoolKind,
    PoolState,
    Rank,
    Reform,
    TalentKind,
)
from marketplace.reviews import LONGEST_NOTE
from marketplace.rights import LONGEST as LONGEST_OF_RIGHT
from marketplace.rights import LONGEST_OF_SHARE, MOST_RIGHTS, MOST_SHARES, RightStatus
from marketplace.secrecy import (
    MOST_BLOCKS,
    MOST_INDICATORS,
    DualUse,
    Secrecy,
)
from marketplace.statistics import MONTH, month_as_text, month_from_text
from marketplace.teams import MOST_NAMED, TeamRole, TitleGrade

#: For how many months flows are shown at once.
MOST_MONTHS = 120

# --- what stands in lists ---------------------------------------------------------------------


class IdText(serializers.UUIDField):
    """An id that is kept as text."""

    def to_internal_value(self, data: Any) -> Any:
        return str(super().to_internal_value(data))


class DayText(serializers.DateField):
    """A day that is kept as text."""

    def to_internal_value(self, value: Any) -> Any:
        return super().to_internal_value(value).isoformat()


class ProjectOwner(Input):
    """Who owns it, and which share: an organization of the market, or a name."""

    organization = IdText(required=False, allow_null=True)
    name = serializers.CharField(
        max_length=LONGEST_OF_SHARE["name"], required=False, allow_blank=True
    )
    share = Number(help_text="In per cent.")


class ProjectInventor(Input):
    """Who made it, and with which share."""

    name = serializers.CharField(max_length=LONGEST_OF_SHARE["name"])
    organization = IdText(required=False, allow_null=True)
    share = Number(help_text="In per cent.")


class ProjectRight(Input):
    """An intellectual property right."""

    kind = serializers.CharField(max_length=LONGEST_OF_RIGHT["kind"])
    number = serializers.CharField(
        max_length=LONGEST_OF_RIGHT["number"], required=False, allow_blank=True
    )
    title = serializers.CharField(max_length=LONGEST_OF_RIGHT["title"])
    status = TermChoice(RightStatus)
    expires_on = DayText(required=False, allow_null=True)


class TalentEmployment(Input):
    """For whom somebody works, and with which share of the time."""

    organization = IdText(required=False, allow_null=True)
    name = serializers.CharField(
        max_length=LONGEST_OF_SHARE["name"], required=False, allow_blank=True
    )
    share_of_time = Number(help_text="In per cent.")


class TeamMember(Input):
    """Who is in a team, as what, and with which grade of title."""

    name = serializers.CharField(max_length=LONGEST_OF_SHARE["name"])
    role = TermChoice(TeamRole)
    title = TermChoice(TitleGrade, required=False)
    talent = IdText(required=False, allow_null=True, help_text="The member in the talent pool.")


class ShownMember(serializers.Serializer[Any]):
    """Who is in a team; to passers-by only as what."""

    name = serializers.CharField(required=False)
    role = TermChoice(TeamRole)
    title = TermChoice(TitleGrade, required=False)
    talent = serializers.UUIDField(required=False, allow_null=True)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "boolean"},
            {"type": "array", "items": {"type": "string"}},
        ]
    }
)
class Compared(serializers.JSONField):
    """What a fact is compared with: digits, codes, stages, true or false."""


class FundCondition(Input):
    """What a fund asks for."""

    fact = TermChoice(Fact)
    relation = TermChoice(Comparison)
    value = Compared()


# --- entries ----------------------------------------------------------------------------------


@extend_schema_field({"type": "array", "items": {"oneOf": [{"const": name} for name in MOVES]}})
class EntryMoves(OpenMoves):
    """The moves that are open now; each is a POST below."""


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class CodesField(serializers.Field[Any, Any, Any, Any]):
    """The codes of a list of keys to a code list."""

    def __init__(self) -> None:
        super().__init__(read_only=True)

    def to_representation(self, value: list[str]) -> list[str]:
        return [key.rpartition(":")[2] for key in value]


#: What everybody sees of an entry, and what only its organization and reviewers see.
TEASER = [
    *("id", "version", "organization", "title", "summary", "blocks", "field", "region", "state"),
    *("dual_use", "admitted_on"),
]
FULL = [
    *("external_reference", "wording", "proposed_wording", "waiting", "left_on"),
    *("author", "reviewed_by", "review_note", "moves", "created_at", "updated_at"),
]


class Common(Graded, serializers.ModelSerializer[Any]):
    """What the entries of all pools show."""

    organization = serializers.UUIDField(source="organization_id", read_only=True)
    field = CodeField(source="field_id", allow_null=True)
    region = CodeField(source="region_id")
    state = TermChoice(PoolState, read_only=True)
    dual_use = TermChoice(DualUse, read_only=True, allow_null=True)
    blocks = serializers.SerializerMethodField()


class EntryReview(Review):
    """What only the organization of an entry, its owners and its reviewers see."""

    moves = EntryMoves()


class TalentTeaser(Common):
    """What everybody sees of a talent."""

    kind = TermChoice(TalentKind, read_only=True)
    discipline = CodeField(source="discipline_id", allow_null=True)
    rank = TermChoice(Rank, read_only=True, allow_null=True)
    specialities = serializers.ListField(child=serializers.CharField(), read_only=True)
    languages = serializers.ListField(child=serializers.CharField(), read_only=True)
    members = serializers.SerializerMethodField()

    class Meta:
        model = Talent
        fields = [
            *TEASER,
            *("kind", "discipline", "professional_title", "rank", "specialities", "achievements"),
            *("languages", "available_from", "available_share", "members"),
        ]

    @extend_schema_field(ShownMember(many=True))
    def get_members(self, row: Talent) -> list[dict[str, object]]:
        hidden = {"name", "talent"} if row.level_for(self.reader) is Secrecy.PUBLIC else set()
        return [
            {name: word for name, word in member.items() if name not in hidden}
            for member in row.members
        ]


class TalentFull(TalentTeaser, EntryReview):
    """What its organization and reviewers see of a talent."""

    employments = TalentEmployment(many=True, read_only=True)

    class Meta(TalentTeaser.Meta):
        fields = [*TalentTeaser.Meta.fields, "certificate", "employments", *FULL]


class FundTeaser(Common):
    """What everybody sees of a fund."""

    kind = TermChoice(FundKind, read_only=True)
    product = TermChoice(FundProduct, read_only=True, allow_null=True)
    remaining = serializers.SerializerMethodField()
    is_open = serializers.SerializerMethodField()
    stages = serializers.ListField(child=TermChoice(FinancingStage), read_only=True)
    fields = CodesField()  # type: ignore[assignment]
    regions = CodesField()
    conditions = FundCondition(many=True, read_only=True)

    class Meta:
        model = Fund
        fields = [
            *TEASER,
            *("kind", "product", "smallest_ticket", "largest_ticket", "quota", "remaining"),
            *("stages", "fields", "regions", "conditions", "opens_on", "closes_on", "is_open"),
        ]

    @extend_schema_field(serializers.DecimalField(max_digits=18, decimal_places=2, allow_null=True))
    def get_remaining(self, row: Fund) -> str | None:
        left = remaining(row.quota, row.committed)
        return None if left is None else f"{left:.2f}"

    def get_is_open(self, row: Fund) -> bool:
        return is_open(row.opens_on, row.closes_on, day_of(timezone.now()))


class FundFull(FundTeaser, EntryReview):
    """What its organization and reviewers see of a fund."""

    class Meta(FundTeaser.Meta):
        fields = [*FundTeaser.Meta.fields, "committed", *FULL]


class ProjectTeaser(Common):
    """What everybody sees of a project."""

    intellectual_property = CodeField(source="intellectual_property_id", allow_null=True)
    owners = ProjectOwner(many=True, read_only=True)
    rights = ProjectRight(many=True, read_only=True)
    applications = serializers.ListField(child=serializers.CharField(), read_only=True)
    indicators = serializers.SerializerMethodField()
    reforms = serializers.ListField(child=TermChoice(Reform), read_only=True)
    chains = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Project
        fields = [
            *TEASER,
            *("readiness", "readiness_evidence", "intellectual_property", "is_service_invention"),
            *("owners", "rights", "applications", "indicators", "reforms", "chains"),
            "has_lapsed_right",
        ]


class ProjectFull(ProjectTeaser, EntryReview):
    """What its owners and reviewers see of a project."""

    inventors = ProjectInventor(many=True, read_only=True)

    class Meta(ProjectTeaser.Meta):
        fields = [*ProjectTeaser.Meta.fields, "inventors", *FULL]


def _text(name: str, **options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=LONGEST[name], **options)


def _texts(name: str, child: serializers.Field[Any, Any, Any, Any] | None = None) -> Any:
    most, length = MOST[name]
    return serializers.ListField(
        child=child or serializers.CharField(max_length=length), max_length=most, required=False
    )


def _listed(shape: type[serializers.Serializer[Any]], most: int, **options: Any) -> Any:
    make: Any = shape  # With many=True the metaclass makes a list of it, which has a length.
    return make(many=True, max_length=most, required=False, **options)


class EntryInput(Input):
    """What can be written into an entry of any pool."""

    title = _text("title")
    summary = _text("summary", required=False, allow_blank=True)
    blocks = _listed(BlockInput, MOST_BLOCKS)
    field = serializers.CharField(max_length=40, required=False, allow_null=True)
    region = serializers.CharField(max_length=40)
    external_reference = _text("external_reference", required=False, allow_blank=True)
    dual_use = TermChoice(DualUse, required=False, allow_null=True)


class TalentInput(EntryInput):
    """What can be written into a talent."""

    kind = TermChoice(TalentKind)
    discipline = serializers.CharField(max_length=40, required=False, allow_null=True)
    professional_title = _text("professional_title", required=False, allow_blank=True)
    rank = TermChoice(Rank, required=False, allow_null=True)
    certificate = _text("certificate", required=False, allow_blank=True)
    specialities = _texts("specialities")
    achievements = _text("achievements", required=False, allow_blank=True)
    languages = _texts("languages")
    employments = _listed(TalentEmployment, MOST_SHARES)
    available_from = serializers.DateField(required=False, allow_null=True)
    available_share = serializers.IntegerField(
        min_value=1, max_value=100, required=False, allow_null=True, help_text="In per cent."
    )
    members = _listed(TeamMember, MOST_NAMED)


class FundInput(EntryInput):
    """What can be written into a fund."""

    kind = TermChoice(FundKind)
    product = TermChoice(FundProduct, required=False, allow_null=True)
    smallest_ticket = Amount(required=False, allow_null=True)
    largest_ticket = Amount(required=False, allow_null=True)
    quota = Amount(required=False, allow_null=True, help_text="How much there is in all.")
    stages = _texts("stages", TermChoice(FinancingStage))
    fields = _texts("fields")
    regions = _texts("regions")
    conditions = _listed(FundCondition, MOST_CONDITIONS)
    opens_on = serializers.DateField(required=False, allow_null=True)
    closes_on = serializers.DateField(required=False, allow_null=True)


class ProjectInput(EntryInput):
    """What can be written into a project."""

    readiness = serializers.IntegerField(min_value=1, max_value=9, required=False, allow_null=True)
    readiness_evidence = _text("readiness_evidence", required=False, allow_blank=True)
    intellectual_property = serializers.CharField(max_length=40, required=False, allow_null=True)
    is_service_invention = serializers.BooleanField(required=False)
    owners = _listed(
        ProjectOwner, MOST_SHARES, help_text="The own organization alone, if left out."
    )
    inventors = _listed(ProjectInventor, MOST_SHARES)
    rights = _listed(ProjectRight, MOST_RIGHTS)
    applications = _texts("applications")
    indicators = _listed(IndicatorInput, MOST_INDICATORS)
    reforms = _texts("reforms", TermChoice(Reform))
    chains = _texts("chains")


class EntryNote(Input):
    """What a reviewer may add."""

    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True)


# --- money and milestones ---------------------------------------------------------------------


class CommitmentInput(Input):
    """What is set aside, for whom and for what."""

    amount = Amount()
    beneficiary = serializers.UUIDField()
    purpose = serializers.CharField(max_length=LONGEST_PURPOSE)


class CommitmentSerializer(serializers.ModelSerializer[Commitment]):
    """An amount set aside from the quota of a fund."""

    fund = serializers.UUIDField(source="fund_id", read_only=True)
    beneficiary = serializers.UUIDField(source="beneficiary_id", read_only=True)
    state = TermChoice(CommitmentState, read_only=True)
    moves = Moves(COMMITMENT)

    class Meta:
        model = Commitment
        fields = [
            *("id", "version", "fund", "beneficiary", "amount", "purpose", "state", "moves"),
            *("created_at", "updated_at"),
        ]


class MilestoneInput(Input):
    """How far a firm has come, and since when."""

    kind = TermChoice(MilestoneKind)
    firm = serializers.CharField(max_length=LONGEST_FIRM)
    organization = serializers.UUIDField(required=False, allow_null=True)
    reached_on = serializers.DateField()
    evidence = serializers.CharField(max_length=LONGEST_EVIDENCE, required=False, allow_blank=True)


class MilestoneSerializer(serializers.ModelSerializer[Milestone]):
    """How far a firm has come that grew out of a project."""

    kind = TermChoice(MilestoneKind, read_only=True)
    organization = serializers.UUIDField(source="organization_id", read_only=True, allow_null=True)

    class Meta:
        model = Milestone
        fields = [
            *("id", "version", "kind", "firm", "organization", "reached_on", "evidence"),
            "created_at",
        ]


# --- flows ------------------------------------------------------------------------------------


@extend_schema_field({"type": "string", "pattern": f"^{MONTH.pattern}$"})
class FlowMonth(serializers.Field[Any, Any, Any, Any]):
    """A month, such as 2026-03."""

    default_error_messages = {"month": _lazy("A month looks like 2026-03.")}

    def to_internal_value(self, data: Any) -> date:
        try:
            return month_from_text(str(data))
        except ValueError:
            self.fail("month")

    def to_representation(self, value: date) -> str:
        return month_as_text(value)


class FlowsQuery(Input):
    """Which pool, and from which month to before which."""

    pool = TermChoice(PoolKind)

    def get_fields(self) -> dict[str, Any]:
        months = {"from": FlowMonth(), "to": FlowMonth(help_text="The month after the last.")}
        return {**super().get_fields(), **months}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs["from"], attrs["to"]
        months = (until.year - since.year) * 12 + until.month - since.month
        if not 1 <= months <= MOST_MONTHS:
            raise serializers.ValidationError(
                {
                    "to": [
                        _("Ask for 1 to {most} months; the last one is not in it.").format(
                            most=MOST_MONTHS
                        )
                    ]
                },
                "months",
            )
        return attrs


class FlowSerializer(serializers.Serializer[Any]):
    """What came into a pool and left it in a month, and what was in it at the end."""

    month = FlowMonth(read_only=True)
    entered = serializers.IntegerField()
    left = serializers.IntegerField()
    stock = serializers.IntegerField()


class FlowsSerializer(serializers.Serializer[Any]):
    """The stock and the flow of a pool."""

    pool = TermChoice(PoolKind)
    months = FlowSerializer(many=True)


class EntryDuplicate(Duplicate):
    """An entry of the same owner that may be the same."""

    state = TermChoice(PoolState)


class EntryAdvice(Advised):
    """What a reader will miss in the newest words of an entry, and what it may repeat."""

    duplicates = EntryDuplicate(many=True)
