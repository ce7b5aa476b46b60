"""
The words of published listings, and the index in which counterparts are found by them.

What is new lies in `Posting`, a row per word and text. A job seals it into segments: per word one
block of text numbers with how strongly each speaks of the word, strongest first, so that the first
piece of a long block is its best. A text is never changed: a listing that reads otherwise gets a
new text under a new number, and what is gone is simply not there when candidates are looked up,
until its segment is written anew.
"""

from collections.abc import Mapping
from typing import Any

import numpy
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from apps.markets.models import Listing
from marketplace.listings import KINDS, Market, Side
from marketplace.words import length

#: How words (keys of marketplace.words.key) and weights lie in the columns, in any machine.
KEY, WEIGHT, NUMBER = numpy.dtype("<i8"), numpy.dtype("<u2"), numpy.dtype("<u4")


def kind_of(market: Market, side: Side) -> int:
    """Return the number under which one of the six kinds of listings is kept, from 1 on."""
    return KINDS.index((market, side)) + 1


class Text(models.Model):
    """The words of one published listing with their weights, kept while it is published."""

    id = models.AutoField(primary_key=True)
    listing = models.OneToOneField(Listing, models.CASCADE, related_name="+")
    kind = models.PositiveSmallIntegerField()
    #: Which of its wordings was read, and by which way of reading.
    wording = models.PositiveIntegerField()
    reading = models.PositiveSmallIntegerField()
    #: The keys of its words, upwards, as `KEY`; and their weights, as `WEIGHT`.
    words = models.BinaryField()
    weights = models.BinaryField()
    #: See `marketplace.words.length`.
    length = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__range=(1, len(KINDS))), name="text_kind_is_known"
            ),
        ]
        indexes = [models.Index(fields=["kind", "id"], name="text_of_kind")]

    def __str__(self) -> str:
        return str(self.listing_id)

    def take(self, words: Mapping[int, int]) -> None:
        """Put the weights of words, by key, into the columns."""
        keys = sorted(words)
        self.words = numpy.array(keys, KEY).tobytes()
        self.weights = numpy.array([words[key] for key in keys], WEIGHT).tobytes()
        self.length = max(length(words), 1)

    def read(self) -> dict[int, int]:
        """Return the weights of its words, by key."""
        return read_words(bytes(self.words), bytes(self.weights))


def read_words(words: bytes, weights: bytes) -> dict[int, int]:
    """Return the weights of words, by key, of what a text keeps."""
    keys: Any = numpy.frombuffer(words, KEY)
    return dict(zip(keys.tolist(), numpy.frombuffer(weights, WEIGHT).tolist(), strict=True))


class Posting(models.Model):
    """
    That a text which lies in no segment yet holds a word.

    All columns stand in the key, so that a ranking reads the index alone. There are no foreign keys
    in the database: a check per word of each text would cost more than the writing, and all of it
    can be made again from the listings.
    """

    pk = models.CompositePrimaryKey("kind", "word", "text_id", "weight", "length")
    kind = models.SmallIntegerField()
    word = models.BigIntegerField()
    text_id = models.IntegerField()
    weight = models.IntegerField()
    length = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["kind", "text_id"], name="posting_of_text")]

    def __str__(self) -> str:
        return f"{self.word} in {self.text_id}"


class Segment(models.Model):
    """
    Sealed postings of texts of one kind, whose numbers go from `first` to `last`.

    One that takes the place of others is written in steps, and how far it has come is kept, so that
    whoever dies at it loses one step. It is asked from the moment on in which the others go.
    """

    id = models.AutoField(primary_key=True)
    kind = models.PositiveSmallIntegerField()
    first = models.IntegerField()
    last = models.IntegerField()
    #: How many texts it holds, closed ones too.
    texts = models.PositiveIntegerField()
    #: How many postings it holds, those of closed texts too.
    postings = models.PositiveBigIntegerField()
    sealed_at = models.DateTimeField()
    #: Whether it is asked; one that is still being written is not.
    is_live = models.BooleanField(default=False)
    #: Of one that is being written: the segments whose place it takes, and in how many parts it is
    #: written, by the words, and how many of these are done.
    replaces = ArrayField(models.IntegerField(), default=list)
    parts = models.PositiveIntegerField(default=1)
    parts_done = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__range=(1, len(KINDS))), name="segment_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="segment_goes_upwards"),
        ]
        indexes = [models.Index(fields=["kind"], condition=Q(is_live=True), name="segment_live")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.first}–{self.last}"


class Block(models.Model):
    """Which texts of a segment hold a word, and how strongly each speaks of it."""

    pk = models.CompositePrimaryKey("segment_id", "word")
    segment_id = models.IntegerField()
    word = models.BigIntegerField()
    #: How far each text stands from the first of its segment, as `NUMBER`; the strongest first.
    texts = models.BinaryField()
    #: Per text one byte: its strength in 255ths of the strongest possible.
    strengths = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.word} in segment {self.segment_id}"
