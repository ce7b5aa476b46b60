"""The shapes in which runs travel."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.errors import words
from apps.base.api.serializers import Input, Moves, TermChoice
from apps.retrieval.models import Run
from marketplace.errors import Conflict
from marketplace.listings import Market
from marketplace.runs import BY_CLOCK, RUN, RunKind, RunState, RunStep


class RunInput(Input):
    """Which market is to be fitted or matched anew."""

    kind = TermChoice(RunKind)
    market = TermChoice(Market)


class RunSerializer(serializers.ModelSerializer[Run]):
    """A large job, and how far it has come."""

    kind = TermChoice(RunKind, read_only=True)
    market = TermChoice(Market, read_only=True)
    state = TermChoice(RunState, read_only=True)
    step = TermChoice(RunStep, read_only=True)
    done = serializers.IntegerField(read_only=True, help_text="How much of the whole is done.")
    reason = serializers.SerializerMethodField(
        help_text="Why it is stuck, in the language of the reader; empty where it is not."
    )
    moves = Moves(RUN, by_clock=BY_CLOCK)

    class Meta:
        model = Run
        fields = [
            *("id", "version", "kind", "market", "state", "step", "done", "whole", "reason"),
            *("created_at", "updated_at", "began_at", "ended_at", "moves"),
        ]

    @extend_schema_field(str)
    def get_reason(self, run: Run) -> str:
        return reason_of(run)


def reason_of(run: Run) -> str:
    """Say in the reader's language why a run is stuck."""
    return words(Conflict(run.reason, **run.reason_facts)) if run.reason else ""
