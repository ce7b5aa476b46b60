"""Vectors from an endpoint that does as it pleases, and from a folder."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy
import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from apps.journal.models import Entry
from apps.markets.models import Listing
from apps.retrieval import tasks
from apps.retrieval.actions import runs, segments
from apps.retrieval.api.serializers import reason_of
from apps.retrieval.clients import endpoint, folder
from apps.retrieval.models import Embedding, Fit, Run, Text
from apps.retrieval.queries import embeddings, embeddings_state
from marketplace.actors import Actor
from marketplace.errors import MarketError
from marketplace.listings import ListingState, Market
from marketplace.runs import RunKind, RunState, RunStep
from marketplace.vectors import VectorSource, origin_of
from marketplace.words import key
from tests.build import markets

CLOCK = Actor.system("test")
TECHNOLOGY = Market.TECHNOLOGY
KEY = "a secret key"

Answer = Callable[[list[str]], Any]


class Endpoint:
    """An endpoint on this machine, and what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = right
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.may_go = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append({"path": self.path, **body})
                outer.headers.append(dict(self.headers.items()))
                answer = outer.answer(body["input"])
                if answer == "hang":
                    outer.may_go.wait(20)
                    return
                if answer == "drip":
                    self.send_response(200)
                    self.end_headers()
                    while not outer.may_go.wait(0.05):
                        try:
                            self.wfile.write(b" ")
                        except OSError:
                            return
                    return
                status, content = answer if isinstance(answer, tuple) else (200, answer)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", content)
                    content = ""
                sent = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *given: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.may_go.set()
        self.server.shutdown()
        self.server.server_close()


def vector(text: str) -> list[float]:
    return [float(len(text)), 1.0, float(sum(map(ord, text)) % 97)]


def answered(vectors: list[Any]) -> dict[str, Any]:
    return {"data": [{"index": place, "embedding": each} for place, each in enumerate(vectors)]}


def right(texts: list[str]) -> Any:
    """Answer as it should, in another order."""
    found = answered([vector(text) for text in texts])
    return {"data": found["data"][::-1]}


#: What an endpoint may do instead, and what is said of it.
WRONG: dict[str, tuple[Answer, str]] = {
    "hangs": (lambda texts: "hang", "does not answer"),
    "drips": (lambda texts: "drip", "does not answer"),
    "fails": (lambda texts: (500, {}), "status 500"),
    "refuses": (lambda texts: (401, {"error": KEY}), "status 401"),
    "points elsewhere": (lambda texts: (302, "http://127.0.0.1:9/v1"), "status 302"),
    "tells too few": (lambda texts: answered([[1, 2, 3]] * (len(texts) - 1)), "vectors came"),
    "tells too many": (lambda texts: answered([[1, 2, 3]] * (len(texts) + 1)), "vectors came"),
    "lies about dimension": (lambda texts: answered([[1, 2]] * len(texts)), "2 numbers"),
    "tells of nothing": (lambda texts: answered([[0, 0, 0]] * len(texts)), "noughts"),
    "is not a number": (lambda texts: answered([[1, math.nan, 0]] * len(texts)), "finite"),
    "is infinite": (lambda texts: answered([[1, math.inf, 0]] * len(texts)), "finite"),
    "tells words": (lambda texts: answered([["1", "2", "3"]] * len(texts)), "not made of numbers"),
    "tells one twice": (
        lambda texts: {"data": [{"index": 0, "embedding": [1, 2, 3]}] * len(texts)},
        "vectors came",
    ),
    "counts from elsewhere": (
        lambda texts: {"data": [{"index": 7, "embedding": [1, 2, 3]}] * len(texts)},
        "something else",
    ),
    "is a page": (lambda texts: (200, b"<html>"), "something else"),
    "is a list": (lambda texts: [1, 2], "something else"),
    "is deep": (lambda texts: (200, b"[" * 100_000), "something else"),
    "is no text": (lambda texts: (200, b"\xff\xfe\x00"), "something else"),
}


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    found = Endpoint()
    settings.EMBEDDINGS, settings.EMBEDDINGS_KEY = f"{found.address}#chips", KEY
    monkeypatch.setattr(endpoint.embed, "__kwdefaults__", {**endpoint.embed.__kwdefaults__})
    endpoint.embed.__kwdefaults__["timeout"] = 0.5
    yield found
    found.close()


