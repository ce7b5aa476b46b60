"""Texts that come and go while the index is written, on real connections."""

# ruff: noqa: S311  (what is made up is no secret)

import random
from contextlib import suppress
from threading import Event
from time import sleep

import pytest
from django.db import transaction

from apps.markets.models import Listing
from apps.retrieval.actions import segments
from apps.retrieval.models import Segment, Text
from apps.retrieval.search import candidates
from marketplace.actors import Actor
from tests.build import retrieval as build
from tests.build.retrieval import KIND, must_be_whole
from tests.races.test_markets import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def listings(as_agent: Actor, as_reviewer: Actor) -> list[Listing]:
    return build.listings(9, by=as_agent, reviewer=as_reviewer)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "FAN", 2)
    monkeypatch.setattr(segments, "OF_A_PART", 10)


class Changed(Exception):
    """Somebody thought better of it."""


def comes_and_goes(listing: Listing, seed: int) -> None:
    """Have a listing of one's own indexed and forgotten again and again, and in the end indexed."""
    chance = random.Random(seed)
    for _ in range(15):
        words = {-1: 10, chance.randint(-(2**60), 2**60): chance.randint(1, 50)}
        segments.index(listing, words=words, wording=1)
        if chance.random() < 0.3:
            segments.forget(listing.pk)
    segments.index(listing, words={-1: 10, -2: 20}, wording=2)


def seals(done: Event) -> None:
    while not done.is_set():
        segments.seal(KIND, most=3)
        while segments.merge(KIND):
            pass
        segments.renew(KIND)
        segments.sweep()


@pytest.mark.parametrize("again", range(3))
def test_nothing_is_lost_or_found_twice_while_others_index_forget_seal_and_merge(
    again: int, listings: list[Listing]
) -> None:
    done, steady = Event(), listings[6:]
    kept = set(build.texts(steady, [{-1: 10, -3: 10}] * 3))
    seen: list[list[int]] = []

    def asks() -> None:
        while not done.is_set():
            seen.append([each.text_id for texts in candidates(KIND, {-1: 1.0}) for each in texts])

    def all_come_and_go() -> None:
        try:
            ends = at_once(
                *(
                    lambda place=place: comes_and_goes(listings[place], 10 * again + place)
                    for place in range(6)
                )
            )
            assert ends == [None] * 6
        finally:
            done.set()

    assert at_once(all_come_and_go, lambda: seals(done), lambda: seals(done), asks) == [None] * 4
    assert seen
    for numbers in seen:
        assert len(numbers) == len(set(numbers))
        assert kept <= set(numbers)
    must_be_whole()
    assert Text.objects.count() == 9
    while segments.seal(KIND) or segments.merge(KIND):
        pass
    must_be_whole()
    found = {each.text_id for texts in candidates(KIND, {-2: 1.0}) for each in texts}
    assert found == set(Text.objects.exclude(pk__in=kept).values_list("pk", flat=True))


def test_who_forgets_a_text_that_is_being_sealed_waits_and_leaves_nothing(
    listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    build.texts(listings[:4], [{-1: 10}] * 4)
    written = Event()
    write = segments._write

    def slowly(*given: object) -> None:
        write(*given)  # type: ignore[arg-type]
        written.set()
        sleep(0.3)

    def forgets() -> None:
        assert written.wait(10)
        segments.forget(listings[0].pk)

    monkeypatch.setattr(segments, "_write", slowly)
    assert at_once(lambda: segments.seal(KIND), forgets) == [4, None]
    assert Segment.objects.get().texts == 4
    assert Text.objects.count() == 3
    must_be_whole()


@pytest.mark.parametrize("is_forgotten", [True, False])
def test_who_seals_waits_for_nobody(is_forgotten: bool, listings: list[Listing]) -> None:
    build.texts(listings[:4], [{-1: 10}] * 4)
    inside, may_go = Event(), Event()

    def forgets() -> None:
        with suppress(Changed), transaction.atomic():
            segments.forget(listings[0].pk)
            inside.set()
            may_go.wait(10)
            if not is_forgotten:
                raise Changed

    def seals_others() -> int:
        assert inside.wait(10)
        count = segments.seal(KIND)
        may_go.set()
        return count

    assert at_once(forgets, seals_others) == [None, 3]
    assert Text.objects.count() == (3 if is_forgotten else 4)
    must_be_whole()
    assert segments.seal(KIND) == (0 if is_forgotten else 1)
    must_be_whole()


def test_one_at_a_time_seals_a_kind(
    listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    build.texts(listings[:4], [{-1: 10}] * 4)
    monkeypatch.setattr(segments, "FAN", 8)
    assert sorted(at_once(*[lambda: segments.seal(KIND)] * 3)) in ([0, 0, 4],)
    assert Segment.objects.count() == 1
    must_be_whole()
