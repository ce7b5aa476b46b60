"""Pages of what is found."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from apps.base.api.pagination import Pages
from apps.markets import search
from apps.markets.search import Criteria, Hit, Position
from marketplace.actors import Actor
from marketplace.search import Order

#: No health is beyond this.
MOST_HEALTH = 100


class FoundPages(Pages):
    """
    Pages that go on after where a listing stands in the order asked for.

    Nothing is shown twice or left out when listings come in between; one that moves in the order
    meanwhile, because it was renewed, may be.
    """

    def found(self, request: Request, asked: Criteria, order: Order | None, by: Actor) -> list[Hit]:
        """Return what stands on the page asked for."""
        order = search.order_of(asked, order)
        size = self.get_page_size(request) or self.page_size
        after, is_backward = self._read(request, order)
        hits = search.page(
            asked, by=by, order=order, after=after, is_backward=is_backward, size=size + 1
        )
        has_more, hits = len(hits) > size, hits[:size]
        if is_backward:
            hits.reverse()
        first, last = (hits[0].position, hits[-1].position) if hits else (after, after)
        address = request.build_absolute_uri()
        self._next = self._previous = None
        if last is not None and (is_backward or has_more):
            self._next = self._link(address, order, last, is_backward=False)
        if first is not None and (has_more if is_backward else after is not None):
            self._previous = self._link(address, order, first, is_backward=True)
        return hits

    def response(self, results: Sequence[Any]) -> Response:
        """Return the page with the ways to the next and the previous one."""
        return Response({"next": self._next, "previous": self._previous, "results": results})

    def _link(self, address: str, order: Order, position: Position, *, is_backward: bool) -> str:
        tier, value, key = position
        plain = value.isoformat() if isinstance(value, datetime) else value
        said = json.dumps([order.value, is_backward, tier, plain, str(key)])
        cursor = urlsafe_b64encode(said.encode()).decode().rstrip("=")
        return replace_query_param(remove_query_param(address, "cursor"), "cursor", cursor)

    def _read(self, request: Request, order: Order) -> tuple[Position | None, bool]:
        """Return the position that the cursor names, and whether to go back from there."""
        cursor = request.query_params.get("cursor")
        if cursor is None:
            return None, False
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            named, is_backward, tier, value, key = json.loads(urlsafe_b64decode(padded))
            by_date = named == Order.DATE.value
            position = (tier, datetime.fromisoformat(value) if by_date else value, UUID(key))
            is_sound = (
                named == order.value
                and isinstance(is_backward, bool)
                and type(tier) is int
                and (by_date or (type(value) is int and abs(value) <= MOST_HEALTH))
                and (not by_date or position[1].tzinfo is not None)
            )
        except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
            is_sound = False
        if not is_sound:
            raise ValidationError({"cursor": [_("This is no cursor of ours.")]}, "cursor")
        return position, is_backward