def asked_for(there: Endpoint, *texts: str, **more: Any) -> list[Any]:
    return endpoint.embed(texts, origin_of(f"{there.address}#chips"), key=KEY, **more)


# --- an endpoint ------------------------------------------------------------------------------


def test_an_endpoint_is_asked_in_the_usual_form_and_order_is_kept(there):
    one, two = asked_for(there, "碳化硅", "GaN on Si")
    assert there.asked == [
        {"path": "/v1/embeddings", "model": "chips", "input": ["碳化硅", "GaN on Si"]}
    ]
    assert there.headers[0]["Authorization"] == f"Bearer {KEY}"
    for found, text in [(one, "碳化硅"), (two, "GaN on Si")]:
        length = math.sqrt(sum(number**2 for number in vector(text)))
        assert found.tolist() == pytest.approx([number / length for number in vector(text)])


def test_of_a_very_long_text_the_beginning_is_sent(there):
    asked_for(there, "长" * 200_000)
    assert there.asked[0]["input"] == ["长" * endpoint.LONGEST]


@pytest.mark.parametrize("wrong", WRONG)
def test_whatever_it_does_instead_is_refused(wrong, there):
    there.answer, words = WRONG[wrong]
    before = time.monotonic()
    with pytest.raises(MarketError) as error:
        asked_for(there, "碳化硅", "GaN", dimensions=3)
    assert words in str(error.value)
    assert KEY not in str(error.value)
    assert time.monotonic() - before < 5


def test_nobody_at_home_is_no_bug(there):
    there.close()
    with pytest.raises(MarketError, match="cannot be reached"):
        asked_for(there, "碳化硅")


def test_an_answer_without_end_is_not_read_to_the_end(there, monkeypatch):
    monkeypatch.setattr(endpoint, "LARGEST", 1000)
    there.answer = lambda texts: (200, b" " * 100_000)
    with pytest.raises(MarketError, match="something else"):
        asked_for(there, "碳化硅")


# --- a market whose vectors come from one -----------------------------------------------------


@pytest.fixture
def listings(as_agent: Actor, as_reviewer: Actor) -> list[Listing]:
    return [
        markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.DRAFT, title=f"求{n}")
        for n in "一二三四五六七"
    ]


@pytest.fixture
def texts(listings: list[Listing]) -> list[Text]:
    return [index(listing) for listing in listings[:5]]


def index(listing: Listing) -> Text:
    words = {1: 10, key("求购"): 3}
    text = segments.index(listing, words=words, wording=listing.wording)
    runs.embed(text, words)
    return text


def refit() -> Run:
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    worked(run)
    return run


def worked(run: Run) -> None:
    """Let the clock come round until nothing goes on, however long that takes."""
    for _ in range(9):
        tasks.run()
        Fit.objects.filter(is_current=False).update(try_again_at=None)
    run.refresh_from_db()


def of_endpoint() -> Fit:
    """Return the fit of a market that had one of its own before."""
    refit()
    run = refit()
    assert run.state is RunState.DONE, run.reason
    return run.fit


@pytest.mark.django_db
def test_the_first_fit_needs_nobody_and_the_second_asks(there, texts):
    first = refit().fit
    assert (first.source, there.asked) == (VectorSource.OWN_TEXT, [])
    assert tasks.watch() == 1
    tasks.run()
    fit = Fit.objects.current(TECHNOLOGY)
    assert (fit.source, fit.model, fit.dimensions) == (VectorSource.ENDPOINT, "chips", 3)
    found = embeddings([text.listing_id for text in texts], fit)
    assert found.keys() == {text.listing_id for text in texts}
    assert tasks.watch() == 0
    [_trial, sent] = there.asked
    assert sent["input"][0].startswith("求一")
    assert "配方见附件三" not in json.dumps(sent, ensure_ascii=False)
    assert "真空脱气两次" not in json.dumps(sent, ensure_ascii=False)


