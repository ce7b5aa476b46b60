"""What can be done to a listing besides what is done to every reviewed thing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.journal.actions import record
from apps.markets.models import Listing, Reminder, terms_of
from apps.markets.queries import faults_of, health_of, known, unbacked
from apps.markets.search import index
from apps.pools.models import PoolEntry
from apps.reviews.models import Reviewed, Submission
from apps.reviews.queries import Rules, held, own
from marketplace import health
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.listings import LISTING, ListingState, validity_faults

#: What the end of a listing changes of it.
ENDED = ("state", "last_sign_at")


class ListingRules(Rules[Listing]):
    """What sets listings apart from other reviewed things."""

    reference_taken = "Your organization has a listing of this reference."
    signs = ("last_sign_at",)

    def known(
        self, rows: Sequence[Mapping[str, Any]], organization: UUID
    ) -> list[tuple[dict[str, Any], list[Invalid]]]:
        return known(rows, organization)

    def faults(
        self, subject: Listing, words: Mapping[str, Any], stage: ListingState
    ) -> list[Invalid]:
        return faults_of(subject, words, stage)

    def sign(self, subject: Listing, *, by: Actor) -> None:
        if not by.is_system:
            subject.last_sign_at = timezone.now()

    def consenting(self, subject: Listing, worded: Listing) -> Listing:
        # Other words may offer another project, which has other owners.
        return worded

    def unready(self, worded: Listing) -> list[Invalid]:
        return unbacked(worded)

    def accepted(self, subject: Listing, worded: Listing) -> list[str]:
        if subject.stands:
            until = subject.valid_until
            if until and worded.valid_until and subject.listed_at > worded.proposed_at:
                worded.valid_until = max(until, worded.valid_until)  # It was renewed meanwhile.
            columns = []
        else:
            now = timezone.now()
            worded.published_on, worded.published_at, worded.listed_at = day_of(now), now, now
            columns = ["published_on", "published_at", "listed_at"]
        found = faults_of(worded, worded.all_words(), ListingState.PUBLISHED)
        Invalid.unless_none(found + unbacked(worded))
        return columns

    def written(self, subjects: Sequence[Listing]) -> None:
        """Store the terms, which have tables of their own, and the words that a search finds."""
        terms = [terms_of(listing) for listing in subjects]
        for each in terms:
            if not each._state.adding:
                each.save()
        if new := [each for each in terms if each._state.adding]:
            type(new[0])._default_manager.bulk_create(new)
        index(subjects)

    def erase(self, subject: Listing) -> list[str]:
        terms_of(subject).take_words({})
        subject.imported_from = ""
        return ["imported_from"]

    def pointing_at(self, subject: Reviewed) -> Iterable[Listing]:
        if not isinstance(subject, PoolEntry):
            return []
        rows = Listing.objects.of_entries([subject.pk]).exclude(state=ListingState.SEALED)
        return rows.order_by("pk")


@transaction.atomic
def pause(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """Take a listing out of sight for a while."""
    listing = own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "pause")
    listing.store("state", "last_sign_at")
    return _record("listing.paused", listing, by=by)


@transaction.atomic
def resume(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """Show a paused listing again."""
    listing = own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "resume")
    if listing.is_outdated(day_of(timezone.now())):
        raise Conflict("Its last day of validity has gone by.", code="validity_is_over")
    Invalid.unless_none(unbacked(listing))
    listing.store("state", "last_sign_at")
    return _record("listing.resumed", listing, by=by)


@transaction.atomic
def withdraw(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """Take a listing off the market for good."""
    listing = own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "withdraw")
    listing.store(*ENDED, *Submission.objects.end(listing, by=by))
    return _record("listing.withdrawn", listing, by=by)


@transaction.atomic
def conclude(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """End a listing that has found what it sought."""
    listing = own(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "conclude")
    listing.store(*ENDED, *Submission.objects.end(listing, by=by))
    return _record("listing.concluded", listing, by=by)


@transaction.atomic
def renew(
    listing: Listing, *, valid_until: date, by: Actor, expected: int | None = None
) -> Listing:
    """Say that a listing still holds, until a later day; nobody reviews that."""
    listing = own(listing, by=by, expected=expected, move="renew")
    now = timezone.now()
    late = validity_faults(valid_until, day_of(now))
    if not late and listing.valid_until is not None and valid_until <= listing.valid_until:
        late = [
            Invalid(
                "It is valid until {day} already; say a later day.",
                code="validity_not_longer",
                field="valid_until",
                day=listing.valid_until,
            )
        ]
    Invalid.unless_none(late + unbacked(listing))
    listing.valid_until, listing.listed_at, listing.last_sign_at = valid_until, now, now
    listing.health = health_of(listing, now)
    listing.store("valid_until", "listed_at", "last_sign_at", "health")
    return _record("listing.renewed", listing, by=by, valid_until=valid_until)


@transaction.atomic
def remind(listing: Listing, *, days: int, by: Actor) -> Listing:
    """Tell an owner that a listing is valid for `days` more, or with 0 that it is outdated."""
    listing = _by_clock(listing, by=by)
    if listing.valid_until is None or not listing.stands:
        raise Conflict("Nobody waits for the end of this.", code="nothing_to_remind_of")
    Reminder.objects.create(listing=listing, valid_until=listing.valid_until, days=days)
    verb = "listing.reminded" if days else "listing.outdated"
    return _record(verb, listing, by=by, days=days, valid_until=listing.valid_until)


@transaction.atomic
def ask(listing: Listing, *, by: Actor) -> Listing:
    """Ask an owner whether a listing still holds, once until the next sign of life."""
    listing = _by_clock(listing, by=by)
    is_asked = listing.asked_at is not None and listing.asked_at >= listing.last_sign_at
    if is_asked or not listing.stands or not health.asks_owner(listing.health):
        raise Conflict("There is no need to ask.", code="no_need_to_ask")
    listing.asked_at = timezone.now()
    listing.store("asked_at")
    return _record("listing.asked", listing, by=by, health=listing.health)


@transaction.atomic
def expire(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    """End a listing whose last day, and the grace after it, has gone by; only the clock does."""
    listing = _by_clock(listing, by=by, expected=expected)
    listing.state = LISTING.after(listing.state, "expire")
    until = listing.valid_until
    if until is None or not health.is_removed(until, day_of(timezone.now())):
        raise Conflict("Its last day of validity is still to come.", code="still_valid")
    listing.store(*ENDED, *Submission.objects.end(listing, by=by))
    return _record("listing.expired", listing, by=by)


def _by_clock(listing: Listing, *, by: Actor, expected: int | None = None) -> Listing:
    listing = held(listing, by=by, expected=expected)
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")
    return listing


def _record(verb: str, listing: Listing, *, by: Actor, **facts: Any) -> Listing:
    record(verb, listing, by=by, parties=[listing.organization_id], **facts)
    return listing
