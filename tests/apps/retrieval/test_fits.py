"""Fits are counted, learned, embedded and switched to, whoever dies at it or comes in between."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from random import Random
from threading import Barrier
from typing import Any
from uuid import UUID

import numpy
import pytest
from django.db import connections
from django.utils import timezone

from apps.journal.models import Entry
from apps.markets.models import Listing
from apps.retrieval import tasks
from apps.retrieval.actions import runs, segments
from apps.retrieval.models import Embedding, Fit, FittedWord, Norm, Run, Text
from apps.retrieval.queries import (
    embeddings,
    lexicon,
    sample,
    text_of,
    whole_text_of,
    without_vector,
)
from marketplace import vectors
from marketplace.actors import Actor
from marketplace.errors import Conflict, Missing, Refused
from marketplace.listings import ListingState, Market, Side
from marketplace.runs import FITS_KEPT, RunKind, RunState, RunStep
from marketplace.vectors import VectorSource, learn, similarity
from marketplace.words import Lexicon, emphasis, key, norm, pieces, weights
from tests.build import markets

pytestmark = pytest.mark.django_db

CLOCK = Actor.system("test")
TECHNOLOGY = Market.TECHNOLOGY
#: What is written in titles and bodies of three companies: two names of one thing never stand
#: together, and bread is elsewhere.
WORDINGS = [
    *[("GaN，外延，芯片", "GaN，衬底，外延。")] * 5,
    *[("氮化镓，外延，芯片", "氮化镓，衬底；氮化镓，外延。")] * 5,
    *[("面包，烤箱，面粉", "面包，面粉")] * 5,
    ("面粉，黑麦", "面粉"),
]
CHIP, GAN, NITRIDE, OVEN, RYE = map(key, ["芯片", "gan", "氮化", "烤箱", "黑麦"])
NAMES = ["芯片", "外延", "衬底", "氮化镓", "GaN", "chip", "oven", "2nm", "铝", "面包", "面粉"]


class Died(BaseException):
    """The process is gone: nothing of ours catches it."""


@pytest.fixture
def listings(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> list[Listing]:
    """Return drafts of offers and needs in turn, whose words are to be given."""
    draft = ListingState.DRAFT
    first = markets.offer(by=as_researcher, reviewer=as_reviewer, state=draft)
    made = [first]
    for number in range(1, 20):
        by = as_agent if number % 2 else as_researcher
        make: Callable[..., Listing] = markets.need if number % 2 else markets.offer
        terms = {} if number % 2 else {"project": first.project_id}
        made.append(make(by=by, reviewer=as_reviewer, state=draft, **terms))
    return made


@pytest.fixture
def texts(listings: list[Listing]) -> list[Text]:
    return [publish(*each) for each in zip(listings, WORDINGS, strict=False)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each step small, so that there are many."""
    for name in ("COUNTED", "PIECE", "FEW"):
        monkeypatch.setattr(runs, name, 3)


def index(listing: Listing, words: dict[int, int]) -> Text:
    """Do what is done when a listing is published."""
    text = segments.index(listing, words=words, wording=1)
    runs.embed(text, words)
    return text


def written(listing: Listing, wording: tuple[str, str]) -> dict[int, int]:
    """Put a title and a body into a listing, and return its words as they are read."""
    listing.title, listing.body = wording
    listing.keywords = []
    Listing.objects.filter(pk=listing.pk).update(title=wording[0], body=wording[1], keywords=[])
    return weights(listing.title, text_of(listing), listing.keywords)


def publish(listing: Listing, wording: tuple[str, str]) -> Text:
    """Do what is done when a listing is published that reads so."""
    return index(listing, written(listing, wording))


def refit(market: Market = TECHNOLOGY) -> Fit:
    """Make a fit from beginning to end."""
    run = runs.begin_run(RunKind.REFIT, market, by=CLOCK)
    tasks.run()
    run.refresh_from_db()
    assert run.state is RunState.DONE, (run.state, run.reason, run.reason_facts)
    assert run.fit is not None
    return run.fit


def stepped(run: Run, until: RunStep) -> Run:
    """Do piece after piece until a step is reached."""
    while run.step is not until:
        assert tasks._run_piece()
        run.refresh_from_db()
    return run


