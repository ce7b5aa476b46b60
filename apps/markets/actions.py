"""Everything that can be done to a listing."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.journal.actions import record
from apps.markets.models import Listing
from apps.pools.models import Fund, Project, Talent
from apps.pools.queries import (
    memberships_of,
    must_be_verified,
    organization_of,
    person_of,
    resolved,
    words_of,
)
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.listings import (
    AUTHORS,
    EDITABLE_IN,
    LISTING,
    TERMS,
    ListingState,
    Market,
    Side,
    faults,
    has_run_out,
    pool_of,
)
from marketplace.pools import PoolKind, must_decide, must_give_reason

POOLS: dict[PoolKind, type[Project] | type[Talent] | type[Fund]] = {
    PoolKind.PROJECT: Project,
    PoolKind.TALENT: Talent,
    PoolKind.FUND: Fund,
}


@transaction.atomic
def draft(
    terms: Mapping[str, Any], *, market: Market, side: Side, by: Actor, imported_from: str = ""
) -> Listing:
    """Begin a listing of the actor's organization."""
    organization = organization_of(by)
    by.must_have(*AUTHORS)
    found, unknown = _known(terms, organization)
    today = day_of(timezone.now())
    Invalid.unless_none(
        [*unknown, *faults(market, side, found, stage=ListingState.DRAFT, today=today)]
    )
    listing = Listing(
        market=market,
        side=side,
        organization_id=organization,
        author_id=person_of(by),
        imported_from=imported_from,
        **found,
    )
    listing.save(force_insert=True)
    record("listing.drafted", listing, by=by, parties=[organization], market=market, side=side)
    return listing


@transaction.atomic
def change(
    listing: Listing, terms: Mapping[str, Any], *, by: Actor, expected: int | None = None
) -> Listing:
    """Write other words into a draft, or into a listing that was sent back."""
    listing = _own(listing, by=by, expected=expected)
    if listing.state not in EDITABLE_IN:
        raise Conflict(
            "This is {state} now; its words stand.", code="wrong_state", state=listing.state
        )
    found, unknown = _known(terms, listing.organization_id)
    Invalid.unless_none(
        [*unknown, *_faults(listing, ListingState.DRAFT, day_of(timezone.now()), found)]
    )
    for name, value in found.items():
        setattr(listing, name, value)
    listing.store(*found)
    # Which words were changed, never what they say: the journal is read by more people.
    record(
        "listing.changed", listing, by=by, parties=[listing.organization_id], fields=sorted(found)
    )
    return listing


@transaction.atomic
def submit(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """Ask for a listing to be published."""
    listing = _own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "submit")
    must_be_verified(listing.organization_id)
    Invalid.unless_none(
        _faults(listing, ListingState.SUBMITTED, day_of(timezone.now())) + _unadmitted(listing)
    )
    listing.reviewed_by = None
    listing.store("state", "reviewed_by")
    record("listing.submitted", listing, by=by, parties=[listing.organization_id])
    return listing


@transaction.atomic
def publish(listing: Listing, *, note: str = "", by: Actor, expected: int | None = None) -> Listing:
    """Put a submitted listing on the market."""
    listing = _decided(listing, "publish", note, by=by, expected=expected)
    now = timezone.now()
    Invalid.unless_none(
        _faults(listing, ListingState.PUBLISHED, day_of(now)) + _unadmitted(listing)
    )
    listing.published_on, listing.published_at = day_of(now), now
    listing.store("state", "reviewed_by", "review_note", "published_on", "published_at")
    record(
        "listing.published",
        listing,
        by=by,
        parties=[listing.organization_id],
        market=listing.market,
        side=listing.side,
        published_on=listing.published_on,
    )
    return listing


@transaction.atomic
def send_back(listing: Listing, *, reason: str, by: Actor, expected: int | None = None) -> Listing:
    """Give a listing back to be put right."""
    must_give_reason(reason)
    listing = _decided(listing, "send_back", reason, by=by, expected=expected)
    listing.store("state", "reviewed_by", "review_note")
    record("listing.sent_back", listing, by=by, parties=[listing.organization_id])
    return listing


