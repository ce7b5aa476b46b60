"""Everything that can be done to the entries of the pools."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from apps.journal.actions import record
from apps.pools.models import PoolEntry, PoolEntryQuerySet
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
from marketplace.errors import Conflict, Invalid
from marketplace.pools import (
    AUTHORS,
    EDITABLE_IN,
    POOL_ENTRY,
    TERMS_OF,
    PoolState,
    faults,
    must_decide,
    must_give_reason,
)

E = TypeVar("E", bound=PoolEntry)


@transaction.atomic
def draft(table: type[E], terms: Mapping[str, Any], *, by: Actor) -> E:
    """Begin an entry of the actor's organization in the pool of `table`."""
    organization = organization_of(by)
    by.must_have(*AUTHORS[table.pool])
    found, unknown = resolved(terms, on=day_of(timezone.now()))
    Invalid.unless_none([*unknown, *faults(table.pool, found, stage=PoolState.DRAFT)])
    entry = table(organization_id=organization, author_id=person_of(by), **found)
    entry.save(force_insert=True)
    record(f"{entry.pool}.drafted", entry, by=by, parties=[organization])
    return entry


@transaction.atomic
def change(entry: E, terms: Mapping[str, Any], *, by: Actor, expected: int | None = None) -> E:
    """Write other words into a draft, or into an entry that was sent back."""
    entry = _locked(entry, by=by, expected=expected)
    by.must_act_for(entry.organization_id)
    by.must_have(*AUTHORS[entry.pool])
    if entry.state not in EDITABLE_IN:
        raise Conflict(
            "This is {state} now; its words stand.", code="wrong_state", state=entry.state
        )
    found, unknown = resolved(terms, on=day_of(timezone.now()))
    Invalid.unless_none(
        [
            *unknown,
            *faults(entry.pool, _terms_of(entry) | found, stage=PoolState.DRAFT),
        ]
    )
    for name, value in found.items():
        setattr(entry, name, value)
    entry.store(*found)
    record(
        f"{entry.pool}.changed", entry, by=by, parties=[entry.organization_id], fields=sorted(found)
    )
    return entry


@transaction.atomic
def submit(entry: E, *, by: Actor, expected: int | None = None) -> E:
    """Ask for admission to the pool."""
    entry = _locked(entry, by=by, expected=expected)
    by.must_act_for(entry.organization_id)
    by.must_have(*AUTHORS[entry.pool])
    entry.state = POOL_ENTRY.after(entry.state, "submit")
    must_be_verified(entry.organization_id)
    Invalid.unless_none(faults(entry.pool, _terms_of(entry), stage=PoolState.SUBMITTED))
    entry.reviewed_by = None
    entry.store("state", "reviewed_by")
    record(f"{entry.pool}.submitted", entry, by=by, parties=[entry.organization_id])
    return entry


@transaction.atomic
def admit(entry: E, *, note: str = "", by: Actor, expected: int | None = None) -> E:
    """Let an entry into the pool."""
    entry = _decided(entry, "admit", note, by=by, expected=expected)
    record(f"{entry.pool}.admitted", entry, by=by, parties=[entry.organization_id])
    return entry


@transaction.atomic
def send_back(entry: E, *, reason: str, by: Actor, expected: int | None = None) -> E:
    """Give an entry back to be put right."""
    must_give_reason(reason)
    entry = _decided(entry, "send_back", reason, by=by, expected=expected)
    record(f"{entry.pool}.sent_back", entry, by=by, parties=[entry.organization_id])
    return entry


@transaction.atomic
def refuse(entry: E, *, reason: str, by: Actor, expected: int | None = None) -> E:
    """Keep an entry out of the pool for good."""
    must_give_reason(reason)
    entry = _decided(entry, "refuse", reason, by=by, expected=expected)
    record(f"{entry.pool}.refused", entry, by=by, parties=[entry.organization_id])
    return entry


@transaction.atomic
def leave(entry: E, *, by: Actor, expected: int | None = None) -> E:
    """Take an entry out of the pool."""
    entry = _locked(entry, by=by, expected=expected)
    by.must_act_for(entry.organization_id)
    by.must_have(*AUTHORS[entry.pool])
    entry.state = POOL_ENTRY.after(entry.state, "leave")
    entry.store("state")
    record(f"{entry.pool}.left", entry, by=by, parties=[entry.organization_id])
    return entry


def _decided(entry: E, move: str, note: str, *, by: Actor, expected: int | None) -> E:
    entry = _locked(entry, by=by, expected=expected)
    reviewer = must_decide(
        by,
        author=entry.author_id,
        organization=entry.organization_id,
        memberships=memberships_of(by.user),
    )
    entry.state = POOL_ENTRY.after(entry.state, move)
    entry.reviewed_by_id, entry.review_note = reviewer, note
    entry.store("state", "reviewed_by", "review_note")
    return entry


def _locked(entry: E, *, by: Actor, expected: int | None) -> E:
    rows: PoolEntryQuerySet[E] = PoolEntryQuerySet(type(entry))
    return rows.locked(entry, by=by, expected=expected)


def _terms_of(entry: PoolEntry) -> dict[str, Any]:
    return words_of(entry, TERMS_OF[entry.pool])