def must_be_counted(fit: Fit) -> None:
    """Check a fit against what is counted by hand."""
    held = [(text.listing.side, text.read()) for text in Text.objects.select_related("listing")]
    for side, name in ((Side.OFFER, "offers"), (Side.NEED, "needs")):
        ours = [words for there, words in held if there is side]
        counted = Counter(word for words in ours for word in words)
        rows = FittedWord.objects.filter(fit=fit).values_list("word", name)
        assert {word: count for word, count in rows if count} == counted
        assert getattr(fit, name) == len(ours)


def must_be_embedded(fit: Fit) -> None:
    """Check the norms and vectors of all texts against what is reckoned word by word."""
    rows = FittedWord.objects.filter(fit=fit)
    known = Lexicon(fit.offers, fit.needs, {row.word: (row.offers, row.needs) for row in rows})
    learned = {
        row.word: numpy.frombuffer(row.vector, "<f2").astype(float) for row in rows if row.vector
    }
    held = {text.listing_id: text.read() for text in Text.objects.all()}
    assert norms_of(fit) == {text: norm(words, known) for text, words in held.items()}
    found = embeddings(held, fit)
    for text, words in held.items():
        total = numpy.zeros(fit.dimensions)
        for word in words.keys() & learned.keys():
            total += emphasis(words[word]) * known.rarity(word) * learned[word]
        size = numpy.linalg.norm(total)
        if size < 1e-9:
            assert text not in found
        else:
            assert found[text] == pytest.approx(total / size, abs=1e-5)


def norms_of(fit: Fit) -> dict[UUID, float]:
    return dict(Norm.objects.filter(fit=fit).values_list("text__listing_id", "norm"))


def vectors_of(fit: Fit) -> dict[UUID, bytes]:
    listings = Text.objects.values_list("listing_id", flat=True)
    return {listing: vector.tobytes() for listing, vector in embeddings(listings, fit).items()}


# --- a fit ------------------------------------------------------------------------------------


def test_a_fit_counts_words_and_learns_what_is_like(texts, monkeypatch):
    monkeypatch.setattr(vectors, "DIMENSIONS", 2)
    fit = refit()
    must_be_counted(fit)
    must_be_embedded(fit)
    assert (fit.number, fit.is_current, fit.source) == (1, True, VectorSource.OWN_TEXT)
    assert fit.dimensions == 2
    found = embeddings([text.listing_id for text in texts], fit)
    assert found.keys() == {text.listing_id for text in texts}
    gan, nitride, bread = (found[texts[place].listing_id] for place in (0, 5, 10))
    assert similarity(gan, nitride) > similarity(gan, bread) + Decimal("0.3")
    assert similarity(gan, found[texts[1].listing_id]) == 1
    # Too few texts for a vector, but counted all the same.
    assert FittedWord.objects.get(fit=fit, word=RYE).vector is None


def test_it_is_learned_from_the_sentences_of_the_listings(texts):
    fit = refit()
    sentences = [
        set(weights(sentence, ""))
        for title, body in WORDINGS
        for sentence in [title, *body.rstrip("。").split("；")]
    ]
    assert len(sentences) == 37
    assert list(sample(fit)) == sentences
    keys, made = learn(sentences, seed=fit.number)
    rows = FittedWord.objects.filter(fit=fit, vector__isnull=False).order_by("word")
    assert [(row.word, bytes(row.vector)) for row in rows] == [
        (word, numbers.tobytes()) for word, numbers in zip(keys.tolist(), made, strict=True)
    ]
    assert fit.dimensions == made.shape[1]
    assert {CHIP, GAN, NITRIDE, OVEN, ord("芯"), ord("镓")} <= set(keys.tolist())


def test_of_more_texts_than_are_read_some_are_drawn_by_lot(listings, texts):
    fit = refit()
    late = publish(listings[16], WORDINGS[0])
    by_text = [pieces(whole_text_of(text.listing)) for text in [*texts, late]]
    assert list(sample(fit)) == [piece for held in by_text[:-1] for piece in held]
    drawn = list(sample(fit, 3))
    assert drawn == list(sample(fit, 3))
    lot = [
        [piece for place in places for piece in by_text[place]]
        for places in combinations(range(16), 3)
    ]
    assert drawn in lot


