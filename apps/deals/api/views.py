"""Deals over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django_filters import filters
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.views import RecordViewSet, move
from apps.deals import actions
from apps.deals.api.serializers import (
    BrokerInput,
    DealSerializer,
    DropInput,
    OpeningInput,
    PriceInput,
)
from apps.deals.models import Deal
from apps.deals.queries import introduces
from marketplace.actors import Actor
from marketplace.deals import DealState
from marketplace.money import Money

#: As what one's organization, or oneself as broker, sits at a deal.
SEATS = {"owner": "owner", "taker": "taker", "broker": "broker_organization"}


class DealFilter(FilterSet):
    """How a list of deals is narrowed."""

    state = filters.ChoiceFilter(choices=DealState.choices())
    role = filters.ChoiceFilter(
        choices=[(seat, seat) for seat in SEATS],
        method="narrow_to_role",
        help_text="What your organization is in the deal.",
    )
    offer = filters.UUIDFilter(field_name="offer_id")
    need = filters.UUIDFilter(field_name="need_id")

    def narrow_to_role(self, queryset: QuerySet[Deal], name: str, value: str) -> QuerySet[Deal]:
        actor: Actor = self.request.auth
        return queryset.filter(**{SEATS[value]: actor.organization})


class DealViewSet(RecordViewSet[Deal]):
    """Deals: two organizations, and perhaps a broker, on their way to a contract."""

    records = Deal.objects.all()
    scope = "deals"
    queryset = Deal.objects.none()
    serializer_class = DealSerializer
    filterset_class = DealFilter
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "head", "options"]

    def get_queryset(self) -> QuerySet[Deal]:
        return Deal.objects.select_related(
            "offer", "need", "owner", "taker", "broker", "broker_organization"
        ).visible_to(self.actor)

    @extend_schema(request=OpeningInput, responses={201: DealSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """
        Open a deal.

        Naming a listing of another organization shows interest in it, for your own organization;
        naming also a listing of your own says what answers what. A broker who names two listings of
        others introduces their organizations to each other.
        """
        asked = self.given(OpeningInput)
        if introduces(self.actor, **asked):
            deal = actions.introduce(**asked, by=self.actor)
        else:
            deal = actions.express_interest(**asked, by=self.actor)
        return self.shown(deal, 201)

    @move()
    def open_talks(self, request: Request, pk: str) -> Response:
        """Answer an interest and start talking."""
        return self.moved(actions.open_talks)

    @move(takes=PriceInput)
    def propose_price(self, request: Request, pk: str) -> Response:
        """Put a price on the table, in place of the one that is there."""
        row = self.get_object()
        price = Money(**self.given(PriceInput))
        return self.shown(
            actions.propose_price(row, price=price, by=self.actor, expected=self.expected(row))
        )

    @move()
    def agree(self, request: Request, pk: str) -> Response:
        """Accept the price that the other side proposed, as your version shows it."""
        return self.moved(actions.agree)

    @move()
    def reopen(self, request: Request, pk: str) -> Response:
        """Go back to the talks and take the price off the table."""
        return self.moved(actions.reopen)

    @move(takes=DropInput)
    def drop(self, request: Request, pk: str) -> Response:
        """End the deal without a contract."""
        return self.moved(actions.drop, DropInput)

    @move(takes=BrokerInput)
    def assign_broker(self, request: Request, pk: str) -> Response:
        """Entrust the deal to a broker who belongs to neither side."""
        return self.moved(actions.assign_broker, BrokerInput)
