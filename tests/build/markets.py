"""Listings, brought to a state by the actions themselves."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.markets import actions
from apps.markets.models import Listing
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.listings import CooperationMode, ListingState, Market, Side
from tests.build import pools


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
        "cooperation": CooperationMode.LICENCE,
        "readiness": 6,
        "price_from": Decimal("100000.00"),
        "price_to": Decimal("500000.00"),
        "confidential": "配方见附件三",
        "valid_until": in_days(90),
    } | terms


def offer(
    *, by: Actor, reviewer: Actor, state: ListingState = ListingState.PUBLISHED, **terms: Any
) -> Listing:
    """Return a technology offer of the organization of `by`."""
    if "project" not in terms:
        terms["project"] = pools.project(by=by, reviewer=reviewer).pk
    listing = actions.draft(words(**terms), market=Market.TECHNOLOGY, side=Side.OFFER, by=by)
    return brought(listing, state, by=by, reviewer=reviewer)


def need(
    *, by: Actor, reviewer: Actor, state: ListingState = ListingState.PUBLISHED, **terms: Any
) -> Listing:
    """Return a technology need of the organization of `by`."""
    terms = {"title": "求购长寿命轴承钢", "body": "需要疲劳寿命提高 50% 的轴承钢。"} | terms
    listing = actions.draft(words(**terms), market=Market.TECHNOLOGY, side=Side.NEED, by=by)
    return brought(listing, state, by=by, reviewer=reviewer)


def brought(listing: Listing, state: ListingState, *, by: Actor, reviewer: Actor) -> Listing:
    """Take a draft to `state`; what has expired stood on the market before its last day went by."""
    if state is not ListingState.DRAFT:
        listing = actions.submit(listing, by=by)
    if state is ListingState.SENT_BACK:
        return actions.send_back(listing, reason="缺少试验条件", by=reviewer)
    if state is ListingState.REFUSED:
        return actions.refuse(listing, reason="不属于技术", by=reviewer)
    if state not in (ListingState.DRAFT, ListingState.SUBMITTED):
        listing = actions.publish(listing, by=reviewer)
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


def run_out(listing: Listing) -> None:
    """Let the last day of a listing have gone by, as time does and no action can."""
    Listing.objects.filter(pk=listing.pk).update(valid_until=in_days(-1))
