"""Everything that can be done to a notice, and the daily digest of new matches."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Organization
from apps.journal.actions import record
from apps.notifications.models import Digest, Notice
from apps.notifications.queries import (
    broker_of,
    brokered,
    listings_of,
    new_matches,
    somebody_of,
)
from marketplace.actors import Actor
from marketplace.errors import Refused
from marketplace.finding import Frequency, last_slot


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
def digest(organization: Organization, *, by: Actor) -> int:
    """
    Tell an organization, and the brokers in charge of its deals, what matches are new; once a day.

    Return how many were told. What is new is counted through the eyes of each who is told.
    """
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")
    now = timezone.now()
    slot = last_slot(Frequency.DAILY, now)
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
    found = new_matches(listings, since=since, by=actor) if actor else []
    if found:
        record(
            "matches.digested",
            organization,
            by=by,
            parties=[organization.pk],
            count=len(found),
            best=str(found[0].score),
        )
        count += 1
    for deal in brokered(listings):
        broker = broker_of(deal)
        about = {deal.offer_id, deal.need_id} & set(listings)
        found = new_matches([pk for pk in about if pk], since=since, by=broker) if broker else []
        # That the two sides of the deal itself fit is no news to him.
        found = [m for m in found if {m.offer_id, m.need_id} != {deal.offer_id, deal.need_id}]
        if found:
            record(
                "deal.matches_found",
                deal,
                by=by,
                parties=[deal.broker_organization_id],
                count=len(found),
                best=str(found[0].score),
            )
            count += 1
    return count
