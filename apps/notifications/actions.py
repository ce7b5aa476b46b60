"""Everything that can be done to notices, their mails, and the daily digest of new matches."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Organization
from apps.accounts.queries import person_of
from apps.journal.actions import record
from apps.mail.models import Mail
from apps.notifications.models import Digest, Notice, Postbox, Posting
from apps.notifications.queries import (
    broker_of,
    brokered,
    listings_of,
    new_matches,
    new_matches_of_deal,
    somebody_of,
)
from marketplace.actors import Actor
from marketplace.errors import Missing, Refused
from marketplace.finding import Frequency, due_at, last_slot
from marketplace.notices import MailTiming, NoticeGroup, group_of, matches_slot


@transaction.atomic
def mark_read(notice: Notice, *, by: Actor, expected: int | None = None) -> Notice:
    """Note that a notice was read; who reads it again changes nothing."""
    notice = Notice.objects.locked(notice, by=by, expected=expected)
    if notice.read_at is None:
        notice.read_at = timezone.now()
        notice.store("read_at")
        record("notice.read", notice, by=by, parties=[notice.organization_id])
    return notice


@transaction.atomic
def prefer(words: Mapping[str, Any], *, by: Actor) -> Postbox:
    """Say in which language, and how soon, one is told of notices by mail."""
    box = _held(person_of(by))
    if changed := _set(box, words):
        record("postbox.changed", box, by=by, fields=changed)
    return box


@transaction.atomic
def stop_by_key(stop_key: str, group: NoticeGroup | None, *, by: Actor) -> Postbox:
    """
    Let no mail tell of a group of notices any more, whoever sends the key of the postbox.

    Without a group it is the daily digest that is stopped: all groups that came in it.
    """
    held = Postbox.objects.select_for_update(of=("self",), no_key=True)
    box = held.filter(stop_key=stop_key).first()
    if box is None:
        raise Missing
    groups = box.daily if group is None else [group]
    if changed := _set(box, {each.value: MailTiming.NEVER for each in groups}):
        record("postbox.stopped", box, by=by, fields=changed)
    return box


@transaction.atomic
def write(person: UUID, *, by: Actor) -> int:
    """
    Queue the mails that are due to a person, and return how many; only the clock does.

    What is told at once goes in one mail for each group, the rest in one digest a day: what came
    too late for it waits for the next.
    """
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")
    box = _held(person)
    now = timezone.now()
    due = list(Posting.objects.due(now).filter(user=person).select_related("notice"))
    daily = [each.pk for each in due if each.timing is MailTiming.DAILY]
    if daily and box.digested_at and box.digested_at >= last_slot(Frequency.DAILY, now):
        next_day = due_at(Frequency.DAILY, now)
        Posting.objects.filter(pk__in=daily).update(due_at=next_day)
        daily = []
    at_once: dict[NoticeGroup | None, list[int]] = {}
    for each in due:
        if each.timing is MailTiming.AT_ONCE:
            at_once.setdefault(group_of(each.notice.verb), []).append(each.pk)
    for kind, postings in [
        *(("notices", several) for several in at_once.values()),
        *([("digest", daily)] if daily else []),
    ]:
        is_digest = kind == "digest"
        mail = Mail.objects.create(user_id=person, kind=kind, can_wait=is_digest, due_at=now)
        Posting.objects.filter(pk__in=postings).update(mail=mail)
        record("mail.queued", mail, by=by, kind=kind, notices=len(postings))
    if daily:
        box.digested_at = now
        # It is no change of what the person chose.
        box.save(update_fields=["digested_at", "updated_at"])
    return len(at_once) + bool(daily)


@transaction.atomic
def digest(organization: Organization, *, by: Actor) -> int:
    """
    Tell an organization, and the brokers in charge of its deals, what matches are new; once a day.

    Return how many were told. What is new is counted through the eyes of each who is told.
    """
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")
    now = timezone.now()
    slot = matches_slot(now)
    start = slot - timedelta(days=1)
    Digest.objects.get_or_create(organization=organization, defaults={"until": start})
    told = Digest.objects.select_for_update().get(organization=organization)
    if told.until >= slot:
        return 0
    since, told.until = told.until, now
    told.save(update_fields=["until"])
    count = 0
    listings = listings_of(organization.pk)
    actor = somebody_of(organization.pk)
    found = new_matches(listings, since=since, until=now, by=actor) if actor else []
    if found:
        record(
            "matches.digested",
            organization,
            by=by,
            parties=[organization.pk],
            count=len(found),
            best=str(found[0].score),
            since=since,
            until=now,
        )
        count += 1
    for deal in brokered(listings):
        broker = broker_of(deal)
        time = {"since": since, "until": now}
        found = new_matches_of_deal(deal, listings, **time, by=broker) if broker else []
        if found:
            record(
                "deal.matches_found",
                deal,
                by=by,
                parties=[deal.broker_organization_id],
                count=len(found),
                best=str(found[0].score),
                side=organization.pk,
                since=since,
                until=now,
            )
            count += 1
    return count


def _held(person: UUID) -> Postbox:
    """Return the postbox of a person, made where there is none, held until the transaction ends."""
    fresh = Postbox(user_id=person, stop_key=secrets.token_urlsafe(32))
    Postbox.objects.bulk_create([fresh], ignore_conflicts=True)
    return Postbox.objects.select_for_update(of=("self",), no_key=True).get(user=person)


def _set(box: Postbox, words: Mapping[str, Any]) -> list[str]:
    """Change a postbox that is held, and return what is another now."""
    changed = sorted(name for name, value in words.items() if getattr(box, name) != value)
    for name in changed:
        setattr(box, name, words[name])
    if changed:
        box.store(*changed)
    return changed
