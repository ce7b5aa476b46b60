"""A process that makes the tables, writes ledger entries and proves the figures, on demand."""

import json
import sys
from datetime import date
from io import StringIO

import django
from django.core.management import call_command
from django.db import connection

django.setup()

from tests.build import statistics as build  # noqa: E402  (only now are there models)


def write(count: int, start: int) -> None:
    """Write entries that spread over eleven fields and two years."""
    build.entries(
        {
            "effective_on": date(2025 + number % 2, 1 + number % 12, 28),
            "field": f"{1 + number % 11:02d}",
        }
        for number in range(start, start + count)
    )


def verify() -> str:
    """Return what the command says, whatever its exit status is."""
    out = StringIO()
    try:
        call_command("verify_figures", stdout=out)
    except SystemExit as left:
        out.write(f"exit status {left.code}")
    return out.getvalue()


def main() -> None:
    """Answer each line of the input with one of the output."""
    call_command("migrate", verbosity=0)
    call_command("load_codes", stdout=StringIO())
    written = 0
    for line in sys.stdin:
        order = json.loads(line)
        answer = ""
        if order == "verify":
            answer = verify()
        else:
            write(order, written)
            written += order
        # PostgreSQL may be killed before the next line.
        connection.close()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
