"""What is asked of the fits of a market: how rare words are, their vectors, those of texts."""

# ruff: noqa: S608  (what is put together here are our own names; all that is given is a parameter)

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from uuid import UUID

import numpy
from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from apps.markets.models import TABLES, Listing, terms_of
from apps.retrieval.models import (
    KEY,
    WEIGHT,
    Embedding,
    Fit,
    FittedWord,
    Run,
    Text,
    kind_of,
)
from apps.retrieval.search import read
from marketplace.listings import Market, Side
from marketplace.secrecy import public_text
from marketplace.vectors import (
    KEPT,
    MOST_TEXTS,
    Numbers,
    VectorSource,
    WordVectors,
    origin_of,
)
from marketplace.words import Lexicon, pieces

#: So many numbers before the newest text one looks for texts without a vector: who came with a
#: number and was written down late is among them.
SLACK = 20_000
#: How many texts are read at once where many are.
CHUNK = 1000
#: Words in fewer texts are not looked up elsewhere, and of the others so many at most.
LEAST_TEXTS, MOST_LOOKED_UP = 5, 200_000
#: Which further terms are read as text.
READ_TERMS = frozenset({"support", "present_solution", "acceptance", "duties", "use_of_money"})

FITS, WORDS = Fit._meta.db_table, FittedWord._meta.db_table
LEXICON = f"""
    SELECT fit.offers, fit.needs, held.word, held.offers, held.needs
    FROM {FITS} fit
    LEFT JOIN {WORDS} held ON held.fit_id = fit.id AND held.word = ANY (%(words)s::int8[])
    WHERE fit.id = %(fit)s::uuid
        OR %(fit)s::uuid IS NULL AND fit.market = %(market)s AND fit.is_current
"""
#: The words for which a vector is looked up elsewhere: not too rare, the most frequent first.
VOCABULARY = f"""
    SELECT word FROM {WORDS} WHERE fit_id = %(fit)s AND offers + needs >= %(least)s
    ORDER BY offers + needs DESC, word LIMIT %(most)s
"""


def kinds_of(market: Market) -> list[int]:
    """Return the kinds of listings of a market."""
    return [kind_of(market, side) for side in Side]


def texts_of(market: Market) -> QuerySet[Text]:
    """Return the texts of a market."""
    return Text.objects.filter(kind__in=kinds_of(market))


def newest_of(market: Market) -> int:
    """Return the highest number of a text of a market, or 0."""
    return texts_of(market).aggregate(newest=Max("pk"))["newest"] or 0


def lexicon(market: Market, words: Collection[int], *, fit: Fit | None = None) -> Lexicon:
    """
    Return how many texts a market has and in how many each of `words` stands, as a fit counted.

    Without one it is the current fit; where there is none, all words are alike.
    """
    given = {"words": list(words), "fit": fit and fit.pk, "market": market.value}
    rows = read(LEXICON, given)
    if not rows:
        return Lexicon()
    return Lexicon(
        offers=rows[0][0],
        needs=rows[0][1],
        holding={word: (of, ne) for *_, word, of, ne in rows if word is not None},
    )


def embeddings(listings: Iterable[UUID], fit: Fit) -> dict[UUID, Numbers]:
    """Return the vectors of listings under a fit, without those that have none."""
    rows = read(
        f"SELECT text.listing_id, vector_send(held.vector) FROM {Text._meta.db_table} text"
        f" JOIN {Embedding._meta.db_table} held ON held.text_id = text.id AND held.fit_id = %s"
        " WHERE text.listing_id = ANY (%s) AND held.vector IS NOT NULL",
        [fit.pk, list(listings)],
    )
    return {
        listing: numpy.frombuffer(sent, ">f4", offset=4).astype(numpy.float32)
        for listing, sent in rows
    }


