"""
Graded secrecy: what of an entry everybody reads, what the signed-in, what those under an NDA.

Trade secrets (商业秘密) enter the market graded; state secrets (国家秘密) never enter it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import auto
from uuid import UUID

from marketplace.actors import Actor, Role
from marketplace.checks import (
    choice_faults,
    missing_at,
    no_number_at,
    number_of,
    plain,
    too_many_at,
    word_faults,
)
from marketplace.errors import Invalid
from marketplace.vocabulary import Term

#: How many indicators and blocks one entry can have.
MOST_INDICATORS, MOST_BLOCKS = 40, 20
#: How many characters the words of an indicator, of a block and of a declaration may have.
LONGEST = {"name": 80, "unit": 20, "condition": 300, "competing": 300}
LONGEST_OF_BLOCK = {"heading": 80, "text": 5_000}
LONGEST_CLEARER = 80

#: A number of its own, not the 2 of CO2.
NUMBER_IN_WORDS = re.compile(r"(?<![A-Za-z0-9.])[0-9]+(?:\.[0-9]+)?")
PER_CENT = frozenset({"percent", "per cent"})
#: Bands of per cent are this wide.
STEP = Decimal(5)
#: Where the bands of other units begin within each power of ten.
SERIES = (1, 2, 5)
#: Nearer to nought than this, all values share one band: a band of its own would give 0 away.
NEAREST = Decimal("0.001")


class Secrecy(Term):
    """Who reads a part of an entry, the widest circle first."""

    PUBLIC = auto()
    SIGNED_IN = auto()
    UNDER_NDA = auto()


class DualUse(Term):
    """In which direction a thing goes between military and civil use (军转民, 民参军)."""

    MILITARY_TO_CIVIL = auto()
    CIVIL_TO_MILITARY = auto()


class IndicatorRelation(Term):
    """How the value of an indicator is meant."""

    EQUAL = auto()
    AT_LEAST = auto()
    AT_MOST = auto()
    BETWEEN = auto()


class Shown(Term):
    """How much of an indicator a reader is shown."""

    EXACT = auto()
    BAND = auto()
    STATED = auto()


def level_of(by: Actor, organization: UUID) -> Secrecy:
    """
    Return up to which secrecy `by` reads the entries of `organization`.

    The own organization and reviewers read everything, others who signed in up to SIGNED_IN, a
    passer-by what is PUBLIC. Administrators run accounts and are no reviewers by that.
    """
    if by.acts_for(organization) or by.has(Role.REVIEWER):
        return Secrecy.UNDER_NDA
    return Secrecy.SIGNED_IN if by.is_known else Secrecy.PUBLIC


def reads(level: Secrecy, secrecy: Secrecy) -> bool:
    """Say whether a reader up to `level` reads what has `secrecy`: at SIGNED_IN also PUBLIC."""
    order = list(Secrecy)
    return order.index(secrecy) <= order.index(level)


def indicator_faults(
    indicators: Sequence[Mapping[str, object]], field: str = "indicators"
) -> list[Invalid]:
    """
    Return everything that is wrong with the indicators of an entry.

    An indicator is a mapping of name, relation, value, value_to, unit, condition, competing,
    secrecy, band_from and band_to; numbers are texts such as "38.2". Of BETWEEN "38.2" and "35" in
    the third place the end is too low, which is a fault of "indicators.2.value_to".
    """
    if len(indicators) > MOST_INDICATORS:
        return [too_many_at(field, MOST_INDICATORS)]
    return [
        fault
        for position, each in enumerate(indicators)
        for fault in _faults_of(each, f"{field}.{position}")
    ]


def shown_indicator(indicator: Mapping[str, object], level: Secrecy) -> dict[str, object]:
    """
    Return what of a faultless indicator a reader up to `level` is shown.

    An efficiency of 38.2 % under NDA is wholly shown under NDA; as its band from "35" to "40" to
    others who signed in; and to the public only as stated. Test condition and competing solution
    are as secret as the value, for they tell of it.
    """
    secrecy = Secrecy(str(indicator["secrecy"]))
    if reads(level, secrecy):
        return {**indicator, "shown": Shown.EXACT}
    shown: dict[str, object] = {
        "name": indicator["name"],
        "unit": indicator.get("unit") or "",
        "secrecy": secrecy,
    }
    if level is Secrecy.PUBLIC:
        return {**shown, "shown": Shown.STATED}
    low, high = band_of(indicator)
    return {
        **shown,
        "relation": indicator["relation"],
        "band_from": plain(low),
        "band_to": plain(high),
        "shown": Shown.BAND,
    }


def band_of(indicator: Mapping[str, object]) -> tuple[Decimal, Decimal]:
    """
    Return the owner's own band of an indicator, or the one its value falls in.

    BETWEEN has a band around both ends: 22 to 38.2 W/kg lies in 20 to 50, 18 to 38.2 in 10 to 50.
    """
    own = number_of(indicator.get("band_from")), number_of(indicator.get("band_to"))
    if own[0] is not None and own[1] is not None:
        return own[0], own[1]
    unit = str(indicator.get("unit") or "")
    ends = [number_of(indicator.get(name)) for name in ("value", "value_to")]
    bands = [band(end, unit) for end in ends if end is not None]
    return min(low for low, _ in bands), max(high for _, high in bands)


def band(value: Decimal, unit: str) -> tuple[Decimal, Decimal]:
    """
    Return the band that `value` falls in; of two bands that meet at it, the one further from 0.

    Per cent have bands of five, and only 100 % goes to the one below, for many things end there:

        38.2 % → 35 to 40    35 % → 35 to 40    100 % → 95 to 100    0 % → 0 to 5

    All else is in a band of the series 1, 2, 5, 10, 20, 50 …:

        38.2 W/kg → 20 to 50    0.3 → 0.2 to 0.5    20 → 20 to 50    50 → 50 to 100

    Below 0 it is the mirror image, and from 0 to below 0.001 all is in one band: -38.2 W/kg is in
    -50 to -20, and 0 W/kg in 0 to 0.001.
    """
    size = abs(value)
    if _is_per_cent(unit):
        low = size // STEP * STEP if size != 100 else size - STEP
        high = low + STEP
    elif size < NEAREST:
        low, high = Decimal(0), NEAREST
    else:
        ten = Decimal(1).scaleb(size.adjusted())
        edges = [ten * factor for factor in (*SERIES, 10)]
        low = max(edge for edge in edges if edge <= size)
        high = edges[edges.index(low) + 1]
    return (low, high) if value >= 0 else (-high, -low)


def block_faults(blocks: Sequence[Mapping[str, object]], field: str = "blocks") -> list[Invalid]:
    """
    Return everything that is wrong with the blocks of text of an entry.

    A block is a mapping of heading, text and secrecy. A second one without a heading is a fault of
    "blocks.1.heading". Headings are read by everybody.
    """
    if len(blocks) > MOST_BLOCKS:
        return [too_many_at(field, MOST_BLOCKS)]
    return [
        fault
        for position, block in enumerate(blocks)
        for fault in [
            *word_faults(
                block, f"{field}.{position}", LONGEST_OF_BLOCK, needed=("heading", "text")
            ),
            *choice_faults(block.get("secrecy"), f"{field}.{position}.secrecy", Secrecy),
        ]
    ]


def shown_block(block: Mapping[str, object], level: Secrecy) -> dict[str, object]:
    """
    Return what of a faultless block a reader up to `level` is shown.

    Of {"heading": "Process", "text": "At 1,850 °C", "secrecy": "under_nda"} the signed-in are shown
    the heading, and that the text is withheld.
    """
    secrecy = Secrecy(str(block["secrecy"]))
    if reads(level, secrecy):
        return {**block, "is_withheld": False}
    return {"heading": block["heading"], "secrecy": secrecy, "is_withheld": True}


def public_text(blocks: Sequence[Mapping[str, object]]) -> str:
    r"""
    Return the text of the public blocks, which is all that a search may know.

    Of a public block "Use" with "Inverters" and one under NDA it is "Use\nInverters".
    """
    return "\n".join(
        f"{block['heading']}\n{block['text']}"
        for block in blocks
        if block["secrecy"] == Secrecy.PUBLIC
    )


def clearance_faults(no_state_secret: bool, cleared_by: str) -> list[Invalid]:
    """
    Return what a declaration lacks: that there is no state secret, and who cleared it.

        clearance_faults(False, " ") → clearance.no_state_secret, clearance.cleared_by
    """
    found = []
    if no_state_secret is not True:
        found.append(
            Invalid(
                "Declare that this holds no state secret: state secrets never come here.",
                code="not_cleared",
                field="clearance.no_state_secret",
            )
        )
    if not cleared_by.strip():
        found.append(
            Invalid(
                "Say who cleared that this holds no state secret.",
                code="not_cleared",
                field="clearance.cleared_by",
            )
        )
    return found + word_faults(
        {"cleared_by": cleared_by}, "clearance", {"cleared_by": LONGEST_CLEARER}
    )


def _faults_of(indicator: Mapping[str, object], field: str) -> list[Invalid]:
    found = [
        *word_faults(indicator, field, LONGEST, needed=("name",)),
        *choice_faults(indicator.get("relation"), f"{field}.relation", IndicatorRelation),
        *choice_faults(indicator.get("secrecy"), f"{field}.secrecy", Secrecy),
        *_number_faults(indicator, field),
    ]
    return found or [*_order_faults(indicator, field), *_leak_faults(indicator, field)]


def _number_faults(indicator: Mapping[str, object], field: str) -> list[Invalid]:
    """Find numbers that are none, are missing, or that nobody asked for."""
    between = indicator.get("relation") == IndicatorRelation.BETWEEN
    given = {
        name: indicator.get(name) not in (None, "")
        for name in ("value", "value_to", "band_from", "band_to")
    }
    has_band = given["band_from"] or given["band_to"]
    needed = {"value": True, "value_to": between, "band_from": has_band, "band_to": has_band}
    found = []
    for name, is_given in given.items():
        if needed[name] and not is_given:
            found.append(missing_at(f"{field}.{name}"))
        elif is_given and not needed[name]:
            found.append(
                Invalid(
                    "Only a value between two ends has a second end.",
                    code="second_end",
                    field=f"{field}.{name}",
                )
            )
        elif is_given and number_of(indicator[name]) is None:
            found.append(no_number_at(f"{field}.{name}"))
    return found


def _order_faults(indicator: Mapping[str, object], field: str) -> list[Invalid]:
    """Find ends that do not go upwards, and a band that does not hold the value."""
    value, value_to, low, high = (
        number_of(indicator.get(name)) for name in ("value", "value_to", "band_from", "band_to")
    )
    ends = [end for end in (value, value_to) if end is not None]
    found = []
    if value is not None and value_to is not None and value >= value_to:
        found.append(
            Invalid(
                "The second end must be above the first.",
                code="ends_order",
                field=f"{field}.value_to",
            )
        )
    if low is None or high is None:
        return found
    if low >= high:
        found.append(
            Invalid(
                "The end of the band must be above its beginning.",
                code="band_order",
                field=f"{field}.band_to",
            )
        )
    elif not all(low <= end <= high for end in ends):
        found.append(
            Invalid(
                "The band must contain the value.",
                code="value_outside_band",
                field=f"{field}.band_from",
            )
        )
    return found


def _leak_faults(indicator: Mapping[str, object], field: str) -> list[Invalid]:
    """Find a value that is secret, but stands in the name, which everybody reads."""
    if indicator["secrecy"] == Secrecy.PUBLIC:
        return []
    name = unicodedata.normalize("NFKC", str(indicator["name"]))
    told = {Decimal(number) for number in NUMBER_IN_WORDS.findall(name)}
    ends = [number_of(indicator.get(end)) for end in ("value", "value_to")]
    if told.isdisjoint(abs(end) for end in ends if end is not None):
        return []
    return [
        Invalid(
            "Everybody reads the name; it must not tell the value.",
            code="value_in_name",
            field=f"{field}.name",
        )
    ]


def _is_per_cent(unit: str) -> bool:
    """Say whether `unit` is a share of a hundred, "wt%" too; "%/h" is none."""
    plain_unit = unicodedata.normalize("NFKC", unit).strip().casefold()
    return plain_unit in PER_CENT or plain_unit.endswith("%")
