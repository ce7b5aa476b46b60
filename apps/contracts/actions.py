"""Everything that can be done to a contract, and the opening of an office that registers them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Unpack
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership, Organization
from apps.accounts.queries import organization_of
from apps.contracts.models import (
    Contract,
    ContractParty,
    LedgerEntry,
    NumberCounter,
    RegistrationOffice,
)
from apps.contracts.queries import PLAIN, Details, Particulars, bare, filled, today
from apps.deals import actions as deals
from apps.deals.models import Deal
from apps.journal.actions import record
from apps.taxonomy.queries import resolve
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.contracts import (
    CONTRACT,
    OPEN_STATES,
    ContractState,
    ContractType,
    LedgerCause,
    PartySide,
    RefusalGround,
    incomplete,
    must_be_impartial,
    must_be_recognisable,
)
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.listings import AUTHORS
from marketplace.organizations import OrganizationKind
from marketplace.registration.numbers import NumberParts, format_of
from marketplace.registration.packs import key_for
from marketplace.taxonomy import Subject


@transaction.atomic
def open_office(
    organization: Organization, *, region: str, point: str, by: Actor
) -> RegistrationOffice:
    """Make an office of the market a registration point with numbers of its own."""
    by.must_have(Role.ADMINISTRATOR)
    if organization.kind is not OrganizationKind.OFFICE:
        raise Invalid(
            "Contracts are registered by offices only.", code="no_office", field="organization"
        )
    code = resolve(Subject.REGION, region, on=today(), field="region")
    if len(point) != 2 or not (point.isascii() and point.isdigit()):
        raise Invalid("A registration point has two digits.", code="point_form", field="point")
    office = RegistrationOffice.objects.create(
        organization=organization, region=code, number_region=code.code[:4], point=point
    )
    record("office.opened", office, by=by, parties=[organization.pk], point=point)
    return office


@transaction.atomic
def draft(*, by: Actor, **given: Unpack[Details]) -> Contract:
    """Draft a contract that comes from no deal of the market."""
    author = _author(by)
    applicant = Organization.objects.get(pk=organization_of(by))
    contract = Contract(applicant=applicant, author_id=author)
    _enter(contract, given, by=by)
    record("contract.drafted", contract, by=by, parties=_told(contract))
    return contract


@transaction.atomic
def draw_up(
    deal: Deal,
    *,
    contract_type: ContractType,
    title: str = "",
    by: Actor,
    **given: Unpack[Particulars],
) -> Contract:
    """Draw up the contract of an agreed deal: its sides, its price; the deal is contracted then."""
    author = _author(by)
    deal = deals.contract(deal, by=by)
    by.must_act_for(deal.owner_id)
    if deal.price_amount is None:
        raise Conflict("Nobody has proposed a price yet.", code="no_price")
    listing = deal.offer or deal.need
    own_field = listing.field.code if listing is not None and listing.field is not None else None
    contract = Contract(deal=deal, applicant=deal.owner, author_id=author)
    details: Details = {
        **given,
        "title": title or (listing.title if listing is not None else ""),
        "contract_type": contract_type,
        "total_amount": deal.price_amount,
        "currency": deal.price_currency,
        "field": given.get("field") or own_field,
        "sellers": [{"organization": deal.owner_id}],
        "buyers": [{"organization": deal.taker_id}],
    }
    _enter(contract, details, by=by)
    record("contract.drawn_up", contract, by=by, parties=_told(contract), deal=deal.pk)
    return contract


@transaction.atomic
def change(
    contract: Contract, *, by: Actor, expected: int | None = None, **given: Unpack[Details]
) -> Contract:
    """Change a contract that is not submitted yet, or was sent back."""
    contract = Contract.objects.locked(contract, by=by, expected=expected)
    _must_apply_for(contract, by)
    if contract.state not in OPEN_STATES:
        raise Conflict(
            "This is {state} now; “{move}” is not possible.",
            code="wrong_state",
            state=contract.state,
            move="change",
        )
    parties = filled(contract, given, by=by)
    contract.store(*PLAIN, "field", "office", "technical_amount")
    if "sellers" in given or "buyers" in given:
        ContractParty.objects.filter(contract=contract).delete()
        _sign(contract, parties)
    record("contract.changed", contract, by=by, parties=_told(contract), fields=sorted(given))
    return contract


@transaction.atomic
def submit(
    contract: Contract, *, holds_no_state_secret: bool, by: Actor, expected: int | None = None
) -> Contract:
    """Apply for registration, declaring that the contract holds no state secret (不涉密)."""
    contract = Contract.objects.locked(contract, by=by, expected=expected)
    _must_apply_for(contract, by)
    if contract.applicant.verified_at is None:
        raise Refused("Your organization has not been verified yet.", code="not_verified")
    contract.state = CONTRACT.after(contract.state, "submit")
    if not holds_no_state_secret:
        raise Invalid(
            "A contract with state secrets is not registered here.",
            code="state_secret",
            field="holds_no_state_secret",
        )
    contract.submitted_at = timezone.now()
    Invalid.unless_none(
        incomplete(
            ContractState.SUBMITTED,
            {
                "title": contract.title,
                "field": contract.field_id,
                "signed_on": contract.signed_on,
                "starts_on": contract.starts_on,
                "ends_on": contract.ends_on,
            },
        )
    )
    contract.store("state", "submitted_at")
    record("contract.submitted", contract, by=by, parties=_told(contract), no_state_secret=True)
    return contract


@transaction.atomic
def accept(contract: Contract, *, by: Actor, expected: int | None = None) -> Contract:
    """Take up an application that is complete; the office's time runs from this day (受理)."""
    contract = Contract.objects.locked(contract, by=by, expected=expected)
    _reviewer(contract, by)
    contract.state = CONTRACT.after(contract.state, "accept")
    contract.accepted_on = today()
    contract.store("state", "accepted_on")
    record("contract.accepted", contract, by=by, parties=_told(contract))
    return contract


