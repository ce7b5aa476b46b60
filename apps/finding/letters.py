"""What the mail of an alert says."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext, override

from apps.base.fields import said
from apps.finding.models import Alert, Hit
from apps.finding.queries import actor_of, news_for
from apps.mail.models import Mail
from apps.mail.queries import address_of
from apps.markets.models import Listing
from marketplace.actors import Actor
from marketplace.mail import Letter

#: How many listings one mail names.
MOST_IN_MAIL = 50


def alert(mail: Mail) -> Letter | None:
    """
    Return what the mail of an alert says, or None where there is nobody to tell, or nothing.

    What can be seen is asked a last time. A mail travels in the open: it names only what everybody
    may read, and of the rest it says only that there is more.
    """
    told_in = Alert.objects.filter(mail=mail).select_related("search").first()
    actor = actor_of(told_in.search) if told_in else None
    if told_in is None or actor is None or not told_in.search.is_active:
        return None
    search = told_in.search
    told = news_for(actor).filter(pk__in=Hit.objects.filter(alert=told_in).values("listing"))
    keys = list(told.values_list("pk", flat=True))
    if not keys:
        return None
    open_to_all = Listing.objects.published().visible_to(Actor.anonymous())
    listings = open_to_all.filter(pk__in=keys).select_related("organization")
    named = list(listings.order_by("-listed_at", "-pk")[:MOST_IN_MAIL])
    stop = address_of(reverse("stop-alerts", args=[search.stop_key]))
    with override(search.language):
        name = {"name": search.name}
        return Letter(
            subject=gettext("New for your search “{name}”").format(**name),
            body="\n".join(
                [
                    gettext("Your saved search “{name}” found something new:").format(**name),
                    "",
                    *_items(named),
                    *_rest(len(keys) - len(named)),
                    gettext("One click stops these mails: {address}").format(address=stop),
                    "",
                ]
            ),
            stop=stop,
        )


def _items(listings: Iterable[Listing]) -> list[str]:
    lines = []
    for number, listing in enumerate(listings, 1):
        kind = f"{said(listing.market)} · {said(listing.side)} · {listing.organization.name}"
        address = address_of(reverse("listing-detail", args=[listing.pk]))
        lines += [f"{number}. {' '.join(listing.title.split())}", f"   {kind}", f"   {address}", ""]
    return lines


def _rest(count: int) -> list[str]:
    if not count:
        return []
    address = address_of(reverse("alert-list"))
    told = gettext("More of it, to be read after signing in: {count}. {address}")
    return [told.format(count=count, address=address), ""]
