"""What the mails that tell of notices say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override

from apps.base.fields import said
from apps.deals.models import Deal
from apps.journal.models import Entry
from apps.mail.models import Mail
from apps.mail.queries import address_of
from apps.matching.models import Match
from apps.notifications.models import SENTENCES, Notice, Postbox
from apps.notifications.queries import (
    can_see,
    listings_of,
    new_matches,
    new_matches_of_deal,
    public_title,
    public_titles,
)
from marketplace.actors import Actor
from marketplace.errors import Refused
from marketplace.mail import Letter
from marketplace.notices import MailTiming, NoticeGroup, group_of

#: How many notices one mail tells, and how many counterparts it names with each.
MOST_IN_MAIL, MOST_TITLES = 50, 5

# A mail travels in the open: it holds the sentences, how many there are, and titles of what
# everybody may read. All else is read after signing in.


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as a mail tells it, with the new matches that it tells of."""

    notice: Notice
    group: NoticeGroup
    matches: list[Match]


def notices(mail: Mail) -> Letter | None:
    """Return the mail that tells at once of notices of one group; None without any left."""
    box = Postbox.objects.get(user=mail.user_id)
    told = _told(mail, box)
    if not told:
        return None
    group = told[0].group
    with override(box.language):
        several = gettext("{group}: {count} notices").format(group=said(group), count=len(told))
        return Letter(
            subject=_sentence(told[0]) if len(told) == 1 else several,
            body="\n".join([*_items(told), *_stops(box, [group]), ""]),
            stop=_stop(box, group),
        )


def digest(mail: Mail) -> Letter | None:
    """Return the mail that tells once a day of all that can wait; None without anything left."""
    box = Postbox.objects.get(user=mail.user_id)
    told = _told(mail, box)
    if not told:
        return None
    in_it = {each.group for each in told}
    groups = [group for group in NoticeGroup if group in in_it]
    day = timezone.localdate()
    with override(box.language):
        subject = gettext("Technology market, {day}: {count} notices")
        stop = gettext("One click stops this daily mail: {address}")
        return Letter(
            subject=subject.format(day=date_format(day), count=len(told)),
            body="\n".join(
                [
                    *_items(told),
                    *_stops(box, groups),
                    stop.format(address=_stop(box, None)),
                    "",
                ]
            ),
            stop=_stop(box, None),
        )


# --- what there is still to tell ---------------------------------------------------------------


def _told(mail: Mail, box: Postbox) -> list[Told]:
    """Return what a mail tells that its reader may see now, and still wants to be told."""
    rows = Notice.objects.filter(postings__mail=mail).order_by("pk")
    found, actors = [], dict[UUID, Actor | None]()
    for notice in rows:
        group = group_of(notice.verb)
        if notice.organization_id not in actors:
            actors[notice.organization_id] = _actor(mail, notice.organization_id)
        actor = actors[notice.organization_id]
        if group is None or actor is None or box.timing_of(group) is MailTiming.NEVER:
            continue
        matches = _matches(notice, actor) if can_see(notice, by=actor) else None
        if matches is not None:
            found.append(Told(notice, group, matches))
    return found


def _actor(mail: Mail, organization: UUID) -> Actor | None:
    """Return the reader of a mail as he may see now; None where he left the organization."""
    try:
        return mail.user.as_actor(organization=organization)
    except Refused:
        return None


def _matches(notice: Notice, by: Actor) -> list[Match] | None:
    """Return the matches that a notice tells of; None where it told of some and none is left."""
    if notice.verb not in ("matches.digested", "deal.matches_found"):
        return []
    facts = Entry.objects.get(pk=notice.entry_id).facts
    time = {name: datetime.fromisoformat(facts[name]) for name in ("since", "until")}
    if notice.verb == "matches.digested":
        found = new_matches(listings_of(notice.organization_id), **time, by=by)
    else:
        deal = Deal.objects.get(pk=notice.subject_id)
        found = new_matches_of_deal(deal, listings_of(UUID(facts["side"])), **time, by=by)
    return found or None


# --- how it is said ----------------------------------------------------------------------------


def _sentence(told: Told) -> str:
    return gettext(SENTENCES[told.notice.verb])


def _items(told: Sequence[Told]) -> list[str]:
    lines = []
    for number, each in enumerate(told[:MOST_IN_MAIL], 1):
        address = address_of(reverse("notice-detail", args=[each.notice.pk]))
        further = [*(" ".join(title.split()) for title in _titles(each)), address]
        lines += [f"{number}. {_sentence(each)}", *(f"   {line}" for line in further), ""]
    if len(told) > MOST_IN_MAIL:
        rest, address = len(told) - MOST_IN_MAIL, address_of(reverse("notice-list"))
        more = gettext("More of it, to be read after signing in: {count}. {address}")
        lines += [more.format(count=rest, address=address), ""]
    return lines


def _stops(box: Postbox, groups: Iterable[NoticeGroup]) -> list[str]:
    stop = gettext("One click stops mails of the group “{group}”: {address}")
    return [stop.format(group=said(each), address=_stop(box, each)) for each in groups]


def _titles(told: Told) -> list[str]:
    """Return what is said below a notice: how many matches, and what everybody may read."""
    notice, matches = told.notice, told.matches
    if not matches:
        title = public_title(notice)
        return [title] if title else []
    own = set(listings_of(notice.organization_id)) | _of_deal(notice)
    others = [match.need_id if match.offer_id in own else match.offer_id for match in matches]
    count = gettext("New matches: {count}").format(count=len(matches))
    return [count, *(f"· {title}" for title in public_titles(others, MOST_TITLES))]


def _of_deal(notice: Notice) -> set[UUID]:
    if notice.verb != "deal.matches_found":
        return set()
    deal = Deal.objects.get(pk=notice.subject_id)
    return {pk for pk in (deal.offer_id, deal.need_id) if pk}


def _stop(box: Postbox, group: NoticeGroup | None) -> str:
    if group is None:
        return address_of(reverse("stop-digest", args=[box.stop_key]))
    return address_of(reverse("stop-notices", args=[box.stop_key, group.value]))
