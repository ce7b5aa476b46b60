"""Receipts of matches: the score reckoned again from what was written down, and as of now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from apps.markets.models import Listing
from apps.matching.models import Match
from apps.matching.queries.ranking import (
    RELATED,
    Ranking,
    Said,
    paths_of,
    profile,
    shared,
    words_of,
)
from apps.retrieval.queries import lexicon
from apps.reviews.models import Reviewed, Wording
from marketplace import words as reading
from marketplace.listings import ListingState
from marketplace.matching import Change, Given, Profile, Reason, changes, score, weights_on


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a match was reckoned from, whether it still comes out so, and what would raise it."""

    match: Match
    #: The parts reckoned again from the kept inputs; None where one of them is kept no longer.
    again: list[Reason] | None
    #: The score as of now; None where the two are not matched any more.
    score_now: Decimal | None
    #: What the offering and the needing side could change, most first.
    changes_of_offer: list[Change]
    changes_of_need: list[Change]

    @property
    def replays(self) -> bool:
        """Say whether the same contributions come out again, to the last digit."""
        kept = {each["part"]: Decimal(each["contribution"]) for each in self.match.reasons}
        return self.again is not None and kept == {
            each.part.value: each.contribution for each in self.again
        }

    @property
    def holds(self) -> bool:
        """Say whether the match would still come out so today."""
        return self.score_now == self.match.score


def receipt(match: Match, *, with_now: bool = True) -> Receipt:
    """Return the receipt of a match, and `with_now` also what it would come to now."""
    pair = _as_kept(match)
    now = _as_of_now(match) if with_now else None
    if pair is None:
        return Receipt(match, None, now, [], [])
    sides, given = pair
    weights = weights_on(match.offer.market, given.day, match.method)
    return Receipt(
        match,
        score(*sides, given, weights),
        now,
        changes(*sides, given, weights, of_offer=True),
        changes(*sides, given, weights, of_offer=False),
    )


def _as_of_now(match: Match) -> Decimal | None:
    """Return the score that both sides come to today, or None where they are not matched."""
    offer = Listing.objects.select_related(*RELATED).get(pk=match.offer_id)
    need = Listing.objects.select_related(*RELATED).get(pk=match.need_id)
    if {offer.state, need.state} != {ListingState.PUBLISHED}:
        return None
    found = Ranking(need).best(also=[offer.pk])
    return next((each.score for each in found if each.offer.listing.pk == offer.pk), None)


def _as_kept(match: Match) -> tuple[tuple[Profile, Profile], Given] | None:
    """Return both sides and what else went into a match, as it was then, or None."""
    kept = match.given
    if not kept or (kept["fit"] is not None and match.fit is None):
        return None
    offer = _worded(match.offer, match.offer_wording, kept["offer_entry"])
    need = _worded(match.need, match.need_wording, kept["need_entry"])
    if offer is None or need is None:
        return None
    paths = paths_of([offer, need])
    wanted, there = words_of(need), words_of(offer)
    known = lexicon(need.market, wanted.keys() | there.keys(), fit=match.fit)
    similarity = kept["similarity"]
    day = date.fromisoformat(kept["day"])
    return (profile(offer, paths, day), profile(need, paths, day)), Given(
        words=reading.likeness(wanted, there, known)[0],
        similarity=None if similarity is None else Decimal(similarity),
        health=kept["health"],
        response=Decimal(kept["response"]),
        day=day,
        phrases=shared(Said.of(need, wanted), Said.of(offer, there), known),
    )


def _worded(listing: Listing, number: int, entry_number: int | None) -> Listing | None:
    """Return a listing as it read in one of its wordings, with its entry in one of its own."""
    words = _words(listing, number)
    entry = listing.entry
    entry_words = _words(entry, entry_number) if entry and entry_number else None
    if words is None or (entry is not None and entry_words is None):
        return None
    worded = listing.with_words(words)
    if entry is not None and entry_words is not None:
        setattr(worded, entry._meta.model_name or "", entry.with_words(entry_words))
    return worded


def _words(subject: Reviewed, number: int) -> Mapping[str, Any] | None:
    """Return the words of a wording; None where they were erased."""
    wording = Wording.objects.of(subject).filter(number=number).first()
    return wording.words or None if wording else None
