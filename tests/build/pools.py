"""Entries of the pools, brought to a state by the actions themselves."""

from decimal import Decimal
from typing import Any, TypeVar

from apps.pools import actions
from apps.pools.models import Fund, PoolEntry, Project, Talent
from marketplace.actors import Actor
from marketplace.pools import FundKind, PoolState, TalentKind

E = TypeVar("E", bound=PoolEntry)

WORDS: dict[str, Any] = {"summary": "硬度 62 HRC。", "field": "05", "region": "610100"}
PROJECT = {"title": "高韧性轴承钢", **WORDS, "readiness": 6, "intellectual_property": "0201"}
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
    "largest_ticket": Decimal("5000000.00"),
}


def project(
    *, by: Actor, reviewer: Actor, state: PoolState = PoolState.ADMITTED, **terms: Any
) -> Project:
    """Return a project of the organization of `by`."""
    return _brought(actions.draft(Project, PROJECT | terms, by=by), state, by, reviewer)


def talent(
    *, by: Actor, reviewer: Actor, state: PoolState = PoolState.ADMITTED, **terms: Any
) -> Talent:
    """Return a talent of the organization of `by`."""
    return _brought(actions.draft(Talent, TALENT | terms, by=by), state, by, reviewer)


def fund(
    *, by: Actor, reviewer: Actor, state: PoolState = PoolState.ADMITTED, **terms: Any
) -> Fund:
    """Return a fund of the organization of `by`."""
    return _brought(actions.draft(Fund, FUND | terms, by=by), state, by, reviewer)


def _brought(entry: E, state: PoolState, by: Actor, reviewer: Actor) -> E:
    if state is not PoolState.DRAFT:
        entry = actions.submit(entry, by=by)
    if state in (PoolState.ADMITTED, PoolState.LEFT):
        entry = actions.admit(entry, by=reviewer)
    if state is PoolState.SENT_BACK:
        entry = actions.send_back(entry, reason="缺少试验条件", by=reviewer)
    if state is PoolState.REFUSED:
        entry = actions.refuse(entry, reason="不是科技成果", by=reviewer)
    if state is PoolState.LEFT:
        entry = actions.leave(entry, by=by)
    return entry
