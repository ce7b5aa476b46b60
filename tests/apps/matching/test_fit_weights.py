"""Weights that are proposed by verdicts, and never taken over silently."""

import json
import random
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.models import Organization, User
from apps.markets.models import Listing
from apps.matching.models import Match, Verdict
from apps.matching.queries.quality import lessons
from apps.pools.models import Project
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.listings import Market
from marketplace.matching import Part, weights_on
from marketplace.verdicts import Judgement, VerdictReason, Voice
from tests.build import matching as build

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 1)
WEIGHTS = weights_on(Market.TECHNOLOGY, DAY)
LEVELS = [Judgement.WRONG, Judgement.WEAK, Judgement.GOOD]


def run(*given: str, market: str = "technology") -> str:
    out = StringIO()
    call_command("fit_weights", "--market", market, *given, stdout=out)
    return out.getvalue()


def copied(listing: Listing, count: int) -> list[Listing]:
    """Return more listings like one, for the walk through all actions would take minutes."""
    terms = {f.attname: getattr(listing, f.attname) for f in Listing._meta.concrete_fields}
    del terms["id"]
    # As if they had been imported, for a row of its own begins as a draft.
    rows = [Listing(**terms | {"imported_from": "test"}) for _each in range(count)]
    return Listing.objects.bulk_create(rows)


def contributions(values: dict[Part, float]) -> dict[str, str]:
    """Return what each part gives where it has these values."""
    points = {part: WEIGHTS.points[part] * Decimal(str(value)) for part, value in values.items()}
    share = sum(points[part] for part in WEIGHTS.subject) / WEIGHTS.subject_points
    given = {
        part.value: each if part in WEIGHTS.subject else each * share
        for part, each in points.items()
    }
    return {part: f"{each:.6f}" for part, each in given.items() if each}


@pytest.fixture
def judged(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor, as_broker: Actor) -> None:
    """Let a broker judge 40 needs × 6 offers by the region alone."""
    chance = random.Random(3)  # noqa: S311  no secret
    offers = copied(build.offer("轴承钢", by=as_researcher, reviewer=as_reviewer), 6)
    needs = copied(build.need("轴承钢", by=as_agent, reviewer=as_reviewer), 40)
    matches, verdicts = [], []
    for need in needs:
        for offer in offers:
            values = {part: round(chance.random(), 2) for part in WEIGHTS.points}
            values[Part.WORDS] = 0.5
            given = contributions(values)
            matches.append(
                Match(
                    offer=offer,
                    need=need,
                    score=sum(Decimal(each) for each in given.values()),
                    reasons=[],
                    method=WEIGHTS.version,
                    offer_version=1,
                    need_version=1,
                    computed_at=timezone.now(),
                )
            )
            judgement = LEVELS[min(int(values[Part.REGION] * 3), 2)]
            verdicts.append(
                Verdict(
                    match=matches[-1],
                    user_id=as_broker.user,
                    organization_id=as_broker.organization,
                    voice=Voice.BROKER,
                    judgement=judgement,
                    reason=None if judgement is Judgement.GOOD else VerdictReason.TOO_FAR,
                    given_on=DAY,
                    score=matches[-1].score,
                    method=WEIGHTS.version,
                    contributions=given,
                )
            )
    Match.objects.bulk_create(matches)
    Verdict.objects.bulk_create(verdicts)


# --- what is learned ---------------------------------------------------------------------------


def test_a_proposal_says_what_it_gains_how_surely_and_on_what_it_rests(judged: None) -> None:
    found = json.loads(run("--json"))
    assert (found["market"], found["method"]) == ("technology", "2026-1")
    assert (found["verdicts"], found["left_out"], found["matches"]) == (240, 0, 240)
    assert found["needs"] <= 40 < found["pairs"]
    assert found["until"] == day_of(timezone.now()).isoformat()
    assert sum(Decimal(each) for each in found["proposed"].values()) == 100
    assert found["current"]["region"] == "4"
    assert Decimal(found["proposed"]["region"]) > 8
    gain = found["gain"]
    assert 0 < gain["low"] <= gain["mean"] <= gain["high"]
    assert gain["is_certain"]
    assert gain["mean"] == pytest.approx(
        found["agreement"]["proposed"] - found["agreement"]["current"], abs=2e-4
    )
    assert "written" not in found
    assert found == json.loads(run("--json"))


def test_a_person_reads_the_same(judged: None) -> None:
    text = run()
    assert "240 verdicts on 240 matches" in text
    assert "region" in text
    assert "Gain: +0." in text
    assert "no certain gain" not in text


