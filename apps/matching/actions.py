"""Keep the words of published listings, and the matches that follow from them."""

from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from apps.journal.actions import record
from apps.markets.models import Listing
from apps.matching import queries
from apps.matching.models import Corpus, Match, Posting, Stale, Text, Word
from apps.matching.queries import SHOWN, Ranked
from marketplace import matching
from marketplace.actors import Actor, Role
from marketplace.errors import Missing
from marketplace.listings import ListingState, Side

#: What of a match another comparison may change; beside it only the time is set.
RESULT = ("is_current", "score", "reasons", "method", "offer_version", "need_version")


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
    listing = Listing.objects.defer("confidential").filter(pk=listing_id).first()
    if listing is None:
        raise Missing
    kept: list[Ranked] = []
    if listing.state == ListingState.PUBLISHED:
        kept = _kept(listing)
    open_ids = _published([listing.pk, *(_counterpart(listing, pair) for pair in kept)])
    is_open = listing.pk in open_ids
    kept = [pair for pair in kept if is_open and _counterpart(listing, pair) in open_ids]
    _alone(f"market:{listing.market}")
    if is_open:
        _index(listing)
    else:
        _forget(listing)
    if listing.state == ListingState.SEALED:
        # Reasons and receipts name words that two listings share.
        Match.objects.of(listing.pk).update(reasons=[])
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
    pairs = queries.considered(listing, also=before)
    best, others = pairs[:SHOWN], pairs[SHOWN:]
    scores = queries.counterpart_scores(listing, [_counterpart(listing, p) for p in others])
    for pair in others:
        better = [s for s in scores.get(_counterpart(listing, pair), []) if s > pair.score]
        if len(better) < SHOWN:
            best.append(pair)
    return best


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
        fresh = Match(
            offer=pair.offer,
            need=pair.need,
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
            method=matching.METHOD,
            offer_version=pair.offer.version,
            need_version=pair.need.version,
            computed_at=now,
        )
        known = before.pop((pair.offer.pk, pair.need.pk), None)
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


def _index(listing: Listing) -> None:
    """Keep the words of `listing`, and count them."""
    weights = matching.weights(listing.title, listing.body, listing.keywords)
    ids = _word_ids(listing, weights)
    words = {ids[token]: weight for token, weight in weights.items()}
    length = sum(words.values())
    text = Text.objects.filter(listing=listing).first()
    if text is not None and words == dict(zip(text.words, text.weights, strict=True)):
        return
    old = _removed(text, listing) if text else set()
    if text is None:
        text = Text(listing=listing)
    text.words, text.weights, text.length = list(words), list(words.values()), length
    text.save()
    is_offer = listing.side == Side.OFFER
    Posting.objects.bulk_create(
        Posting(word_id=word, is_offer=is_offer, text_id=text.pk, weight=weight, length=length)
        for word, weight in words.items()
    )
    _count(listing, words.keys() - old, old - words.keys())
    Corpus.objects.get_or_create(market=listing.market)
    _weigh(listing, texts=1, length=length)


def _forget(listing: Listing) -> None:
    """Let go of the words of `listing`."""
    text = Text.objects.filter(listing=listing).first()
    if text is not None:
        _count(listing, set(), _removed(text, listing))
        text.delete()


def _removed(text: Text, listing: Listing) -> set[int]:
    """Remove the postings of `text` and take it out of the totals; return the words it had."""
    is_offer = listing.side == Side.OFFER
    Posting.objects.filter(word_id__in=text.words, is_offer=is_offer, text_id=text.pk).delete()
    _weigh(listing, texts=-1, length=-text.length)
    return set(text.words)


def _word_ids(listing: Listing, tokens: dict[str, int]) -> dict[str, int]:
    words = Word.objects.filter(market=listing.market, token__in=list(tokens))
    known = dict(words.values_list("token", "id"))
    new = [Word(market=listing.market, token=token) for token in tokens if token not in known]
    known.update({word.token: word.pk for word in Word.objects.bulk_create(new)})
    return known


def _count(listing: Listing, more: set[int], fewer: set[int]) -> None:
    side = "offers" if listing.side == Side.OFFER else "needs"
    Word.objects.filter(pk__in=more).update(**{side: F(side) + 1})
    Word.objects.filter(pk__in=fewer).update(**{side: F(side) - 1})


def _weigh(listing: Listing, *, texts: int, length: int) -> None:
    """Add `texts` and their `length` to the totals of the market."""
    total = Corpus.objects.filter(pk=listing.market)
    if listing.side == Side.OFFER:
        total.update(offers=F("offers") + texts, offers_length=F("offers_length") + length)
    else:
        total.update(needs=F("needs") + texts)


def _counterpart(listing: Listing, pair: Ranked) -> UUID:
    return pair.need.pk if listing.side == Side.OFFER else pair.offer.pk


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
