"""Match all listings of a market anew, a few at a time."""

from django.db import transaction
from django.utils import timezone

from apps.journal.actions import record
from apps.matching.models import Stale
from apps.retrieval.models import Run
from apps.retrieval.queries import texts_of
from marketplace.actors import Actor, Role
from marketplace.runs import RUN, RunKind, RunState

#: How many listings wait at most because of large runs: news never stands behind more of them.
MOST_WAITING = 500


@transaction.atomic
def rematch_some(run: Run, *, by: Actor) -> Run:
    """
    Ask for new matches of the next listings of a run, as far as there is room; end it at last.

    What was asked for is matched like news, only after it; so a run that is cancelled stops within
    a few hundred listings, and one that is resumed goes on behind them.
    """
    run = Run.objects.locked(run, by=by)
    by.must_have(Role.ADMINISTRATOR)
    if run.kind is not RunKind.REMATCH or run.state not in (RunState.WAITING, RunState.RUNNING):
        return run
    texts = texts_of(run.market)
    if run.state is RunState.WAITING:
        run.state, run.began_at = RUN.after(run.state, "begin"), run.began_at or timezone.now()
        run.whole = max(run.whole, run.done + texts.filter(pk__gt=run.reached).count())
        run.store("state", "began_at", "whole")
    waiting = Stale.objects.filter(is_in_bulk=True).count()
    rows = list(
        texts.filter(pk__gt=run.reached)
        .order_by("pk")
        .values_list("pk", "listing_id")[: max(MOST_WAITING - waiting, 0)]
    )
    if rows:
        now = timezone.now()
        Stale.objects.bulk_create(
            [Stale(listing_id=key, requested_at=now, is_in_bulk=True) for _, key in rows],
            ignore_conflicts=True,
        )
        run.reached, run.done = rows[-1][0], run.done + len(rows)
        run.whole = max(run.whole, run.done)
        run.save(update_fields=["reached", "done", "whole", "updated_at"])
    elif not waiting:
        run.state, run.ended_at = RUN.after(run.state, "finish"), timezone.now()
        run.whole = run.done
        run.store("state", "ended_at", "whole")
        record("run.done", run, by=by, kind=run.kind, market=run.market)
    return run
