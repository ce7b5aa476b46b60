"""Several hands on one file at once."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from apps.documents import actions, tasks
from apps.documents.models import Document
from apps.journal.models import Entry
from marketplace.actors import Actor
from marketplace.documents import DocumentState
from marketplace.errors import Conflict
from tests.apps.documents.files import PDF

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(deeds: list[Callable[[], Any]]) -> list[Any]:
    """Do all deeds at the same moment and return what they return, or the Conflict they raise."""
    barrier = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            return deed()
        except Conflict as conflict:
            return conflict
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def stored(by: Actor) -> Document:
    return actions.store(io.BytesIO(PDF), name="a.pdf", cleared_by="王处长", by=by)


def count(verb: str) -> int:
    return Entry.objects.filter(verb=verb).count()


def test_a_file_is_destroyed_once(as_researcher: Actor) -> None:
    document = stored(as_researcher)
    done = at_once([lambda: actions.destroy(document, by=as_researcher)] * 4)
    assert sum(isinstance(each, Conflict) for each in done) == 3
    assert count("document.destroyed") == 1


def test_a_file_is_claimed_or_swept_never_both(as_researcher: Actor) -> None:
    for _ in range(8):
        document = stored(as_researcher)
        Document.objects.update(created_at=timezone.now() - timedelta(days=3))
        [claimed, _swept] = at_once(
            [lambda d=document: actions.claim(d, by=as_researcher), tasks.sweep]
        )
        document.refresh_from_db()
        there = storages["documents"].exists(document.place)
        if isinstance(claimed, Conflict):
            assert document.state is DocumentState.DESTROYED
        else:
            assert document.state is DocumentState.CLAIMED
            assert there
        tasks.sweep()
        assert storages["documents"].exists(document.place) is not isinstance(claimed, Conflict)


def test_several_sweepers_remove_each_file_once(as_researcher: Actor) -> None:
    documents = [stored(as_researcher) for _ in range(6)]
    Document.objects.update(created_at=timezone.now() - timedelta(days=3))
    at_once([tasks.sweep] * 4)
    tasks.sweep()
    assert count("document.destroyed") == count("document.removed") == 6
    assert not any(storages["documents"].exists(each.place) for each in documents)
