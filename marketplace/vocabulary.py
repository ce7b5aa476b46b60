"""The words of the market."""

from enum import StrEnum


class Term(StrEnum):
    """
    A closed list of words, each with one spelling for all purposes.

        class DealState(Term):
            IN_TALKS = auto()   # stored as "in_talks", read as "In talks"

    The label is the key of its translation.
    """

    @property
    def label(self) -> str:
        """Return the word as people read it, in English."""
        return self.name.replace("_", " ").capitalize()

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Return every value with its label, for model and form fields."""
        return [(term.value, term.label) for term in cls]

    @classmethod
    def values(cls) -> list[str]:
        """Return every value, for constraints."""
        return [term.value for term in cls]
