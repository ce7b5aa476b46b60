"""What the clock does for the index, and for what is learned from it."""

import time

import numpy
import structlog
from celery import shared_task
from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from apps.markets.models import TABLES
from apps.retrieval.actions import runs, segments
from apps.retrieval.clients import endpoint
from apps.retrieval.clients.endpoint import BATCH
from apps.retrieval.clients.folder import vectors_of
from apps.retrieval.models import KEY, Fit, Run
from apps.retrieval.queries import sample, texts_of, vocabulary, whole_text_of, without_vector
from marketplace.actors import Actor
from marketplace.errors import Conflict, MarketError
from marketplace.listings import KINDS, Market, Side
from marketplace.runs import (
    LEFT_ALONE,
    MOST_FAILURES,
    RunKind,
    RunState,
    RunStep,
    has_doubled,
    is_outdated,
)
from marketplace.vectors import (
    KEPT,
    NoVectors,
    Numbers,
    VectorOrigin,
    VectorSource,
    learn,
    origin_of,
)

log = structlog.get_logger("retrieval")

CLOCK = Actor.system("retrieval")
#: For how many seconds one task works on runs.
SECONDS = 20.0
#: For how many seconds one task works on segments, and how many new texts of a kind it waits for.
SEALING_SECONDS, LEAST = 8.0, 256
ALL_KINDS = range(1, len(KINDS) + 1)
#: The vectors of how many words are kept at once.
KEPT_AT_ONCE = 20_000
#: What an endpoint is sent to see how long its vectors are.
TRIAL = "技术 technology"


# --- runs -------------------------------------------------------------------------------------


@shared_task(name="retrieval.run")
def run() -> int:
    """Work on the refits that wait, and return how many pieces were done."""
    deadline = time.monotonic() + SECONDS
    count = 0
    while time.monotonic() < deadline and _run_piece():
        count += 1
    while time.monotonic() < deadline and _forget_piece():
        count += 1
    return count


@shared_task(name="retrieval.embed")
def embed() -> int:
    """Give texts their vectors that have yet to get one under the fit in use."""
    deadline = time.monotonic() + SECONDS
    count = 0
    for fit in Fit.objects.filter(is_current=True, dimensions__gt=0).order_by("pk"):
        while time.monotonic() < deadline and (found := _embed_piece(fit)):
            count += found
    return count


@shared_task(name="retrieval.watch")
def watch() -> int:
    """Begin a refit where a market has no fit, has doubled, or takes its vectors from elsewhere."""
    return sum(_refit(market) for market in Market if _is_urgent(market))


@shared_task(name="retrieval.plan")
def plan() -> int:
    """Begin a refit where the texts of a market are no longer those that were read."""
    return sum(_refit(market) for market in Market if _is_due(market))


def _run_piece() -> bool:
    """Claim a run that nobody else works on, and do its next piece; say False if there is none."""
    claimed: Run | None = None
    try:
        with transaction.atomic():
            waiting = Run.objects.to_do(RunKind.REFIT, timezone.now()).select_for_update(
                of=("self",), skip_locked=True, no_key=True
            )
            claimed = waiting.first()
            if claimed is None:
                return False
            claimed = runs.step(claimed, by=CLOCK)
        if claimed.claimed_until is not None and claimed.fit is not None:
            _outside(claimed, claimed.fit)
    except OperationalError:
        raise  # The database failed, not the run: another task goes on where this one began.
    except Exception as error:
        if claimed is None:
            raise
        # Else it would be tried for ever, and hold up all others.
        log.exception("run_failed", run=str(claimed.pk))
        _give_up(claimed, error)
    return True


def _outside(claimed: Run, fit: Fit) -> None:
    """Do what is not done while the run is held: learn, or ask others for vectors."""
    try:
        if claimed.step is RunStep.LEARN:
            _learn(claimed, fit)
        else:
            _ask(fit, after=claimed.reached)
    except MarketError as error:
        log.warning("no_vectors", market=fit.market.value, fit=fit.number, reason=str(error))
        if fit.source is VectorSource.FOLDER:
            runs.get_stuck(claimed, error.message, _plain(error), by=CLOCK)
        else:
            runs.note_failure(fit, error, by=CLOCK)


def _learn(claimed: Run, fit: Fit) -> None:
    """Get the vectors of the words of a fit, or of an endpoint how long its vectors are."""
    times = claimed.reached - 1
    if times >= MOST_FAILURES:
        reason = gettext_noop("Learning was broken off {times} times.")
        runs.get_stuck(claimed, reason, {"times": times}, by=CLOCK)
        return
    if fit.source is VectorSource.ENDPOINT:
        [vector] = _asked(fit, [TRIAL])
        runs.learned(claimed, len(vector), by=CLOCK)
        return
    keys, vectors = numpy.zeros(0, KEY), numpy.zeros((0, 0), KEPT)
    if fit.source is VectorSource.FOLDER:
        keys, vectors = vectors_of(_origin_of(fit).place, vocabulary(fit))
    elif fit.source is VectorSource.OWN_TEXT:
        keys, vectors = learn(sample(fit), seed=fit.number)
    dimensions = vectors.shape[1] if len(vectors) else 0
    for start in range(0, len(keys) if dimensions else 0, KEPT_AT_ONCE):
        piece = slice(start, start + KEPT_AT_ONCE)
        rows = [row.tobytes() for row in vectors[piece]]
        runs.keep_word_vectors(fit, keys[piece].tolist(), rows)
    runs.learned(claimed, dimensions, by=CLOCK)


