"""Ledger entries for figures: each with a contract of its own, from an older register."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from secrets import randbelow
from typing import Any

from django.utils import timezone

from apps.accounts.models import Organization, User
from apps.contracts.models import Contract, LedgerEntry
from marketplace.contracts import ContractState, ContractType, LedgerCause
from marketplace.organizations import OrganizationKind, check_character

#: What an entry is, where a test does not say otherwise.
FACTS: dict[str, Any] = {
    "effective_on": date(2026, 3, 15),
    "count": 1,
    "total_amount": Decimal("1000.00"),
    "recognised_amount": Decimal("800.00"),
    "contract_type": ContractType.DEVELOPMENT,
    "field": "01",
    "seller_region": "610113",
    "buyer_region": "440300",
}


def entry(**facts: Any) -> LedgerEntry:
    """Write one entry into the ledger."""
    return entries([facts])[0]


def entries(many: Iterable[dict[str, Any]]) -> list[LedgerEntry]:
    """Write entries into the ledger, in the order given."""
    given = [FACTS | facts for facts in many]
    contracts = _contracts(len(given))
    return LedgerEntry.objects.bulk_create(
        [
            LedgerEntry(
                contract=contract,
                cause=LedgerCause.REGISTRATION,
                office=contract.office_id,
                rule_pack="test",
                **facts,
            )
            for contract, facts in zip(contracts, given, strict=True)
        ],
        batch_size=1000,
    )


def _contracts(count: int) -> list[Contract]:
    """
    Enter registered contracts whole, as an import does.

    A contract has just one entry of registration, so every entry needs its own.
    """
    people = [_person(f"importer_{number}") for number in range(3)]
    seller = _organization(1, OrganizationKind.UNIVERSITY)
    office = _organization(2, OrganizationKind.OFFICE)
    # Not by counting: two transactions at once must not wait for each other's number.
    series = f"{randbelow(10**10):010d}"
    now = timezone.now()
    return Contract.objects.bulk_create(
        [
            Contract(
                title="Taken over",
                contract_type=ContractType.DEVELOPMENT,
                field_id="fields-2001:01",
                signed_on=date(2024, 1, 1),
                starts_on=date(2024, 1, 1),
                ends_on=date(2027, 12, 31),
                total_amount=1000,
                technical_amount=1000,
                recognised_amount=800,
                applicant=seller,
                author=people[0],
                office=office,
                state=ContractState.REGISTERED,
                submitted_at=now,
                accepted_on=date(2024, 1, 2),
                first_reviewer=people[1],
                second_reviewer=people[2],
                rule_pack="test",
                number=f"{series}{number:06d}",
                registered_on=date(2024, 1, 3),
                registered_at=now,
                imported_from="test",
            )
            for number in range(count)
        ],
        batch_size=1000,
    )


def _person(username: str) -> User:
    return User.objects.get_or_create(username=username, defaults={"name": username})[0]


def _organization(number: int, kind: OrganizationKind) -> Organization:
    body = f"91610131MA99{number:05d}"
    return Organization.objects.get_or_create(
        credit_code=body + check_character(body),
        defaults={
            "name": f"Old {kind.label}",
            "kind": kind,
            "region_id": "gbt2260-2024:610100",
        },
    )[0]