@pytest.mark.django_db
def test_what_is_asked_comes_in_batches_and_is_not_asked_again(there, texts, monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 2)
    monkeypatch.setattr(runs, "FEW", 3)
    first = of_endpoint()
    assert [len(asked["input"]) for asked in there.asked] == [1, 2, 2, 1]
    before = embeddings([text.listing_id for text in texts], first)
    there.asked.clear()
    second = refit().fit
    assert [len(asked["input"]) for asked in there.asked] == [1]
    after = embeddings([text.listing_id for text in texts], second)
    assert {pk: each.tolist() for pk, each in after.items()} == {
        pk: each.tolist() for pk, each in before.items()
    }


@pytest.mark.django_db
def test_another_model_is_another_fit(there, texts, settings):
    of_endpoint()
    settings.EMBEDDINGS = f"{there.address}#tools"
    assert tasks.watch() == 1
    there.asked.clear()
    tasks.run()
    assert Fit.objects.current(TECHNOLOGY).model == "tools"
    assert [len(asked["input"]) for asked in there.asked] == [1, 5]


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", WRONG)
def test_a_refit_is_stuck_after_three_failures_and_the_old_one_stays(wrong, there, texts):
    old = refit().fit
    there.answer, words = WRONG[wrong]
    if wrong in ("tells too few", "tells one twice", "lies about dimension"):
        # The trial is of one text.
        there.answer = lambda texts: right(texts) if len(texts) == 1 else WRONG[wrong][0](texts)
    run = refit()
    assert run.state is RunState.STUCK
    assert words in run.reason.format(**run.reason_facts)
    assert run.fit.failures == 3
    assert Fit.objects.current(TECHNOLOGY) == old
    state = embeddings_state()
    assert (state["source"], state["missing"]) == ("endpoint", 0)
    assert words in state["last_error"]
    assert KEY not in json.dumps(state)
    there.answer = right
    runs.resume(run, by=CLOCK)
    worked(run)
    assert run.state is RunState.DONE
    assert len(embeddings([text.listing_id for text in texts], run.fit)) == 5
    assert embeddings_state()["last_error"] is None


@pytest.mark.django_db
def test_between_failures_a_run_waits(there, texts):
    refit()
    there.answer = lambda texts: (503, {})
    run = runs.begin_run(RunKind.REFIT, TECHNOLOGY, by=CLOCK)
    tasks.run()
    run.refresh_from_db()
    assert (run.state, run.step, run.fit.failures) == (RunState.RUNNING, RunStep.LEARN, 1)
    pause = run.fit.try_again_at - timezone.now()
    assert timedelta(seconds=3) < pause <= timedelta(seconds=5)
    assert tasks.run() == 0
    assert len(there.asked) == 1


@pytest.mark.django_db
def test_publishing_waits_for_nobody_and_the_vector_comes_later(there, texts, listings, client):
    fit = of_endpoint()
    there.answer = lambda texts: "hang"
    there.asked.clear()
    text = index(listings[5])
    assert there.asked == []
    assert not Embedding.objects.filter(text=text, fit=fit).exists()
    assert tasks.embed() == 0
    fit.refresh_from_db()
    assert (fit.failures, fit.is_current) == (1, True)
    assert tasks.embed() == 0
    assert len(there.asked) == 1  # Not at once again.
    ready = Client().get("/health/ready").json()
    assert ready["status"] == "ready"
    state = ready["embeddings"]
    assert (state["source"], state["missing"]) == ("endpoint", 1)
    assert state["last_error"] == "The endpoint does not answer within 0.5 s."
    assert state["since"] == fit.failing_since.isoformat()
    there.answer = right
    Fit.objects.update(try_again_at=None)
    assert tasks.embed() == 1
    assert text.listing_id in embeddings([text.listing_id], fit)
    assert embeddings_state() == {
        **{"source": "endpoint", "missing": 0, "last_error": None, "since": None}
    }
    # Those who match hear of it.
    assert Entry.objects.filter(verb="listing.embedded").get().subject_id == str(listings[5].pk)


@pytest.mark.django_db
def test_failures_in_a_row_make_the_pauses_longer_and_no_end(there, texts, listings):
    fit = of_endpoint()
    index(listings[5])
    there.answer = lambda texts: (500, {})
    pauses = []
    for _ in range(5):
        tasks.embed()
        fit.refresh_from_db()
        pauses.append(round((fit.try_again_at - timezone.now()).total_seconds()))
        Fit.objects.update(try_again_at=None)
    assert pauses == [5, 10, 20, 40, 80]
    assert (fit.failures, fit.is_current) == (5, True)


