"""The shapes in which contracts travel."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.models import Organization
from apps.base.api.serializers import Amount, CodeField, Input, Moves, TermChoice
from apps.contracts.models import Contract, ContractParty, LedgerEntry, RegistrationOffice
from marketplace.contracts import (
    CONTRACT,
    MOST_PARTIES,
    ContractState,
    ContractType,
    LedgerCause,
    PartySide,
    RefusalGround,
)
from marketplace.money import YUAN


class ContractOrganizationSerializer(serializers.ModelSerializer[Organization]):
    """An organization that has to do with a contract."""

    class Meta:
        model = Organization
        fields = ["id", "name"]
        read_only_fields = fields


class ContractPartySerializer(serializers.ModelSerializer[ContractParty]):
    """Somebody who signs, as he was named then."""

    region = CodeField(source="region_id")
    nature = CodeField(source="nature_id", allow_null=True)

    class Meta:
        model = ContractParty
        fields = ["organization", "name", "credit_code", "region", "nature"]
        read_only_fields = fields


class ContractSerializer(serializers.ModelSerializer[Contract]):
    """A contract and where it stands."""

    state = TermChoice(ContractState, read_only=True)
    contract_type = TermChoice(ContractType, read_only=True)
    refusal_ground = TermChoice(RefusalGround, read_only=True, allow_null=True)
    refusal_clause = serializers.SerializerMethodField(
        help_text=_("The number of the ground in the guide, 1 to 9.")
    )
    field = CodeField(source="field_id", allow_null=True)
    applicant = ContractOrganizationSerializer(read_only=True)
    office = ContractOrganizationSerializer(read_only=True)
    sellers = serializers.SerializerMethodField()
    buyers = serializers.SerializerMethodField()
    moves = Moves(CONTRACT)

    class Meta:
        model = Contract
        fields = [
            "id",
            "version",
            "state",
            "moves",
            "deal",
            "title",
            "contract_type",
            "field",
            "signed_on",
            "starts_on",
            "ends_on",
            "currency",
            "total_amount",
            "deduction_amount",
            "technical_amount",
            "recognised_amount",
            "applicant",
            "author",
            "office",
            "sellers",
            "buyers",
            "submitted_at",
            "accepted_on",
            "first_reviewer",
            "second_reviewer",
            "review_note",
            "refusal_ground",
            "refusal_clause",
            "rule_pack",
            "number",
            "registered_on",
            "registered_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": ["integer", "null"]})
    def get_refusal_clause(self, contract: Contract) -> int | None:
        return contract.refusal_ground.clause if contract.refusal_ground else None

    @extend_schema_field(ContractPartySerializer(many=True))
    def get_sellers(self, contract: Contract) -> Any:
        return self._on(PartySide.SELLER, contract)

    @extend_schema_field(ContractPartySerializer(many=True))
    def get_buyers(self, contract: Contract) -> Any:
        return self._on(PartySide.BUYER, contract)

    def _on(self, side: PartySide, contract: Contract) -> Any:
        parties = sorted(
            (party for party in contract.parties.all() if party.side is side),
            key=lambda party: party.position,
        )
        return ContractPartySerializer(parties, many=True).data


class LedgerEntrySerializer(serializers.ModelSerializer[LedgerEntry]):
    """One change of a contract's value, with all it counts under."""

    cause = TermChoice(LedgerCause, read_only=True)
    contract_type = TermChoice(ContractType, read_only=True)

    class Meta:
        model = LedgerEntry
        fields = [
            "id",
            "cause",
            "effective_on",
            "recorded_at",
            "count",
            "total_amount",
            "recognised_amount",
            "contract_type",
            "field",
            "seller_region",
            "buyer_region",
            "office",
            "rule_pack",
        ]
        read_only_fields = fields


class RegistrationOfficeSerializer(serializers.ModelSerializer[RegistrationOffice]):
    """An office where contracts are registered."""

    organization = ContractOrganizationSerializer(read_only=True)
    region = CodeField(source="region_id")

    class Meta:
        model = RegistrationOffice
        fields = ["id", "version", "organization", "region", "number_region", "point"]
        read_only_fields = fields


class PartyInput(Input):
    """A party: an organization of the market by its id, or name, credit code and region."""

    organization = serializers.UUIDField(required=False, allow_null=True)
    name = serializers.CharField(max_length=200, required=False)
    credit_code = serializers.CharField(max_length=18, required=False)
    region = serializers.CharField(
        max_length=40, required=False, help_text=_("Code of GB/T 2260, such as 610100.")
    )
    nature = serializers.CharField(
        max_length=40, required=False, allow_null=True, help_text=_("What the party is in law.")
    )


class ContractInput(Input):
    """A contract that comes from no deal of the market; who applies is among the sellers."""

    title = serializers.CharField(max_length=200)
    contract_type = TermChoice(ContractType)
    total_amount = Amount(help_text=_("What the contract is worth in all (合同成交额)."))
    deduction_amount = Amount(
        required=False, help_text=_("What of it pays for equipment, parts and materials.")
    )
    currency = serializers.RegexField(r"^[A-Z]{3}$", max_length=3, required=False, default=YUAN)
    field = serializers.CharField(
        max_length=40,
        required=False,
        allow_null=True,
        help_text=_("Code of the technology field, such as 01."),
    )
    signed_on = serializers.DateField(required=False, allow_null=True)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    office = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text=_("The organization of the registration office; without it the nearest."),
    )
    sellers = serializers.ListField(child=PartyInput(), max_length=MOST_PARTIES)
    buyers = serializers.ListField(child=PartyInput(), max_length=MOST_PARTIES)


class ContractChange(ContractInput):
    """What of a contract is to be changed."""

    title = serializers.CharField(max_length=200, required=False)
    contract_type = TermChoice(ContractType, required=False)
    total_amount = Amount(required=False)
    currency = serializers.RegexField(r"^[A-Z]{3}$", max_length=3, required=False)
    sellers = serializers.ListField(child=PartyInput(), max_length=MOST_PARTIES, required=False)
    buyers = serializers.ListField(child=PartyInput(), max_length=MOST_PARTIES, required=False)


class DrawUpInput(Input):
    """An agreed deal, and what its contract says beside; sides and price come from the deal."""

    deal = serializers.UUIDField()
    contract_type = TermChoice(ContractType)
    title = serializers.CharField(
        max_length=200, required=False, help_text=_("Without it, the title of the listing.")
    )
    deduction_amount = Amount(required=False)
    field = serializers.CharField(
        max_length=40,
        required=False,
        allow_null=True,
        help_text=_("Without it, the field of the listing."),
    )
    signed_on = serializers.DateField(required=False, allow_null=True)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    office = serializers.UUIDField(required=False, allow_null=True)


class SubmissionInput(Input):
    """What the applicant declares."""

    holds_no_state_secret = serializers.BooleanField(
        help_text=_("The contract holds no state secret (不涉密). Must be true.")
    )


class SendBackInput(Input):
    """What is to be corrected."""

    reason = serializers.CharField(max_length=2000)


class ReviewInput(Input):
    """How much of the contract pays for technology."""

    recognised_amount = Amount(help_text=_("The technical amount as recognised (技术交易额)."))
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class RegistrationInput(Input):
    """A word on the second review; the amount is the first reviewer's."""

    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class RefusalInput(Input):
    """Why the contract is not registered."""

    ground = TermChoice(RefusalGround)
    note = serializers.CharField(max_length=2000)
