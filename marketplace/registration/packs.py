"""
Rule packs: which rules hold for a registration, by place and date.

A pack is data with a mark of certainty on every figure. A decision stores the key of its pack.
Where no pack is known for a place and a date, nobody guesses: the key is "cannot_tell".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import auto

from marketplace.registration.certainty import Certainty
from marketplace.vocabulary import Term

#: What a decision stores where no pack is known.
CANNOT_TELL = "cannot_tell"


class TimeUnit(Term):
    """In what time is counted."""

    DAY = auto()
    WORKING_DAY = auto()


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long an office may take from acceptance (受理) to decision."""

    count: int
    unit: TimeUnit
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Panel:
    """When experts must be heard, and how long the office may take then."""

    #: From this technical amount (技术交易额) on, in yuan.
    threshold: Decimal
    time_limit: TimeLimit
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one place for one time, half-open."""

    key: str
    #: Beginning of the code of the region; "" is the whole country.
    place: str
    valid_from: date
    valid_until: date | None
    #: How sure the two days above are.
    dates: Certainty
    time_limit: TimeLimit
    panel: Panel | None
    source: str

    def needs_panel(self, technical: Decimal, *, disputed: bool = False) -> bool:
        """
        Say whether experts must be heard on a contract.

        By the draft of 2024, at 5,000,000.00 yuan they must, at 4,999,999.99 only on dispute; what
        counts is the technical amount, not the total.
        """
        return self.panel is not None and (disputed or technical >= self.panel.threshold)

    def limit_for(self, technical: Decimal, *, disputed: bool = False) -> TimeLimit:
        """Return how long the office may take over a contract."""
        if self.panel is not None and self.needs_panel(technical, disputed=disputed):
            return self.panel.time_limit
        return self.time_limit


#: The day on which the measures of 2026 were issued and those of 2000 and 2001 repealed.
TURN = date(2026, 1, 23)

PACKS: Sequence[Pack] = (
    Pack(
        key="national-2000",
        place="",
        valid_from=date(2000, 2, 16),
        valid_until=TURN,
        dates=Certainty.REMEMBERED,
        time_limit=TimeLimit(30, TimeUnit.DAY, Certainty.FOUND),
        panel=None,
        source="技术合同认定登记管理办法 国科发政字〔2000〕063号",
    ),
    Pack(
        key="national-2026",
        place="",
        valid_from=TURN,
        valid_until=None,
        # The day it took effect was not found: issued and the old ones repealed on this day.
        dates=Certainty.INFERRED,
        time_limit=TimeLimit(15, TimeUnit.WORKING_DAY, Certainty.DRAFT),
        panel=Panel(
            Decimal(5_000_000),
            TimeLimit(30, TimeUnit.WORKING_DAY, Certainty.DRAFT),
            Certainty.DRAFT,
        ),
        source="技术合同认定登记管理办法（征求意见稿 2024-12-18）Art. 14",
    ),
    # What of the local regulations still holds beside the measures of 2026 was not found.
    Pack(
        key="henan-2000",
        place="41",
        valid_from=date(2000, 2, 16),
        valid_until=TURN,
        dates=Certainty.REMEMBERED,
        time_limit=TimeLimit(15, TimeUnit.DAY, Certainty.FOUND),
        panel=None,
        source="河南省技术市场条例",
    ),
    Pack(
        key="zhejiang-2000",
        place="33",
        valid_from=date(2000, 2, 16),
        valid_until=TURN,
        dates=Certainty.REMEMBERED,
        time_limit=TimeLimit(10, TimeUnit.DAY, Certainty.FOUND),
        panel=None,
        source="浙江省技术市场条例 Art. 18",
    ),
)


def pack_for(region: str, on: date, packs: Sequence[Pack] = PACKS) -> Pack | None:
    """
    Return the rules of the region with this code on a day, or None where nobody can tell.

    A place that has rules of its own is not judged by wider ones: where none of its own is known to
    hold on the day, the answer is None. Xi'an (610100) on 2026-09-18 has "national-2026"; Zhengzhou
    (410100) had "henan-2000" in 2020, and for 2026 nobody can tell.
    """
    fitting = [pack for pack in packs if region.startswith(pack.place)]
    place = max((pack.place for pack in fitting), key=len, default="")
    return next(
        (
            pack
            for pack in fitting
            if pack.place == place
            and pack.valid_from <= on
            and (pack.valid_until is None or on < pack.valid_until)
        ),
        None,
    )


def key_for(region: str, on: date) -> str:
    """Return the key of the pack for a region and a day, or "cannot_tell"."""
    pack = pack_for(region, on)
    return pack.key if pack else CANNOT_TELL
