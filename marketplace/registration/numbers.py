"""
How a registration number is built (登记号), which differs by place.

A number has 16 digits in four parts: year, region, registration point and serial. Their order is
not the same everywhere, so the formats are data, and nobody guesses at numbers from elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import auto

from marketplace.errors import Conflict, Invalid
from marketplace.registration.certainty import Certainty
from marketplace.vocabulary import Term


class Part(Term):
    """One part of a number."""

    YEAR = auto()
    REGION = auto()
    POINT = auto()
    SERIAL = auto()


#: How many digits each part has; the boxes of the form of 2022 are grouped 4 + 4 + 2 + 6.
WIDTH: Mapping[Part, int] = {Part.YEAR: 4, Part.REGION: 4, Part.POINT: 2, Part.SERIAL: 6}
LENGTH = sum(WIDTH.values())


@dataclass(frozen=True, slots=True)
class NumberParts:
    """What a number says."""

    year: int
    #: Province and city by GB/T 2260: "6101" is Xi'an.
    region: str
    point: str
    serial: int


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """In which order the parts stand in a place."""

    key: str
    order: tuple[Part, ...]
    certainty: Certainty
    source: str

    def build(self, parts: NumberParts) -> str:
        """
        Return the number of these parts, or raise Conflict where the year's serials are used up.

        In Xi'an the 7th contract of point 01 in 2026 is 2026 6101 01 000007; in Shenzhen the
        numbers of 2019 at point 01 begin with 4403 01 2019.
        """
        if not 1 <= parts.serial < 10 ** WIDTH[Part.SERIAL]:
            raise Conflict(
                "The office has no registration numbers left for {year}.",
                code="numbers_exhausted",
                year=parts.year,
            )
        texts = {
            Part.YEAR: str(parts.year),
            Part.REGION: parts.region,
            Part.POINT: parts.point,
            Part.SERIAL: str(parts.serial).zfill(WIDTH[Part.SERIAL]),
        }
        for part, text in texts.items():
            if len(text) != WIDTH[part] or not (text.isascii() and text.isdigit()):
                raise ValueError(f"{text!r} is no {part.value} of a registration number.")
        return "".join(texts[part] for part in self.order)

    def parse(self, number: str) -> NumberParts:
        """Return the parts of `number`, or raise Invalid where it does not have this format."""
        if len(number) != LENGTH or not (number.isascii() and number.isdigit()):
            raise Invalid(
                "A registration number has 16 digits.", code="number_form", field="number"
            )
        texts: dict[Part, str] = {}
        start = 0
        for part in self.order:
            texts[part] = number[start : start + WIDTH[part]]
            start += WIDTH[part]
        return NumberParts(
            year=int(texts[Part.YEAR]),
            region=texts[Part.REGION],
            point=texts[Part.POINT],
            serial=int(texts[Part.SERIAL]),
        )


YEAR_FIRST = NumberFormat(
    "year-region-point-serial",
    (Part.YEAR, Part.REGION, Part.POINT, Part.SERIAL),
    Certainty.INFERRED,
    "boxes 4 + 4 + 2 + 6 on the model contract of 2022; certificates of Shaanxi from memory",
)
REGION_FIRST = NumberFormat(
    "region-point-year-serial",
    (Part.REGION, Part.POINT, Part.YEAR, Part.SERIAL),
    Certainty.FOUND,
    "certificates of Shenzhen of 2019 begin with 4403012019",
)

#: Beginning of the region's code → format. The longest beginning that fits decides.
FORMATS: Mapping[str, NumberFormat] = {"": YEAR_FIRST, "4403": REGION_FIRST}


def format_of(region: str) -> NumberFormat:
    """Return the format in the region with this code: "610100" is Xi'an, "440300" Shenzhen."""
    return FORMATS[max((place for place in FORMATS if region.startswith(place)), key=len)]
