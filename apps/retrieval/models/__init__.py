"""The index of published listings, what was learned from it, and the runs that learn."""

from apps.retrieval.models.fit import Embedding, Fit, FittedWord, Norm
from apps.retrieval.models.index import (
    KEY,
    NUMBER,
    WEIGHT,
    Block,
    Posting,
    Segment,
    Text,
    kind_of,
    read_words,
)
from apps.retrieval.models.run import Run

__all__ = [
    "KEY",
    "NUMBER",
    "WEIGHT",
    "Block",
    "Embedding",
    "Fit",
    "FittedWord",
    "Norm",
    "Posting",
    "Run",
    "Segment",
    "Text",
    "kind_of",
    "read_words",
]
