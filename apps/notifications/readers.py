"""What notifications learn from the journal."""

from collections.abc import Collection
from uuid import UUID

from django.utils import timezone

from apps.accounts.models import Organization, User
from apps.deals.models import Deal
from apps.finding.models import SavedSearch
from apps.journal.models import Entry
from apps.notifications.models import FACTS, SENTENCES, Notice, Posting
from apps.notifications.queries import readers_of
from marketplace.finding import Frequency, due_at
from marketplace.notices import DEFAULTS, MailTiming, NoticeGroup, group_of


def take(entries: list[Entry]) -> None:
    """Tell each organization concerned, save the one that did it, of what it should know."""
    told = [entry for entry in entries if entry.verb in SENTENCES]
    parties = {party for entry in told for party in entry.parties}
    known = set(Organization.objects.filter(pk__in=parties).values_list("pk", flat=True))
    persons = _brokers(told) | _searchers(told)
    # What one looks for is nobody else's business, not even when one looks for it no more.
    told = [
        entry
        for entry in told
        if entry.verb != "saved_search.alerted"
        or any((entry.subject_id, party) in persons for party in entry.parties)
    ]
    Notice.objects.bulk_create(
        [
            Notice(
                organization_id=party,
                user_id=persons.get((entry.subject_id, party)),
                verb=entry.verb,
                subject_type=entry.subject_type,
                subject_id=entry.subject_id,
                entry_id=entry.pk,
                facts={name: entry.facts[name] for name in FACTS.get(entry.verb, ())},
            )
            for entry in told
            for party in entry.parties
            if party in known and party != entry.actor_organization
        ],
        ignore_conflicts=True,
    )
    numbers = [entry.pk for entry in told]
    _post(list(Notice.objects.filter(organization__in=known, entry_id__in=numbers)))


def _post(notices: Collection[Notice]) -> None:
    """Note to whom each notice is to go by mail, and when, as each of them chose."""
    now = timezone.now()
    when = {MailTiming.AT_ONCE: now, MailTiming.DAILY: due_at(Frequency.DAILY, now)}
    people = readers_of(notices)
    Posting.objects.bulk_create(
        [
            Posting(notice=notice, user=user, timing=timing, due_at=when[timing])
            for notice in notices
            if (group := group_of(notice.verb))
            for user in people.get(notice.organization_id, [])
            if notice.user_id in (None, user.pk)
            and (timing := _timing(user, group)) is not MailTiming.NEVER
        ],
        ignore_conflicts=True,
    )


def _timing(user: User, group: NoticeGroup) -> MailTiming:
    box = getattr(user, "postbox", None)
    return box.timing_of(group) if box else DEFAULTS[group]


def _brokers(entries: list[Entry]) -> dict[tuple[str, UUID], UUID]:
    """Return who is broker: a deal is nobody's business among the other brokers of his house."""
    deals = {entry.subject_id for entry in entries if entry.subject_type == Deal._meta.label_lower}
    rows = Deal.objects.filter(pk__in=deals, broker__isnull=False)
    return {
        (str(pk), organization): broker
        for pk, organization, broker in rows.values_list(
            "pk", "broker_organization_id", "broker_id"
        )
    }


def _searchers(entries: list[Entry]) -> dict[tuple[str, UUID], UUID]:
    """Return whose search it is."""
    table = SavedSearch._meta.label_lower
    searches = {entry.subject_id for entry in entries if entry.subject_type == table}
    rows = SavedSearch.objects.filter(pk__in=searches)
    return {
        (str(pk), organization): user
        for pk, organization, user in rows.values_list("pk", "organization_id", "user_id")
    }