@pytest.mark.parametrize("seed", range(3))
def test_it_is_counted_right_in_whatever_pieces(seed, listings, monkeypatch):
    lot = Random(seed)  # noqa: S311
    for listing in listings:
        title, body = (lot.sample(NAMES, lot.randint(0, 8)) for _ in range(2))
        # Some have no words at all.
        publish(listing, ("，".join(title) or "!", "。".join(body * lot.randint(1, 30)) or "!"))
    monkeypatch.setattr(runs, "COUNTED", lot.randint(1, 7))
    monkeypatch.setattr(runs, "PIECE", lot.randint(1, 7))
    monkeypatch.setattr(runs, "ROOM", lot.choice([0, 100, 10**6]))
    fit = refit()
    must_be_counted(fit)
    must_be_embedded(fit)
    assert fit.dimensions
    assert Embedding.objects.filter(fit=fit).count() == 20


def test_progress_is_told(texts, small):
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    seen = []
    while run.state is not RunState.DONE:
        tasks._run_piece()
        run.refresh_from_db()
        seen.append((run.done, run.whole))
    assert seen == sorted(seen)
    assert seen[0] == (3, 32)
    assert seen[-1] == (32, 32)
    # What nobody decides on is no new version: begun, and done.
    assert run.version == 3


@pytest.mark.parametrize("name", ["_go_on", "_keep", "_switch"])
def test_whoever_dies_at_a_step_has_done_nothing_of_it(name, texts, small, monkeypatch):
    whole = getattr(runs, name)
    calls = iter(range(1000))

    def dying(*given: Any, **more: Any) -> Any:
        if next(calls) % 3 == 0:
            raise Died
        return whole(*given, **more)

    monkeypatch.setattr(runs, name, dying)
    monkeypatch.setattr(tasks, "MOST_FAILURES", 99)
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    deaths = 0
    while run.state is not RunState.DONE:
        try:
            tasks._run_piece()
        except Died:
            deaths += 1
            # Its claim lapses.
            Run.objects.update(claimed_until=None)
        run.refresh_from_db()
    assert deaths
    must_be_counted(run.fit)
    must_be_embedded(run.fit)
    assert vectors_of(run.fit).keys() == {text.listing_id for text in texts}
    assert (run.done, run.whole) == (32, 32)


def test_old_vectors_stand_beside_the_new_until_the_switch(texts, small, monkeypatch):
    first = refit()
    before = vectors_of(first)
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    stepped(run, RunStep.SWITCH)
    assert vectors_of(first) == before
    assert len(vectors_of(run.fit)) == len(before)
    assert Fit.objects.current(TECHNOLOGY) == first
    whole = runs.begin_run
    monkeypatch.setattr(runs, "begin_run", lambda *given, **more: 1 / 0)
    tasks._run_piece()
    assert Fit.objects.current(TECHNOLOGY) == first
    run.refresh_from_db()
    assert (run.state, run.reason_facts) == (RunState.STUCK, {"error": "ZeroDivisionError"})
    monkeypatch.setattr(runs, "begin_run", whole)
    runs.resume(run, by=CLOCK)
    tasks.run()
    assert Fit.objects.current(TECHNOLOGY) == run.fit
    assert not Fit.objects.exclude(pk=run.fit.pk).filter(is_current=True).exists()
    # The old one is kept, for receipts are replayed by it.
    assert vectors_of(first) == before


def test_the_switch_has_everything_matched_anew(texts):
    refit()
    first = Run.objects.get(kind=RunKind.REMATCH)
    assert (first.state, first.step, first.market) == (
        *(RunState.WAITING, RunStep.MATCH, TECHNOLOGY),
    )
    refit()
    first.refresh_from_db()
    assert first.state is RunState.CANCELLED
    assert Run.objects.under_way().get(kind=RunKind.REMATCH).state is RunState.WAITING


