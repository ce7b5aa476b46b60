"""Import the listings, or the pool entries, of an organization from a file."""

import json
import time
from argparse import ArgumentParser
from io import BufferedReader
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import override

from apps.accounts.models import Organization, User
from apps.base.api.errors import words
from apps.documents import actions as documents
from apps.exchange import actions
from apps.exchange.models import Import
from apps.markets.models import Listing
from apps.reviews import actions as reviews
from marketplace.actors import Actor
from marketplace.coach import DraftKind
from marketplace.errors import Invalid, MarketError, Refused
from marketplace.exchange import PLACES, RUNNING, ImportState
from marketplace.listings import EDITABLE_IN, ListingState
from marketplace.pools import EDITABLE_IN as ENTRY_EDITABLE_IN
from marketplace.pools import PoolState

#: What the clock is called where this command does its work.
BY = Actor.system("import_listings")


class Command(BaseCommand):
    """Does what the API does with a file, at once: checks all of it, then commits all of it."""

    help = "Import a table (.xlsx, .csv, .jsonl): all rows, or none if one is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", required=True, choices=DraftKind.values())
        parser.add_argument("--organization", required=True, help="its unified social credit code")
        parser.add_argument("--author", required=True, help="username of a member who lists")
        parser.add_argument("--publish-as", default="", help="username of a reviewer who publishes")
        parser.add_argument("--cleared-by", default="", help="who cleared it; else the author")
        parser.add_argument("--dry-run", action="store_true", help="check only")

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
        cleared_by = options["cleared_by"] or options["author"]
        started = time.monotonic()
        try:
            with path.open("rb") as file:
                job = _begun(file, path.name, DraftKind(options["kind"]), cleared_by, by=author)
            job = worked(actions.check(job, by=author))
            if job.state is ImportState.CHECKED and not job.faults_total:
                if options["dry_run"]:
                    job = actions.cancel(job, by=author)
                else:
                    job = worked(actions.commit(job, by=author))
        except MarketError as error:
            raise CommandError(str(error)) from error
        published = 0
        if reviewer is not None and job.state is ImportState.DONE:
            published = _published(job, cleared_by, author, reviewer)
        summary = {
            **{
                name: getattr(job, f"rows_{name}")
                for name in ("total", "created", "changed", "unchanged")
            },
            "published": published,
            "faults": _faults(job),
            "dry_run": options["dry_run"],
            "imported": job.state is ImportState.DONE,
            "seconds": round(time.monotonic() - started, 2),
        }
        self.stdout.write(json.dumps(summary, ensure_ascii=False, indent=1))
        if job.faults_total:
            raise CommandError(f"{job.faults_total} faults: nothing was imported.")
        if job.failure:
            raise CommandError(f"The import stopped: {job.failure}.")


def worked(job: Import) -> Import:
    """Do all the work that an import asks for now."""
    while job.state in RUNNING:
        job = actions.step(job, by=BY)
    return job


@transaction.atomic
def _begun(
    file: BufferedReader, name: str, kind: DraftKind, cleared_by: str, *, by: Actor
) -> Import:
    document = documents.store(file, name=name, cleared_by=cleared_by, by=by)
    return actions.begin(document, kind=kind, cleared_by=cleared_by, by=by)


def _published(job: Import, cleared_by: str, author: Actor, reviewer: Actor) -> int:
    """Submit and publish what came in and can be, each in a transaction of its own."""
    if job.kind not in PLACES:
        raise CommandError("Only listings are published.")
    market, side = PLACES[job.kind]
    listings = Listing.objects.filter(
        organization=job.organization_id,
        imported_from=job.imported_from,
        market=market,
        side=side,
        state__in=EDITABLE_IN,
    )
    count = 0
    for listing in listings.select_related("project").order_by("id"):
        try:
            with transaction.atomic():
                _publish(listing, cleared_by, author, reviewer)
        except MarketError as error:
            raise CommandError(f"{listing.external_reference}: {error}") from error
        count += 1
    return count


def _publish(listing: Listing, cleared_by: str, author: Actor, reviewer: Actor) -> None:
    project = listing.project
    if project is not None and project.state in ENTRY_EDITABLE_IN:
        project = reviews.submit(project, cleared_by=cleared_by, by=author)
    if project is not None and project.state is PoolState.SUBMITTED:
        reviews.accept(project, cleared_by=cleared_by, by=reviewer)
    listing = reviews.submit(listing, cleared_by=cleared_by, by=author)
    if listing.state is ListingState.SUBMITTED:
        reviews.accept(listing, cleared_by=cleared_by, by=reviewer)


def _faults(job: Import) -> list[dict[str, Any]]:
    with override("en"):
        return [
            {
                "row": fault.row,
                "column": fault.column,
                "code": fault.code,
                "message": words(Invalid(fault.message, **fault.facts)),
            }
            for fault in job.faults.order_by("id")
        ]


def _actor(username: str, organization: Organization | None = None) -> Actor:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"There is nobody called {username}.")
    try:
        return user.as_actor(organization=organization.pk if organization else None)
    except Refused as error:
        raise CommandError(str(error)) from error