@transaction.atomic
def refuse(listing: Listing, *, reason: str, by: Actor, expected: int | None = None) -> Listing:
    """Keep a listing off the market for good."""
    must_give_reason(reason)
    listing = _decided(listing, "refuse", reason, by=by, expected=expected)
    listing.store("state", "reviewed_by", "review_note")
    record("listing.refused", listing, by=by, parties=[listing.organization_id])
    return listing


@transaction.atomic
def pause(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """Take a listing out of sight for a while."""
    listing = _own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "pause")
    listing.store("state")
    record("listing.paused", listing, by=by, parties=[listing.organization_id])
    return listing


@transaction.atomic
def resume(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """Show a paused listing again."""
    listing = _own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "resume")
    if _has_run_out(listing):
        raise Conflict("Its last day of validity has gone by.", code="validity_is_over")
    Invalid.unless_none(_unadmitted(listing))
    listing.store("state")
    record("listing.resumed", listing, by=by, parties=[listing.organization_id])
    return listing


@transaction.atomic
def withdraw(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """Take a listing off the market for good."""
    listing = _own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "withdraw")
    listing.store("state")
    record("listing.withdrawn", listing, by=by, parties=[listing.organization_id])
    return listing


@transaction.atomic
def conclude(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """End a listing that has found what it sought."""
    listing = _own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "conclude")
    listing.store("state")
    record("listing.concluded", listing, by=by, parties=[listing.organization_id])
    return listing


@transaction.atomic
def expire(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """End a listing whose last day has gone by; only the clock does."""
    listing = Listing.objects.locked(listing, by=by, expected=expected)
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")
    listing.state = LISTING.after(listing.state, "expire")
    if not _has_run_out(listing):
        raise Conflict("Its last day of validity is still to come.", code="still_valid")
    listing.store("state")
    record("listing.expired", listing, by=by, parties=[listing.organization_id])
    return listing


def _own(listing: Listing, *, by: Actor, expected: int | None) -> Listing:
    listing = Listing.objects.locked(listing, by=by, expected=expected)
    by.must_act_for(listing.organization_id)
    by.must_have(*AUTHORS)
    return listing


def _decided(listing: Listing, move: str, note: str, *, by: Actor, expected: int | None) -> Listing:
    listing = Listing.objects.locked(listing, by=by, expected=expected)
    reviewer = must_decide(
        by,
        author=listing.author_id,
        organization=listing.organization_id,
        memberships=memberships_of(by.user),
    )
    listing.state = LISTING.after(listing.state, move)
    listing.reviewed_by_id, listing.review_note = reviewer, note
    return listing


def _known(terms: Mapping[str, Any], organization: UUID) -> tuple[dict[str, Any], list[Invalid]]:
    """Return `terms` with the codes and pool entries that were meant, and which there are not."""
    found, unknown = resolved(terms, on=day_of(timezone.now()))
    for pool, table in POOLS.items():
        wanted = terms.get(pool.value)
        if wanted is None:
            continue
        entry = table.objects.filter(pk=wanted, organization=organization).first()
        if entry is None:
            unknown.append(
                Invalid(
                    "Your organization has no such entry in this pool.",
                    code="unknown_entry",
                    field=pool.value,
                )
            )
        found[pool.value] = entry or wanted
    return found, unknown


def _faults(
    listing: Listing, stage: ListingState, today: date, given: Mapping[str, Any] | None = None
) -> list[Invalid]:
    """Return what is wrong with the words of a listing; of what it points at, the key is enough."""
    terms = words_of(listing, TERMS)
    return faults(listing.market, listing.side, terms | dict(given or {}), stage=stage, today=today)


def _unadmitted(listing: Listing) -> list[Invalid]:
    """Return a fault unless what the listing points at is in its pool; hold it there meanwhile."""
    pool = pool_of(listing.market, listing.side)
    wanted = getattr(listing, f"{pool}_id")
    if wanted is None:
        return []
    held = POOLS[pool].objects.select_for_update(no_key=True).admitted()
    if held.filter(pk=wanted).first():
        return []
    return [
        Invalid(
            "What it points at is not admitted to its pool.",
            code="not_admitted",
            field=pool.value,
        )
    ]


def _has_run_out(listing: Listing) -> bool:
    return listing.valid_until is not None and has_run_out(
        listing.valid_until, day_of(timezone.now())
    )
