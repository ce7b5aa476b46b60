"""Say whether the journal is as it was written."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.journal.queries import walk_chain


class Command(BaseCommand):
    """`manage.py verify_journal`: walk the chain; exit with 1 where it is broken."""

    help = "Walk the chain of the journal, and say where an entry was changed or removed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        chain = walk_chain()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(chain)))
        else:
            self.stdout.write(
                f"{chain.links} links; {chain.unlinked} entries not yet linked; head {chain.head}"
            )
        if chain.first_break is not None:
            found = chain.first_break
            raise CommandError(
                f"The chain breaks at position {found.position}, entry {found.entry}:"
                f" {found.reason}."
            )
