"""Who is asking: by session in the browser, by key for programs."""

from functools import partial
from hashlib import sha256
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from apps.accounts.models import ApiKey, Membership, User
from apps.base.api.errors import REFUSALS, answer
from apps.base.api.permissions import Everybody as Everybody
from apps.base.api.permissions import SignedIn as SignedIn
from marketplace.actors import Actor, Role
from marketplace.errors import Refused


class SessionAuthentication(authentication.SessionAuthentication):
    """A person in a browser, acting for the organization that Acting-For names, or the first."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        self.enforce_csrf(request)
        return user, _actor(user, request)


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """A program with `Authorization: Bearer <key>`, acting for the organization of its key."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        kind, _sep, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        now = timezone.now()
        roles = Membership.objects.current().filter(
            user=OuterRef("user"), organization=OuterRef("organization")
        )
        found = ApiKey.objects.filter(
            digest=sha256(secret.encode(errors="replace")).hexdigest(),
            revoked_at=None,
            expires_at__gt=now,
            user__is_active=True,
        ).values_list(
            "user_id",
            "organization_id",
            "organization__vetted_at",
            "scopes",
            ArraySubquery(roles.values("role")),
        )[:1]
        for user, organization, vetted_at, scopes, held in found:
            if organization is not None and not held:
                break  # Who has left an organization no longer reads what it keeps to itself.
            # Hardly any view asks for more of the person than the actor says.
            person = SimpleLazyObject(partial(User.objects.get, pk=user))
            return cast(User, person), Actor(
                user=user,
                organization=organization,
                roles=frozenset(Role(role) for role in held),
                request_id=request.META.get("request_id", ""),
                scopes=frozenset(scopes),
                is_vetted=vetted_at is not None,
            )
        raise exceptions.AuthenticationFailed(_("This key is unknown, expired or revoked."))

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def locked_out(request: HttpRequest, credentials: object) -> HttpResponse:
    """Answer an attempt to sign in with a name that too many failures have locked."""
    seconds = int(settings.AXES_COOLOFF_TIME * 3600) + 1
    response = answer(request, 429, *REFUSALS[429], seconds=seconds)
    response["Retry-After"] = str(seconds)
    return response


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the schema describes a key."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):
    """How the schema describes a session."""

    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def _actor(user: User, request: Request) -> Actor:
    asked = request.headers.get("Acting-For")
    try:
        organization = UUID(asked) if asked else None
        return user.as_actor(
            organization=organization, request_id=request.META.get("request_id", "")
        )
    except (ValueError, Refused) as error:
        raise exceptions.PermissionDenied from error