@transaction.atomic
def send_back(
    contract: Contract, *, reason: str, by: Actor, expected: int | None = None
) -> Contract:
    """Ask the applicant for a correction (补正); a review that was made is void."""
    contract = Contract.objects.locked(contract, by=by, expected=expected)
    _reviewer(contract, by)
    contract.state = CONTRACT.after(contract.state, "send_back")
    _must_say(reason, "reason")
    contract.review_note = reason
    contract.accepted_on = contract.first_reviewer = contract.recognised_amount = None
    contract.store("state", "review_note", "accepted_on", "first_reviewer", "recognised_amount")
    record("contract.sent_back", contract, by=by, parties=_told(contract))
    return contract


@transaction.atomic
def review(
    contract: Contract,
    *,
    recognised_amount: Decimal,
    note: str = "",
    by: Actor,
    expected: int | None = None,
) -> Contract:
    """Review a contract first, and say how much of it pays for technology."""
    contract = Contract.objects.locked(contract, by=by, expected=expected)
    reviewer = _reviewer(contract, by)
    contract.state = CONTRACT.after(contract.state, "review")
    must_be_recognisable(recognised_amount, contract.total_amount)
    contract.recognised_amount = recognised_amount
    contract.first_reviewer_id = reviewer
    contract.review_note = note
    contract.store("state", "recognised_amount", "first_reviewer", "review_note")
    record("contract.reviewed", contract, by=by, parties=_told(contract))
    return contract


@transaction.atomic
def register(
    contract: Contract, *, note: str = "", by: Actor, expected: int | None = None
) -> Contract:
    """Confirm the first review as another person: the contract gets its number and its value."""
    contract = Contract.objects.locked(contract, by=by, expected=expected)
    reviewer = _reviewer(contract, by, first=contract.first_reviewer_id)
    contract.state = CONTRACT.after(contract.state, "register")
    recognised = contract.recognised_amount
    if recognised is None:
        raise Conflict("The first review names no amount.", code="not_reviewed")
    contract.second_reviewer_id = reviewer
    contract.review_note = note or contract.review_note
    contract.registered_at = timezone.now()
    contract.registered_on = day_of(contract.registered_at)
    office = _office_of(contract)
    contract.rule_pack = _rule_pack(contract, office)
    _post(contract, recognised, on=contract.registered_on, rule_pack=contract.rule_pack)
    # Last of all that locks: whoever registers at the same office waits from here to our commit.
    serial = NumberCounter.objects.draw(office, contract.registered_on.year)
    contract.number = format_of(office.region.code).build(
        NumberParts(contract.registered_on.year, office.number_region, office.point, serial)
    )
    contract.store(
        "state",
        "second_reviewer",
        "review_note",
        "registered_at",
        "registered_on",
        "rule_pack",
        "number",
    )
    record(
        "contract.registered",
        contract,
        by=by,
        parties=_told(contract),
        number=contract.number,
        rule_pack=contract.rule_pack,
    )
    return contract


