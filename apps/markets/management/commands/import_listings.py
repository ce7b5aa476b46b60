"""Import the listings of an organization from a file."""

import json
import time
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import Organization, User
from apps.markets.imports import Format, import_listings
from marketplace.actors import Actor
from marketplace.errors import Refused


class Command(BaseCommand):
    """Reads JSON Lines or CSV as apps/markets/imports.py describes it; prints a JSON summary."""

    help = "Import listings from JSON Lines or CSV: all rows, or none if one is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--organization", required=True, help="its unified social credit code")
        parser.add_argument("--author", required=True, help="username of a member who lists")
        parser.add_argument("--publish-as", default="", help="username of a reviewer who publishes")
        parser.add_argument("--format", choices=Format.values(), help="else by the file's name")
        parser.add_argument("--dry-run", action="store_true", help="do it all and take it back")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print every fault and the summary, and fail where something was wrong."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        organization = Organization.objects.filter(credit_code=options["organization"]).first()
        if organization is None:
            raise CommandError("No organization has this unified social credit code.")
        author = _actor(options["author"], organization)
        reviewer = _actor(options["publish_as"]) if options["publish_as"] else None
        name = options["format"] or path.suffix.lower().lstrip(".")
        if name not in Format.values():
            raise CommandError("Say the --format: jsonl or csv.")
        started = time.monotonic()
        report = import_listings(
            path,
            format=Format(name),
            by=author,
            publish_as=reviewer,
            dry_run=options["dry_run"],
        )
        summary = asdict(report) | {
            "dry_run": options["dry_run"],
            "imported": not report.faults and not options["dry_run"],
            "seconds": round(time.monotonic() - started, 2),
        }
        self.stdout.write(json.dumps(summary, ensure_ascii=False, indent=1))
        if report.faults:
            raise CommandError(f"{len(report.faults)} faults: nothing was imported.")


def _actor(username: str, organization: Organization | None = None) -> Actor:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"There is nobody called {username}.")
    try:
        return user.as_actor(organization=organization.pk if organization else None)
    except Refused as error:
        raise CommandError(str(error)) from error
