"""Keep the words of published listings, and the matches that follow from them."""

from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from apps.journal.actions import record
from apps.markets.models import Listing
from apps.matching.actions.verdicts import erase_notes
from apps.matching.models import Match, Stale
from apps.matching.queries.ranking import (
    RELATED,
    SHOWN,
    Ranked,
    Ranking,
    counterpart_scores,
    named,
    words_of,
)
from apps.retrieval.actions.runs import embed
from apps.retrieval.actions.segments import forget, index
from marketplace.actors import Actor, Role
from marketplace.errors import Missing
from marketplace.listings import ListingState, Side

#: What of a match another comparison may change; beside it only the time is set.
RESULT = (
    *("is_current", "score", "reasons", "method", "fit_id", "given"),
    *("offer_version", "need_version", "offer_wording", "need_wording"),
)


@transaction.atomic
def rematch(listing_id: UUID, *, by: Actor) -> int:
    """
    Bring the words and the matches of a listing up to date, and return how many matches it has.

    A published listing is indexed and compared; of any other the words are forgotten and the
    matches are over. It may run twice or at once with itself: the same result comes out. The
    request for it is done with only if nobody has asked again since.
    """
    _alone(f"rematch:{listing_id}")
    by.must_have(Role.ADMINISTRATOR)
    asked_at = Stale.objects.filter(pk=listing_id).values_list("requested_at", flat=True).first()
    rows = Listing.objects.select_related(*RELATED).defer("confidential")
    listing = rows.filter(pk=listing_id).first()
    if listing is None:
        raise Missing
    kept: list[Ranked] = []
    if listing.state == ListingState.PUBLISHED:
        words = words_of(listing)
        embed(index(listing, words=words, wording=listing.wording), words)
        kept = _kept(listing)
    _alone(f"market:{listing.market}")
    open_ids = _published([listing.pk, *(pair.counterpart(listing).pk for pair in kept)])
    is_open = listing.pk in open_ids
    kept = [pair for pair in kept if is_open and pair.counterpart(listing).pk in open_ids]
    if not is_open:
        forget(listing.pk)
    if listing.state == ListingState.SEALED:
        # Reasons and receipts name words that two listings share.
        Match.objects.of(listing.pk).update(reasons=[], given={})
        erase_notes(listing.pk, by=by)
    won, lost = _store(listing, kept)
    if won or lost:
        # Who loses a listing that closed has room for another: the reader of this app asks for it.
        verb = "listing.matched" if is_open else "listing.unmatched"
        record(verb, listing, by=by, parties=[listing.organization_id], won=won, lost=lost)
    if asked_at is not None:
        Stale.objects.filter(pk=listing_id, requested_at=asked_at).delete()
    return len(kept)


def _kept(listing: Listing) -> list[Ranked]:
    """Return the pairs that belong to the best of `listing`, or to the best of the counterpart."""
    mine = Match.objects.current().of(listing.pk).values_list("offer_id", "need_id")
    before = {pk for pair in mine for pk in pair} - {listing.pk}
    ranking = Ranking(listing)
    pairs = ranking.best(also=before)
    best, others = pairs[:SHOWN], pairs[SHOWN:]
    scores = counterpart_scores(listing, [pair.counterpart(listing).pk for pair in others])
    for pair in others:
        there = scores.get(pair.counterpart(listing).pk, [])
        if sum(score > pair.score for score in there) < SHOWN:
            best.append(pair)
    return named(best, ranking)


def _store(listing: Listing, kept: list[Ranked]) -> tuple[list[UUID], list[UUID]]:
    """
    Make the current matches of `listing` be those of `kept`; return the counterparts won and lost.

    Nothing is removed: that would touch the deals which point at a match, above our own locks.
    """
    now = timezone.now()
    before = {(m.offer_id, m.need_id): m for m in Match.objects.of(listing.pk)}
    added: list[Match] = []
    changed: list[Match] = []
    won: list[Match] = []
    for pair in kept:
        fresh = _as_match(pair)
        fresh.computed_at = now
        known = before.pop((fresh.offer_id, fresh.need_id), None)
        if known is None or not known.is_current:
            won.append(fresh)
        if known is None:
            added.append(fresh)
        elif any(getattr(known, name) != getattr(fresh, name) for name in RESULT):
            for name in (*RESULT, "computed_at"):
                setattr(known, name, getattr(fresh, name))
            changed.append(known)
    lost = [match for match in before.values() if match.is_current]
    for match in lost:
        match.is_current = False
    for match in [*changed, *lost]:
        match.version, match.updated_at = match.version + 1, now
    Match.objects.bulk_create(added)
    Match.objects.bulk_update([*changed, *lost], [*RESULT, "computed_at", "version", "updated_at"])
    is_offer = listing.side == Side.OFFER
    return (
        [match.need_id if is_offer else match.offer_id for match in won],
        [match.need_id if is_offer else match.offer_id for match in lost],
    )


def _as_match(pair: Ranked) -> Match:
    """Return the row of a pair: its receipt, from which the score can be reckoned again."""
    offer, need, given = pair.offer.listing, pair.need.listing, pair.given
    return Match(
        offer=offer,
        need=need,
        score=pair.score,
        reasons=[
            {
                "part": reason.part.value,
                "contribution": str(reason.contribution),
                "message": reason.message,
                "facts": dict(reason.facts),
            }
            for reason in pair.reasons
        ],
        method=pair.weights.version,
        fit=pair.fit,
        offer_version=offer.version,
        need_version=need.version,
        offer_wording=offer.wording,
        need_wording=need.wording,
        given={
            "day": given.day.isoformat(),
            "words": str(given.words),
            "similarity": None if given.similarity is None else str(given.similarity),
            "health": given.health,
            "response": str(given.response),
            "fit": pair.fit.number if pair.fit else None,
            "offer_entry": offer.entry.wording if offer.entry else None,
            "need_entry": need.entry.wording if need.entry else None,
        },
    )


def _published(listings: list[UUID]) -> set[UUID]:
    """
    Return which of `listings` are published now.

    None is held: one that closes meanwhile is in no answer from then on, and its own rematch, which
    waits for ours, ends what we write.
    """
    return set(Listing.objects.published().filter(pk__in=listings).values_list("pk", flat=True))


def _alone(name: str) -> None:
    """Wait until nobody else works under `name`, and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
