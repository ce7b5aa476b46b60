"""Technology contracts, who signs them, the offices that register them, and the value ledger."""

from apps.contracts.models.contract import Contract, ContractParty, ContractQuerySet
from apps.contracts.models.ledger import LedgerEntry, Unfolded
from apps.contracts.models.office import NumberCounter, RegistrationOffice

__all__ = [
    "Contract",
    "ContractParty",
    "ContractQuerySet",
    "LedgerEntry",
    "NumberCounter",
    "RegistrationOffice",
    "Unfolded",
]