@pytest.mark.django_db
def test_a_text_that_its_listing_has_left_behind_is_not_asked_for(there, texts, listings):
    of_endpoint()
    text = index(listings[5])
    Listing.objects.filter(pk=listings[5].pk).update(wording=text.wording + 1)
    there.asked.clear()
    assert (tasks.embed(), there.asked) == (0, [])
    assert embeddings_state()["missing"] == 0


@pytest.mark.django_db
def test_who_takes_the_setting_back_asks_nobody_any_more(there, texts, listings, settings):
    fit = of_endpoint()
    settings.EMBEDDINGS = ""
    there.asked.clear()
    index(listings[5])
    assert tasks.embed() == 0
    assert there.asked == []
    fit.refresh_from_db()
    assert "none are asked for now" in fit.failure
    assert tasks.watch() == 1
    tasks.run()
    assert Fit.objects.current(TECHNOLOGY).source is VectorSource.OWN_TEXT
    assert embeddings_state()["missing"] == 0


# --- a folder ---------------------------------------------------------------------------------


def write(path: Path, tokens: list[str], vectors: Any) -> Path:
    (path / "vocabulary.txt").write_text("\n".join(tokens), encoding="utf-8")
    numpy.save(path / "vectors.npy", vectors)
    return path


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_a_folder_gives_the_vectors_of_the_words_that_it_knows(kind, tmp_path):
    table = numpy.array([[3, 4], [0, 2], [1, 1], [9, 9]], kind)
    write(tmp_path, ["碳化", "gan", "not one token", "gan"], table)
    keys = numpy.array(sorted([key("gan"), key("碳化"), key("外延")]), numpy.int64)
    held, found = folder.vectors_of(str(tmp_path), keys)
    rows = dict(zip(held.tolist(), found.tolist(), strict=True))
    assert rows.keys() == {key("gan"), key("碳化")}
    assert rows[key("gan")][0] == 0
    ratio = rows[key("碳化")][1] / rows[key("碳化")][0]
    assert ratio == pytest.approx(4 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("tokens", "vectors", "words"),
    [
        (["碳化"], numpy.ones((2, 3), "f4"), "1 tokens, but 2 vectors"),
        (["碳化"], numpy.ones(1, "f4"), "no table"),
        (["碳化"], numpy.ones((1, 3), "i4"), "no table"),
        (["碳化"], numpy.ones((1, 0), "f4"), "no table"),
        (["碳化"], numpy.array([[1, math.nan]], "f4"), "not finite"),
        (["碳化"], numpy.array([[{}]], object), "can be read"),
    ],
)
def test_a_folder_that_is_not_as_it_must_be_is_refused(tokens, vectors, words, tmp_path):
    write(tmp_path, tokens, vectors)
    with pytest.raises(MarketError, match=words):
        folder.vectors_of(str(tmp_path), numpy.array([key("碳化")]))


@pytest.mark.django_db
def test_a_market_takes_its_vectors_from_a_folder(tmp_path, texts, settings):
    refit()
    settings.EMBEDDINGS = f"file://{tmp_path}"
    run = refit()
    assert (run.state, run.step) == (RunState.STUCK, RunStep.LEARN)
    assert "vocabulary.txt" in run.reason
    assert tasks.watch() == 0
    write(tmp_path, ["求购", "出让"], numpy.array([[3, 4], [1, 0]], "f4"))
    runs.resume(run, by=CLOCK)
    worked(run)
    assert run.state is RunState.DONE
    assert (run.fit.source, run.fit.dimensions) == (VectorSource.FOLDER, 2)
    for found in embeddings([text.listing_id for text in texts], run.fit).values():
        assert found.tolist() == pytest.approx([0.6, 0.8], abs=1e-3)


# --- words ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_why_it_is_stuck_is_said_in_the_language_of_the_reader(there, texts):
    refit()
    there.answer = lambda texts: (500, {})
    run = refit()
    with override("en"):
        assert reason_of(run) == "The endpoint answers with status 500."
    with override("zh-hans"):
        assert "500" in reason_of(run)
