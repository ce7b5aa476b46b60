"""Which published listings of one side of a market are nearest in words to what is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

import numpy

from apps.accounts.models import Organization
from apps.markets.models import Listing
from apps.retrieval.models import KEY, WEIGHT, Fit, Norm, Text, kind_of, read_words
from apps.retrieval.queries import lexicon
from apps.retrieval.search import candidates, read
from marketplace import words as reading
from marketplace.listings import Market, Side
from marketplace.vectors import emphases

#: How often more texts are proposed where too few of them can be used.
MOST_ROUNDS = 6
#: What is read of proposed texts: whose they are, their words, and how much they say in all.
PROPOSALS = f"""
    SELECT text.listing_id, listing.organization_id, house.verified_at IS NOT NULL,
        house.vetted_at IS NOT NULL, listing.dual_use IS NOT NULL,
        text.words, text.weights, said.norm
    FROM {Text._meta.db_table} text
    JOIN {Listing._meta.db_table} listing ON listing.id = text.listing_id
    JOIN {Organization._meta.db_table} house ON house.id = listing.organization_id
    LEFT JOIN {Norm._meta.db_table} said ON said.text_id = text.id AND said.fit_id = %(fit)s
    WHERE (text.id = ANY (%(texts)s::int4[]) OR text.listing_id = ANY (%(listings)s::uuid[]))
        AND listing.state = 'published'
"""  # noqa: S608  only names of our own


@dataclass(frozen=True, slots=True)
class Who:
    """Whose a listing is, as far as it says who may be matched with whom."""

    organization: UUID
    is_verified: bool
    is_vetted: bool
    has_dual_use: bool


@dataclass(slots=True)
class Near:
    """A text that was proposed: its listing, its words as they are kept, and how alike it is."""

    key: UUID
    who: Who
    words: bytes
    weights: bytes
    norm: float | None
    likeness: float = 0.0

    def read(self) -> dict[int, int]:
        """Return the weights of its words, by key."""
        return read_words(self.words, self.weights)


class Nearness:
    """How alike the texts of one side of a market are to some words, under a fit."""

    def __init__(self, words: Mapping[int, int], market: Market, side: Side, fit: Fit | None):
        self.words = words
        self.market, self.side, self.fit = market, side, fit
        self.lexicon = lexicon(market, words, fit=fit)
        self.norm = reading.norm(words, self.lexicon)

    def rounds(self) -> Iterator[list[Near]]:
        """Return the listings that share the strongest of the words, some at a time."""
        asked = reading.asked(self.words, self.lexicon)
        proposed = candidates(kind_of(self.market, self.side), asked)
        for texts in islice(proposed, MOST_ROUNDS):
            yield self._read(texts=[each.text_id for each in texts])

    def of(self, listings: Sequence[UUID]) -> list[Near]:
        """Return those of some listings that are published and have a text."""
        return self._read(listings=listings)

    def exactly(self, near: Near, words: Mapping[int, int]) -> Decimal:
        """Return how alike a text of these words is, exactly as its receipt will have it."""
        norms = self.norm, near.norm or self._norm_of(words)
        return reading.likeness(self.words, words, self.lexicon, norms)[0]

    def _read(self, *, texts: Sequence[int] = (), listings: Sequence[UUID] = ()) -> list[Near]:
        given = {"texts": list(texts), "listings": list(listings), "fit": self.fit and self.fit.pk}
        found = [Near(row[0], Who(*row[1:5]), *row[5:]) for row in read(PROPOSALS, given)]
        self._measure(found)
        return found

    def _measure(self, found: Sequence[Near]) -> None:
        """Reckon how alike many texts are at once, as `words.likeness` does for one."""
        if not found or not self.words:
            return
        own: Any = numpy.array(sorted(self.words), KEY)
        worth = [
            reading.emphasis(self.words[word]) * self.lexicon.rarity(word) ** 2
            for word in own.tolist()
        ]
        keys: Any = numpy.frombuffer(b"".join(each.words for each in found), KEY)
        weights = numpy.frombuffer(b"".join(each.weights for each in found), WEIGHT)
        places = numpy.minimum(numpy.searchsorted(own, keys), len(own) - 1)
        is_shared = own[places] == keys
        gains = emphases(weights[is_shared]) * numpy.array(worth)[places[is_shared]]
        sizes = [len(each.words) // KEY.itemsize for each in found]
        owners = numpy.repeat(numpy.arange(len(found)), sizes)[is_shared]
        sums = numpy.bincount(owners, gains, len(found)).tolist()
        for each, gain in zip(found, sums, strict=True):
            each.norm = each.norm or self._norm_of(each.read())
            each.likeness = gain / (self.norm * each.norm) if self.norm and each.norm else 0.0

    def _norm_of(self, words: Mapping[int, int]) -> float:
        """Return the norm of a text of which it was not reckoned yet."""
        if self.fit is None:  # Nothing is known of any word.
            return reading.norm(words, self.lexicon)
        return reading.norm(words, lexicon(self.market, words.keys(), fit=self.fit))
