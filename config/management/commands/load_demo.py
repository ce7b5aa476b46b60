"""Load the demonstration market, once, and say who can sign in."""

from typing import Any
from unicodedata import east_asian_width

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config import demonstration
from marketplace.calendar import day_of


class Command(BaseCommand):
    """`manage.py load_demo`: repeat-safe; refused unless the settings allow a demonstration."""

    help = "Load the demonstration market, once, and print its logins."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMONSTRATION:
            raise CommandError("A demonstration with known passwords has no place here.")
        if not demonstration.is_loaded():
            demonstration.load(day_of(timezone.now()))
        table = [("user name", "password", "role", "organization")]
        table += demonstration.demonstration_logins()
        widths = [max(_width(row[column]) for row in table) for column in range(4)]
        for row in table:
            cells = [
                text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
            ]
            self.stdout.write("  " + "  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
