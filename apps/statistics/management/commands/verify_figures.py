"""Recompute all figures from the ledger and name those that differ."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.statistics import queries


class Command(BaseCommand):
    """The command `verify_figures`; its exit status is 1 where a figure differs."""

    help = "Recompute every figure from the value ledger, and name each that differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="answer for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        found = queries.differences()
        if options["json"]:
            answer = {
                "entries": found.entries,
                "waiting": found.waiting,
                "figures": found.figures,
                "differences": [difference.as_json() for difference in found.differences],
            }
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
        else:
            for difference in found.differences:
                self.stdout.write(str(difference))
            self.stdout.write(
                f"{len(found.differences)} differences between {found.figures} figures"
                f" and {found.entries} ledger entries; {found.waiting} entries wait to be folded."
            )
        if found.differences:
            raise SystemExit(1)
