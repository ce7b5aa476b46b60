"""What the published figures count, by what, in which period, and how they are rounded."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import auto

from marketplace.actors import Role
from marketplace.calendar import month_of
from marketplace.vocabulary import Term

#: Which reading of the words below the figures follow; it changes when a definition does.
METHOD = "2026-1"

#: Who reads the figures before they are published.
READERS = (Role.STATISTICIAN, Role.REVIEWER, Role.ADMINISTRATOR)

#: Who may have them recomputed.
KEEPERS = (Role.STATISTICIAN, Role.ADMINISTRATOR)

#: One 亿元 in yuan.
HUNDRED_MILLION = Decimal("1E+8")

#: A region of GB/T 2260; its pairs of digits are province, prefecture and county.
REGION = re.compile(r"[1-9]\d{5}", re.ASCII)
#: A month as the API writes it.
MONTH = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])", re.ASCII)
#: The code of a technology field.
FIELD = re.compile(r"[0-9A-Za-z.]{1,12}", re.ASCII)


class Dimension(Term):
    """What the figures are broken down by; together they name one figure."""

    MONTH = auto()
    CONTRACT_TYPE = auto()
    FIELD = auto()
    SELLER_REGION = auto()
    BUYER_REGION = auto()


class Measure(Term):
    """What a figure counts (项数, 成交额, 技术交易额)."""

    COUNT = auto()
    VALUE = auto()
    RECOGNISED_VALUE = auto()


#: Which fact of a ledger entry each measure adds up.
ADDS_UP = {
    Measure.COUNT: "count",
    Measure.VALUE: "total_amount",
    Measure.RECOGNISED_VALUE: "recognised_amount",
}


class RunKind(Term):
    """What a run did: it added new entries to the figures, or recomputed them all."""

    FOLD = auto()
    REBUILD = auto()


class Flow(Term):
    """Which contracts concern an area: it gives (输出), it takes (吸纳), or both (就地转化)."""

    OUTPUT = auto()
    ABSORPTION = auto()
    LOCAL_CONVERSION = auto()


#: Which regions of a contract must lie in the area.
LIES_IN = {
    Flow.OUTPUT: (Dimension.SELLER_REGION,),
    Flow.ABSORPTION: (Dimension.BUYER_REGION,),
    Flow.LOCAL_CONVERSION: (Dimension.SELLER_REGION, Dimension.BUYER_REGION),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """How something is counted, in a sentence that stands beside every figure."""

    name: str
    text: str


DEFINITIONS = (
    Definition(
        "source",
        "Every figure is the sum of entries of the value ledger, each counted exactly once. An"
        " entry is written when a contract is registered, and whenever its value changes after"
        " that.",
    ),
    Definition(
        "count",
        "Number of contracts: a registration adds one contract. A later change of its value"
        " never adds another.",
    ),
    Definition(
        "value",
        "Contract value (成交额): the total amount of the contract in yuan, with the changes"
        " recorded since its registration.",
    ),
    Definition(
        "recognised_value",
        "Recognised value (技术交易额): the part of the contract value that the reviewers"
        " recognised as paid for technology, without equipment and other non-technical costs.",
    ),
    Definition(
        "month",
        "Month: from its first day up to, but not including, the first day of the next, in"
        " Asia/Shanghai time. An entry belongs to the month in which it takes effect, whenever"
        " it is written.",
    ),
    Definition(
        "contract_type",
        "Contract type: development, transfer, licence, consulting or service, as it was"
        " recognised at registration.",
    ),
    Definition(
        "field",
        "Technology field: the one of the eleven fields named at registration.",
    ),
    Definition(
        "seller_region",
        "Seller region: the region of the seller who registers the contract. With several"
        " sellers the whole contract counts there, once.",
    ),
    Definition(
        "buyer_region",
        "Buyer region: the region of the first buyer named in the contract. With several buyers"
        " the whole contract counts there, once.",
    ),
    Definition(
        "registered",
        "Registered (认定登记): all contracts registered by the offices that use this market,"
        " wherever their sellers and buyers are.",
    ),
    Definition(
        "output",
        "Output (输出) of an area: contracts whose seller region lies in the area. Contracts"
        " registered elsewhere are not in the figures.",
    ),
    Definition(
        "absorption",
        "Absorption (吸纳) of an area: contracts whose buyer region lies in the area. Contracts"
        " registered elsewhere are not in the figures.",
    ),
    Definition(
        "local_conversion",
        "Local conversion (就地转化) of an area: contracts whose seller region and buyer region"
        " both lie in the area. It is a part of output and a part of absorption, so the three"
        " are never added.",
    ),
    Definition(
        "rounding",
        "Amounts are kept exactly, to the fen. In 亿元 each is rounded by itself, half up, to two"
        " decimals; parts so rounded need not add up to the rounded whole.",
    ),
    Definition(
        "growth",
        "Growth rate: the difference between a figure and the one a year before, in per cent of"
        " the earlier one, rounded half up. Where the earlier one is not positive, the two cannot"
        " be compared.",
    ),
)


def region_prefix(region: str) -> str:
    """
    Return how the codes of `region` and of all regions within it begin.

    The province 610000 begins 61, its prefecture 610100 begins 6101, the county 610113 is itself.
    """
    if not REGION.fullmatch(region):
        raise ValueError(f"{region} is no code of a region.")
    prefix = region
    while prefix.endswith("00"):
        prefix = prefix[:-2]
    return prefix


def flows(area: str, *, seller_region: str, buyer_region: str) -> frozenset[Flow]:
    """
    Return what a contract between two regions is to `area`.

    For 610000 a contract from 610113 to 610400 is output, absorption and local conversion, one from
    610113 to 440300 is output only, and one from 110108 to 440300 is nothing.
    """
    prefix = region_prefix(area)
    regions = {Dimension.SELLER_REGION: seller_region, Dimension.BUYER_REGION: buyer_region}
    return frozenset(
        flow
        for flow, dimensions in LIES_IN.items()
        if all(regions[dimension].startswith(prefix) for dimension in dimensions)
    )


def month_from_text(text: str) -> date:
    """Return the first day of a month written as 2026-03, or raise ValueError."""
    found = MONTH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no month.")
    return date(int(found[1]), int(found[2]), 1)


def month_as_text(month: date) -> str:
    """Return a month as it is written: 2026-03."""
    return f"{month_of(month):%Y-%m}"


def in_hundred_million(yuan: Decimal, places: int = 2) -> Decimal:
    """
    Return an amount in 亿元, rounded half up to `places` decimals.

    288,130,000,000.00 yuan are 2881.30; 288,130,500,000.00 are 2881.31; half a million is 0.01.
    """
    return (yuan / HUNDRED_MILLION).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def growth_rate(now: Decimal, before: Decimal, places: int = 2) -> Decimal | None:
    """
    Return by how many per cent `now` is more than `before`, or None where they are 不可比.

    From 3053.50 in 2022 to 4120.76 in 2023 is (4120.76 − 3053.50) / 3053.50 = 34.95 per cent;
    from 200 to 150 is −25.00. Nothing grows from zero or less.
    """
    if before <= 0:
        return None
    rate = (now - before) * 100 / before
    return rate.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
