"""Checks of what stands in lists of words and numbers, such as indicators and shares."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from marketplace.errors import Invalid
from marketplace.vocabulary import Term

#: A number is written in plain decimal digits, so that it stays exactly what was meant.
NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def word_faults(
    words: Mapping[str, object],
    field: str,
    longest: Mapping[str, int],
    *,
    needed: Sequence[str] = (),
) -> list[Invalid]:
    """
    Return a fault for each text that is needed and blank, is too long, or is no text at all.

        word_faults({"name": "W" * 81}, "inventors.0", {"name": 80}) → inventors.0.name: too_long
    """
    found = []
    for name, length in longest.items():
        word = words.get(name)
        if word is None or (isinstance(word, str) and not word.strip()):
            if name in needed:
                found.append(missing_at(f"{field}.{name}"))
        elif not isinstance(word, str):
            found.append(Invalid("This must be text.", code="no_text", field=f"{field}.{name}"))
        elif len(word) > length:
            found.append(
                Invalid(
                    "At most {length} characters.",
                    code="too_long",
                    field=f"{field}.{name}",
                    length=length,
                )
            )
    return found


def choice_faults(given: object, field: str, vocabulary: type[Term]) -> list[Invalid]:
    """
    Return a fault unless `given` is a word of `vocabulary`.

        choice_faults("secret", "blocks.0.secrecy", Secrecy) → blocks.0.secrecy: unknown_word
    """
    if given in vocabulary.values():
        return []
    return [
        Invalid(
            "Choose one of: {choices}.",
            code="unknown_word",
            field=field,
            choices=", ".join(vocabulary.values()),
        )
    ]


def missing_at(field: str) -> Invalid:
    """Return the fault that something is needed at `field`."""
    return Invalid("This is needed.", code="missing", field=field)


def too_many_at(field: str, most: int) -> Invalid:
    """Return the fault that there are more than `most` things at `field`."""
    return Invalid("At most {most} of these.", code="too_many", field=field, most=most)


def no_number_at(field: str) -> Invalid:
    """Return the fault that what stands at `field` is no number."""
    return Invalid(
        "Write a number in digits, such as 38.2: up to 15 before the point and 9 after it.",
        code="number_form",
        field=field,
    )


def number_of(text: object) -> Decimal | None:
    """
    Return the number that a text is, not rounded, or None.

        number_of("38.20") → 38.20    number_of("1e5"), number_of("NaN"), number_of(38.2) → None
    """
    return Decimal(text) if isinstance(text, str) and NUMBER.fullmatch(text) else None


def plain(number: Decimal) -> str:
    """Return a number in digits, without exponent and idle noughts: 2E+1 is "20", 0.50 "0.5"."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def day_of_text(text: object) -> date | None:
    """Return the day that a text such as "2030-12-31" is, or None."""
    if not isinstance(text, str) or not DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
