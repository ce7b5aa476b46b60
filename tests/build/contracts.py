"""Contracts, brought to a state by the actions themselves."""

from datetime import date
from decimal import Decimal
from typing import Any

from apps.accounts.models import Organization
from apps.contracts import actions
from apps.contracts.models import Contract, RegistrationOffice
from marketplace.actors import Actor
from marketplace.contracts import ContractState, ContractType, RefusalGround

RECOGNISED = Decimal("6800000.00")

#: A buyer who has no account, as most have none.
BUYER = {"name": "苏州精密仪器公司", "credit_code": "91350100M000100Y43", "region": "320500"}


def details(seller: Actor, buyer: Actor | None = None, **changes: Any) -> dict[str, Any]:
    """Return all that a draft needs: 8,000,000.00 of which 1,200,000.00 pay for equipment."""
    return {
        "title": "高韧性轴承钢热处理工艺开发",
        "contract_type": ContractType.DEVELOPMENT,
        "field": "05",
        "signed_on": date(2026, 10, 8),
        "starts_on": date(2026, 10, 8),
        "ends_on": date(2027, 10, 7),
        "total_amount": Decimal("8000000.00"),
        "deduction_amount": Decimal("1200000.00"),
        "sellers": [{"organization": seller.organization}],
        "buyers": [{"organization": buyer.organization} if buyer else BUYER],
        **changes,
    }


def office(
    organization: object, *, region: str = "610100", point: str = "01"
) -> RegistrationOffice:
    """Return the registration point of an organization, opened if it is not yet."""
    found = RegistrationOffice.objects.filter(organization=organization).first()
    return found or actions.open_office(
        Organization.objects.get(pk=getattr(organization, "pk", organization)),
        region=region,
        point=point,
        by=Actor.system("test"),
    )


def contract(
    state: ContractState = ContractState.DRAFT,
    *,
    author: Actor,
    first: Actor,
    second: Actor,
    buyer: Actor | None = None,
    **changes: Any,
) -> Contract:
    """Return a free-standing contract of `author` in `state`, reviewed by `first` and `second`."""
    office(first.organization)
    row = actions.draft(**details(author, buyer, **changes), by=author)
    if state is ContractState.DRAFT:
        return row
    if state is ContractState.WITHDRAWN:
        return actions.withdraw(row, by=author)
    row = actions.submit(row, holds_no_state_secret=True, by=author)
    if state is ContractState.SUBMITTED:
        return row
    row = actions.accept(row, by=first)
    if state is ContractState.ACCEPTED:
        return row
    if state is ContractState.SENT_BACK:
        return actions.send_back(row, reason="请补充技术指标。", by=first)
    if state is ContractState.REFUSED:
        ground = RefusalGround.NOT_A_TECHNOLOGY_CONTRACT
        return actions.refuse(row, ground=ground, note="属于承揽合同。", by=first)
    row = actions.review(row, recognised_amount=min(RECOGNISED, row.total_amount), by=first)
    if state is ContractState.FIRST_REVIEWED:
        return row
    return actions.register(row, by=second)