@transaction.atomic
def refuse(
    contract: Contract,
    *,
    ground: RefusalGround,
    note: str,
    by: Actor,
    expected: int | None = None,
) -> Contract:
    """Refuse registration on one of the nine grounds (不予登记)."""
    contract = Contract.objects.locked(contract, by=by, expected=expected)
    _reviewer(contract, by)
    contract.state = CONTRACT.after(contract.state, "refuse")
    _must_say(note, "note")
    contract.refusal_ground, contract.review_note = ground, note
    contract.rule_pack = _rule_pack(contract, _office_of(contract))
    contract.store("state", "refusal_ground", "review_note", "rule_pack")
    _release(contract, by)
    record(
        "contract.refused",
        contract,
        by=by,
        parties=_told(contract),
        ground=ground,
        clause=ground.clause,
        rule_pack=contract.rule_pack,
    )
    return contract


@transaction.atomic
def withdraw(contract: Contract, *, by: Actor, expected: int | None = None) -> Contract:
    """Take an application back, or give a draft up."""
    contract = Contract.objects.locked(contract, by=by, expected=expected)
    _must_apply_for(contract, by)
    contract.state = CONTRACT.after(contract.state, "withdraw")
    contract.store("state")
    _release(contract, by)
    record("contract.withdrawn", contract, by=by, parties=_told(contract))
    return contract


def _author(by: Actor) -> UUID:
    """Return the person who draws a contract up; the clockwork draws up none."""
    by.must_have(*AUTHORS)
    if by.user is None:
        raise Refused("Only a person can draw up a contract.", code="needs_a_person")
    return by.user


def _must_apply_for(contract: Contract, by: Actor) -> None:
    by.must_act_for(contract.applicant_id)
    _author(by)


def _must_say(text: str, field: str) -> None:
    if not text.strip():
        raise Invalid("Say why, so that it can be put right.", code="required", field=field)


def _reviewer(contract: Contract, by: Actor, *, first: UUID | None = None) -> UUID:
    """Return the person who reviews, or raise Refused where `by` may not."""
    by.must_have(Role.REVIEWER)
    by.must_act_for(contract.office_id)
    named = ContractParty.objects.filter(contract=contract, organization__isnull=False)
    belongs = (
        Membership.objects.current()
        .filter(user=by.user, organization__in=named.values("organization"))
        .exists()
    )
    return must_be_impartial(
        by.user, author=contract.author_id, belongs_to_a_party=belongs, first=first
    )


def _release(contract: Contract, by: Actor) -> None:
    """
    Give the deal of a contract that came to nothing back to its two sides.

    The market does it, for a reviewer does not sit at the deal. Where the two have opened another
    deal about the same meanwhile, that one goes on in its place.
    """
    deal = contract.deal
    if deal is not None and not Deal.objects.open().about_the_same(deal).exists():
        deals.release(deal, by=Actor.system("contracts.release", by.request_id))


def _office_of(contract: Contract) -> RegistrationOffice:
    return RegistrationOffice.objects.select_related("region").get(organization=contract.office_id)


def _rule_pack(contract: Contract, office: RegistrationOffice) -> str:
    """Return by which rules is decided: those of the office's region on the day of acceptance."""
    return key_for(office.region.code, contract.accepted_on or today())


def _told(contract: Contract) -> list[UUID]:
    """Return whom news of the contract concerns: its applicant, and once submitted the others."""
    if contract.submitted_at is None:
        return [contract.applicant_id]
    named = ContractParty.objects.filter(contract=contract).values_list("organization", flat=True)
    return [contract.applicant_id, contract.office_id, *(pk for pk in named if pk is not None)]


def _post(contract: Contract, recognised: Decimal, *, on: date, rule_pack: str) -> None:
    """Write the value of a newly registered contract, with all it counts under, into the ledger."""
    parties = list(ContractParty.objects.filter(contract=contract).order_by("position"))
    seller = next(p for p in parties if p.organization_id == contract.applicant_id)
    buyer = next(p for p in parties if p.side is PartySide.BUYER)
    LedgerEntry.objects.create(
        contract=contract,
        cause=LedgerCause.REGISTRATION,
        effective_on=on,
        count=1,
        total_amount=contract.total_amount,
        recognised_amount=recognised,
        contract_type=contract.contract_type,
        field=bare(contract.field_id),
        seller_region=bare(seller.region_id),
        buyer_region=bare(buyer.region_id),
        office=contract.office_id,
        rule_pack=rule_pack,
    )


def _enter(contract: Contract, given: Details, *, by: Actor) -> None:
    """Store a new contract with what is `given`, and who signs it."""
    parties = filled(contract, {"office": None, "deduction_amount": Decimal(0), **given}, by=by)
    contract.save(force_insert=True)
    _sign(contract, parties)


def _sign(contract: Contract, parties: Sequence[ContractParty]) -> None:
    """Store who signs a contract."""
    for party in parties:
        party.contract = contract
    ContractParty.objects.bulk_create(parties)
