"""Make all figures anew from the ledger."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.statistics import actions
from marketplace.actors import Actor


class Command(BaseCommand):
    """The command `rebuild_figures`, for when `verify_figures` has found a difference."""

    help = "Make every figure anew from the value ledger; those that were right stay untouched."

    def handle(self, *args: Any, **options: Any) -> None:
        run = actions.rebuild(by=Actor.system("rebuild_figures"))
        self.stdout.write(
            f"{run.figures} figures added, changed or removed; {run.entries} entries taken in."
        )
