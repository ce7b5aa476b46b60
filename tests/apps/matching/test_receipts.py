"""Receipts of many made-up matches: each is reckoned again to the last digit."""

import os
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from apps.markets.models import Listing
from apps.matching.models import Match
from apps.matching.queries.receipts import receipt
from apps.retrieval import tasks
from apps.retrieval.actions import runs
from apps.retrieval.models import Fit
from marketplace.actors import Actor
from marketplace.listings import CooperationMode, Market, Side
from marketplace.matching import Part
from marketplace.runs import RunKind
from tests.build import matching as build
from tests.build import pools

pytestmark = pytest.mark.django_db

LONG = bool(os.environ.get("MARKETPLACE_LONG"))
#: How many listings of either side are made up, and how many matches come of them at least.
LISTINGS, LEAST = (90, 1000) if LONG else (12, 60)
CLOCK = Actor.system("test")
OBJECTS = ["轴承钢", "碳化硅衬底", "锂电池隔膜", "航空叶片", "苹果脱毒苗", "GaN 外延片", "煤矸石"]
DEEDS = ["热处理", "检测", "涂层", "制备", "回收", "breeding", "仿真软件", "连续铸造"]
REGIONS = ["610100", "610300", "610113", "440300"]


def words(chance: Random) -> dict[str, Any]:
    """Return the words of a made-up listing of technology."""
    about = [f"{chance.choice(OBJECTS)}{chance.choice(DEEDS)}" for _ in range(chance.randint(1, 4))]
    low = chance.choice([None, Decimal(chance.randint(1, 50)) * 10_000])
    return {
        "title": about[0],
        "body": "。".join(about) + "。",
        "keywords": [chance.choice(OBJECTS)],
        "region": chance.choice(REGIONS),
        "readiness": chance.choice([None, 4, 6, 7]),
        "price_from": low,
        "price_to": None if low is None else low * 2,
        "cooperation_modes": chance.sample(list(CooperationMode), 2),
    }


def make_up(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> None:
    chance = Random(7)  # noqa: S311  no secret
    project = pools.project(by=as_researcher, reviewer=as_reviewer, is_service_invention=False)
    for _ in range(LISTINGS):
        offered, needed = words(chance), words(chance)
        build.offer(**offered, project=project.pk, by=as_researcher, reviewer=as_reviewer)
        build.need(**needed, by=as_agent, reviewer=as_reviewer)


def catch_up() -> None:
    build.news()
    while build.tasks.rematch():
        pass


@pytest.mark.parametrize("is_fitted", [False, True])
def test_every_receipt_comes_out_again_and_adds_up(
    is_fitted: bool, as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    make_up(as_researcher, as_agent, as_reviewer)
    catch_up()
    if is_fitted:
        runs.begin_run(RunKind.REFIT, Market.TECHNOLOGY, by=CLOCK)
        while tasks.run():
            pass
        fit = Fit.objects.current(Market.TECHNOLOGY)
        assert fit is not None
        assert (fit.offers, fit.needs) == (LISTINGS, LISTINGS)
        build.rematch_all()
    matches = Match.objects.current().select_related(
        "offer__project", "need__project", "offer__organization", "need__organization", "fit"
    )
    assert matches.count() >= LEAST
    for match in matches:
        assert (match.fit is not None) is is_fitted
        contributions = [Decimal(each["contribution"]) for each in match.reasons]
        assert sum(contributions) == match.score
        found = receipt(match, with_now=False)
        assert found.replays, match.reasons
    if is_fitted:
        parts = {reason["part"] for match in matches for reason in match.reasons}
        assert {Part.WORDS, Part.VECTOR, Part.PRICE, Part.READINESS} <= parts


def test_both_sides_would_still_find_the_same(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    make_up(as_researcher, as_agent, as_reviewer)
    catch_up()
    for match in Match.objects.current().order_by("-score")[:10]:
        assert receipt(match).holds


def test_what_is_no_longer_kept_is_said(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    build.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    match = Match.objects.get()
    match.given["fit"] = 3
    assert receipt(match).again is None
    match.given = {}
    assert receipt(match).again is None
    assert Listing.objects.filter(side=Side.OFFER).count() == 1
