"""The reviewers' queue of contracts in the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.base.admin import ConsoleMove, ReadOnlyAdmin, RecordAdmin
from apps.base.fields import said_lazy
from apps.contracts import actions
from apps.contracts.models import Contract, ContractParty, LedgerEntry, RegistrationOffice
from marketplace.contracts import CONTRACT, RefusalGround


def _text(label: Any, *, required: bool = False) -> forms.CharField:
    return forms.CharField(label=label, max_length=2000, required=required, widget=forms.Textarea)


class MyTurn(admin.SimpleListFilter):
    """Only what waits for a move of the reviewer who looks."""

    title = _("my turn")
    parameter_name = "turn"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("Waits for me"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "mine":
            return queryset
        officer: Any = request.user
        rows: QuerySet[Any] = queryset.awaiting(officer.as_actor())  # type: ignore[attr-defined]
        return rows


class PartyInline(admin.TabularInline[ContractParty, Contract]):
    """Who signs."""

    model = ContractParty
    extra = 0
    can_delete = False
    fields = ("side", "position", "name", "credit_code", "region", "nature", "organization")
    readonly_fields = fields
    ordering = ("-side", "position")

    def has_view_permission(self, request: HttpRequest, obj: Contract | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Contract | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Contract | None = None) -> bool:
        return False


@admin.register(Contract)
class ContractAdmin(RecordAdmin[Contract]):
    """Contracts: taken up, reviewed by two people, registered or refused."""

    cycle = CONTRACT
    list_display = [
        "title",
        "state",
        "contract_type",
        "applicant",
        "total_amount",
        "recognised_amount",
        "signed_on",
        "number",
    ]
    list_filter = [MyTurn, "state", "contract_type"]
    list_select_related = ["applicant"]
    search_fields = ["title", "number", "applicant__name"]
    fields = [
        *("title", "state", "number", "registered_on", "contract_type", "field"),
        *("applicant", "author", "office", "deal", "signed_on", "starts_on", "ends_on"),
        *("total_amount", "deduction_amount", "technical_amount", "recognised_amount", "currency"),
        *("submitted_at", "accepted_on", "first_reviewer", "second_reviewer", "review_note"),
        *("refusal_ground", "rule_pack", "registered_at", "imported_from"),
    ]
    inlines = [PartyInline]
    console_moves = [
        ConsoleMove("accept", actions.accept),
        ConsoleMove(
            "review",
            actions.review,
            {
                "recognised_amount": forms.DecimalField(
                    label=_("Recognised amount"), min_value=0, max_digits=17, decimal_places=2
                ),
                "note": _text(_("Note")),
            },
            suggests={"recognised_amount": "technical_amount"},
        ),
        ConsoleMove("register", actions.register, {"note": _text(_("Note"))}),
        ConsoleMove("send_back", actions.send_back, {"reason": _text(_("Reason"), required=True)}),
        ConsoleMove(
            "refuse",
            actions.refuse,
            {
                "ground": forms.TypedChoiceField(
                    label=_("Ground"),
                    choices=[(ground.value, said_lazy(ground)) for ground in RefusalGround],
                    coerce=RefusalGround,
                ),
                "note": _text(_("Note"), required=True),
            },
        ),
    ]


@admin.register(RegistrationOffice)
class RegistrationOfficeAdmin(RecordAdmin[RegistrationOffice]):
    """Registration points and what their numbers begin with."""

    list_display = ["organization", "region", "number_region", "point"]
    list_select_related = ["organization", "region"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin[LedgerEntry]):
    """Every change of a contract's value."""

    list_display = [
        "effective_on",
        "cause",
        "count",
        "total_amount",
        "recognised_amount",
        "contract",
    ]
    list_filter = ["cause", "contract_type"]
    list_select_related = ["contract"]
    search_fields = ["contract__number"]