def test_a_text_that_comes_meanwhile_is_embedded_under_both(listings, texts, small):
    first = refit()
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    stepped(run, RunStep.LEARN)
    early = publish(listings[16], WORDINGS[0])
    for table in (Embedding, Norm):
        assert [row.fit for row in table.objects.filter(text=early)] == [first]
    stepped(run, RunStep.EMBED)
    late = publish(listings[17], WORDINGS[5])
    stepped(run, RunStep.SWITCH)
    latest = publish(listings[18], WORDINGS[10])
    for text in (late, latest):
        for table in (Embedding, Norm):
            assert {row.fit for row in table.objects.filter(text=text)} == {first, run.fit}
    tasks.run()
    assert Fit.objects.current(TECHNOLOGY) == run.fit
    assert vectors_of(run.fit).keys() >= {text.listing_id for text in (early, late, latest)}
    must_be_embedded(first)
    must_be_embedded(run.fit)
    assert not without_vector(run.fit).exists()


def test_one_text_alone_gets_the_very_vector_that_it_gets_among_many(listings, texts):
    fit = refit()
    found = vectors_of(fit)
    said = norms_of(fit)
    for number, wording in enumerate([WORDINGS[0], WORDINGS[5], WORDINGS[10], WORDINGS[15]]):
        alone = publish(listings[16 + number], wording)
        place = texts[WORDINGS.index(wording)].listing_id
        assert vectors_of(fit)[alone.listing_id] == found[place]
        assert norms_of(fit)[alone.listing_id] == said[place]


def test_the_same_texts_under_the_same_number_give_the_same_vectors(texts):
    first = refit()
    before = vectors_of(first)
    Run.objects.all().delete()
    first.delete()
    again = refit()
    assert again.number == 1
    assert vectors_of(again) == before
    must_be_embedded(again)


def test_a_text_that_goes_meanwhile_is_no_hindrance(texts, small):
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    stepped(run, RunStep.EMBED)
    for text in texts[::2]:
        segments.forget(text.listing_id)
    tasks.run()
    assert vectors_of(run.fit).keys() == {text.listing_id for text in texts[1::2]}
    must_be_embedded(run.fit)


@pytest.mark.parametrize("words", [{}, {7: 1}, {7: 30_000, 8: 3}])
def test_a_market_with_one_listing_has_a_fit(words, listings):
    text = index(listings[0], words)
    fit = refit()
    must_be_counted(fit)
    assert fit.dimensions == 0
    assert embeddings([text.listing_id], fit) == {}
    assert not without_vector(fit).exists()
    index(listings[1], words)
    must_be_embedded(fit)
    assert Norm.objects.filter(fit=fit).count() == 2
    assert not Embedding.objects.exists()


def test_an_empty_market_has_a_fit_too(db):
    fit = refit(Market.CAPITAL)
    assert (fit.offers, fit.needs, fit.dimensions) == (0, 0, 0)
    assert Fit.objects.current(Market.TECHNOLOGY) is None


def test_the_lexicon_is_that_of_a_fit(texts):
    assert lexicon(TECHNOLOGY, [CHIP]) == Lexicon()
    fit = refit()
    given = lexicon(TECHNOLOGY, [CHIP, RYE, 12345], fit=fit)
    assert (given.offers, given.needs) == (8, 8)
    assert given.holding == {CHIP: (5, 5), RYE: (0, 1)}
    assert given == lexicon(TECHNOLOGY, [CHIP, RYE, 12345])
    assert given == lexicon(Market.CAPITAL, [CHIP, RYE, 12345], fit=fit)
    assert lexicon(TECHNOLOGY, []).holding == {}
    assert lexicon(Market.CAPITAL, [CHIP]) == Lexicon()


# --- catching up ------------------------------------------------------------------------------


def test_what_is_without_a_vector_gets_it_when_the_clock_comes_round(texts, monkeypatch):
    fit = refit()
    before = vectors_of(fit)
    Embedding.objects.filter(text__in=texts[3:6]).delete()
    monkeypatch.setattr(runs, "PIECE", 2)
    assert tasks.embed() == 3
    assert tasks.embed() == 0
    assert vectors_of(fit) == before


def test_where_all_have_their_vectors_one_looks_no_further_back(texts, listings, monkeypatch):
    monkeypatch.setattr("apps.retrieval.queries.SLACK", 0)
    fit = refit()
    assert fit.embedded_to == texts[-1].pk
    words = written(listings[16], WORDINGS[0])
    late = segments.index(listings[16], words=words, wording=1)
    assert tasks.embed() == 1
    assert tasks.embed() == 0
    fit.refresh_from_db()
    assert fit.embedded_to == late.pk


