"""Who may ask at all."""

from typing import TYPE_CHECKING

from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from marketplace.actors import Actor

if TYPE_CHECKING:
    # Django REST framework imports this module while it makes APIView.
    from rest_framework.views import APIView


class KeyScope(BasePermission):
    """A key may do only what its scopes name: "<kind>:read" and "<kind>:write"."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        actor = request.auth
        if not isinstance(actor, Actor) or actor.scopes is None:
            return True
        deed = "read" if request.method in SAFE_METHODS else "write"
        return f"{getattr(view, 'scope', '')}:{deed}" in actor.scopes


class SignedIn(KeyScope):
    """Only people who are signed in, with a key that allows it."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, Actor):
            raise exceptions.NotAuthenticated
        return super().has_permission(request, view)


class Everybody(KeyScope):
    """Also passers-by; a key that is sent must still allow it."""
