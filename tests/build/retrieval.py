"""Texts of few words in the index, and all that lies in it."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy

from apps.markets.models import Listing
from apps.retrieval.actions import segments
from apps.retrieval.models import NUMBER, Block, Posting, Segment, Text, kind_of
from marketplace.actors import Actor
from marketplace.listings import ListingState, Market, Side
from marketplace.words import is_character
from tests.build import markets

#: Of which kind the listings are.
KIND = kind_of(Market.TECHNOLOGY, Side.NEED)


def listings(number: int, *, by: Actor, reviewer: Actor) -> list[Listing]:
    """Return drafts whose words are to be given."""
    return [markets.need(by=by, reviewer=reviewer, state=ListingState.DRAFT) for _ in range(number)]


def texts(rows: Iterable[Listing], words: Iterable[Mapping[int, int]]) -> list[int]:
    """Index listings with words, and return the numbers of their texts."""
    return [
        segments.index(listing, words=held, wording=1).pk
        for listing, held in zip(rows, words, strict=False)
    ]


def held() -> Counter[tuple[int, int]]:
    """Return how often each word lies in the index of each text that is there."""
    found = Counter(Posting.objects.values_list("word", "text_id"))
    for segment in Segment.objects.filter(is_live=True):
        for block in Block.objects.filter(segment_id=segment.pk):
            places = numpy.frombuffer(block.texts, NUMBER).tolist()
            assert len(places) == len(block.strengths)
            found.update((block.word, segment.first + place) for place in places)
    there = set(Text.objects.values_list("pk", flat=True))
    return Counter({place: count for place, count in found.items() if place[1] in there})


def must_be_whole() -> None:
    """Check that every word of every text lies in the index once, and no posting is left over."""
    assert held() == Counter(
        (word, text.pk)
        for text in Text.objects.all()
        for word in text.read()
        if not is_character(word)
    )
    there = Text.objects.values("pk")
    assert not Posting.objects.exclude(text_id__in=there).exists()
    assert not Segment.objects.filter(is_live=True).exclude(replaces=[]).exists()
