"""How right the matches are by what people said of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.matching.models import Match, Verdict
from apps.taxonomy.queries import resolve
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Invalid
from marketplace.listings import ListingState, Market
from marketplace.matching import Part, weights_on
from marketplace.taxonomy import Subject
from marketplace.verdicts import (
    BESIDE_THE_POINT,
    READERS,
    Cell,
    Place,
    Said,
    cells,
    heard,
    total,
)
from marketplace.weighing import Example, recovered

#: What is read of a verdict to be counted.
COUNTED = (
    *("match_id", "match__offer__market", "match__need__field__path"),
    *("voice", "judgement", "given_on", "reason"),
)


@dataclass(frozen=True, slots=True)
class Quality:
    """How the matches were judged, by month, market and field, and in all."""

    since: date
    until: date
    cells: dict[Place, Cell]
    total: Cell
    shows_small: bool


@dataclass(slots=True)
class Lessons:
    """What verdicts have to teach about the weights of a market."""

    examples: list[Example]
    #: How many verdicts they rest on, and how many others say nothing of weights.
    verdicts: int
    left_out: int


def quality(
    *,
    since: date,
    until: date,
    market: Market | None = None,
    field: str = "",
    by: Actor,
) -> Quality:
    """
    Return how the matches were judged from the month `since` to before the month `until`.

    Of listings that left the market it is kept; what was sealed is not counted, and what has a dual
    use only for those who are vetted.
    """
    judged = Verdict.objects.filter(given_on__gte=since, given_on__lt=until)
    matches = _counted(by).filter(pk__in=judged.values("match"))
    rows = Verdict.objects.filter(match__in=matches.values("pk"))
    if market is not None:
        rows = rows.filter(match__offer__market=market)
    if field:
        rows = rows.filter(match__need__field__path__startswith=_top(field))
    found = cells(_said(rows), since=since, until=until)
    shows_small = by.has(*READERS)
    return Quality(since, until, found, total(found, shows_small=shows_small), shows_small)


def not_judged_wrong_by(matches: QuerySet[Match], actor: Actor) -> QuerySet[Match]:
    """Return `matches` without those that the actor's own house, as a party, judged wrong."""
    against = Verdict.objects.all().against(actor)
    return matches.filter(~Exists(against.filter(match=OuterRef("pk"))))


def lessons(market: Market) -> Lessons:
    """
    Return the judged matches of a market as examples of what its weights should put in order.

    Left out are verdicts for reasons beside the point, such as that the thing is gone, and those
    on scores of which it is not known any more what the parts counted.
    """
    rows = Verdict.objects.filter(match__offer__market=market).exclude(match__in=_sealed())
    rows = rows.select_related("match").order_by("match", "pk")
    found = Lessons([], 0, 0)
    for _match, group in groupby(rows.iterator(chunk_size=2000), key=lambda row: row.match_id):
        told = list(group)
        known = [(each, values) for each in told if (values := _values(market, each)) is not None]
        known = [pair for pair in known if pair[0].reason not in BESIDE_THE_POINT]
        found.verdicts += len(known)
        found.left_out += len(told) - len(known)
        counted = heard(_as_said(each) for each, _ in known)[:1]
        for verdict, values in known:
            if [_as_said(verdict)] == counted:
                need = str(verdict.match.need_id)
                found.examples.append(Example(need, verdict.judgement, values))
                break
    return found


def _values(market: Market, verdict: Verdict) -> dict[Part, float] | None:
    """Return how well the two fit in each respect when they were judged; None if unknown."""
    try:
        weights = weights_on(market, verdict.given_on, verdict.method)
        given = {Part(name): Decimal(each) for name, each in verdict.contributions.items()}
    except (KeyError, ValueError):
        return None
    return recovered(given, weights) if given else None


def _counted(by: Actor) -> QuerySet[Match]:
    """Return the matches whose verdicts are counted for an actor."""
    rows = Match.objects.exclude(pk__in=_sealed())
    if not (by.is_system or by.is_vetted):
        rows = rows.filter(offer__dual_use=None, need__dual_use=None)
    return rows


def _sealed() -> QuerySet[Match]:
    """Return the matches of which nothing is told to anybody any more."""
    sealed = ListingState.SEALED
    return Match.objects.filter(Q(offer__state=sealed) | Q(need__state=sealed))


def _top(field: str) -> str:
    """Return the path of a field at the top of its tree; of a lower one one could subtract."""
    code = resolve(Subject.TECHNOLOGY_FIELD, field, on=day_of(timezone.now()), field="field")
    if code.level != 1:
        raise Invalid("“{given}” is no code.", code="unknown_code", field="field", given=field)
    return code.path


def _said(rows: QuerySet[Verdict]) -> Iterator[tuple[str, str, list[Said]]]:
    """Return market, field and verdicts of each match."""
    found = rows.order_by("match", "pk").values_list(*COUNTED).iterator(chunk_size=2000)
    for _match, group in groupby(found, key=lambda row: row[0]):
        told = list(group)
        _key, market, path, *_rest = told[0]
        field = path.split("/")[1] if path else ""
        yield market, field, [Said(row[3], row[4], row[5], row[6]) for row in told]


def _as_said(verdict: Verdict) -> Said:
    return Said(verdict.voice, verdict.judgement, verdict.given_on, verdict.reason)
