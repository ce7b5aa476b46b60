"""What the clock does to listings."""

import time
from collections.abc import Callable, Iterable
from datetime import date
from uuid import UUID

from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from apps.markets import actions
from apps.markets.models import Checkup, Doubt, Findable, Interest, Listing, Reminder
from apps.markets.queries import to_remind
from apps.markets.search import index
from apps.reviews import actions as reviews
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.health import asks_owner, is_outdated, reminder_due
from marketplace.listings import ListingState, dual_use_faults
from marketplace.pools import PoolState

#: How many listings are looked at in one transaction, and for how many seconds in one run.
BATCH, SECONDS = 200, 20.0
#: Why a listing is sealed together with what it points at.
ENTRY_SPILLED = "What it points at held what must not be here."


@shared_task(name="markets.expire_listings")
def expire_listings() -> int:
    """End every listing whose last day, and the grace after it, has gone by."""
    due = Listing.objects.run_out(day_of(timezone.now()))
    return _each(due.values_list("pk", flat=True), _expire)


@shared_task(name="markets.remind_owners")
def remind_owners() -> int:
    """Tell owners on the right day how long their listings are still valid, and once when not."""
    today = day_of(timezone.now())
    return _each(to_remind(today).values_list("pk", flat=True), lambda pk: _remind(pk, today))


@shared_task(name="markets.settle_doubts")
def settle_doubts() -> int:
    """Pause what points at an entry that left its pool; seal what points at a sealed one."""
    return _each(Doubt.objects.order_by("requested_at").values_list("pk", flat=True), _settle)


@shared_task(name="markets.check_all")
def check_all() -> None:
    """Ask for the health of everything on the market: time alone makes it less."""
    standing, params = Listing.objects.standing().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Checkup._meta.db_table} (listing_id, requested_at)"  # noqa: S608
            f" SELECT standing.id, now() FROM ({standing}) standing ON CONFLICT DO NOTHING",
            params,
        )


@shared_task(name="markets.check_health")
def check_health() -> int:
    """See to the health of the listings that something happened to; ask owners where it is low."""
    deadline = time.monotonic() + SECONDS
    count = 0
    while time.monotonic() < deadline and (checked := _check_batch()):
        count += checked
    return count


@shared_task(name="markets.index_words")
def index_words() -> int:
    """Write the words of the listings that were there before listings were found by words."""
    deadline = time.monotonic() + SECONDS
    count = 0
    while time.monotonic() < deadline and (written := _index_batch()):
        count += written
    return count


def _each(keys: Iterable[UUID], act: Callable[[UUID], bool]) -> int:
    """Act on each listing in a transaction of its own, and return on how many."""
    return sum(act(key) for key in list(keys))


def _claimed(pk: UUID) -> Listing | None:
    """Hold a listing that stands on the market; None where it is held or gone."""
    rows = Listing.objects.standing().filter(pk=pk)
    return rows.select_for_update(skip_locked=True, no_key=True).first()


@transaction.atomic
def _expire(pk: UUID) -> bool:
    listing = _claimed(pk)
    due = Listing.objects.run_out(day_of(timezone.now())).filter(pk=pk)
    if listing is None or not due.exists():
        return False
    actions.expire(listing, by=Actor.system("markets.expire_listings"))
    return True


@transaction.atomic
def _remind(pk: UUID, today: date) -> bool:
    listing = _claimed(pk)
    if listing is None or listing.valid_until is None:
        return False
    until = listing.valid_until
    sent = Reminder.objects.filter(listing=listing, valid_until=until)
    last = sent.order_by("days").values_list("days", flat=True).first()
    since = day_of(listing.listed_at)
    if is_outdated(until, today):
        days = 0 if last != 0 else None
    else:
        days = reminder_due(until, today, since=since, sent=last)
    if days is None:
        return False
    actions.remind(listing, days=days, by=Actor.system("markets.remind_owners"))
    return True


@transaction.atomic
def _settle(pk: UUID) -> bool:
    doubt = Doubt.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if doubt is None:
        return False
    by = Actor.system("markets.settle_doubts")
    listing = Listing.objects.standing().filter(pk=pk).first()
    entry = listing.entry if listing else None
    if listing is not None and entry is not None:
        if entry.state is PoolState.SEALED:
            reviews.spill(listing, reason=ENTRY_SPILLED, by=by)
        elif listing.state is ListingState.PUBLISHED and (
            entry.state is not PoolState.ADMITTED
            or dual_use_faults(listing.dual_use, entry.dual_use)
        ):
            actions.pause(listing, by=by)
    doubt.delete()
    return True


@transaction.atomic
def _index_batch() -> int:
    # While a row is held here, who changes the text waits, and writes the newer words after that.
    waiting = Findable.objects.select_for_update(skip_locked=True).filter(words=None)
    keys = list(waiting.values_list("pk", flat=True)[:BATCH])
    index(Listing.objects.filter(pk__in=keys))
    return len(keys)


@transaction.atomic
def _check_batch() -> int:
    """See to some listings; one that is held right now is left for the next run."""
    waiting = Checkup.objects.select_for_update(skip_locked=True).order_by("requested_at", "pk")
    checkups = {checkup.pk: checkup for checkup in waiting[:BATCH]}
    rows = Listing.objects.standing().filter(pk__in=checkups).order_by("pk")
    held = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
    listings = list(held.select_related("project", "fund"))
    interests = Interest.objects.waits(row.pk for row in listings)
    now, by = timezone.now(), Actor.system("markets.check_health")
    before = {row.pk: (row.health, row.last_sign_at) for row in listings}
    for listing in listings:
        sign_at = checkups[listing.pk].sign_at
        listing.last_sign_at = max(listing.last_sign_at, sign_at or listing.last_sign_at)
        listing.health = listing.health_at(now, *interests.get(listing.pk, ()))
    other = [row for row in listings if before[row.pk] != (row.health, row.last_sign_at)]
    # Not a change of the listing: what it says and its version stay.
    Listing.objects.bulk_update(other, ["health", "last_sign_at"])
    for listing in listings:
        is_asked = listing.asked_at is not None and listing.asked_at >= listing.last_sign_at
        if asks_owner(listing.health) and not is_asked:
            actions.ask(listing, by=by)
    standing = set(rows.values_list("pk", flat=True))
    done = {row.pk for row in listings} | (checkups.keys() - standing)
    Checkup.objects.filter(pk__in=done).delete()
    return len(done)
