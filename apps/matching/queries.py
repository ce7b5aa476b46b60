"""Which listings of the other side fit a listing best."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import get_language, gettext, gettext_noop

from apps.markets.models import Listing
from apps.matching.models import SEES_ALL, Corpus, Match, Posting, Stale, Text, Word
from marketplace import matching
from marketplace.actors import Actor
from marketplace.listings import ListingState, Side
from marketplace.matching import Reason, Terms

#: How many counterparts are shown for a listing.
SHOWN = 20
#: How many counterparts the words alone propose, before everything else is weighed.
CONSIDERED = 60
#: By how many of its strongest words a listing looks for counterparts; the score counts them all.
STRONGEST = 48

#: How strongly a text speaks of a word, for either side; a weight is in tenths, so is the length.
OFFER_STRENGTH = (
    "p.weight * %(k)s::float8 / (p.weight + %(fixed)s::float8 + %(long)s::float8 * p.length)"
)
NEED_STRENGTH = "p.weight::float8 / p.length"


@dataclass(frozen=True, slots=True)
class Ranked:
    """An offer and a need that share words, with what each word gave."""

    offer: Listing
    need: Listing
    gains: dict[str, float]
    score: Decimal

    @property
    def reasons(self) -> list[Reason]:
        """Return the contributions to the score, with the phrases that both texts hold."""
        phrases = matching.shared_phrases(_text(self.need), _text(self.offer), self.gains)
        return matching.score(
            terms(self.offer), terms(self.need), gains=self.gains, phrases=phrases
        )


def ranked(listing: Listing, *, limit: int = SHOWN) -> list[Ranked]:
    """Return the published counterparts of `listing` in its market that fit best, best first."""
    return considered(listing)[:limit]


def considered(listing: Listing, *, also: Collection[UUID] = ()) -> list[Ranked]:
    """
    Return every counterpart that was weighed, best first: what the words propose, and `also`.

    The score of a pair is always that of the offer for the need, so both find the same one. Rarity
    counts this listing among the offers as it is now, whether it was indexed yet or not.
    """
    own = matching.weights(listing.title, listing.body, listing.keywords)
    found = _Vocabulary(listing, own)
    candidates = _candidates(listing, found)
    texts = Text.objects.filter(
        listing__state=ListingState.PUBLISHED,
        listing__market=listing.market,
        listing__side=_other(listing.side),
    ).exclude(listing__organization=listing.organization_id)
    chosen = texts.filter(pk__in=[*candidates, *_texts_of(also)])
    pairs = [
        _pair(listing, text, found)
        for text in chosen.select_related("listing").defer("listing__confidential")
    ]
    shared = [pair for pair in pairs if pair.score > 0]
    return sorted(shared, key=lambda pair: (-pair.score, pair.offer.pk, pair.need.pk))


def because(listing: Listing, *, by: Actor) -> str:
    """Return why `by` is shown no matches of a listing, in English, the key of its translation."""
    if not by.acts_for(listing.organization_id) and not by.has(*SEES_ALL):
        return gettext_noop("Only its own organization and brokers see all matches of a listing.")
    if listing.state != ListingState.PUBLISHED:
        return gettext_noop("This listing is not published, so nothing is matched with it.")
    is_indexed = Text.objects.filter(listing=listing).exists()
    if not is_indexed or Stale.objects.filter(pk=listing.pk).exists():
        return gettext_noop("Matches for this listing are being looked for right now.")
    is_need = listing.side == Side.NEED
    others = Listing.objects.published().filter(market=listing.market, side=_other(listing.side))
    if not others.exclude(organization=listing.organization_id).exists():
        if is_need:
            return gettext_noop("No other organization has an offer in this market at present.")
        return gettext_noop("No other organization has a need in this market at present.")
    if is_need:
        return gettext_noop("No offer of another organization shares a word with this need.")
    return gettext_noop("No need of another organization shares a word with this offer.")


def counterpart_scores(listing: Listing, counterparts: Iterable[UUID]) -> dict[UUID, list[Decimal]]:
    """Return the scores that each counterpart already has with others than `listing`."""
    mine, theirs = ("offer", "need") if listing.side == Side.OFFER else ("need", "offer")
    found: dict[UUID, list[Decimal]] = {}
    rows = (
        Match.objects.current()
        .filter(**{f"{theirs}__in": counterparts})
        .exclude(**{mine: listing.pk})
    )
    for counterpart, score in rows.values_list(f"{theirs}_id", "score"):
        found.setdefault(counterpart, []).append(score)
    return found


def terms(listing: Listing) -> Terms:
    """Return what of a listing is compared beside its words."""
    return Terms(
        field=listing.field_id.partition(":")[2] if listing.field_id else None,
        region=listing.region_id.partition(":")[2],
        price_from=listing.price_from,
        price_to=listing.price_to,
        readiness=listing.readiness,
    )


class _Vocabulary:
    """The words of one listing as its market knows them."""

    def __init__(self, listing: Listing, own: dict[str, int]) -> None:
        rows = Word.objects.filter(market=listing.market, token__in=list(own))
        known = {
            token: (pk, offers) for pk, token, offers in rows.values_list("id", "token", "offers")
        }
        corpus = Corpus.objects.filter(pk=listing.market).first() or Corpus(market=listing.market)
        offers, length = corpus.offers, corpus.offers_length
        before: set[int] = set()
        counts_itself = listing.side == Side.OFFER
        if counts_itself:
            text = Text.objects.filter(listing=listing).first()
            if text is not None:
                before, offers, length = set(text.words), offers - 1, length - text.length
            offers, length = offers + 1, length + sum(own.values())
        self.mean_length = length / offers if offers and length else 1.0
        self.token_of = {pk: token for token, (pk, _) in known.items()}
        #: By id where the market knows the word: only such words can be shared.
        self.weights: dict[int | str, int] = {
            known[token][0] if token in known else token: weight for token, weight in own.items()
        }
        self.rarities: dict[int | str, float] = {
            pk: matching.rarity(offers, held - (pk in before) + counts_itself)
            for pk, held in known.values()
        }


def _candidates(listing: Listing, found: _Vocabulary) -> list[int]:
    """Return the texts of the other side that the strongest words of `listing` propose."""
    looks_for_offers = listing.side == Side.NEED
    length, mean = sum(found.weights.values()), found.mean_length
    given = {
        pk: rarity
        * (
            found.weights[pk] / length
            if looks_for_offers
            else matching.saturation(found.weights[pk], length, mean)
        )
        for pk, rarity in found.rarities.items()
    }
    strongest = sorted(given, key=lambda pk: (-given[pk], pk))[:STRONGEST]
    own = Text.objects.filter(
        listing__organization=listing.organization_id,
        listing__market=listing.market,
        listing__side=_other(listing.side),
    )
    unit, k1, b = matching.UNIT, matching.K1, matching.B
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT p.text_id, sum(g.given * {OFFER_STRENGTH if looks_for_offers else NEED_STRENGTH})
            FROM unnest(%(words)s::int[], %(given)s::float8[]) AS g(word_id, given)
            JOIN {Posting._meta.db_table} p ON p.word_id = g.word_id AND p.is_offer = %(offers)s
            WHERE p.text_id <> ALL (%(own)s::int[])
            GROUP BY p.text_id
            ORDER BY 2 DESC, 1
            LIMIT %(limit)s
            """,  # noqa: S608  only names of our own
            {
                "words": strongest,
                "given": [given[pk] for pk in strongest],
                "offers": looks_for_offers,
                "own": list(own.values_list("pk", flat=True)),
                "limit": CONSIDERED,
                "k": k1 + 1,
                "fixed": unit * k1 * (1 - b),
                "long": unit * k1 * b / mean,
            },
        )
        return [text for text, _ in cursor.fetchall()]


