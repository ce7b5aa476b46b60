"""What the actions of listings ask of the tables before they decide."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.markets.models import Interest, Listing, Reminder
from apps.pools.queries import SUBJECTS
from apps.pools.queries import TABLES as POOLS
from apps.reviews.queries import at
from apps.taxonomy.models import Code
from apps.taxonomy.queries import resolve
from marketplace.calendar import day_of
from marketplace.errors import Invalid
from marketplace.health import REMINDERS
from marketplace.listings import ListingState, dual_use_faults, faults, pool_of
from marketplace.money import CENT, LARGEST
from marketplace.pools import PoolState
from marketplace.vocabulary import Term

Words = dict[str, Any]


def known(
    rows: Sequence[Mapping[str, Any]], organization: UUID
) -> list[tuple[Words, list[Invalid]]]:
    """
    Return each of `rows` with the keys of the codes and entries meant, and which there are not.

    Every code is looked up once, the entries of a pool all at once, however many rows there are.
    """
    today = day_of(timezone.now())
    codes: dict[tuple[str, str], str | Invalid] = {}
    wanted = {pool: {row.get(pool.value) for row in rows} - {None} for pool in POOLS}
    entries = {
        pool: set(
            table._default_manager.filter(
                pk__in=wanted[pool], organization=organization
            ).values_list("pk", flat=True)
        )
        for pool, table in POOLS.items()
        if wanted[pool]
    }

    def found(words: Mapping[str, Any], place: str, unknown: list[Invalid]) -> Words:
        plain = {name: _plain(value) for name, value in words.items()}
        for name in SUBJECTS.keys() & words.keys():
            written = words[name]
            if isinstance(written, Code):
                plain[name] = written.pk
            elif written:
                if (name, written) not in codes:
                    codes[name, written] = _code(name, written, today)
                key = codes[name, written]
                if isinstance(key, Invalid):
                    # Said to be unknown, it is not to be called missing too.
                    unknown.append(at(place, key))
                else:
                    plain[name] = key
        return plain

    answers = []
    for row in rows:
        unknown: list[Invalid] = []
        words = found(row, "", unknown)
        words["terms"] = found(row.get("terms") or {}, "terms.", unknown)
        unknown += [
            Invalid(
                "Your organization has no such entry in this pool.",
                code="unknown_entry",
                field=pool.value,
            )
            for pool in POOLS
            if (entry := row.get(pool.value)) is not None and entry not in entries[pool]
        ]
        answers.append((words, unknown))
    return answers


def faults_of(listing: Listing, words: Mapping[str, Any], stage: Term) -> list[Invalid]:
    """Return what is wrong with `words` of a listing that is to reach `stage`."""
    today = day_of(timezone.now())
    state = ListingState(stage)
    return faults(listing.market, listing.side, words, stage=state, today=today)


def unbacked(listing: Listing) -> list[Invalid]:
    """
    Return a fault unless what a listing points at is in its pool, and of the same dual use.

    It is held there until the transaction ends.
    """
    pool = pool_of(listing.market, listing.side)
    wanted = getattr(listing, f"{pool}_id")
    if wanted is None:
        return []
    held = POOLS[pool]._default_manager.select_for_update(no_key=True)
    entry = held.filter(pk=wanted, state=PoolState.ADMITTED).first()
    if entry is None:
        return [
            Invalid(
                "What it points at is not admitted to its pool.",
                code="not_admitted",
                field=pool.value,
            )
        ]
    return dual_use_faults(listing.dual_use, entry.dual_use)


def to_remind(today: date) -> QuerySet[Listing]:
    """Return what is so near its end, or so lately past it, that its owner is yet to be told."""
    told = Reminder.objects.filter(listing=OuterRef("pk"), valid_until=OuterRef("valid_until"))
    due = Q(valid_until__lt=today) & ~Q(Exists(told.filter(days=0)))
    since = today
    for days in sorted(REMINDERS):
        until = today + timedelta(days=days)
        due |= Q(valid_until__range=(since, until)) & ~Q(Exists(told.filter(days__lte=days)))
        since = until + timedelta(days=1)
    return Listing.objects.standing().filter(due)


def health_of(listing: Listing, now: datetime) -> int:
    """Return the health of one listing."""
    return listing.health_at(now, *Interest.objects.waits([listing.pk]).get(listing.pk, ()))


def _code(name: str, written: str, today: date) -> str | Invalid:
    try:
        return resolve(SUBJECTS[name], written, on=today, field=name).pk
    except Invalid as error:
        return error


def _plain(value: Any) -> Any:
    """Return a word in the one form in which it is kept, so that equal ones are the same."""
    if isinstance(value, Decimal) and abs(value) <= LARGEST:
        cents = value.quantize(CENT)
        return cents if cents == value else value
    if isinstance(value, list | tuple):
        return [each.value if isinstance(each, Term) else each for each in value]
    return value
