"""Learn from the texts of a market, piece by piece: fits, norms, vectors."""


# ruff: noqa: S608  (what is put together here are our own names; all that is given is a parameter)

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from apps.journal.actions import record, record_many
from apps.retrieval.models import (
    KEY,
    WEIGHT,
    Embedding,
    Fit,
    FittedWord,
    Norm,
    Run,
    Text,
    kind_of,
)
from apps.retrieval.queries import (
    lexicon,
    newest_of,
    texts_of,
    weighed,
    without_vector,
    word_vectors,
)
from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, MarketError, Refused
from marketplace.listings import KINDS, Market, Side
from marketplace.runs import (
    FITS_KEPT,
    MOST_FAILURES,
    RUN,
    STEPS,
    RunKind,
    RunState,
    RunStep,
    pause_after,
)
from marketplace.vectors import VectorOrigin, VectorSource, origin_of, text_vector
from marketplace.words import norm

#: How many texts are counted in one step of a run, how many get vectors, how many of these when
#: others are asked for them; and how many bytes of words are read for it at most.
COUNTED, PIECE, FEW, ROOM = 5_000, 1_000, 256, 32 * 1024 * 1024
#: How many rows of an old fit are removed in one step.
FORGOTTEN = 20_000
#: For how long a run is claimed by who learns, and by who asks others for vectors: as long as a
#: task may take, and somewhat longer than an answer may.
LEASE, CALL_LEASE = timedelta(minutes=6), timedelta(minutes=1)
#: What says how far a run has come, and what is wrong with where vectors come from.
PROGRESS = ("reached", "done", "whole", "claimed_until")
FAILURE = ("failures", "failure", "failure_facts", "failing_since", "try_again_at")


@transaction.atomic
def begin_run(kind: RunKind, market: Market, *, by: Actor) -> Run:
    """Ask for a market to be fitted or matched anew; the clock does it, piece by piece."""
    by.must_have(Role.ADMINISTRATOR)
    _must_be_alone(kind, market)
    run = Run.objects.create(kind=kind, market=market, step=STEPS[kind][0])
    record("run.begun", run, by=by, kind=kind, market=market)
    return run


@transaction.atomic
def cancel(run: Run, *, by: Actor, expected: int | None = None) -> Run:
    """Stop a run; what was used until now stays in use."""
    run = Run.objects.locked(run, by=by, expected=expected)
    by.must_have(Role.ADMINISTRATOR)
    _end(run, "cancel")
    record("run.cancelled", run, by=by, kind=run.kind, market=run.market)
    return run


@transaction.atomic
def resume(run: Run, *, by: Actor, expected: int | None = None) -> Run:
    """Go on where a run was cancelled or got stuck; anew where the market was fitted since."""
    run = Run.objects.locked(run, by=by, expected=expected)
    by.must_have(Role.ADMINISTRATOR)
    run.state = RUN.after(run.state, "resume")
    _must_be_alone(run.kind, run.market, but=run)
    if run.kind is RunKind.REFIT:
        newer = Fit.objects.filter(market=run.market, made_at__isnull=False)
        if run.fit is None or newer.filter(number__gte=run.fit.number).exists():
            run.fit, run.step = None, STEPS[run.kind][0]
            run.reached = run.done = run.whole = 0
        else:
            _note_success(run.fit)
            run.reached = 0 if run.step is RunStep.LEARN else run.reached
    run.reason, run.reason_facts, run.ended_at, run.claimed_until = "", {}, None, None
    run.store("state", "reason", "reason_facts", "ended_at", "fit", "step", *PROGRESS)
    record("run.resumed", run, by=by, kind=run.kind, market=run.market)
    return run


@transaction.atomic
def get_stuck(run: Run, reason: str, facts: Mapping[str, Any] | None = None, *, by: Actor) -> Run:
    """Note that a run cannot go on by itself, and why: in English, the key of a translation."""
    run = Run.objects.locked(run, by=by)
    _must_be_clock(by)
    run.reason, run.reason_facts = reason[:300], dict(facts or {})
    _end(run, "get_stuck")
    record("run.stuck", run, by=by, kind=run.kind, market=run.market)
    return run


