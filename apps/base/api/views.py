"""What our views have in common."""

import re
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.mixins import ListModelMixin
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from apps.base.api.filters import must_be_clear
from apps.base.api.idempotency import once
from apps.base.api.serializers import Input
from apps.base.models import Record
from marketplace.actors import Actor
from marketplace.errors import Unsafe

if TYPE_CHECKING:
    from rest_framework.decorators import ViewSetAction

R = TypeVar("R", bound=Record)
F = TypeVar("F", bound=Callable[..., Response])

KEY = re.compile(r"[\x21-\x7e]{1,200}")


class ActorView(APIView):
    """
    A view that knows who is asking, and acts once on a repeated POST.

    `scope` is the kind of thing that an API key must allow. POSTs need an Idempotency-Key, save
    those whose action is named in `without_key`; answers of those in `shows_secret` are never
    stored. Those in `takes_file` read a form with a file (multipart/form-data), not JSON.
    """

    scope: str = ""
    without_key: frozenset[str] = frozenset()
    shows_secret: frozenset[str] = frozenset()
    takes_file: frozenset[str] = frozenset()

    @property
    def actor(self) -> Actor:
        """Return who is asking, and for whom."""
        if self.request.auth is None:
            return Actor.anonymous(self.request.META.get("request_id", ""))
        assert isinstance(self.request.auth, Actor)
        return self.request.auth

    def asked(self, form: type[Serializer[Any]]) -> dict[str, Any]:
        """Return what the query of the address asks for; each word once, and with a value."""
        given = self.request.query_params
        must_be_clear(given)
        query = form(data=given.dict())
        query.is_valid(raise_exception=True)
        return dict(query.validated_data)

    @property
    def move_name(self) -> str:
        """Return the name of the action of a viewset, or of the method of a plain view."""
        return getattr(self, "action", None) or (self.request.method or "").lower()

    def get_parsers(self) -> list[BaseParser]:
        # A viewset knows its action only when the request is made; until then, of its methods.
        method = (getattr(getattr(self, "request", None), "method", None) or "").lower()
        name = getattr(self, "action", None) or (getattr(self, "action_map", None) or {}).get(
            method, method
        )
        return [MultiPartParser()] if name in self.takes_file else super().get_parsers()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        kind = request.content_type.partition(";")[0].strip().lower()
        is_upload = request.method == "POST" and self.move_name in self.takes_file
        if is_upload and kind != MultiPartParser.media_type:
            raise UnsupportedMediaType(
                kind, _("The body must be multipart/form-data."), "multipart_required"
            )
        # A view without a POST answers 405 by itself.
        handler: Callable[..., Response] | None = getattr(self, "post", None)
        if handler and request.method == "POST" and self.move_name not in self.without_key:
            key = request.headers.get("Idempotency-Key", "")
            if not KEY.fullmatch(key):
                raise ParseError(
                    _("Send an Idempotency-Key of 1 to 200 visible characters."),
                    code="idempotency_key_required",
                )

            def act_once(request: Request, *args: Any, **kwargs: Any) -> Response:
                return once(
                    partial(handler, request, *args, **kwargs),
                    request,
                    actor=self.actor,
                    key=key,
                    shows_secret=self.move_name in self.shows_secret,
                )

            self.post = act_once

    def given(self, shape: type[Serializer[Any]], **options: Any) -> dict[str, Any]:
        """Return what the body gives, checked against `shape`."""
        data = self.request.data
        is_json = not isinstance(data, QueryDict)
        if isinstance(data, QueryDict) and any(len(values) > 1 for _name, values in data.lists()):
            raise ParseError(_("The form says the same name twice."))
        serializer = shape(data=data, context={"is_json": is_json}, **options)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class RecordViewSet(ActorView, ListModelMixin, GenericViewSet[R], Generic[R]):
    """
    Records of one kind: a list, and single ones with their version as ETag.

    Where `is_versioned`, every change must name the version it was decided on (If-Match).
    """

    #: The manager of the records; managers made from query sets share no type.
    records: Any
    is_versioned = True

    def get_queryset(self) -> QuerySet[R]:
        return cast("QuerySet[R]", self.records.visible_to(self.actor))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show one."""
        return self.shown(self.get_object())

    def shown(self, row: R, status: int = 200) -> Response:
        """Return `row` as its reader may see it, with its version."""
        serializer: BaseSerializer[R] = self.get_serializer(row)
        headers = {"ETag": f'"{row.pk}.{row.version}"'}
        if status == 201:
            headers["Location"] = f"{self.request.path.rstrip('/')}/{row.pk}"
        return Response(serializer.data, status=status, headers=headers)

    def moved(self, act: Callable[..., R], takes: type[Serializer[Any]] | None = None) -> Response:
        """Act on the thing as the body says, of the shape `takes`, and show it."""
        row = self.get_object()
        given = self.given(takes) if takes else {}
        return self.shown(act(row, **given, by=self.actor, expected=self.expected(row)))

    def expected(self, row: R) -> int:
        """
        Return the version that If-Match names; 428 without it, 412 where it is none of `row`.

        Of several tags, one that is current will do (RFC 9110, section 13.1.1); a weak tag names
        no version.
        """
        tag = self.request.headers.get("If-Match", "").strip()
        if not tag or tag == "*":
            raise Unsafe(
                "Send If-Match with the ETag of the version you decided on.",
                code="if_match_required",
            )
        named = {int(each) for each in re.findall(rf'(?<!W/)"{row.pk}\.([0-9]{{1,9}})"', tag)}
        return row.version if row.version in named else max(named, default=0)


def move(takes: type[Serializer[Any]] | None = None) -> Callable[[F], "ViewSetAction[F]"]:
    """
    Make a method of a viewset the POST of a move; it answers with the thing as it then is.

    The method reads a body of the shape `takes`; without one, a body that says anything is refused.
    """

    def decorate(method: F) -> "ViewSetAction[F]":
        @wraps(method)
        def bare(view: ActorView, request: Request, *args: Any, **kwargs: Any) -> Response:
            view.given(Input)
            return method(view, request, *args, **kwargs)

        act = action(detail=True, methods=["post"])(method if takes else cast(F, bare))
        # Around the action, which forgets what was said within it.
        described: ViewSetAction[F] = extend_schema(request=takes)(act)
        return described

    return decorate
