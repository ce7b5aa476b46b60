"""The benchmark of matching works, in a market that is small enough for a test."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.retrieval.models import Posting, Segment, Text
from tests.build import markets as build_markets
from tests.build.retrieval import must_be_whole

pytestmark = pytest.mark.django_db


def measured(number: int) -> dict:
    out = StringIO()
    call_command("benchmark_matching", "--listings", number, "--queries", 5, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_market_is_made_up_indexed_and_measured() -> None:
    figures = measured(400)
    assert figures["texts"] == figures["indexed"]["texts"] > 250
    published = figures["published until matched"]["times"]
    assert figures["published until matched"]["with a match"] == published
    assert Text.objects.count() == figures["texts"] + published
    assert Posting.objects.count() > 0  # Of what was indexed one by one.
    assert Segment.objects.filter(is_live=True).count() >= 4
    must_be_whole()
    for name in ("retrieval", "ranked", "rematched, receipts written", "published until matched"):
        assert 0 < figures[name]["p50"] <= figures[name]["p95"] <= figures[name]["p99"]
    assert figures["recall"]["of the 20 most alike among the 20 found"] > 0.9
    assert figures["receipts"] > 0
    for peer in ("tantivy", "ts_rank"):
        assert figures[peer]["texts"] == figures["texts asked"]
        assert figures[peer]["found"] == 20
    # The second time all of it is there already.
    assert measured(400)["indexed"]["texts"] == 0


def test_no_market_of_others_is_filled_up(as_agent, as_reviewer) -> None:
    build_markets.need(by=as_agent, reviewer=as_reviewer)
    with pytest.raises(CommandError, match="database of its own"):
        measured(10)