@transaction.atomic
def step(run: Run, *, by: Actor) -> Run:
    """
    Do the next piece of a refit; only the clock does.

    How far it has come is written down with what was done, so nothing is done twice or left out.
    What must not be done while the row is held (learning, and asking others) is left to whoever
    calls, and the run is claimed for it.
    """
    run = Run.objects.locked(run, by=by)
    _must_be_clock(by)
    if run.kind is not RunKind.REFIT:
        return run
    if run.state is RunState.WAITING:
        run.state, run.began_at = RUN.after(run.state, "begin"), timezone.now()
        run.store("state", "began_at")
    if run.state is not RunState.RUNNING:
        return run
    fit = run.fit or _new_fit(run)
    run.claimed_until = None
    if run.step is RunStep.COUNT:
        _count(run, fit)
    elif run.step is RunStep.LEARN:
        run.reached += 1
        run.claimed_until = timezone.now() + LEASE
    elif run.step is RunStep.EMBED:
        _embed(run, fit)
    else:
        _switch(run, fit, by=by)
        record("run.done", run, by=by, kind=run.kind, market=run.market)
    _keep(run)
    return run


@transaction.atomic
def keep_word_vectors(fit: Fit, words: Sequence[int], vectors: Sequence[bytes]) -> None:
    """Keep the vectors of words of a fit that is being made; the same ones may be kept twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {FittedWord._meta.db_table} held SET vector = given.vector"
            " FROM unnest(%s::int8[], %s::bytea[]) AS given (word, vector)"
            " WHERE held.fit_id = %s AND held.word = given.word",
            [list(words), list(vectors), fit.pk],
        )


@transaction.atomic
def learned(run: Run, dimensions: int, *, by: Actor) -> Run:
    """Note that the vectors of a fit are there, of so many numbers; without any, of none."""
    run = Run.objects.locked(run, by=by)
    _must_be_clock(by)
    # Whoever was stopped meanwhile, or taken for dead, has learned for nothing.
    if run.state is not RunState.RUNNING or run.step is not RunStep.LEARN or run.fit is None:
        return run
    run.fit.dimensions = dimensions
    run.fit.save(update_fields=["dimensions", "updated_at"])
    _note_success(run.fit)
    run.step = RunStep.EMBED
    run.whole = run.done + texts_of(run.market).count()
    run.reached, run.claimed_until = 0, None
    _keep(run)
    return run


@transaction.atomic
def embed(text: Text, words: Mapping[int, int]) -> None:
    """
    Give a text its norm and vector under the fit in use, and under one that is being made.

    Where vectors come from an endpoint nothing is asked here: such a text waits for the clock.
    """
    market = KINDS[text.kind - 1][0]
    makers = Run.objects.under_way().filter(
        fit=OuterRef("pk"), step__in=[RunStep.EMBED, RunStep.SWITCH]
    )
    of_text = {"fit": OuterRef("pk"), "text": text}
    no_norm = ~Exists(Norm.objects.filter(**of_text))
    no_vector = ~Exists(Embedding.objects.filter(**of_text))
    is_ours = Q(dimensions__gt=0) & ~Q(source=VectorSource.ENDPOINT)
    used = Fit.objects.filter(Q(is_current=True) | Exists(makers), market=market)
    for fit in used.filter(no_norm):
        reckoned = norm(words, lexicon(market, words.keys(), fit=fit))
        Norm.objects.bulk_create([Norm(text=text, fit=fit, norm=reckoned)], ignore_conflicts=True)
    for fit in used.filter(is_ours, no_vector):
        keys = numpy.array(sorted(words), KEY)
        weights = numpy.array([words[key] for key in keys.tolist()], WEIGHT)
        vector = text_vector(keys, weights, word_vectors(fit, keys.tolist()))
        given = Embedding(text=text, fit=fit, vector=vector)
        Embedding.objects.bulk_create([given], ignore_conflicts=True)


@transaction.atomic
def keep_norms(fit: Fit, texts: Sequence[Text]) -> None:
    """Keep how much texts say in all under a fit, unless a text is gone or it was reckoned."""
    held = {text.pk: text.read() for text in texts}
    known = lexicon(fit.market, {word for words in held.values() for word in words}, fit=fit)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Norm._meta.db_table} (text_id, fit_id, norm)"
            " SELECT text.id, %s, given.norm"
            " FROM unnest(%s::int4[], %s::float8[]) AS given (id, norm)"
            f" JOIN {Text._meta.db_table} text USING (id)"
            " ORDER BY text.id FOR KEY SHARE OF text SKIP LOCKED ON CONFLICT DO NOTHING",
            [fit.pk, list(held), [norm(words, known) for words in held.values()]],
        )


@transaction.atomic
def embed_texts(fit: Fit, texts: Sequence[Text]) -> None:
    """Give texts their vectors under a fit whose words have vectors."""
    held = [weighed(text) for text in texts]
    keys = numpy.unique(numpy.concatenate([numpy.zeros(0, KEY), *(words for words, _ in held)]))
    known = word_vectors(fit, keys.tolist())
    vectors = [text_vector(words, weights, known) for words, weights in held]
    keep_vectors(fit, [text.pk for text in texts], vectors)


@transaction.atomic
def keep_vectors(fit: Fit, text_ids: Sequence[int], vectors: Sequence[Any]) -> None:
    """Keep the vectors of texts under a fit, unless the text is gone or has one."""
    with connection.cursor() as cursor:
        # A text that is about to go is passed over rather than waited for.
        cursor.execute(
            f"INSERT INTO {Embedding._meta.db_table} (text_id, fit_id, vector)"
            " SELECT text.id, %s, given.vector::vector"
            " FROM unnest(%s::int4[], %s::text[]) AS given (id, vector)"
            f" JOIN {Text._meta.db_table} text USING (id)"
            " ORDER BY text.id FOR KEY SHARE OF text SKIP LOCKED ON CONFLICT DO NOTHING",
            [
                fit.pk,
                list(text_ids),
                [None if vector is None else str(vector.tolist()) for vector in vectors],
            ],
        )


@transaction.atomic
def take_vectors(fit: Fit, texts: Sequence[Text], vectors: Sequence[Any], *, by: Actor) -> None:
    """Keep the vectors of texts that were asked for elsewhere; matches can be found by them now."""
    _must_be_clock(by)
    keep_vectors(fit, [text.pk for text in texts], vectors)
    Run.objects.under_way().filter(fit=fit).update(claimed_until=None)
    _note_success(fit)
    if fit.is_current:
        record_many("listing.embedded", [(text.listing, {}) for text in texts], by=by)


@transaction.atomic
def catch_up(fit: Fit, *, by: Actor) -> int:
    """Give some texts a vector that have none under the fit in use, and return how many."""
    _must_be_clock(by)
    newest = newest_of(fit.market)
    texts = list(without_vector(fit)[:PIECE])
    if texts:
        if fit.source is not VectorSource.ENDPOINT:
            embed_texts(fit, texts)
    elif newest > fit.embedded_to:
        Fit.objects.filter(pk=fit.pk).update(embedded_to=newest)
    return len(texts)


@transaction.atomic
def claim(fit: Fit, *, by: Actor) -> bool:
    """Say whether nobody else asks for vectors of a fit now; nobody does until that lapses."""
    _must_be_clock(by)
    now = timezone.now()
    free = Fit.objects.filter(Q(try_again_at=None) | Q(try_again_at__lte=now), pk=fit.pk)
    return free.update(try_again_at=now + CALL_LEASE) > 0


@transaction.atomic
def note_failure(fit: Fit, error: MarketError, *, by: Actor) -> Fit:
    """Note that no vectors could be had; a run that needs them is stuck after some failures."""
    _must_be_clock(by)
    run = Run.objects.under_way().filter(fit=fit, state=RunState.RUNNING).first()
    if run is not None:
        run = Run.objects.locked(run, by=by)
    fit = Fit.objects.locked(fit, by=by)
    now = timezone.now()
    fit.failures += 1
    fit.failure = error.message[:300]
    fit.failure_facts = {name: str(fact) for name, fact in error.facts.items()}
    fit.failing_since = fit.failing_since or now
    fit.try_again_at = now + pause_after(fit.failures)
    fit.save(update_fields=[*FAILURE, "updated_at"])
    if run is not None and run.state is RunState.RUNNING:
        run.claimed_until = None
        # What it waits for is no broken-off learning.
        run.reached = max(run.reached - 1, 0) if run.step is RunStep.LEARN else run.reached
        _keep(run)
        if fit.failures >= MOST_FAILURES:
            get_stuck(run, fit.failure, fit.failure_facts, by=by)
    return fit


@transaction.atomic
def forget_old(market: Market, *, by: Actor) -> bool:
    """Be rid of a piece of a fit that is no longer kept; say whether there was one."""
    _must_be_clock(by)
    current = Fit.objects.current(market)
    if current is None:
        return False
    fits = Fit.objects.filter(market=market).exclude(pk=current.pk)
    spared = fits.filter(made_at__isnull=False).order_by("-number")[: FITS_KEPT - 1]
    makers = Run.objects.under_way().filter(fit=OuterRef("pk"))
    old = fits.exclude(pk__in=list(spared.values_list("pk", flat=True)))
    fit = old.filter(~Exists(makers), number__lt=current.number).order_by("number").first()
    if fit is None:
        return False
    with connection.cursor() as cursor:
        for table, column in ((FittedWord, "word"), (Norm, "text_id"), (Embedding, "text_id")):
            name = table._meta.db_table
            cursor.execute(
                f"DELETE FROM {name} WHERE fit_id = %(fit)s AND {column} IN (SELECT {column}"
                f" FROM {name} WHERE fit_id = %(fit)s LIMIT {FORGOTTEN})",
                {"fit": fit.pk},
            )
            if cursor.rowcount:
                return True
    fit.delete()
    return True


def _new_fit(run: Run) -> Fit:
    """Give a run the fit that it is to make."""
    origin = origin_of(settings.EMBEDDINGS)
    if Fit.objects.current(run.market) is None and origin.source is not VectorSource.NONE:
        # The first fit needs nobody else, so that there is one to fall back on.
        origin = VectorOrigin(VectorSource.OWN_TEXT)
    last = Fit.objects.filter(market=run.market).aggregate(last=Max("number"))["last"] or 0
    run.fit = Fit.objects.create(
        market=run.market, number=last + 1, source=origin.source, model=origin.model
    )
    # Each text is counted, and gets a vector.
    run.whole = 2 * texts_of(run.market).count()
    run.save(update_fields=["fit", "updated_at"])
    return run.fit


def _count(run: Run, fit: Fit) -> None:
    """Count the words of some texts: one transaction adds them and says how far it has come."""
    offers, needs = (kind_of(run.market, side) for side in (Side.OFFER, Side.NEED))
    texts = _piece(run, COUNTED)
    if not texts:
        fit.counted_to = run.reached
        fit.save(update_fields=["counted_to", "updated_at"])
        run.step, run.reached = RunStep.LEARN, 0
        return
    counted: dict[int, tuple[Any, Any]] = {}
    for kind in (offers, needs):
        held = [numpy.frombuffer(text.words, KEY) for text in texts if text.kind == kind]
        counted[kind] = numpy.unique(
            numpy.concatenate(held or [numpy.zeros(0, KEY)]), return_counts=True
        )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {FittedWord._meta.db_table} AS held (fit_id, word, offers, needs)"
            " SELECT %s, word, coalesce(o.count, 0), coalesce(n.count, 0)"
            " FROM unnest(%s::int8[], %s::int4[]) AS o (word, count)"
            " FULL JOIN unnest(%s::int8[], %s::int4[]) AS n (word, count) USING (word)"
            " ORDER BY word ON CONFLICT (fit_id, word) DO UPDATE SET"
            " offers = held.offers + excluded.offers, needs = held.needs + excluded.needs",
            [fit.pk, *(part.tolist() for kind in (offers, needs) for part in counted[kind])],
        )
    for kind, name in ((offers, "offers"), (needs, "needs")):
        setattr(fit, name, getattr(fit, name) + sum(text.kind == kind for text in texts))
    fit.save(update_fields=["offers", "needs", "updated_at"])
    _go_on(run, texts)


def _embed(run: Run, fit: Fit) -> None:
    """Give some texts their vectors, or find out which must be asked for elsewhere."""
    is_elsewhere = fit.source is VectorSource.ENDPOINT
    texts = _piece(run, FEW if is_elsewhere else PIECE)
    if not texts:
        run.step = RunStep.SWITCH
        return
    keep_norms(fit, texts)
    if is_elsewhere:
        _copy_vectors(fit, [text.pk for text in texts])
        there = without_vector(fit, after=run.reached).filter(pk__lte=texts[-1].pk)
        if there.exists():
            run.claimed_until = timezone.now() + CALL_LEASE
            return
    elif fit.dimensions:
        embed_texts(fit, texts)
    _go_on(run, texts)


def _copy_vectors(fit: Fit, text_ids: Sequence[int]) -> None:
    """Take over from the fit in use what is of the same model: to ask again would cost money."""
    current = Fit.objects.current(fit.market)
    alike = ("source", "model", "dimensions")
    if current is None or any(getattr(fit, name) != getattr(current, name) for name in alike):
        return
    name = Embedding._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {name} (text_id, fit_id, vector)"
            f" SELECT held.text_id, %s, held.vector FROM {name} held"
            f" JOIN {Text._meta.db_table} text ON text.id = held.text_id"
            " WHERE held.fit_id = %s AND held.text_id = ANY (%s::int4[])"
            " ORDER BY text.id FOR KEY SHARE OF text SKIP LOCKED ON CONFLICT DO NOTHING",
            [fit.pk, current.pk, list(text_ids)],
        )


def _switch(run: Run, fit: Fit, *, by: Actor) -> None:
    """Put the fit that was made in the place of the one in use, and have all matched anew by it."""
    now = timezone.now()
    Fit.objects.filter(market=run.market, is_current=True).update(is_current=False, updated_at=now)
    fit.is_current, fit.made_at, fit.embedded_to = True, now, run.reached
    fit.save(update_fields=["is_current", "made_at", "embedded_to", "updated_at"])
    run.done = run.whole
    _end(run, "finish")
    # One that is under way has matched some by the old fit.
    before = Run.objects.under_way().filter(kind=RunKind.REMATCH, market=run.market).first()
    if before is not None:
        cancel(before, by=by)
    begin_run(RunKind.REMATCH, run.market, by=by)


def _piece(run: Run, most: int) -> list[Text]:
    """Return the next texts of a run, as many as the memory holds without notice."""
    found: list[Text] = []
    room = ROOM
    rows = texts_of(run.market).filter(pk__gt=run.reached).order_by("pk")[:most]
    for text in rows.iterator(chunk_size=200):
        found.append(text)
        room -= len(text.words)
        if room < 0:
            break
    return found


def _go_on(run: Run, texts: Sequence[Text]) -> None:
    run.reached = texts[-1].pk
    run.done += len(texts)
    run.whole = max(run.whole, run.done)


def _keep(run: Run) -> None:
    """Keep how far a run has come: that is no change on which somebody decides."""
    run.save(update_fields=["step", *PROGRESS, "updated_at"])


def _end(run: Run, move: str) -> None:
    run.state = RUN.after(run.state, move)
    run.ended_at, run.claimed_until = timezone.now(), None
    run.store("state", "ended_at", "reason", "reason_facts", *PROGRESS)


def _note_success(fit: Fit) -> None:
    """Forget what was wrong with where vectors come from."""
    nothing: dict[str, Any] = {"failures": 0, "failure": "", "failure_facts": {}}
    nothing |= {"failing_since": None, "try_again_at": None}
    Fit.objects.filter(pk=fit.pk).update(**nothing)
    for name, value in nothing.items():
        setattr(fit, name, value)


def _must_be_alone(kind: RunKind, market: Market, *, but: Run | None = None) -> None:
    """Raise Conflict where such a run is under way; who begins another at once waits here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"run:{kind}:{market}"]
        )
    others = Run.objects.under_way().filter(kind=kind, market=market)
    if (others.exclude(pk=but.pk) if but else others).exists():
        raise Conflict("Such a run is under way in this market.", code="run_is_under_way")


def _must_be_clock(by: Actor) -> None:
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")
