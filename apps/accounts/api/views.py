"""People, organizations, memberships and keys over HTTP."""

from django.contrib.auth import authenticate, login, logout
from django.db.models import QuerySet
from django.middleware.csrf import get_token
from django_filters import filters
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import actions
from apps.accounts.api.authentication import Everybody, SignedIn
from apps.accounts.api.serializers import (
    ApiKeyInput,
    ApiKeySerializer,
    MembershipInput,
    MembershipSerializer,
    NewApiKeySerializer,
    OrganizationInput,
    OrganizationSerializer,
    PersonSerializer,
    SessionSerializer,
    SignInInput,
    SignUpInput,
)
from apps.accounts.models import ApiKey, Membership, Organization, User
from apps.base.api.views import ActorView, RecordViewSet, move
from marketplace.actors import Role
from marketplace.errors import Invalid
from marketplace.organizations import OrganizationKind


class SessionView(ActorView):
    """The session of a browser."""

    scope = "accounts"
    permission_classes = [Everybody]
    without_key = frozenset({"post"})

    @extend_schema(responses=SessionSerializer)
    def get(self, request: Request) -> Response:
        """Say who is signed in, and for whom they can act."""
        SignedIn().has_permission(request, self)
        return self._session(request)

    @extend_schema(request=SignInInput, responses=SessionSerializer)
    def post(self, request: Request) -> Response:
        """Sign in; after five failures the name is locked for a quarter of an hour."""
        given = self.given(SignInInput)
        http = request._request
        user = authenticate(http, **given)
        if not isinstance(user, User):
            # Where the name is locked, the middleware of axes turns this into 429.
            raise AuthenticationFailed
        login(http, user, backend="django.contrib.auth.backends.ModelBackend")
        request.user = user
        request.auth = user.as_actor(request_id=self.actor.request_id)
        return self._session(request)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Sign out."""
        logout(request._request)
        return Response(status=204)

    def _session(self, request: Request) -> Response:
        memberships = Membership.objects.current().filter(user=self.actor.user).order_by("id")
        data = {
            "person": request.user,
            "acting_for": self.actor.organization,
            "memberships": memberships.select_related("organization"),
            "csrf_token": get_token(request._request),
        }
        return Response(SessionSerializer(data).data)


class PeopleView(ActorView):
    """New people."""

    scope = "accounts"
    permission_classes = [Everybody]
    without_key = frozenset({"post"})

    @extend_schema(request=SignUpInput, responses={201: PersonSerializer})
    def post(self, request: Request) -> Response:
        """Sign up."""
        user = actions.sign_up(**self.given(SignUpInput), by=self.actor)
        return Response(PersonSerializer(user).data, status=201)


class OrganizationFilter(FilterSet):
    """How organizations are narrowed."""

    name = filters.CharFilter(lookup_expr="icontains", max_length=200)
    kind = filters.ChoiceFilter(choices=OrganizationKind.choices())

    class Meta:
        model = Organization
        fields = ["credit_code"]


class OrganizationViewSet(RecordViewSet[Organization]):
    """Organizations that take part in the market."""

    records = Organization.objects
    scope = "accounts"
    serializer_class = OrganizationSerializer
    filterset_class = OrganizationFilter
    lookup_value_converter = "uuid"

    @extend_schema(request=OrganizationInput, responses={201: OrganizationSerializer})
    def create(self, request: Request) -> Response:
        """Enter an organization, and become its manager."""
        given = self.given(OrganizationInput)
        given["credit_code_text"] = given.pop("credit_code")
        return self.shown(actions.register_organization(**given, by=self.actor), 201)

    @move()
    def verify(self, request: Request, pk: str) -> Response:
        """Confirm that an organization is what it says (administrators)."""
        return self.moved(actions.verify)

    @move()
    def vet(self, request: Request, pk: str) -> Response:
        """Let its people know of dual-use things (secrecy officers)."""
        return self.moved(actions.vet)

    @move()
    def unvet(self, request: Request, pk: str) -> Response:
        """Keep dual-use things from its people again (secrecy officers)."""
        return self.moved(actions.unvet)


class MembershipFilter(FilterSet):
    """How memberships are narrowed."""

    #: By id alone: a field of choices would tell which organizations there are.
    organization = filters.UUIDFilter(field_name="organization_id")
    role = filters.ChoiceFilter(choices=Role.choices())


class MembershipViewSet(RecordViewSet[Membership]):
    """Who has which role where."""

    records = Membership.objects
    scope = "accounts"
    serializer_class = MembershipSerializer
    filterset_class = MembershipFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Membership]:
        return Membership.objects.select_related("user").visible_to(self.actor)

    @extend_schema(request=MembershipInput, responses={201: MembershipSerializer})
    def create(self, request: Request) -> Response:
        """Give a person a role (managers in their organization, administrators everywhere)."""
        given = self.given(MembershipInput)
        self.actor.must_have(Role.ADMINISTRATOR, Role.ORGANIZATION_MANAGER)
        user = User.objects.filter(username=given["username"], is_active=True).first()
        if user is None:
            raise Invalid("There is no such person.", code="unknown_person", field="username")
        organization = (
            Organization.objects.visible_to(self.actor).filter(pk=given["organization"]).first()
        )
        if organization is None:
            raise Invalid(
                "There is no such organization.", code="unknown_organization", field="organization"
            )
        membership = actions.grant(user, organization, role=given["role"], by=self.actor)
        return self.shown(membership, 201)

    @move()
    def end(self, request: Request, pk: str) -> Response:
        """Take the role back, or lay it down."""
        return self.moved(actions.end)


class ApiKeyViewSet(RecordViewSet[ApiKey]):
    """The keys of one's programs."""

    records = ApiKey.objects
    scope = "accounts"
    serializer_class = ApiKeySerializer
    shows_secret = frozenset({"create"})
    lookup_value_converter = "uuid"

    @extend_schema(request=ApiKeyInput, responses={201: NewApiKeySerializer})
    def create(self, request: Request) -> Response:
        """Make a key for the organization one acts for; the key is shown only in this answer."""
        key, secret = actions.create_key(**self.given(ApiKeyInput), by=self.actor)
        shown = self.shown(key, 201)
        shown.data["key"] = secret
        return shown

    @move()
    def revoke(self, request: Request, pk: str) -> Response:
        """Make a key useless for ever."""
        return self.moved(actions.revoke)
