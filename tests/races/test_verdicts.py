"""Verdicts that are given at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from apps.journal.models import Entry
from apps.matching.actions.verdicts import judge
from apps.matching.models import Match, Verdict
from marketplace.actors import Actor
from tests.build import matching as build

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Do all deeds at the same moment, each on a connection of its own; return what each gives."""
    gate = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            gate.wait()
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


@pytest.fixture
def match(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> Match:
    build.offer("轴承钢", by=as_researcher, reviewer=as_reviewer)
    build.need("轴承钢", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    return Match.objects.get()


def test_of_two_verdicts_of_one_person_there_is_one_row(match: Match, as_agent: Actor) -> None:
    said = [("good", None), ("weak", "price"), ("wrong", "too_far"), ("good", None)]

    def deed(judgement: str, reason: str | None) -> Callable[[], Any]:
        return lambda: judge(match, judgement=judgement, reason=reason, note=judgement, by=as_agent)

    for round_ in (1, 2, 3):
        found = at_once(*[deed(*each) for each in said])
        verdict = Verdict.objects.get()
        assert verdict.version == 4 * round_
        assert sum(is_new for _verdict, is_new in found) == (round_ == 1)
        assert (verdict.judgement, verdict.reason) in said
        assert verdict.note == verdict.judgement
        entries = Entry.objects.filter(verb="match.judged").order_by("pk")
        assert entries.count() == 4 * round_
    # Each but the first says what it replaced, and they make one line.
    told = [(each.facts["judgement"], each.facts.get("replaced")) for each in entries]
    assert [replaced for _judgement, replaced in told].count(None) == 1


def test_several_people_judge_at_once(
    match: Match, as_researcher: Actor, as_manager: Actor, as_agent: Actor, as_broker: Actor
) -> None:
    people = [as_researcher, as_manager, as_agent, as_broker]
    found = at_once(
        *[
            (lambda by=by: judge(match, judgement="good", note="好", by=by))  # type: ignore[misc]
            for by in people
        ]
    )
    assert all(is_new for _verdict, is_new in found)
    assert Verdict.objects.count() == 4
