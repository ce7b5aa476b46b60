"""Listings, brought to a state by the actions themselves."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.markets import actions
from apps.markets.models import Listing
from apps.reviews import actions as reviews
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.health import GRACE_DAYS
from marketplace.listings import (
    CooperationMode,
    Engagement,
    ListingState,
    Market,
    PriceWay,
    Side,
)
from marketplace.pools import FundKind, TalentKind
from marketplace.reviews import FindingCode
from marketplace.secrecy import IndicatorRelation, Secrecy
from tests.build import pools

TECHNOLOGY = Market.TECHNOLOGY
CLEARED = "韩保密"
FINDINGS = [{"field": "body", "code": FindingCode.NO_EVIDENCE, "text": "缺少试验条件"}]
#: The figure that a whole listing of technology has: exact to nobody but under an NDA.
INDICATOR: dict[str, Any] = {
    "name": "硬度",
    "relation": IndicatorRelation.AT_LEAST,
    "value": "62",
    "unit": "HRC",
    "condition": "GB/T 230.1",
    "competing": "普通轴承钢",
    "secrecy": Secrecy.UNDER_NDA,
}
BLOCKS: list[dict[str, Any]] = [
    {"heading": "应用", "text": "高速主轴轴承。", "secrecy": Secrecy.PUBLIC},
    {"heading": "工艺", "text": "真空脱气两次。", "secrecy": Secrecy.UNDER_NDA},
]
#: What each kind of listing needs of its own terms before it can be submitted.
TERMS: dict[tuple[Market, Side], dict[str, Any]] = {
    (Market.TECHNOLOGY, Side.OFFER): {},
    (Market.TECHNOLOGY, Side.NEED): {},
    (Market.TALENT, Side.OFFER): {"engagement": Engagement.JOINT_APPOINTMENT},
    (Market.TALENT, Side.NEED): {
        "engagement": Engagement.FULL_TIME,
        "talent_kind": TalentKind.ENGINEER,
    },
    (Market.CAPITAL, Side.OFFER): {},
    (Market.CAPITAL, Side.NEED): {"fund_kind": FundKind.EQUITY, "use_of_money": "中试线"},
}


def deed(move: str) -> Any:
    """Return the action that makes a move of listings."""
    if move == "publish":
        return reviews.accept
    return getattr(actions, move, None) or getattr(reviews, move)


def in_days(days: int) -> date:
    """Return the business day so many days from now."""
    return day_of(timezone.now()) + timedelta(days=days)


def words(**terms: Any) -> dict[str, Any]:
    """Return the words of a whole listing of technology."""
    return {
        "title": "高韧性轴承钢制备技术",
        "body": "真空脱气冶炼,硬度 62 HRC,寿命提高一倍。",
        "keywords": ["轴承钢", "真空脱气"],
        "field": "05",
        "region": "610100",
        "cooperation_modes": [CooperationMode.LICENCE],
        "readiness": 6,
        "price_way": PriceWay.NEGOTIATED,
        "price_from": Decimal("100000.00"),
        "price_to": Decimal("500000.00"),
        "confidential": "配方见附件三",
        "valid_until": in_days(90),
    } | terms


def offer(
    *, by: Actor, reviewer: Actor, state: ListingState = ListingState.PUBLISHED, **terms: Any
) -> Listing:
    """Return a technology offer of the organization of `by`, of a project that needs no consent."""
    if "project" not in terms:
        project = pools.project(by=by, reviewer=reviewer, is_service_invention=False)
        terms["project"] = project.pk
    listing = reviews.draft(
        Listing, words(**terms), market=Market.TECHNOLOGY, side=Side.OFFER, by=by
    )
    return brought(listing, state, by=by, reviewer=reviewer)


def need(
    *, by: Actor, reviewer: Actor, state: ListingState = ListingState.PUBLISHED, **terms: Any
) -> Listing:
    """Return a technology need of the organization of `by`."""
    terms = {"title": "求购长寿命轴承钢", "body": "需要疲劳寿命提高 50% 的轴承钢。"} | terms
    listing = reviews.draft(
        Listing, words(**terms), market=Market.TECHNOLOGY, side=Side.NEED, by=by
    )
    return brought(listing, state, by=by, reviewer=reviewer)


def of_kind(
    market: Market,
    side: Side,
    *,
    by: Actor,
    reviewer: Actor,
    state: ListingState = ListingState.PUBLISHED,
    **terms: Any,
) -> Listing:
    """Return a listing of any kind, with what that kind needs."""
    if market is not Market.TECHNOLOGY:
        terms = {"cooperation_modes": []} | terms
    given = words(**terms) | {"terms": TERMS[market, side] | terms.get("terms", {})}
    listing = reviews.draft(Listing, given, market=market, side=side, by=by)
    return brought(listing, state, by=by, reviewer=reviewer)


def brought(listing: Listing, state: ListingState, *, by: Actor, reviewer: Actor) -> Listing:
    """Take a draft to `state`; what has expired stood on the market before its last day went by."""
    if state is ListingState.SEALED:
        return reviews.spill(listing, reason="误填涉密信息", by=Actor.system("test"))
    if state is not ListingState.DRAFT:
        listing = reviews.submit(pools.consented(listing), cleared_by=CLEARED, by=by)
    if state is ListingState.SENT_BACK:
        return reviews.send_back(listing, findings=FINDINGS, note="缺少试验条件", by=reviewer)
    if state is ListingState.REFUSED:
        return reviews.refuse(listing, reason="不属于技术", by=reviewer)
    if state not in (ListingState.DRAFT, ListingState.SUBMITTED):
        listing = reviews.accept(listing, cleared_by=CLEARED, by=reviewer)
    if state is ListingState.PAUSED:
        listing = actions.pause(listing, by=by)
    if state is ListingState.WITHDRAWN:
        listing = actions.withdraw(listing, by=by)
    if state is ListingState.CONCLUDED:
        listing = actions.conclude(listing, by=by)
    if state is ListingState.EXPIRED:
        run_out(listing)
        listing = actions.expire(listing, by=Actor.system("test"))
    return listing


def with_change(listing: Listing, *, by: Actor, is_submitted: bool = True, **terms: Any) -> Listing:
    """Propose other words for what is on the market, and ask for them to be published."""
    listing = reviews.change(listing, terms or {"title": "高韧性轴承钢二代"}, by=by)
    if not is_submitted:
        return listing
    return reviews.submit_change(listing, cleared_by=CLEARED, what_changed="新名称", by=by)


def run_out(listing: Listing, days: int = GRACE_DAYS + 1) -> None:
    """Let the last day of a listing have gone by, and by default the grace after it."""
    Listing.objects.filter(pk=listing.pk).update(valid_until=in_days(-days))
