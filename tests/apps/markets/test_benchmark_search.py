"""The benchmark of the search works, in a market that is small enough for a test."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.base.api.throttling import Throttle
from apps.markets.models import Findable, Listing
from tests.build import markets as build_markets

pytestmark = pytest.mark.django_db


def measured(number: int) -> dict:
    out = StringIO()
    call_command(
        "benchmark_search",
        "--listings",
        number,
        "--seconds",
        0.01,
        "--skip-web",
        "--json",
        stdout=out,
    )
    return json.loads(out.getvalue())


def test_a_market_is_made_up_once_and_measured(monkeypatch) -> None:
    monkeypatch.setattr(Throttle, "THROTTLE_RATES", Throttle.THROTTLE_RATES)
    figures = measured(2000)
    assert figures["made"]["listings"] == 2000
    assert Findable.objects.filter(words=None).count() == 0
    assert Findable.objects.count() == Listing.objects.count() > 2000
    for name in ("search with three facets", "filters", "publishing, until it is found"):
        assert 0 < figures[name]["p50"] <= figures[name]["p95"] <= figures[name]["p99"]
        assert figures[name]["per second"] > 0
    assert figures["taking in"]["rows"] >= 500
    assert figures["queries"] == {"page": 7, "facets": 6}
    assert figures["hits"]["most"] > 1
    # The second time all of it is there already.
    assert measured(1500)["made"]["listings"] == 0


def test_no_market_of_others_is_filled_up(as_agent, as_reviewer) -> None:
    build_markets.need(by=as_agent, reviewer=as_reviewer)
    with pytest.raises(CommandError, match="database of its own"):
        measured(10)
