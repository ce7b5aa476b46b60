"""The three pools over HTTP."""

from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from apps.accounts.api.authentication import Everybody
from apps.base.api.views import ActorView, RecordViewSet, move
from apps.pools import actions
from apps.pools.api.filters import CommitmentFilter, FundFilter, ProjectFilter, TalentFilter
from apps.pools.api.serializers import (
    CommitmentInput,
    CommitmentSerializer,
    EntryAdvice,
    EntryInput,
    EntryNote,
    FlowsQuery,
    FlowsSerializer,
    FundFull,
    FundInput,
    FundTeaser,
    MilestoneInput,
    MilestoneSerializer,
    ProjectFull,
    ProjectInput,
    ProjectTeaser,
    TalentFull,
    TalentInput,
    TalentTeaser,
)
from apps.pools.models import Commitment, Fund, Milestone, PoolEntry, Project, Talent
from apps.pools.queries import flows_of
from apps.reviews import actions as reviews
from apps.reviews.api.serializers import AcceptanceInput, ReasonInput
from apps.reviews.api.views import MOVES, ReviewedViews
from marketplace.reviews import shows_review
from marketplace.secrecy import Secrecy

E = TypeVar("E", bound=PoolEntry)


class PoolViewSet(ReviewedViews[E]):
    """
    The entries of one pool.

    Everybody reads what is admitted, each part as far as its secrecy allows; who wrote and who
    reviewed an entry, and the notes on it, are shown to its owners and to reviewers.
    """

    scope = "pools"
    advice_serializer_class = EntryAdvice
    table: type[E]
    given_shape: ClassVar[type[EntryInput]]
    full_serializer_class: ClassVar[type[BaseSerializer[Any]]]

    def get_serializer(self, *args: Any, **options: Any) -> BaseSerializer[E]:
        row = args[0] if args else None
        if isinstance(row, PoolEntry) and self._shows_all(row):
            options.setdefault("context", self.get_serializer_context())
            return self.full_serializer_class(*args, **options)
        return super().get_serializer(*args, **options)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin an entry of the own organization."""
        terms = self.given(self.given_shape)
        return self.shown(reviews.draft(self.table, terms, by=self.actor), 201)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write other words: into a draft at once, for what is in the pool as a proposal."""
        entry = self.get_object()
        terms = self.given(self.given_shape, partial=True)
        expected = self.expected(entry)
        return self.shown(reviews.change(entry, terms, by=self.actor, expected=expected))

    @move(takes=AcceptanceInput)
    def admit(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let an entry into the pool, or the proposed wording of one in it, as a reviewer."""
        return self.moved(reviews.accept, AcceptanceInput)

    @move(takes=ReasonInput)
    def leave(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for an entry to be let out of the pool."""
        return self.moved(actions.leave, ReasonInput)

    @move(takes=EntryNote)
    def release(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let an entry out of the pool, as a reviewer."""
        return self.moved(actions.release, EntryNote)

    def _shows_all(self, row: PoolEntry) -> bool:
        return (
            shows_review(self.actor, row.organization_id)
            or row.level_for(self.actor) is Secrecy.UNDER_NDA
        )


def _described(name: str, full: Any, teaser: Any, takes: Any) -> Any:
    """Say in the schema which of two shapes an answer has, and what the pool takes."""
    one = PolymorphicProxySerializer(
        component_name=name, serializers=[full, teaser], resource_type_field_name=None
    )
    return extend_schema_view(
        retrieve=extend_schema(responses=one),
        advice=extend_schema(responses=EntryAdvice),
        create=extend_schema(request=takes, responses={201: full}),
        partial_update=extend_schema(request=takes, responses=full),
        **{name: extend_schema(responses=one) for name in (*MOVES, "admit", "leave", "release")},
    )


@_described("Talent", TalentFull, TalentTeaser, TalentInput)
class TalentViewSet(PoolViewSet[Talent]):
    """Talents."""

    table = Talent
    records = Talent.objects.all()
    serializer_class = TalentTeaser
    full_serializer_class = TalentFull
    given_shape = TalentInput
    filterset_class = TalentFilter


@_described("Fund", FundFull, FundTeaser, FundInput)
class FundViewSet(PoolViewSet[Fund]):
    """Funds."""

    table = Fund
    records = Fund.objects.all()
    serializer_class = FundTeaser
    full_serializer_class = FundFull
    given_shape = FundInput
    filterset_class = FundFilter

    @extend_schema(request=CommitmentInput, responses={201: CommitmentSerializer})
    @action(detail=True, methods=["post"])
    def commit(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Set an amount aside from the quota of the own fund; the first to come is served first."""
        given = self.given(CommitmentInput)
        commitment = actions.commit(self.get_object(), **given, by=self.actor)
        place = f"{request.path.partition('/funds/')[0]}/commitments/{commitment.pk}"
        return Response(
            CommitmentSerializer(commitment).data,
            status=201,
            headers={"Location": place, "ETag": f'"{commitment.pk}.{commitment.version}"'},
        )


@_described("Project", ProjectFull, ProjectTeaser, ProjectInput)
class ProjectViewSet(PoolViewSet[Project]):
    """Projects."""

    table = Project
    records = Project.objects.all()
    serializer_class = ProjectTeaser
    full_serializer_class = ProjectFull
    given_shape = ProjectInput
    filterset_class = ProjectFilter

    @extend_schema(responses=MilestoneSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def milestones(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List how far firms have come that grew out of the project, the newest first."""
        return self._page(self._milestones(), MilestoneSerializer)

    @extend_schema(request=MilestoneInput, responses={201: MilestoneSerializer})
    @milestones.mapping.post
    def note_milestone(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Note how far a firm has come, as a manager of the project's organization."""
        given = self.given(MilestoneInput)
        milestone = actions.note_milestone(self.get_object(), **given, by=self.actor)
        place = f"{request.path.rstrip('/')}/{milestone.pk}"
        return Response(
            MilestoneSerializer(milestone).data,
            status=201,
            headers={"Location": place, "ETag": f'"{milestone.pk}.{milestone.version}"'},
        )

    @extend_schema(responses={204: None})
    @action(
        detail=True,
        methods=["delete"],
        url_path="milestones/<uuid:milestone>",
        url_name="milestone",
    )
    def remove_milestone(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take back that a milestone was reached."""
        key: UUID = self.kwargs["milestone"]
        milestone = get_object_or_404(self._milestones(), pk=key)
        actions.remove_milestone(milestone, by=self.actor)
        return Response(status=204)

    def _milestones(self) -> QuerySet[Milestone]:
        return Milestone.objects.visible_to(self.actor).filter(project=self.get_object())


class CommitmentViewSet(RecordViewSet[Commitment]):
    """What is set aside from the own funds, and for the own organization."""

    records = Commitment.objects.all()
    scope = "pools"
    queryset = Commitment.objects.none()
    serializer_class = CommitmentSerializer
    filterset_class = CommitmentFilter
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "head", "options"]

    @move()
    def pay(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Note that what was set aside has been paid."""
        return self.moved(actions.pay)

    @move()
    def release(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give what was set aside back to the quota."""
        return self.moved(actions.release_commitment)


class PoolFlowsView(ActorView):
    """The stock and the flow of a pool by month."""

    scope = "pools"
    permission_classes = [Everybody]
    http_method_names = ["get", "head", "options"]

    @extend_schema(parameters=[FlowsQuery], responses=FlowsSerializer)
    def get(self, request: Request) -> Response:
        """Count what came into a pool, what left it and what was in it, by month."""
        unclear = [name for name, given in request.query_params.lists() if len(given) > 1]
        if unclear:
            raise ValidationError(
                {name: [_("Give each filter once, with a value.")] for name in unclear}
            )
        query = FlowsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        months = flows_of(asked["pool"], since=asked["from"], until=asked["to"], by=self.actor)
        return Response(FlowsSerializer({"pool": asked["pool"], "months": months}).data)
