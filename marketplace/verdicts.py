"""
What people say of a match: good, weak or wrong, and why; and how right the matches are by that.

Of one match several people may speak. It is counted once all the same: a broker, who knows both
sides, is heard before the parties, and where those who are heard differ, the worse counts, for a
market that chooses among opinions must not choose the kinder one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import auto
from uuid import UUID

from marketplace.actors import Actor, Role
from marketplace.calendar import month_of
from marketplace.checks import choice_faults
from marketplace.errors import Invalid
from marketplace.statistics import Definition
from marketplace.vocabulary import Term

LONGEST_NOTE = 500
#: A cell of fewer matches is not shown to everybody: one could tell who said what.
LEAST_SHOWN = 5
#: For how many months the quality is shown at once, and for how many where nobody says.
MOST_MONTHS, USUAL_MONTHS = 120, 12
#: To how many digits a share is reckoned.
STEP = Decimal("0.0001")
#: Who sees every cell, however small.
READERS = frozenset({Role.BROKER, Role.REVIEWER, Role.STATISTICIAN, Role.ADMINISTRATOR})


class Voice(Term):
    """As whose voice a verdict counts."""

    OFFERING_PARTY = auto()
    NEEDING_PARTY = auto()
    BROKER = auto()


#: Those who would trade with one another.
PARTIES = frozenset({Voice.OFFERING_PARTY, Voice.NEEDING_PARTY})


class Judgement(Term):
    """What a match is worth."""

    GOOD = auto()
    WEAK = auto()
    WRONG = auto()


#: From the worst to the best.
WORST_FIRST = (Judgement.WRONG, Judgement.WEAK, Judgement.GOOD)


class VerdictReason(Term):
    """Why a match is weak or wrong."""

    OTHER_OBJECT = auto()
    OTHER_METHOD = auto()
    OTHER_FIELD = auto()
    TOO_EARLY = auto()
    TOO_FAR = auto()
    PRICE = auto()
    FIGURES_MISSED = auto()
    COOPERATION_MODE = auto()
    TOO_VAGUE = auto()
    NO_LONGER_THERE = auto()
    KNOWN_ALREADY = auto()
    CONFLICT = auto()
    OTHER = auto()


#: Reasons that have nothing to do with how well the two fit, so that no weights follow from them.
BESIDE_THE_POINT = frozenset(
    {VerdictReason.NO_LONGER_THERE, VerdictReason.KNOWN_ALREADY, VerdictReason.CONFLICT}
)

#: How the quality is counted; it stands beside every answer.
DEFINITIONS = (
    Definition(
        "matches",
        "A match is counted once, however many people judged it: a broker is heard before the"
        " parties, and where those who are heard differ, the worse judgement counts.",
    ),
    Definition(
        "month",
        "A match is counted in the month in Asia/Shanghai in which the judgement that counts was"
        " first given. Who judges again replaces the verdict given before, with its day.",
    ),
    Definition(
        "field",
        "The field is the top level of the technology field of the need.",
    ),
    Definition(
        "precision",
        "Precision is the share of good ones among all judged matches: good / (good + weak +"
        " wrong), rounded to four decimals.",
    ),
    Definition(
        "hidden",
        "Cells of fewer than five matches are shown to brokers and officers only; for others they"
        " are empty, and in no total.",
    ),
)


def voice_of(actor: Actor, *, offering: UUID, needing: UUID) -> Voice | None:
    """
    Return as whose voice `actor` speaks of a match of the organizations `offering` and `needing`.

    Whoever acts for one of the two is its voice, a broker of its own house too; any other broker is
    heard as a broker, and everybody else has no say: None.
    """
    if actor.organization == offering:
        return Voice.OFFERING_PARTY
    if actor.organization == needing:
        return Voice.NEEDING_PARTY
    return Voice.BROKER if Role.BROKER in actor.roles else None


def verdict_faults(judgement: object, reason: object, note: str) -> list[Invalid]:
    """
    Return everything that is wrong with a verdict.

        verdict_faults("good", None, "") → none    verdict_faults("good", "price", "") → none
        verdict_faults("weak", None, "") → reason: reason_needed
        verdict_faults("weak", "ugly", "") → reason: unknown_word
    """
    found = choice_faults(judgement, "judgement", Judgement)
    if reason is not None:
        found += choice_faults(reason, "reason", VerdictReason)
    elif judgement in (Judgement.WEAK, Judgement.WRONG):
        found.append(
            Invalid(
                "Say why: a match that is not good is so for a reason.",
                code="reason_needed",
                field="reason",
            )
        )
    if len(note) > LONGEST_NOTE:
        found.append(
            Invalid(
                "At most {length} characters.", code="too_long", field="note", length=LONGEST_NOTE
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """One verdict on a match."""

    voice: Voice
    judgement: Judgement
    on: date
    reason: VerdictReason | None = None


def heard(verdicts: Iterable[Said]) -> list[Said]:
    """
    Return the verdicts on one match by which it counts, those that were given first before others.

    Offering party good, needing party weak → the needing party's. Broker good, needing party weak →
    the broker's. Two brokers, good in March and wrong in April → that of April. Two brokers, both
    weak → both, that of the earlier day first.
    """
    said = list(verdicts)
    said = [each for each in said if each.voice is Voice.BROKER] or said
    worst = next((w for w in WORST_FIRST if any(each.judgement is w for each in said)), None)
    reasons = list(VerdictReason)
    return sorted(
        (each for each in said if each.judgement is worst),
        key=lambda each: (each.on, reasons.index(each.reason) if each.reason else -1),
    )


@dataclass(slots=True)
class Cell:
    """How the matches of one month and field were judged."""

    verdicts: int = 0
    judged: Counter[Judgement] = field(default_factory=Counter)
    #: Why they were not good; of those by whom a match counts, each reason once.
    reasons: Counter[VerdictReason] = field(default_factory=Counter)

    @property
    def matches(self) -> int:
        """Return how many matches were judged."""
        return self.judged.total()

    @property
    def precision(self) -> Decimal | None:
        """
        Return the share of good matches among all that were judged; of none, there is none.

        Of 5 good, 1 weak and 1 wrong it is 5 / 7, 0.7143.
        """
        if not self.matches:
            return None
        return (Decimal(self.judged[Judgement.GOOD]) / self.matches).quantize(STEP, ROUND_HALF_UP)

    @property
    def is_small(self) -> bool:
        """Say whether there are so few that one could tell who said what: 4 are, 5 are not."""
        return self.matches < LEAST_SHOWN

    def take(self, verdicts: list[Said]) -> None:
        """Count one match that was judged by `verdicts`."""
        counted = heard(verdicts)
        self.verdicts += len(verdicts)
        self.judged[counted[0].judgement] += 1
        if counted[0].judgement is not Judgement.GOOD:
            self.reasons.update({each.reason for each in counted if each.reason})

    def add(self, other: "Cell") -> None:
        """Count the matches of another cell too."""
        self.verdicts += other.verdicts
        self.judged.update(other.judged)
        self.reasons.update(other.reasons)


#: Month, market and field of a cell.
Place = tuple[date, str, str]


def cells(
    judged: Iterable[tuple[str, str, list[Said]]], *, since: date, until: date
) -> dict[Place, Cell]:
    """
    Return how the matches of each month, market and field were judged, from `since` to `until`.

    Given are market, field and verdicts of each match. The months are half-open: of 2026-01-01 and
    2026-03-01, a verdict of 2026-02-28 is counted, and one of 2026-03-01 is not.
    """
    found: dict[Place, Cell] = {}
    for market, code, verdicts in judged:
        counted = heard(verdicts)
        if counted and since <= counted[0].on < until:
            found.setdefault((month_of(counted[0].on), market, code), Cell()).take(verdicts)
    return dict(sorted(found.items()))


def total(found: Mapping[Place, Cell], *, shows_small: bool) -> Cell:
    """
    Return all cells in one; small ones count only where they are shown.

    Were they counted, one could subtract the others from the total. Of cells of 7 and 3 matches the
    total is 7 to everybody, and 10 to those who see both.
    """
    whole = Cell()
    for cell in found.values():
        if shows_small or not cell.is_small:
            whole.add(cell)
    return whole


def months_between(since: date, until: date) -> int:
    """Return how many months there are from `since` to before `until`: 2025-11 to 2026-02, 3."""
    return (until.year - since.year) * 12 + until.month - since.month


def months_before(month: date, count: int) -> date:
    """Return the month so many months before another: 12 before 2026-12 it is 2025-12."""
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)
