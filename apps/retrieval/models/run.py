"""Large jobs of matching: a new fit of a market, or all of its listings matched anew."""

from datetime import datetime
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.retrieval.models.fit import Fit
from marketplace.actors import Actor, Role
from marketplace.listings import Market
from marketplace.runs import RUN, RunKind, RunState, RunStep

#: Of which states there is at most one of a kind in a market.
UNDER_WAY = (RunState.WAITING, RunState.RUNNING, RunState.STUCK)


class RunQuerySet(RecordQuerySet["Run"]):
    """Runs."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all of them to those who run the market, and nothing to others."""
        return self if actor.has(Role.ADMINISTRATOR, Role.STATISTICIAN) else self.none()

    def under_way(self) -> Self:
        """Return those that go on, or will when they are resumed, and leave no room for others."""
        return self.filter(state__in=UNDER_WAY)

    def to_do(self, kind: RunKind, now: datetime) -> Self:
        """Return those of a kind that can be worked on now, the oldest first."""
        return self.filter(
            Q(claimed_until=None) | Q(claimed_until__lt=now),
            Q(fit=None) | Q(fit__try_again_at=None) | Q(fit__try_again_at__lte=now),
            kind=kind,
            state__in=[RunState.WAITING, RunState.RUNNING],
        ).order_by("id")


class Run(Record):
    """
    A large job that is done in small steps.

    What was reached is kept after each step, so it goes on where it was, whoever died; it can be
    stopped and taken up again, and says why where it is stuck.
    """

    kind = TermField(RunKind)
    market = TermField(Market)
    state = TermField(RunState, default=RUN.start)
    step = TermField(RunStep, default=RunStep.COUNT)
    #: The fit that it makes.
    fit = models.ForeignKey(Fit, models.SET_NULL, null=True, related_name="+")
    #: Up to which text the present step has come.
    reached = models.BigIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    whole = models.PositiveIntegerField(default=0)
    #: Why it is stuck: the English words, the key of their translation; and what they speak of.
    reason = models.CharField(max_length=300, blank=True, default="")
    reason_facts = models.JSONField(default=dict)
    #: Until when somebody works on it without holding the row.
    claimed_until = models.DateTimeField(null=True)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=RunKind.values()), name="run_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(market__in=Market.values()), name="run_market_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=RunState.values()), name="run_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(step__in=RunStep.values()), name="run_step_is_known"
            ),
            models.UniqueConstraint(
                fields=["kind", "market"],
                condition=Q(state__in=["waiting", "running", "stuck"]),
                name="run_is_one_at_a_time",
                violation_error_code="run_is_under_way",
                violation_error_message="Such a run is under way in this market.",
            ),
            models.CheckConstraint(
                condition=~Q(state="stuck") | ~Q(reason=""), name="run_stuck_says_why"
            ),
            models.CheckConstraint(
                condition=Q(done__lte=F("whole")), name="run_does_no_more_than_the_whole"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state__in=["waiting", "running"]), name="run_to_do"
            )
        ]
        triggers = [pgtrigger.FSM(name="run_moves", field="state", transitions=RUN.pairs())]

    def __str__(self) -> str:
        return f"{self.kind} {self.market}"
