"""The three pools over HTTP."""

from typing import Any, ClassVar, TypeVar

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from apps.accounts.api.authentication import Everybody, SignedIn
from apps.base.api.views import RecordViewSet, move
from apps.pools import actions
from apps.pools.api.filters import FundFilter, ProjectFilter, TalentFilter
from apps.pools.api.serializers import (
    EntryAdmission,
    EntryInput,
    EntryReason,
    FundFull,
    FundInput,
    FundTeaser,
    ProjectFull,
    ProjectInput,
    ProjectTeaser,
    TalentFull,
    TalentInput,
    TalentTeaser,
)
from apps.pools.models import Fund, PoolEntry, Project, Talent
from marketplace.pools import shows_review

E = TypeVar("E", bound=PoolEntry)


class PoolViewSet(RecordViewSet[E]):
    """
    The entries of one pool.

    Everybody reads what is admitted; who wrote and who reviewed an entry, and the notes on it, are
    shown to its own organization and to reviewers.
    """

    scope = "pools"
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "patch", "head", "options"]
    table: type[E]
    given_shape: ClassVar[type[EntryInput]]
    full_serializer_class: ClassVar[type[BaseSerializer[Any]]]

    def get_permissions(self) -> list[BasePermission]:
        return [Everybody() if self.request.method in SAFE_METHODS else SignedIn()]

    def get_serializer(self, *args: Any, **options: Any) -> BaseSerializer[E]:
        row = args[0] if args else None
        if isinstance(row, PoolEntry) and shows_review(self.actor, row.organization_id):
            return self.full_serializer_class(*args, **options)
        return super().get_serializer(*args, **options)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin an entry of the own organization."""
        terms = self.given(self.given_shape)
        return self.shown(actions.draft(self.table, terms, by=self.actor), 201)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write other words into a draft, or into an entry that was sent back."""
        entry = self.get_object()
        terms = self.given(self.given_shape, partial=True)
        expected = self.expected(entry)
        return self.shown(actions.change(entry, terms, by=self.actor, expected=expected))

    @move()
    def submit(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for admission to the pool."""
        entry = self.get_object()
        expected = self.expected(entry)
        return self.shown(actions.submit(entry, by=self.actor, expected=expected))

    @move(takes=EntryAdmission)
    def admit(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let an entry into the pool, as a reviewer."""
        entry = self.get_object()
        given = self.given(EntryAdmission)
        expected = self.expected(entry)
        return self.shown(actions.admit(entry, **given, by=self.actor, expected=expected))

    @move(takes=EntryReason)
    def send_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give an entry back to be put right, as a reviewer."""
        entry = self.get_object()
        given = self.given(EntryReason)
        expected = self.expected(entry)
        return self.shown(actions.send_back(entry, **given, by=self.actor, expected=expected))

    @move(takes=EntryReason)
    def refuse(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep an entry out of the pool, as a reviewer."""
        entry = self.get_object()
        given = self.given(EntryReason)
        expected = self.expected(entry)
        return self.shown(actions.refuse(entry, **given, by=self.actor, expected=expected))

    @move()
    def leave(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take an entry out of the pool."""
        entry = self.get_object()
        expected = self.expected(entry)
        return self.shown(actions.leave(entry, by=self.actor, expected=expected))


def _described(name: str, full: Any, teaser: Any, takes: Any) -> Any:
    """Say in the schema which of two shapes an answer has, and what the pool takes."""
    one = PolymorphicProxySerializer(
        component_name=name, serializers=[full, teaser], resource_type_field_name=None
    )
    moves = ["submit", "admit", "send_back", "refuse", "leave"]
    return extend_schema_view(
        retrieve=extend_schema(responses=one),
        create=extend_schema(request=takes, responses={201: full}),
        partial_update=extend_schema(request=takes, responses=full),
        **{name: extend_schema(responses=one) for name in moves},
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


@_described("Project", ProjectFull, ProjectTeaser, ProjectInput)
class ProjectViewSet(PoolViewSet[Project]):
    """Projects."""

    table = Project
    records = Project.objects.all()
    serializer_class = ProjectTeaser
    full_serializer_class = ProjectFull
    given_shape = ProjectInput
    filterset_class = ProjectFilter
