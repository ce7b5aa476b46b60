"""Load the code lists."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.taxonomy import actions
from marketplace.actors import Actor
from marketplace.errors import Invalid


class Command(BaseCommand):
    """Load the code lists that the project carries, or those of another folder."""

    help = "Load the code lists, concordances and zones; unchanged ones are not written again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=actions.DATA)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = actions.load(options["folder"], by=Actor.system("load_codes"))
        except Invalid as error:
            faults = error.causes or (error,)
            raise CommandError("\n".join(str(fault) for fault in faults)) from error
        if options["verbosity"]:
            self.stdout.write(
                f"Loaded {loaded.editions} editions with {loaded.codes} codes,"
                f" {loaded.concordances} concordances, {loaded.zones} zones."
            )
