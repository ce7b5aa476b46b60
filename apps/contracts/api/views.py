"""Contracts over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.filters import CharFilter, ChoiceFilter, UUIDFilter
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.filters import DayFilter, TrueOrFalseFilter
from apps.base.api.views import RecordViewSet, move
from apps.contracts import actions
from apps.contracts.api.serializers import (
    ContractChange,
    ContractInput,
    ContractSerializer,
    DrawUpInput,
    LedgerEntrySerializer,
    RefusalInput,
    RegistrationInput,
    RegistrationOfficeSerializer,
    ReviewInput,
    SendBackInput,
    SubmissionInput,
)
from apps.contracts.models import Contract, ContractQuerySet, RegistrationOffice
from apps.deals.models import Deal
from marketplace.actors import Actor
from marketplace.contracts import ContractState, ContractType
from marketplace.errors import Invalid

#: A contract changes its value a few times in its life; the list is bounded all the same.
MOST_ENTRIES = 200


class ContractFilter(FilterSet):
    """How a list of contracts is narrowed."""

    state = ChoiceFilter(choices=ContractState.choices())
    contract_type = ChoiceFilter(choices=ContractType.choices())
    field = CharFilter(
        field_name="field__code", max_length=40, help_text=_("Code of the technology field.")
    )
    number = CharFilter(field_name="number", max_length=16)
    deal = UUIDFilter(field_name="deal_id")
    signed_from = DayFilter(field_name="signed_on", lookup_expr="gte")
    signed_until = DayFilter(
        field_name="signed_on", lookup_expr="lte", help_text=_("The last day, itself included.")
    )
    registered_from = DayFilter(field_name="registered_on", lookup_expr="gte")
    registered_until = DayFilter(
        field_name="registered_on",
        lookup_expr="lte",
        help_text=_("The last day, itself included."),
    )
    awaits_me = TrueOrFalseFilter(
        method="narrow_to_mine", help_text=_("Only what waits for a move of yours as a reviewer.")
    )

    def narrow_to_mine(
        self, queryset: ContractQuerySet, name: str, value: bool
    ) -> QuerySet[Contract]:
        actor: Actor = self.request.auth
        return queryset.awaiting(actor) if value else queryset


class ContractViewSet(RecordViewSet[Contract]):
    """Technology contracts, from the draft into the register."""

    records = Contract.objects.all()
    scope = "contracts"
    queryset = Contract.objects.none()
    serializer_class = ContractSerializer
    filterset_class = ContractFilter
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> QuerySet[Contract]:
        return (
            Contract.objects.select_related("applicant", "office")
            .prefetch_related("parties")
            .visible_to(self.actor)
        )

    @extend_schema(request=ContractInput, responses={201: ContractSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Draft a contract that comes from no deal of the market."""
        return self.shown(actions.draft(**self.given(ContractInput), by=self.actor), 201)

    @extend_schema(request=DrawUpInput, responses={201: ContractSerializer})
    @action(detail=False, methods=["post"])
    def draw_up(self, request: Request) -> Response:
        """Draw up the contract of an agreed deal, as the side that sells; one per deal."""
        given = self.given(DrawUpInput)
        deal = Deal.objects.visible_to(self.actor).filter(pk=given.pop("deal")).first()
        if deal is None:
            raise Invalid("There is no such deal.", code="unknown_deal", field="deal")
        contract = actions.draw_up(deal, **given, by=self.actor)
        response = self.shown(contract, 201)
        collection = request.path.rstrip("/").removesuffix("/draw_up")
        response["Location"] = f"{collection}/{contract.pk}"
        return response

    @extend_schema(request=ContractChange, responses=ContractSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a contract that is not submitted yet, or was sent back."""
        return self.moved(actions.change, ContractChange)

    @move(takes=SubmissionInput)
    def submit(self, request: Request, pk: str) -> Response:
        """Apply for registration."""
        return self.moved(actions.submit, SubmissionInput)

    @move()
    def accept(self, request: Request, pk: str) -> Response:
        """Take up an application that is complete."""
        return self.moved(actions.accept)

    @move(takes=SendBackInput)
    def send_back(self, request: Request, pk: str) -> Response:
        """Ask the applicant for a correction."""
        return self.moved(actions.send_back, SendBackInput)

    @move(takes=ReviewInput)
    def review(self, request: Request, pk: str) -> Response:
        """Review a contract first."""
        return self.moved(actions.review, ReviewInput)

    @move(takes=RegistrationInput)
    def register(self, request: Request, pk: str) -> Response:
        """Confirm the first review as another person, and register the contract."""
        return self.moved(actions.register, RegistrationInput)

    @move(takes=RefusalInput)
    def refuse(self, request: Request, pk: str) -> Response:
        """Refuse registration on one of the nine grounds."""
        return self.moved(actions.refuse, RefusalInput)

    @move()
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take an application back, or give a draft up."""
        return self.moved(actions.withdraw)

    @extend_schema(responses=LedgerEntrySerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def ledger(self, request: Request, pk: str) -> Response:
        """List the changes of the contract's value, the first first."""
        entries = self.get_object().entries.order_by("pk")[:MOST_ENTRIES]
        return Response(LedgerEntrySerializer(entries, many=True).data)


class RegistrationOfficeViewSet(RecordViewSet[RegistrationOffice]):
    """Offices where contracts are registered."""

    records = RegistrationOffice.objects.all()
    scope = "contracts"
    queryset = RegistrationOffice.objects.none()
    serializer_class = RegistrationOfficeSerializer
    lookup_value_converter = "uuid"
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[RegistrationOffice]:
        return RegistrationOffice.objects.select_related("organization").visible_to(self.actor)
