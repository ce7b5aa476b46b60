"""How sure we are of a rule."""

from enum import auto

from marketplace.vocabulary import Term


class Certainty(Term):
    """Where our knowledge of a rule comes from, the surest first."""

    FOUND = auto()  # read in the instrument or a public page
    DRAFT = auto()  # read in the draft for consultation; the final text was not found
    INFERRED = auto()  # follows from what was found
    REMEMBERED = auto()  # told by people of the trade, unverified