def _ask(fit: Fit, *, after: int | None = None) -> int:
    """Ask the endpoint for the vectors of some texts without one, and return of how many."""
    related = [f"listing__{TABLES[fit.market, side].__name__.lower()}" for side in Side]
    rows = without_vector(fit, after=after).select_related("listing", *related)[:BATCH]
    texts = list(rows)
    if texts:
        vectors = _asked(fit, [whole_text_of(text.listing) for text in texts])
        runs.take_vectors(fit, texts, vectors, by=CLOCK)
    return len(texts)


def _asked(fit: Fit, texts: list[str]) -> list[Numbers]:
    return endpoint.embed(
        texts,
        _origin_of(fit),
        key=settings.EMBEDDINGS_KEY,
        dimensions=fit.dimensions or None,
    )


def _origin_of(fit: Fit) -> VectorOrigin:
    """Return where the vectors of a fit come from, if that is what is set today."""
    origin = origin_of(settings.EMBEDDINGS)
    if (origin.source, origin.model) != (fit.source, fit.model):
        raise NoVectors("The vectors of this fit come from where none are asked for now.")
    return origin


def _embed_piece(fit: Fit) -> int:
    """Give a piece of the texts their vectors that have none, and return how many it were."""
    found = runs.catch_up(fit, by=CLOCK)
    if not found or fit.source is not VectorSource.ENDPOINT:
        return found
    if not runs.claim(fit, by=CLOCK):
        return 0
    try:
        return _ask(fit)
    except MarketError as error:
        log.warning("no_vectors", market=fit.market.value, fit=fit.number, reason=str(error))
        runs.note_failure(fit, error, by=CLOCK)
        return 0


def _forget_piece() -> bool:
    return any(runs.forget_old(market, by=CLOCK) for market in Market)


def _give_up(claimed: Run, error: Exception) -> None:
    """Have a run stuck that failed in a way nobody foresaw, unless it was stopped meanwhile."""
    reason = gettext_noop("Something went wrong: {error}.")
    try:
        runs.get_stuck(claimed, reason, {"error": type(error).__name__}, by=CLOCK)
    except Conflict:
        log.info("run_was_stopped", run=str(claimed.pk))


def _plain(error: MarketError) -> dict[str, str]:
    return {name: str(fact) for name, fact in error.facts.items()}


def _is_urgent(market: Market) -> bool:
    fit = Fit.objects.current(market)
    if fit is None:
        return texts_of(market).exists()
    origin = origin_of(settings.EMBEDDINGS)
    is_elsewhere = (origin.source, origin.model) != (fit.source, fit.model)
    counted = fit.offers + fit.needs
    # Not more are looked for than decide it.
    new = texts_of(market).filter(pk__gt=fit.counted_to)[: counted or 1].count()
    return is_elsewhere or has_doubled(counted=counted, new=new)


def _is_due(market: Market) -> bool:
    fit = Fit.objects.current(market)
    if fit is None or fit.made_at is None:
        return False
    counted = fit.offers + fit.needs
    new = texts_of(market).filter(pk__gt=fit.counted_to).count()
    gone = max(counted + new - texts_of(market).count(), 0)
    age = timezone.now() - fit.made_at
    return is_outdated(counted=counted, new=new, gone=gone, age=age)


def _refit(market: Market) -> bool:
    """Begin a refit of a market, unless one is under way or was cancelled not long ago."""
    refits = Run.objects.filter(kind=RunKind.REFIT, market=market)
    lately = timezone.now() - LEFT_ALONE
    if refits.filter(state=RunState.CANCELLED, ended_at__gt=lately).exists():
        return False
    if refits.under_way().exists():
        return False
    try:
        runs.begin_run(RunKind.REFIT, market, by=CLOCK)
    except Conflict:
        return False
    return True


# --- segments ---------------------------------------------------------------------------------


@shared_task(name="retrieval.seal")
def seal() -> int:
    """Put new texts into segments, merge these, and return how many steps were done."""
    deadline = time.monotonic() + SEALING_SECONDS
    count = 0
    for kind in ALL_KINDS:
        while time.monotonic() < deadline and segments.seal(kind, least=LEAST):
            count += 1
    for kind in ALL_KINDS:
        while time.monotonic() < deadline and segments.merge(kind):
            count += 1
    while time.monotonic() < deadline and segments.sweep():
        count += 1
    return count


@shared_task(name="retrieval.renew")
def renew() -> int:
    """Have segments written anew that hold many closed texts, and return of how many kinds."""
    return sum(segments.renew(kind) for kind in ALL_KINDS)
