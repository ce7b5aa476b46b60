"""Two workers at one import, on real connections."""

import pytest
from django.db import transaction

from apps.exchange import actions, tasks
from apps.exchange.models import Import
from apps.journal.models import Entry
from apps.markets.models import Listing
from marketplace.errors import Conflict
from marketplace.exchange import ImportState
from tests.build import exchange as build
from tests.races.test_markets import at_once

ROWS = 12


@pytest.fixture
def job(as_researcher, monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 2)
    monkeypatch.setattr(actions.step, "__kwdefaults__", {"batch": 2}, raising=False)
    found = build.checked(build.xlsx([build.need(n) for n in range(1, ROWS + 1)]), by=as_researcher)
    return actions.commit(found, by=as_researcher)


def work() -> None:
    """Work as a worker does, also where another one holds the import just now."""
    while Import.objects.running().exists():
        tasks.step()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(2))
def test_two_workers_take_each_row_in_once(_again, job):
    at_once(work, work)
    job.refresh_from_db()
    assert (job.state, job.rows_done, job.rows_created) == (ImportState.DONE, ROWS, ROWS)
    assert Listing.objects.count() == ROWS
    assert Entry.objects.filter(verb="listing.drafted").count() == ROWS
    assert Entry.objects.filter(verb="import.done").count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_cancels_stops_it_between_two_pieces(job, as_researcher):
    def cancel() -> object:
        try:
            return actions.cancel(job, by=as_researcher).state
        except Conflict:
            return "too late"

    at_once(work, cancel)
    job.refresh_from_db()
    assert job.rows_done == Listing.objects.count()
    if job.state is ImportState.CANCELLED:
        actions.resume(job, by=as_researcher)
        work()
    assert Listing.objects.count() == ROWS


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_draft_each_thing_once(job, as_researcher):
    content = build.xlsx([build.need(n) for n in range(1, ROWS + 1)])
    other = actions.commit(build.checked(content, by=as_researcher), by=as_researcher)
    at_once(work, work)
    for each in (job, other):
        each.refresh_from_db()
        while each.state is ImportState.FAILED:  # It met what the other had just drafted.
            with transaction.atomic():
                each = actions.resume(each, by=as_researcher)
            work()
            each.refresh_from_db()
        assert each.state is ImportState.DONE
    assert Listing.objects.count() == ROWS