def word_vectors(fit: Fit, words: Collection[int]) -> WordVectors:
    """Return the vectors of those of `words` that have one under a fit."""
    rows = read(
        f"SELECT word, offers, needs, vector FROM {WORDS}"
        " WHERE fit_id = %s AND word = ANY (%s::int8[]) AND vector IS NOT NULL ORDER BY word",
        [fit.pk, list(words)],
    )
    holding = {word: (offers, needs) for word, offers, needs, _ in rows}
    known = Lexicon(fit.offers, fit.needs, holding)
    return WordVectors(
        numpy.array(list(holding), KEY),
        numpy.array([known.rarity(word) for word in holding], numpy.float64),
        numpy.frombuffer(b"".join(row[3] for row in rows), KEPT).reshape(len(rows), -1)
        if rows
        else numpy.zeros((0, 0), KEPT),
    )


def vocabulary(fit: Fit) -> Numbers:
    """Return the words of a fit for which a vector is looked up elsewhere, upwards."""
    given = {"fit": fit.pk, "least": LEAST_TEXTS, "most": MOST_LOOKED_UP}
    return numpy.array(sorted(word for (word,) in read(VOCABULARY, given)), KEY)


def sample(fit: Fit, most: int = MOST_TEXTS) -> Iterator[set[int]]:
    """Return the sentences from which a fit learns: of all texts, or of as many by lot."""
    counted = texts_of(fit.market).filter(pk__lte=fit.counted_to).order_by("pk")
    numbers = numpy.fromiter(counted.values_list("pk", flat=True).iterator(), numpy.int64)
    if len(numbers) > most:
        lot = numpy.random.default_rng(fit.number)
        numbers = numpy.sort(lot.choice(numbers, most, replace=False))
    related = [f"listing__{TABLES[fit.market, side].__name__.lower()}" for side in Side]
    for start in range(0, len(numbers), CHUNK):
        texts = Text.objects.filter(pk__in=numbers[start : start + CHUNK].tolist()).order_by("pk")
        for text in texts.select_related("listing", *related).defer("words", "weights"):
            yield from pieces(whole_text_of(text.listing))


def weighed(text: Text) -> tuple[Numbers, Numbers]:
    """Return the keys of the words of a text, upwards, and their weights."""
    return numpy.frombuffer(text.words, KEY), numpy.frombuffer(text.weights, WEIGHT)


def without_vector(fit: Fit, *, after: int | None = None) -> QuerySet[Text]:
    """
    Return the texts that have yet to get a vector under a fit, oldest first: they are work rows.

    A text whose listing reads otherwise by now is left out where its listing is read: another text
    takes its place soon.
    """
    least = fit.embedded_to - SLACK if after is None else after
    given = Embedding.objects.filter(text=OuterRef("pk"), fit=fit)
    found = texts_of(fit.market).filter(~Exists(given), pk__gt=least).order_by("pk")
    if fit.source is VectorSource.ENDPOINT:
        return found.filter(wording=F("listing__wording"))
    return found if fit.dimensions else found.none()


def text_of(listing: Listing) -> str:
    """Return what everybody may read of a listing beside its title and keywords."""
    further = [word for name, word in terms_of(listing).words().items() if name in READ_TERMS]
    return "\n".join(filter(None, [listing.body, public_text(listing.blocks), *further]))


def whole_text_of(listing: Listing) -> str:
    """Return what everybody may read of a listing, its title first, as an endpoint reads it."""
    return "\n".join([listing.title, "，".join(listing.keywords), text_of(listing)])


def embeddings_state() -> dict[str, Any]:
    """
    Return where vectors come from, how many texts wait for one, and what was last wrong since when.

    What is wrong with a fit that is being made counts too, for the old one is still in use then.
    """
    current = list(Fit.objects.filter(is_current=True))
    makers = Run.objects.under_way().filter(fit=OuterRef("pk"))
    failing = Fit.objects.filter(Q(is_current=True) | Exists(makers), failures__gt=0)
    worst = failing.order_by("-failing_since").first()
    return {
        "source": origin_of(settings.EMBEDDINGS).source.value,
        "missing": sum(without_vector(fit).count() for fit in current),
        "last_error": worst.failure.format(**worst.failure_facts) if worst else None,
        "since": worst.failing_since.isoformat() if worst and worst.failing_since else None,
    }