# --- who may stop it, and what stops it -------------------------------------------------------


def test_a_run_is_stopped_and_taken_up_where_it_was(texts, small, as_administrator):
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=as_administrator)
    tasks._run_piece()
    tasks._run_piece()
    run = runs.cancel(run, by=as_administrator)
    assert (run.state, run.done, run.step) == (RunState.CANCELLED, 6, RunStep.COUNT)
    assert tasks.run() == 0
    run = runs.resume(run, by=as_administrator)
    assert run.done == 6
    tasks.run()
    run.refresh_from_db()
    assert run.state is RunState.DONE
    must_be_counted(run.fit)
    must_be_embedded(run.fit)
    verbs = Entry.objects.filter(subject_id=str(run.pk)).order_by("pk")
    assert [entry.verb for entry in verbs] == [
        *("run.begun", "run.cancelled", "run.resumed", "run.done")
    ]


def test_what_was_stopped_begins_anew_where_the_market_was_fitted_since(texts, small):
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    stepped(run, RunStep.EMBED)
    old = run.fit
    runs.cancel(run, by=CLOCK)
    newer = refit()
    assert runs.resume(run, by=CLOCK).step is RunStep.COUNT
    tasks.run()
    run.refresh_from_db()
    assert run.fit.number > newer.number
    must_be_counted(run.fit)
    must_be_embedded(run.fit)
    assert not Fit.objects.filter(pk=old.pk).exists()


def test_there_is_one_of_a_kind_at_a_time_in_a_market(texts):
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    with pytest.raises(Conflict, match="under way"):
        runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    runs.begin_run(RunKind.REFIT, Market.TALENT, by=CLOCK)
    runs.begin_run(RunKind.REMATCH, TECHNOLOGY, by=CLOCK)
    runs.cancel(run, by=CLOCK)
    runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    with pytest.raises(Conflict, match="under way"):
        runs.resume(run, by=CLOCK)


def test_nobody_else_may(texts, as_researcher, as_statistician):
    for actor in (as_researcher, as_statistician):
        with pytest.raises(Refused):
            runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=actor)
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    with pytest.raises(Missing):
        runs.cancel(run, by=as_researcher)
    with pytest.raises(Refused):
        runs.cancel(run, by=as_statistician)


def test_a_run_that_fails_is_stuck_and_says_why(texts, monkeypatch):
    monkeypatch.setattr(tasks, "learn", lambda *given, **more: 1 / 0)
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    tasks.run()
    run.refresh_from_db()
    assert (run.state, run.step) == (RunState.STUCK, RunStep.LEARN)
    assert run.reason == "Something went wrong: {error}."
    monkeypatch.undo()
    runs.resume(run, by=CLOCK)
    tasks.run()
    run.refresh_from_db()
    assert (run.state, run.reason) == (RunState.DONE, "")


def test_learning_that_is_broken_off_again_and_again_is_given_up(texts, monkeypatch):
    def dying(*given: Any, **more: Any) -> Any:
        raise Died

    monkeypatch.setattr(tasks, "learn", dying)
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    stepped(run, RunStep.LEARN)
    for _ in range(3):
        with pytest.raises(Died):
            tasks._run_piece()
        assert not tasks._run_piece()  # Nobody else takes it while it may still go on.
        Run.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert tasks._run_piece()
    run.refresh_from_db()
    assert run.state is RunState.STUCK
    assert run.reason.format(**run.reason_facts) == "Learning was broken off 3 times."


def test_who_is_stopped_while_learning_has_learned_for_nothing(texts, monkeypatch):
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    stepped(run, RunStep.LEARN)
    whole = tasks.learn

    def stopped(*given: Any, **more: Any) -> Any:
        runs.cancel(run, by=CLOCK)
        return whole(*given, **more)

    monkeypatch.setattr(tasks, "learn", stopped)
    assert tasks._run_piece()
    run.refresh_from_db()
    assert (run.state, run.step) == (RunState.CANCELLED, RunStep.LEARN)
    monkeypatch.undo()
    runs.resume(run, by=CLOCK)
    tasks.run()
    run.refresh_from_db()
    assert run.state is RunState.DONE


# --- when it is done, and what is kept --------------------------------------------------------


