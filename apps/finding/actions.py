"""Everything that can be done to saved searches, their alerts, and favourites."""

import json
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.queries import organization_of, person_of
from apps.finding.models import Alert, Favourite, Hit, SavedSearch
from apps.finding.queries import actor_of, faults_of, matching
from apps.journal.actions import record
from apps.mail.models import Mail
from apps.markets.models import Listing
from marketplace.actors import Actor
from marketplace.errors import Conflict, Invalid, Missing, Refused
from marketplace.finding import MOST_SEARCHES, Frequency, last_slot
from marketplace.mail import Language

# Whose organization is concerned is in no entry of these but one: what people look for, and that
# they look at all, is not to be read in the journal by their colleagues.


@transaction.atomic
def keep(
    *,
    name: str,
    criteria: Mapping[str, Any],
    frequency: Frequency,
    language: Language,
    by: Actor,
) -> SavedSearch:
    """Keep a search, which tells the actor from now on of what is new."""
    person, organization = person_of(by), organization_of(by)
    # Whoever saves two at once waits here, and is counted right.
    User.objects.select_for_update(no_key=True).get(pk=person)
    if SavedSearch.objects.filter(user=person).count() >= MOST_SEARCHES:
        raise Conflict(
            "Nobody keeps more than {most} searches.", code="too_many_searches", most=MOST_SEARCHES
        )
    Invalid.unless_none(faults_of(criteria))
    search = SavedSearch.objects.create(
        user_id=person,
        organization_id=organization,
        name=_name(name),
        criteria=_plain(criteria),
        frequency=frequency,
        language=language,
        stop_key=secrets.token_urlsafe(32),
    )
    record("saved_search.saved", search, by=by)
    return search


@transaction.atomic
def change(
    search: SavedSearch, words: Mapping[str, Any], *, by: Actor, expected: int | None = None
) -> SavedSearch:
    """Give a saved search another name, other criteria, another frequency or language."""
    search = SavedSearch.objects.locked(search, by=by, expected=expected)
    Invalid.unless_none(faults_of(words.get("criteria", {})))
    words = dict(words)
    if "name" in words:
        words["name"] = _name(words["name"])
    if "criteria" in words:
        words["criteria"] = _plain(words["criteria"])
    changed = [name for name, value in words.items() if getattr(search, name) != value]
    if not changed:
        return search
    for name in changed:
        setattr(search, name, words[name])
    search.store(*changed)
    record("saved_search.changed", search, by=by, fields=sorted(changed))
    return search


@transaction.atomic
def stop(search: SavedSearch, *, by: Actor, expected: int | None = None) -> SavedSearch:
    """Let a saved search tell nothing more; who stops it again changes nothing."""
    search = SavedSearch.objects.locked(search, by=by, expected=expected)
    if _stops(search):
        record("saved_search.stopped", search, by=by)
    return search


@transaction.atomic
def stop_by_key(stop_key: str, *, by: Actor) -> SavedSearch:
    """Let the saved search tell nothing more whose mails hold `stop_key`, whoever sends it."""
    held = SavedSearch.objects.select_for_update(of=("self",), no_key=True)
    search = held.filter(stop_key=stop_key).first()
    if search is None:
        raise Missing
    if _stops(search):
        record("saved_search.stopped", search, by=by)
    return search


@transaction.atomic
def resume(search: SavedSearch, *, by: Actor, expected: int | None = None) -> SavedSearch:
    """Let a stopped search tell again, of what is new from now on."""
    search = SavedSearch.objects.locked(search, by=by, expected=expected)
    if search.stopped_at is not None:
        now = timezone.now()
        Hit.objects.pending().filter(search=search).update(passed_over_at=now)
        search.stopped_at = None
        search.store("stopped_at")
        record("saved_search.resumed", search, by=by)
    return search


@transaction.atomic
def remove(search: SavedSearch, *, by: Actor, expected: int | None = None) -> None:
    """Remove a saved search with all that it told."""
    search = SavedSearch.objects.locked(search, by=by, expected=expected)
    record("saved_search.removed", search, by=by)
    # Held against those who point at it too, before anything that does is touched.
    SavedSearch.objects.select_for_update().get(pk=search.pk).delete()


@transaction.atomic
def alert(search: SavedSearch, *, by: Actor, expected: int | None = None) -> Alert | None:
    """
    Tell of what a saved search found; only the clock does.

    What was found is asked for once more, now that it is to be told: what cannot be seen any more,
    or is not looked for any more, is passed over, and where nothing is left, nothing is told.
    """
    search = SavedSearch.objects.locked(search, by=by, expected=expected)
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")
    now = timezone.now()
    hits = list(
        Hit.objects.pending()
        .filter(search=search)
        .select_for_update(of=("self",), no_key=True)
        .order_by("listing_id")
    )
    slot = last_slot(search.frequency, now)
    if not search.is_active or not any(hit.found_at <= slot for hit in hits):
        raise Conflict("There is nothing to tell.", code="nothing_to_tell")
    actor = actor_of(search)
    among = [hit.listing_id for hit in hits]
    found = set(matching(search.criteria, by=actor, among=among)) if actor else set()
    told = [hit.pk for hit in hits if hit.listing_id in found]
    passed_over = [hit.pk for hit in hits if hit.listing_id not in found]
    Hit.objects.filter(pk__in=passed_over).update(passed_over_at=now)
    if not told:
        return None
    mail = Mail.objects.create(user_id=search.user_id, kind="alert", due_at=now)
    made = Alert.objects.create(search=search, mail=mail)
    Hit.objects.filter(pk__in=told).update(alert=made)
    search.last_alerted_at = now
    # It is no change of the search: the version that its owner decides on stays.
    search.save(update_fields=["last_alerted_at", "updated_at"])
    record("saved_search.alerted", search, by=by, parties=[search.organization_id])
    return made


@transaction.atomic
def add_favourite(listing: UUID, *, by: Actor) -> tuple[Favourite, bool]:
    """Keep a listing as a favourite; return it, and whether it is new."""
    person = person_of(by)
    if not Listing.objects.visible_to(by).filter(pk=listing).exists():
        raise Missing
    fresh = Favourite(user_id=person, listing_id=listing)
    Favourite.objects.bulk_create([fresh], ignore_conflicts=True)
    favourite = Favourite.objects.get(user=person, listing=listing)
    if is_new := favourite.pk == fresh.pk:
        # Which listing it is stands in the favourite alone, and is gone with it.
        record("favourite.added", favourite, by=by)
    return favourite, is_new


@transaction.atomic
def remove_favourite(listing: UUID, *, by: Actor) -> None:
    """Keep a listing as a favourite no longer, whether it can be seen or not."""
    rows = Favourite.objects.select_for_update().filter(user=person_of(by), listing=listing)
    favourite = rows.first()
    if favourite is None:
        raise Missing
    record("favourite.removed", favourite, by=by)
    favourite.delete()


def _stops(search: SavedSearch) -> bool:
    """Stop a search that is held; say False where that was done before."""
    if search.stopped_at is not None:
        return False
    search.stopped_at = timezone.now()
    search.store("stopped_at")
    return True


def _plain(criteria: Mapping[str, Any]) -> dict[str, Any]:
    """Return criteria as they are kept, so that equal ones are the same."""
    found: dict[str, Any] = json.loads(json.dumps(dict(criteria), cls=DjangoJSONEncoder))
    return found


def _name(name: str) -> str:
    """Return a name in one line, for it stands in the head of mails."""
    plain = " ".join(name.split())
    if not plain or not plain.isprintable():
        raise Invalid("This is no name.", code="no_name", field="name")
    return plain
