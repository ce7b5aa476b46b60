"""Several folders, late commits and rebuilding at once, on real connections."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from apps.contracts.models import LedgerEntry, Unfolded
from apps.statistics import actions, queries, tasks
from apps.statistics.models import Figure, FoldRun
from marketplace.actors import Actor
from tests.build import statistics as build

pytestmark = pytest.mark.django_db(transaction=True)

CLOCK = Actor.system("test")
PATIENCE = 30.0


class Beside:
    """Does something on a connection of its own, and hands on what went wrong."""

    def __init__(self, deed: Callable[[], Any]) -> None:
        self.deed = deed
        self.result: Any = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result = self.deed()
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def join(self) -> Any:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        if self.error:
            raise self.error
        return self.result


def counted() -> int:
    return sum(Figure.objects.values_list("count", flat=True))


def test_two_folders_at_once_fold_each_entry_once() -> None:
    build.entries([{}] * 60)
    together = threading.Barrier(3)

    def go() -> int:
        together.wait(PATIENCE)
        return sum(actions.fold(5, by=CLOCK) for _ in range(12))

    folders = [Beside(go) for _ in range(3)]
    folded = sum(folder.join() for folder in folders)
    folded += tasks.fold()
    assert folded == counted() == 60
    assert sum(FoldRun.objects.values_list("entries", flat=True)) == 60
    assert queries.differences().differences == []


def test_while_one_folds_another_has_nothing_to_do() -> None:
    build.entries([{}] * 2)
    with transaction.atomic():
        assert actions.fold(1, by=CLOCK) == 1
        assert Beside(lambda: actions.fold(1, by=CLOCK)).join() == 0
    assert actions.fold(by=CLOCK) == 1
    assert counted() == 2


def test_an_entry_that_commits_late_is_folded() -> None:
    written, let_go = threading.Event(), threading.Event()

    def write_slowly() -> int:
        with transaction.atomic():
            entry = build.entry()
            written.set()
            assert let_go.wait(PATIENCE)
        return entry.pk

    build.entry()  # So that both find the same organizations, and none waits for the other's.
    assert actions.fold(by=CLOCK) == 1
    slow = Beside(write_slowly)
    assert written.wait(PATIENCE)
    quick = build.entry().pk
    assert actions.fold(by=CLOCK) == 1
    let_go.set()
    assert slow.join() < quick
    assert actions.fold(by=CLOCK) == 1
    assert counted() == 3
    assert queries.differences().differences == []


def test_rebuilding_while_entries_come_counts_each_once() -> None:
    build.entry()
    done = threading.Event()

    def write() -> None:
        for _ in range(40):
            build.entries([{}] * 3)
        done.set()

    def fold() -> None:
        while not done.is_set():
            actions.fold(7, by=CLOCK)

    writer, folder = Beside(write), Beside(fold)
    rebuilt = 0
    while not done.is_set() and writer.thread.is_alive():
        actions.rebuild(by=CLOCK)
        rebuilt += 1
        assert queries.differences().differences == []
    writer.join()
    folder.join()
    tasks.fold()
    assert rebuilt > 1
    assert counted() == LedgerEntry.objects.count() == 121
    assert not Unfolded.objects.exists()
    assert queries.differences().differences == []
