"""What is meant by the parties, the office and the codes that somebody wrote down."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict, TypeVar
from uuid import UUID

from django.utils import timezone

from apps.accounts.models import Organization
from apps.contracts.models import Contract, ContractParty, RegistrationOffice
from apps.taxonomy.queries import resolve, resolve_optional
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.contracts import (
    MOST_PARTIES,
    ContractState,
    ContractType,
    Party,
    PartySide,
    amount_faults,
    date_faults,
    incomplete,
    party_faults,
    technical_amount,
)
from marketplace.errors import Invalid, MarketError
from marketplace.organizations import credit_code
from marketplace.taxonomy import Subject

T = TypeVar("T")


class PartyDetails(TypedDict, total=False):
    """A party as it is given: an organization of the market, or the rest."""

    organization: UUID | None
    name: str
    credit_code: str
    region: str
    nature: str | None


class Particulars(TypedDict, total=False):
    """What of a contract can be said when it is drawn up, or later."""

    deduction_amount: Decimal
    field: str | None
    signed_on: date | None
    starts_on: date | None
    ends_on: date | None
    office: UUID | None


class Details(Particulars, total=False):
    """What of a contract can be changed while it is open."""

    title: str
    contract_type: ContractType
    currency: str
    total_amount: Decimal
    sellers: Sequence[PartyDetails]
    buyers: Sequence[PartyDetails]


#: Which of them are stored as they are given.
PLAIN = (
    "title",
    "contract_type",
    "signed_on",
    "starts_on",
    "ends_on",
    "currency",
    "total_amount",
    "deduction_amount",
)


def today() -> date:
    """Return the business day it is now."""
    return day_of(timezone.now())


def bare(key: str | None) -> str:
    """Return the code in the key of a code: "gbt2260-2024:610100" is 610100."""
    return (key or "").partition(":")[2]


def tried(faults: list[MarketError], find: Callable[[], T]) -> T | None:
    """Return what `find` finds, or None with its fault added to the others."""
    try:
        return find()
    except Invalid as fault:
        faults.append(fault)
        return None


def office_for(asked: UUID | None, applicant: Organization) -> UUID:
    """
    Return the office that is to register: the one asked for, the only one, or that of the region.

    Contracts are registered where the seller is; the nearest office has the same city, else the
    same province.
    """
    offices = list(
        RegistrationOffice.objects.order_by("number_region", "point").values_list(
            "organization", "number_region"
        )
    )
    if asked is not None:
        if asked not in {organization for organization, _region in offices}:
            raise Invalid("There is no such registration office.", code="no_office", field="office")
        return asked
    if len(offices) == 1:
        return offices[0][0]
    region = bare(applicant.region_id)
    for digits in (4, 2):
        for organization, number_region in offices:
            if number_region[:digits] == region[:digits]:
                return organization
    raise Invalid(
        "No registration office is responsible for your region: name one.",
        code="office_required",
        field="office",
    )


def filled(contract: Contract, given: Details, *, by: Actor) -> list[ContractParty]:
    """
    Put what is `given` on a contract, or raise one Invalid for all that is wrong with it.

    Return the parties it then has; they are not stored yet.
    """
    now = today()
    faults: list[MarketError] = []
    values: Mapping[str, Any] = given
    for name in PLAIN:
        if name in values:
            setattr(contract, name, values[name])
    if "field" in given:
        code = given["field"]
        contract.field = tried(
            faults,
            lambda: resolve_optional(
                Subject.TECHNOLOGY_FIELD, code, on=contract.signed_on or now, field="field"
            ),
        )
    if "office" in given:
        asked = given["office"]
        office = tried(faults, lambda: office_for(asked, contract.applicant))
        if office is not None:
            contract.office_id = office
    faults += incomplete(ContractState.DRAFT, {"title": contract.title.strip()})
    faults += amount_faults(contract.total_amount, contract.deduction_amount, contract.currency)
    faults += date_faults(
        signed_on=contract.signed_on,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        today=now,
    )
    contract.technical_amount = technical_amount(contract.total_amount, contract.deduction_amount)
    parties = _parties(contract, given, faults, by=by)
    Invalid.unless_none(faults)
    return parties


def _parties(
    contract: Contract, given: Details, faults: list[MarketError], *, by: Actor
) -> list[ContractParty]:
    """Return the parties as given, else as they were, and add what is wrong to `faults`."""
    if "sellers" not in given and "buyers" not in given:
        return []
    known = len(faults)
    sides = {
        PartySide.SELLER: _side(
            PartySide.SELLER, "sellers", given.get("sellers"), contract, faults, by
        ),
        PartySide.BUYER: _side(
            PartySide.BUYER, "buyers", given.get("buyers"), contract, faults, by
        ),
    }
    if len(faults) == known:
        sellers, buyers = (
            [
                Party(f"{name}.{party.position}", party.credit_code, party.organization_id)
                for party in sides[side]
            ]
            for side, name in ((PartySide.SELLER, "sellers"), (PartySide.BUYER, "buyers"))
        )
        faults += party_faults(
            sellers,
            buyers,
            applicant=contract.applicant_id,
            taker=contract.deal.taker_id if contract.deal else None,
        )
    return [party for side in sides.values() for party in side]


def _side(
    side: PartySide,
    name: str,
    given: Sequence[PartyDetails] | None,
    contract: Contract,
    faults: list[MarketError],
    by: Actor,
) -> list[ContractParty]:
    """Return new rows for the parties on one side, as given or as they were."""
    if given is None:
        rows = list(ContractParty.objects.filter(contract=contract, side=side).order_by("position"))
        return [_copy(row) for row in rows]
    found: list[ContractParty] = []
    for position, details in enumerate(given[:MOST_PARTIES]):
        party = _party(details, f"{name}.{position}", contract, faults, by)
        if party is not None:
            party.side, party.position = side, position
            found.append(party)
    return found


def _copy(row: ContractParty) -> ContractParty:
    """Return a new row like one that is to be replaced: snapshots are never changed."""
    return ContractParty(
        side=row.side,
        position=row.position,
        organization_id=row.organization_id,
        name=row.name,
        credit_code=row.credit_code,
        region_id=row.region_id,
        nature_id=row.nature_id,
    )


def _party(
    details: PartyDetails, field: str, contract: Contract, faults: list[MarketError], by: Actor
) -> ContractParty | None:
    """Return the snapshot of a party, or None with its faults added to the others."""
    known = len(faults)
    on = contract.signed_on or today()
    nature = tried(
        faults,
        lambda: resolve_optional(
            Subject.PARTY_NATURE, details.get("nature"), on=on, field=f"{field}.nature"
        ),
    )
    chosen = details.get("organization")
    others = [name for name in ("name", "credit_code", "region") if details.get(name)]
    if chosen is not None:
        organization = Organization.objects.visible_to(by).filter(pk=chosen).first()
        if organization is None:
            faults.append(
                Invalid(
                    "There is no such organization.",
                    code="unknown_organization",
                    field=f"{field}.organization",
                )
            )
            return None
        if others:
            faults.append(_unclear(field))
            return None
        return ContractParty(
            organization=organization,
            name=organization.name,
            credit_code=organization.credit_code,
            region_id=organization.region_id,
            nature=nature,
        )
    if len(others) < 3:
        faults.append(_unclear(field))
        return None
    region = tried(
        faults,
        lambda: resolve(Subject.REGION, details["region"], on=on, field=f"{field}.region"),
    )
    code = _credit_code(details["credit_code"], f"{field}.credit_code", faults)
    if region is None or len(faults) > known:
        return None
    return ContractParty(
        # Who is known by the credit code is told of the contract named in it.
        organization=Organization.objects.filter(
            credit_code=code, verified_at__isnull=False
        ).first(),
        name=details["name"],
        credit_code=code,
        region=region,
        nature=nature,
    )


def _unclear(field: str) -> Invalid:
    return Invalid(
        "Name a party by its organization, or by name, credit code and region.",
        code="party_unclear",
        field=field,
    )


def _credit_code(text: str, field: str, faults: list[MarketError]) -> str:
    try:
        return credit_code(text)
    except Invalid as fault:
        faults.append(Invalid(fault.message, code=fault.code, field=field))
        return ""