def _texts_of(listings: Collection[UUID]) -> list[int]:
    return list(Text.objects.filter(listing__in=listings).values_list("pk", flat=True))


def _pair(listing: Listing, text: Text, found: _Vocabulary) -> Ranked:
    theirs: dict[int | str, int] = dict(zip(text.words, text.weights, strict=True))
    is_offer = listing.side == Side.OFFER
    offer, need = (listing, text.listing) if is_offer else (text.listing, listing)
    gains = matching.bm25(
        theirs if is_offer else found.weights,
        found.weights if is_offer else theirs,
        rarities=found.rarities,
        mean_length=found.mean_length,
    )
    return Ranked(
        offer=offer,
        need=need,
        gains={found.token_of[int(pk)]: gain for pk, gain in gains.items()},
        score=matching.total(matching.score(terms(offer), terms(need), gains=gains)),
    )


def _other(side: Side) -> Side:
    return Side.NEED if side == Side.OFFER else Side.OFFER


def _text(listing: Listing) -> str:
    # The stroke keeps apart what would otherwise grow together.
    return " / ".join([listing.title, listing.body, *listing.keywords])


def said(reason: Mapping[str, Any]) -> str:
    """Return a stored reason in the reader's language."""
    between = "、" if (get_language() or "").startswith("zh") else ", "
    facts = {
        name: between.join(fact) if isinstance(fact, list) else fact
        for name, fact in reason["facts"].items()
    }
    return gettext(reason["message"]).format(**facts)
