"""Measure the ranking on judged pairs of needs and offers."""

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace import matching

#: From which level on an offer is good for a need.
GOOD = 3
#: How often the random order is drawn.
DRAWS = 20

Scores = dict[str, float]


class Command(BaseCommand):
    """Rank the judged offers of every need with our words, and compare with the judges."""

    help = (
        "Reads needs.jsonl (need, title, body), offers.jsonl (offer, title_words) and "
        "judgements.tsv (need, offer, level 1 to 4) of a folder, and prints nDCG@10 and AUC."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            figures = evaluate(
                _rows(folder / "needs.jsonl"),
                _rows(folder / "offers.jsonl"),
                _judgements(folder / "judgements.tsv"),
            )
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"Cannot read the judged pairs in {folder}: {error!r}") from error
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        for name, figure in figures.items():
            self.stdout.write(f"{name}: {figure}")


def evaluate(
    needs: Iterable[dict[str, str]],
    offers: Iterable[dict[str, str]],
    judgements: dict[str, dict[str, int]],
) -> dict[str, Any]:
    """Return how well the words rank the judged offers of each need, beside a random order."""
    words = {row["offer"]: matching.weights(row["title_words"], "") for row in offers}
    holding = Counter(token for offer in words.values() for token in offer)
    rarities = {token: matching.rarity(len(words), count) for token, count in holding.items()}
    mean = sum(sum(offer.values()) for offer in words.values()) / len(words)
    wanted = {row["need"]: matching.weights(row["title"], row["body"]) for row in needs}
    judged = {need: levels for need, levels in judgements.items() if need in wanted}

    def by_words(need: str) -> Scores:
        return {
            offer: math.fsum(
                matching.bm25(
                    wanted[need], words[offer], rarities=rarities, mean_length=mean
                ).values()
            )
            for offer in judged[need]
        }

    shuffled = random.Random(0)  # noqa: S311  no secret

    def by_chance(need: str) -> Scores:
        return {offer: shuffled.random() for offer in judged[need]}

    chance = [_measured(judged, by_chance) for _ in range(DRAWS)]
    return {
        "method": matching.METHOD,
        "needs": len(judged),
        "offers": len(words),
        "judgements": sum(len(levels) for levels in judged.values()),
        **_measured(judged, by_words),
        "random": {name: round(sum(c[name] for c in chance) / DRAWS, 4) for name in chance[0]},
    }


def _measured(judged: dict[str, dict[str, int]], rank: Callable[[str], Scores]) -> dict[str, float]:
    gains: list[float] = []
    areas: list[float] = []
    for need, levels in judged.items():
        scores = rank(need)
        order = sorted(levels, key=lambda offer: (-scores[offer], offer))
        best = _discounted(sorted(levels.values(), reverse=True))
        if best:
            gains.append(_discounted([levels[offer] for offer in order]) / best)
        good = [scores[offer] for offer, level in levels.items() if level >= GOOD]
        rest = [scores[offer] for offer, level in levels.items() if level < GOOD]
        if good and rest:
            areas.append(area(good, rest))
    return {
        "ndcg_at_10": round(sum(gains) / len(gains), 4) if gains else 0.0,
        "auc": round(sum(areas) / len(areas), 4) if areas else 0.0,
    }


def area(good: list[float], rest: list[float]) -> float:
    """
    Return how often a good one has a higher score than another, ties counting half.

    Of [3, 1] against [2, 1]: 3 > 2, 3 > 1, 1 < 2, 1 = 1 make 2.5 of 4, 0.625.
    """
    wins = sum((a > b) + (a == b) / 2 for a in good for b in rest)
    return wins / (len(good) * len(rest))


def _discounted(levels: list[int]) -> float:
    """Return the gain 2^(level - 1) - 1 of the first ten, discounted by the log of the place."""
    return sum(
        (2.0 ** (level - 1) - 1) / math.log2(place + 2) for place, level in enumerate(levels[:10])
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    with path.open(encoding="utf-8") as lines:
        next(lines)  # the names of the columns
        for line in lines:
            need, offer, level = line.rstrip("\n").split("\t")
            found[need][offer] = int(level)
    return found
