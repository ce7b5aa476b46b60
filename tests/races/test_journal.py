"""Seals and links that several make at the same moment, on real connections."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.models import Organization
from apps.journal.actions import destroy_key, record, tell
from apps.journal.models import Entry, Link, SubjectKey
from apps.journal.queries import unsealed, walk_chain
from marketplace.actors import Actor
from tests.apps.accounts.test_action_races import wait_until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def beside(deed: Callable[[], Any]) -> Callable[[], Any]:
    """Return `deed` as done on a connection of its own."""

    def run() -> Any:
        try:
            return deed()
        finally:
            connection.close()

    return run


def seal(subject: Organization, by: Actor, word: object) -> Entry:
    with transaction.atomic():
        return record("test.changed", subject, by=by, sealed={"word": word})


def test_who_seal_first_at_the_same_moment_share_one_key(
    works: Organization, as_agent: Actor
) -> None:
    gate = threading.Barrier(6)

    def go(number: int) -> None:
        gate.wait(10)
        seal(works, as_agent, number)

    with ThreadPoolExecutor(6) as pool:
        [f.result(30) for f in [pool.submit(beside(lambda n=n: go(n))) for n in range(6)]]
    assert SubjectKey.objects.count() == 1
    words = [unsealed(entry) for entry in Entry.objects.all()]
    assert sorted(w["word"] for w in words if w) == list(range(6))


def test_who_seals_first_and_fails_leaves_the_other_a_key(
    works: Organization, as_agent: Actor
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            record("test.changed", works, by=as_agent, sealed={"word": "lost"})
            other = pool.submit(beside(lambda: seal(works, as_agent, "kept")))
            wait_until_somebody_waits()
            transaction.set_rollback(True)
        assert unsealed(other.result(30)) == {"word": "kept"}


def test_a_destruction_waits_for_who_is_sealing(works: Organization, as_agent: Actor) -> None:
    seal(works, as_agent, "before")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            record("test.changed", works, by=as_agent, sealed={"word": "meanwhile"})
            destruction = pool.submit(beside(lambda: destroy_key(works, by=as_agent)))
            wait_until_somebody_waits()
        destruction.result(30)
    assert [unsealed(e) for e in Entry.objects.filter(verb="test.changed")] == [None, None]


@pytest.mark.parametrize("sealed_before", [True, False])
def test_who_seals_while_the_key_is_destroyed_keeps_nothing(
    works: Organization, as_agent: Actor, sealed_before: bool
) -> None:
    if sealed_before:
        seal(works, as_agent, "before")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            destroy_key(works, by=as_agent)
            sealing = pool.submit(beside(lambda: seal(works, as_agent, "after")))
            wait_until_somebody_waits()
        assert sealing.result(30).sealed is None
    assert SubjectKey.objects.get().key is None


def test_two_who_destroy_at_once_destroy_once(works: Organization, as_agent: Actor) -> None:
    seal(works, as_agent, "before")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            destroy_key(works, by=as_agent)
            other = pool.submit(beside(lambda: destroy_key(works, by=as_agent)))
            wait_until_somebody_waits()
        other.result(30)
    assert Entry.objects.filter(verb="key.destroyed").count() == 1


def test_several_tellers_make_one_chain_while_others_write(
    works: Organization, as_agent: Actor, settings: Any
) -> None:
    settings.JOURNAL_READERS = {"chain": "apps.journal.readers.take"}

    def write(number: int) -> None:
        for _ in range(10):
            seal(works, as_agent, number)

    def link() -> None:
        for _ in range(10):
            tell("chain", batch=3)

    with ThreadPoolExecutor(5) as pool:
        deeds = [*(lambda n=n: write(n) for n in range(2)), *[link] * 3]
        [f.result(30) for f in [pool.submit(beside(deed)) for deed in deeds]]
    tell("chain")
    chain = walk_chain(batch=7)
    assert (chain.links, chain.unlinked, chain.first_break) == (20, 0, None)
    assert list(Link.objects.order_by("position").values_list("position", flat=True)) == list(
        range(1, 21)
    )