def test_too_few_verdicts_teach_nothing(judged: None) -> None:
    with pytest.raises(CommandError, match=r"There are 0 verdicts .* 200 are needed"):
        run(market="capital")
    few = Verdict.objects.order_by("pk").values_list("pk", flat=True)[:41]
    Verdict.objects.filter(pk__in=list(few)).delete()
    with pytest.raises(CommandError, match="There are 199 verdicts"):
        run()


def test_where_all_were_judged_alike_there_is_nothing_to_put_in_order(judged: None) -> None:
    Verdict.objects.update(judgement=Judgement.WEAK, reason=VerdictReason.PRICE)
    with pytest.raises(CommandError, match="no need of which"):
        run()


def test_by_chance_no_gain_is_certain(judged: None) -> None:
    chance = random.Random(4)  # noqa: S311  no secret
    verdicts = list(Verdict.objects.all())
    for verdict in verdicts:
        verdict.judgement, verdict.reason = chance.choice(LEVELS), VerdictReason.OTHER
    Verdict.objects.bulk_update(verdicts, ["judgement", "reason"])
    assert not json.loads(run("--json"))["gain"]["is_certain"]
    assert "the present weights had better stay" in run()


@pytest.mark.parametrize(
    "change",
    [
        {"reason": VerdictReason.NO_LONGER_THERE},
        {"reason": VerdictReason.KNOWN_ALREADY},
        {"reason": VerdictReason.CONFLICT},
        {"method": "bm25-1"},
        {"contributions": {}},
        {"contributions": {"luck": "1.0"}},
    ],
)
def test_what_says_nothing_of_weights_is_left_out(judged: None, change: dict[str, Any]) -> None:
    some = list(Verdict.objects.order_by("pk").values_list("pk", flat=True)[:10])
    Verdict.objects.filter(pk__in=some).update(**change)
    found = lessons(Market.TECHNOLOGY)
    assert (found.verdicts, found.left_out, len(found.examples)) == (230, 10, 230)


def test_a_match_judged_by_several_teaches_what_counts(
    judged: None, agent: User, works: Organization
) -> None:
    verdict = Verdict.objects.order_by("match", "pk")[0]
    before = lessons(Market.TECHNOLOGY).examples[0]
    Verdict.objects.create(
        match=verdict.match,
        user=agent,
        organization=works,
        voice=Voice.NEEDING_PARTY,
        judgement=next(level for level in LEVELS if level is not verdict.judgement),
        reason=VerdictReason.PRICE,
        given_on=DAY - timedelta(1),
        score=verdict.score,
        method=verdict.method,
        contributions=contributions(dict.fromkeys(WEIGHTS.points, 0.5)),
    )
    found = lessons(Market.TECHNOLOGY)
    assert (found.verdicts, len(found.examples)) == (241, 240)
    assert found.examples[0] == before


# --- what is written ---------------------------------------------------------------------------


def test_a_proposal_is_written_as_a_version_only_where_that_is_asked_for(
    judged: None, tmp_path: Path
) -> None:
    path = tmp_path / "proposed.toml"
    found = json.loads(run("--json", "--write", str(path)))
    assert found["written"] == str(path)
    [version] = tomllib.loads(path.read_text())["version"]
    today = day_of(timezone.now())
    assert version["valid_from"] == today + timedelta(1)
    assert version["certainty"] == "inferred"
    assert version["source"] == f"240 verdicts until {today}."
    assert version["name"] not in ("", "2026-1")
    for market in (Market.TALENT, Market.CAPITAL):
        points = {Part(name): Decimal(str(each)) for name, each in version[market].items()}
        assert points == weights_on(market, today).points
    assert {part: str(each) for part, each in version["technology"].items()} == {
        part: str(float(each)) if "." in each and not each.endswith(".0") else each.split(".")[0]
        for part, each in found["proposed"].items()
    }


def test_a_file_that_is_there_is_left_as_it_is(judged: None, tmp_path: Path) -> None:
    path = tmp_path / "kept.toml"
    path.write_text("kept")
    with pytest.raises(CommandError, match="is there already"):
        run("--write", str(path))
    assert path.read_text() == "kept"
    with pytest.raises(CommandError, match="cannot be written"):
        run("--write", str(tmp_path / "nowhere" / "x.toml"))


def test_the_weights_of_the_house_stay_as_they_are(judged: None) -> None:
    before = weights_on(Market.TECHNOLOGY, DAY)
    run()
    assert weights_on(Market.TECHNOLOGY, DAY) == before
    assert Project.objects.count() == 1
