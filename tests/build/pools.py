"""Entries of the pools, brought to a state by the actions themselves."""

from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from apps.accounts.models import Membership, User
from apps.pools import actions
from apps.pools.models import Fund, PoolEntry, Project, Talent
from apps.reviews import actions as reviews
from apps.reviews.models import Consent
from marketplace.actors import Actor, Role
from marketplace.funding import FundProduct
from marketplace.pools import FundKind, PoolState, TalentKind

E = TypeVar("E", bound=PoolEntry)

#: A patent whose check digit is right.
PATENT = {
    "kind": "0201",
    "number": "ZL200310102344.5",
    "title": "一种高韧性轴承钢",
    "status": "granted",
    "expires_on": "2043-05-31",
}
WORDS: dict[str, Any] = {"summary": "硬度 62 HRC。", "field": "05", "region": "610100"}
PROJECT = {
    "title": "高韧性轴承钢",
    **WORDS,
    "readiness": 6,
    "readiness_evidence": "中试线连续运行 720 小时。",
    "intellectual_property": "0201",
    "rights": [PATENT],
}
TALENT = {
    "title": "材料工程师",
    **WORDS,
    "kind": TalentKind.ENGINEER,
    "discipline": "430",
}
FUND = {
    "title": "硬科技基金",
    **WORDS,
    "kind": FundKind.EQUITY,
    "product": FundProduct.VENTURE_FUND,
    "largest_ticket": Decimal("5000000.00"),
}
#: Who cleared what the builders submit and admit.
CLEARED_BY = "保密审查员"
FINDINGS = [{"field": "summary", "code": "vague", "text": "缺少试验条件"}]


def deed(move: str) -> Any:
    """Return the action that makes a move of entries."""
    if move == "admit":
        return reviews.accept
    return getattr(actions, move, None) or getattr(reviews, move)


def project(
    *, by: Actor, reviewer: Actor, state: PoolState = PoolState.ADMITTED, **terms: Any
) -> Project:
    """Return a project of the organization of `by`, to which its owners consented."""
    return _brought(reviews.draft(Project, PROJECT | terms, by=by), state, by, reviewer)


def talent(
    *, by: Actor, reviewer: Actor, state: PoolState = PoolState.ADMITTED, **terms: Any
) -> Talent:
    """Return a talent of the organization of `by`."""
    return _brought(reviews.draft(Talent, TALENT | terms, by=by), state, by, reviewer)


def fund(
    *, by: Actor, reviewer: Actor, state: PoolState = PoolState.ADMITTED, **terms: Any
) -> Fund:
    """Return a fund of the organization of `by`."""
    return _brought(reviews.draft(Fund, FUND | terms, by=by), state, by, reviewer)


def manager_of(organization: UUID) -> Actor:
    """Return a manager of an organization, appointed where there is none."""
    row = Membership.objects.current().filter(
        organization=organization, role=Role.ORGANIZATION_MANAGER
    )
    member = row.select_related("user").order_by("id").first()
    if member is None:
        user = User.objects.create(username=f"manager-{organization}", name="某处长", password="!")
        member = Membership.objects.create(
            user=user, organization_id=organization, role=Role.ORGANIZATION_MANAGER
        )
    return member.user.as_actor(organization=organization, request_id="test")


def consented(entry: E) -> E:
    """Let the managers of all owners consent to the newest wording of an entry that needs it."""
    if not entry.needs_consent():
        return entry
    number = entry.proposed_wording or entry.wording
    given = Consent.objects.current(entry.pk, number).values_list("organization_id", flat=True)
    for owner in sorted(entry.owning() - set(given)):
        reviews.consent(entry, by=manager_of(owner))
    return entry


def _brought(entry: E, state: PoolState, by: Actor, reviewer: Actor) -> E:
    if state is not PoolState.DRAFT:
        entry = reviews.submit(consented(entry), cleared_by=CLEARED_BY, by=by)
    if state in (PoolState.ADMITTED, PoolState.LEFT):
        entry = reviews.accept(entry, cleared_by=CLEARED_BY, by=reviewer)
    if state is PoolState.SENT_BACK:
        entry = reviews.send_back(entry, findings=FINDINGS, by=reviewer)
    if state is PoolState.REFUSED:
        entry = reviews.refuse(entry, reason="不是科技成果", by=reviewer)
    if state is PoolState.LEFT:
        entry = actions.leave(entry, reason="已转为产品", by=by)
        entry = actions.release(entry, by=reviewer)
    return entry