def test_a_few_fits_are_kept(texts, monkeypatch):
    monkeypatch.setattr(runs, "FORGOTTEN", 3)
    made = [refit() for _ in range(FITS_KEPT + 2)]
    tasks.run()
    left = Fit.objects.order_by("number")
    assert [fit.number for fit in left] == [fit.number for fit in made[2:]]
    for table in (FittedWord, Norm, Embedding):
        assert set(table.objects.values_list("fit", flat=True)) == {fit.pk for fit in left}


def test_the_first_fit_is_made_as_soon_as_there_is_a_text(listings):
    assert tasks.watch() == 0
    publish(listings[0], WORDINGS[0])
    assert tasks.watch() == 1
    assert tasks.watch() == 0
    tasks.run()
    assert Fit.objects.current(TECHNOLOGY) is not None
    assert tasks.watch() == 0
    publish(listings[1], WORDINGS[0])
    assert tasks.watch() == 1


def test_nightly_a_fit_is_made_anew_where_a_tenth_changed(listings, texts):
    assert tasks.plan() == 0
    refit()
    assert tasks.plan() == 0
    publish(listings[16], WORDINGS[0])
    assert tasks.plan() == 0
    segments.forget(listings[0].pk)
    assert (tasks.plan(), tasks.watch()) == (1, 0)
    tasks.run()
    assert tasks.plan() == 0


def test_nightly_an_old_fit_is_made_anew_where_anything_changed(listings, texts):
    fit = refit()
    Fit.objects.filter(pk=fit.pk).update(made_at=timezone.now() - timedelta(days=8))
    assert tasks.plan() == 0
    publish(listings[16], WORDINGS[0])
    assert tasks.plan() == 1


def test_what_an_administrator_stopped_is_left_alone_for_a_day(listings, texts):
    tasks.watch()
    run = runs.cancel(Run.objects.get(), by=CLOCK)
    assert tasks.watch() == 0
    Run.objects.filter(pk=run.pk).update(ended_at=timezone.now() - timedelta(hours=25))
    assert tasks.watch() == 1


def test_without_vectors_words_are_counted_alone(listings, texts, settings):
    settings.EMBEDDINGS = "none"
    fit = refit()
    must_be_counted(fit)
    assert (fit.source, fit.dimensions) == (VectorSource.NONE, 0)
    must_be_embedded(fit)
    assert Norm.objects.filter(fit=fit).count() == 16
    assert not Embedding.objects.exists()
    settings.EMBEDDINGS = ""
    assert tasks.watch() == 1  # They come from elsewhere now.
    tasks.run()
    assert Fit.objects.current(TECHNOLOGY).dimensions


# --- at once ----------------------------------------------------------------------------------


def at_once(*deeds: Callable[[], object]) -> None:
    """Run `deeds` at the same time, each on a connection of its own."""
    barrier = Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for done in [pool.submit(run, deed) for deed in deeds]:
            done.result(30)


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_texts_that_come_and_go_spoil_no_fit(listings, texts, small):
    def works() -> None:
        while Run.objects.filter(kind=RunKind.REFIT).exclude(state=RunState.DONE).exists():
            tasks.run()

    def moves() -> None:
        for number in range(12):
            listing = listings[16 + number % 4]
            publish(listing, WORDINGS[number])
            if number % 3 == 0:
                segments.forget(listing.pk)

    for _ in range(3):
        run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
        at_once(works, works, moves)
        run.refresh_from_db()
        assert Fit.objects.filter(is_current=True).get() == run.fit
        tasks.embed()
        assert vectors_of(run.fit).keys() == set(Text.objects.values_list("listing_id", flat=True))
        held = FittedWord.objects.get(fit=run.fit, word=OVEN)
        assert held.offers + held.needs >= 5
        assert 16 <= run.fit.offers + run.fit.needs <= 28


@pytest.mark.django_db(transaction=True)
def test_two_who_begin_a_run_at_once_begin_one(texts):
    outcomes: list[str] = []

    def begins() -> None:
        try:
            runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
            outcomes.append("begun")
        except Conflict as error:
            outcomes.append(error.code)

    at_once(begins, begins, begins)
    assert sorted(outcomes) == ["begun", "run_is_under_way", "run_is_under_way"]
