"""Propose other weights of the parts of a score, by what people said of matches."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.matching.queries.quality import lessons
from marketplace.calendar import day_of
from marketplace.listings import Market
from marketplace.matching import Weights, weights_on
from marketplace.weighing import LEAST_VERDICTS, WITHIN, Proposal, block, next_name, propose


class Command(BaseCommand):
    """The command `fit_weights`; it changes no weights, for that is for people to decide."""

    help = (
        "Propose weights by the verdicts on the matches of a market, and say how much better they"
        " put matches in order than the present ones. Nothing is written without --write."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--market", choices=Market.values(), required=True)
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--write",
            type=Path,
            metavar="FILE",
            help="write the proposal to a new file, as a version for matching_weights.toml",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        market, today = Market(options["market"]), day_of(timezone.now())
        weights = weights_on(market, today)
        found = lessons(market)
        if found.verdicts < LEAST_VERDICTS:
            raise CommandError(
                f"There are {found.verdicts} verdicts that tell something of the weights of the"
                f" {market} market, and {found.left_out} that do not; {LEAST_VERDICTS} are needed."
            )
        proposal = propose(found.examples, weights)
        if proposal is None:
            raise CommandError(
                "There is no need of which one match was judged better than another."
            )
        answer = {
            "market": market.value,
            "method": weights.version,
            "verdicts": found.verdicts,
            "left_out": found.left_out,
            "matches": len(found.examples),
            "until": today.isoformat(),
            **_as_json(proposal, weights),
        }
        if path := options["write"]:
            _write(path, market, today, found.verdicts, proposal)
            answer["written"] = str(path)
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(_said(answer, proposal, weights))


def _as_json(proposal: Proposal, weights: Weights) -> dict[str, Any]:
    gain = proposal.gain
    return {
        "needs": proposal.needs,
        "pairs": proposal.pairs,
        "current": {part.value: str(points) for part, points in weights.points.items()},
        "proposed": {part.value: str(points) for part, points in proposal.points.items()},
        "agreement": {"current": round(gain.current, 4), "proposed": round(gain.proposed, 4)},
        "gain": {
            "mean": round(gain.mean, 4),
            "low": round(gain.low, 4),
            "high": round(gain.high, 4),
            "within": WITHIN,
            "is_certain": gain.is_certain,
        },
    }


def _said(answer: dict[str, Any], proposal: Proposal, weights: Weights) -> str:
    gain = proposal.gain
    lines = [
        f"{answer['market']}: {answer['verdicts']} verdicts on {answer['matches']} matches until"
        f" {answer['until']}; {answer['left_out']} others say nothing of weights.",
        f"{proposal.pairs} pairs of matches of {proposal.needs} needs can be put in order.",
        "",
        f"{'part':<12}{weights.version:>10}{'proposed':>10}",
        *(
            f"{part.value:<12}{weights.points[part]:>10}{points:>10}"
            for part, points in proposal.points.items()
        ),
        "",
        "In the right order, of needs that were not learned from: "
        f"{gain.current:.4f} now, {gain.proposed:.4f} as proposed.",
        f"Gain: {gain.mean:+.4f} ({WITHIN:.0%}: {gain.low:+.4f} to {gain.high:+.4f}).",
    ]
    if not gain.is_certain:
        lines.append("That is no certain gain: the present weights had better stay.")
    if path := answer.get("written"):
        lines.append(f"Written to {path}; it counts once it stands in matching_weights.toml.")
    return "\n".join(lines)


def _write(path: Path, market: Market, today: date, verdicts: int, proposal: Proposal) -> None:
    """Write the proposal as a version that begins tomorrow, to a file that was not there."""
    begin = today + timedelta(1)
    text = block(
        next_name(begin),
        {each: weights_on(each, today).points for each in Market} | {market: proposal.points},
        valid_from=begin,
        source=f"{verdicts} verdicts until {today}.",
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise CommandError(f"{path} is there already, and is left as it is.") from error
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
