"""Texts come and go, and what is new is sealed into segments, whoever dies at it."""

import pytest

from apps.markets.models import Listing
from apps.retrieval import tasks
from apps.retrieval.actions import segments
from apps.retrieval.models import Block, Posting, Segment, Text
from apps.retrieval.search import candidates
from marketplace.actors import Actor
from marketplace.errors import Conflict
from marketplace.words import HEAVIEST, length
from tests.build import retrieval as build
from tests.build.retrieval import KIND, must_be_whole

pytestmark = pytest.mark.django_db


@pytest.fixture
def listings(as_agent: Actor, as_reviewer: Actor) -> list[Listing]:
    return build.listings(8, by=as_agent, reviewer=as_reviewer)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make two segments enough to be merged, in several parts."""
    monkeypatch.setattr(segments, "FAN", 2)
    monkeypatch.setattr(segments, "OF_A_PART", 3)


class Died(Exception):
    """Somebody pulled the plug."""


def numbers() -> set[int]:
    return {each.text_id for texts in candidates(KIND, {-1: 1.0}) for each in texts}


def sealed(listings: list[Listing]) -> list[int]:
    """Put four texts into two segments, and return their numbers."""
    found = build.texts(listings[:4], [{-1: 10, place - 2**62: 20} for place in range(4)])
    assert segments.seal(KIND, most=2) == 2
    assert segments.seal(KIND) == 2
    return found


# --- texts ------------------------------------------------------------------------------------


def test_what_reads_as_before_stays(listings: list[Listing]) -> None:
    words = {-(2**63): 1, 2**63 - 1: HEAVIEST, 0: 13}
    text = segments.index(listings[0], words=words, wording=1)
    assert text.read() == words
    assert text.length == length(words)
    again = segments.index(listings[0], words=dict(reversed(words.items())), wording=2)
    assert again.pk == text.pk
    assert Text.objects.get().wording == 2
    must_be_whole()
    segments.seal(KIND)
    assert segments.index(listings[0], words=words, wording=2).pk == text.pk
    must_be_whole()


def test_what_reads_otherwise_gets_a_new_number(listings: list[Listing]) -> None:
    old = segments.index(listings[0], words={-1: 10, -2: 10}, wording=1)
    new = segments.index(listings[0], words={-1: 10, -2: 13}, wording=2)
    assert new.pk > old.pk
    must_be_whole()
    segments.seal(KIND)
    newest = segments.index(listings[0], words={-1: 3}, wording=3)
    assert newest.pk > new.pk
    assert Text.objects.get().pk == newest.pk
    must_be_whole()


def test_a_text_read_in_another_way_is_made_anew(listings: list[Listing]) -> None:
    old = segments.index(listings[0], words={-1: 10}, wording=1)
    Text.objects.update(reading=0)
    assert segments.index(listings[0], words={-1: 10}, wording=1).pk > old.pk
    must_be_whole()


def test_what_is_forgotten_is_gone_and_may_be_forgotten_again(listings: list[Listing]) -> None:
    build.texts(listings, [{-1: 10}, {-1: 10}])
    for _ in range(2):
        segments.forget(listings[0].pk)
        assert Text.objects.count() == Posting.objects.count() == 1
    segments.seal(KIND)
    for _ in range(2):
        segments.forget(listings[1].pk)
        assert not Text.objects.exists()
    must_be_whole()


# --- sealing ----------------------------------------------------------------------------------


def test_what_is_sealed_has_no_postings(listings: list[Listing]) -> None:
    found = sealed(listings)
    assert not Posting.objects.exists()
    assert [(s.first, s.last, s.texts, s.postings) for s in Segment.objects.order_by("pk")] == [
        (found[0], found[1], 2, 4),
        (found[2], found[3], 2, 4),
    ]
    assert numbers() == set(found)
    must_be_whole()


def test_few_new_texts_wait(listings: list[Listing]) -> None:
    build.texts(listings[:3], [{-1: 10}] * 3)
    assert segments.seal(KIND, least=4) == 0
    assert Posting.objects.count() == 3
    assert segments.seal(KIND, least=3) == 3
    assert segments.seal(KIND) == 0


def test_the_strongest_texts_come_first_in_a_block(listings: list[Listing]) -> None:
    found = build.texts(
        listings[:4], [{-1: weight, -2: 60 - weight} for weight in (10, 30, 20, 30)]
    )
    segments.seal(KIND)
    block = Block.objects.get(word=-1)
    places = [found[0] + int.from_bytes(block.texts[at : at + 4], "little") for at in (0, 4, 8, 12)]
    assert places == [found[1], found[3], found[2], found[0]]
    assert list(block.strengths) == sorted(block.strengths, reverse=True)


def test_a_killed_seal_changes_nothing(
    listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = build.texts(listings[:4], [{-1: 10, -2: 3}] * 4)
    write = segments._write

    def half(*given: object) -> None:
        write(*given)  # type: ignore[arg-type]
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(segments, "_write", half)
        with pytest.raises(Died):
            segments.seal(KIND)
    assert not Segment.objects.exists()
    assert not Block.objects.exists()
    assert numbers() == set(found)
    must_be_whole()
    segments.seal(KIND)
    must_be_whole()


def test_postings_of_a_listing_that_was_deleted_go_when_the_others_are_sealed(
    listings: list[Listing],
) -> None:
    build.texts(listings, [{-1: 10}, {-1: 10}])
    Text.objects.filter(listing=listings[0]).delete()
    segments.seal(KIND)
    assert not Posting.objects.exists()
    segments.index(listings[2], words={-1: 10}, wording=1)
    Text.objects.filter(listing=listings[2]).delete()
    segments.seal(KIND)
    assert not Posting.objects.exists()
    assert Segment.objects.count() == 1
    must_be_whole()


def test_texts_that_came_without_postings_are_sealed_by_their_numbers(
    listings: list[Listing],
) -> None:
    found = build.texts(listings[:4], [{-1: 10, -5: 3}] * 4)
    Posting.objects.all().delete()
    assert numbers() == set()
    assert segments.seal_texts(KIND, found[0], found[2]) == 3
    assert numbers() == set(found[:3])
    with pytest.raises(Conflict):
        segments.seal_texts(KIND, found[2], found[3])
    assert segments.seal_texts(KIND, found[3], 10**9) == 1
    assert segments.seal_texts(KIND, found[3] + 1, 10**9) == 0
    must_be_whole()


# --- merging ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_segments_of_a_similar_size_become_one(listings: list[Listing]) -> None:
    found = sealed(listings)
    steps = 0
    while segments.merge(KIND):
        must_be_whole()
        assert numbers() == set(found)
        steps += 1
    assert steps == 8 // 3 + 1
    segment = Segment.objects.get()
    assert (segment.first, segment.last, segment.texts) == (found[0], found[-1], 4)
    assert (segment.postings, segment.is_live) == (8, True)


@pytest.mark.usefixtures("small")
def test_a_killed_merge_goes_on_where_it_was(
    listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = sealed(listings)
    segments.merge(KIND)
    copy = segments._copy

    def half(*given: object) -> None:
        copy(*given)  # type: ignore[arg-type]
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(segments, "_copy", half)
        while True:
            try:
                if not segments.merge(KIND):
                    break
            except Died:
                break
    assert numbers() == set(found)
    must_be_whole()
    while segments.merge(KIND):
        assert numbers() == set(found)
        must_be_whole()
    assert Segment.objects.get().is_live


@pytest.mark.usefixtures("small")
def test_closed_texts_are_left_out_when_segments_are_merged(listings: list[Listing]) -> None:
    found = sealed(listings)
    segments.forget(listings[1].pk)
    while segments.merge(KIND):
        must_be_whole()
    assert Segment.objects.get().texts == 3
    assert numbers() == set(found) - {found[1]}


@pytest.mark.usefixtures("small")
def test_what_became_of_merged_segments_is_swept(listings: list[Listing]) -> None:
    sealed(listings)
    while segments.merge(KIND):
        pass
    left = set(Block.objects.values_list("segment_id", flat=True))
    assert len(left) == 3
    while segments.sweep():
        must_be_whole()
    assert set(Block.objects.values_list("segment_id", flat=True)) == {Segment.objects.get().pk}


def test_few_segments_and_segments_of_other_sizes_stay(listings: list[Listing]) -> None:
    sealed(listings)
    assert not segments.merge(KIND)
    Segment.objects.filter(pk=Segment.objects.earliest("pk").pk).update(texts=segments.FAN**2)
    assert not segments.merge(KIND)


@pytest.mark.parametrize(("closed", "is_renewed"), [(1, False), (2, True)])
def test_a_segment_with_too_many_closed_texts_is_written_anew(
    closed: int, is_renewed: bool, listings: list[Listing]
) -> None:
    found = build.texts(listings[:4], [{-1: 10}] * 4)
    segments.seal(KIND)
    before = Segment.objects.get().pk
    for listing in listings[:closed]:
        segments.forget(listing.pk)
    assert segments.renew(KIND) is is_renewed
    assert not segments.renew(KIND)
    assert numbers() == set(found)
    assert segments.merge(KIND) is is_renewed
    segment = Segment.objects.get()
    assert (segment.pk == before) is not is_renewed
    assert segment.texts == (4 - closed if is_renewed else 4)
    assert numbers() == set(found[closed:] if is_renewed else found)
    must_be_whole()


def test_a_segment_of_closed_texts_alone_goes(listings: list[Listing]) -> None:
    build.texts(listings[:4], [{-1: 10}] * 4)
    segments.seal(KIND)
    for listing in listings[:4]:
        segments.forget(listing.pk)
    assert segments.renew(KIND)
    assert segments.merge(KIND)
    assert not Segment.objects.exists()
    assert segments.sweep() == 1
    assert not Block.objects.exists()
    assert segments.sweep() == 0


# --- the clock --------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_the_clock_seals_what_is_new_merges_it_and_sweeps(
    listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = sealed(listings)
    found += build.texts(listings[4:], [{-1: 10}] * 4)
    assert tasks.seal() > 0
    assert Posting.objects.count() == 4
    assert Block.objects.filter(segment_id=Segment.objects.get().pk).count() == 5
    monkeypatch.setattr(tasks, "LEAST", 3)
    assert tasks.seal() > 0
    assert not Posting.objects.exists()
    assert tasks.seal() == 0
    assert numbers() == set(found)
    must_be_whole()


def test_the_clock_has_segments_of_closed_texts_written_anew(listings: list[Listing]) -> None:
    sealed(listings)
    for listing in listings[:2]:
        segments.forget(listing.pk)
    assert tasks.renew() == 1
    assert tasks.seal() == 2
    assert Segment.objects.get().texts == 2
    assert tasks.renew() == 0
