"""Verdicts on matches: who gives them, who hears of them, and what they leave behind."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import Membership, Organization, User
from apps.journal.actions import tell
from apps.journal.models import Entry
from apps.journal.queries import unsealed
from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.matching.actions import verdicts as actions
from apps.matching.models import Match, Verdict
from apps.matching.queries.quality import not_judged_wrong_by
from apps.notifications.models import Notice
from marketplace.actors import Actor, Role
from marketplace.errors import Invalid, Missing, Refused
from marketplace.verdicts import LONGEST_NOTE, Judgement, VerdictReason, Voice
from tests.build import matching as build
from tests.callers import Caller

pytestmark = pytest.mark.django_db

Calls = Callable[..., Caller]
CLOCK = Actor.system("test")


@pytest.fixture
def match(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> Match:
    """Return what an offer of the institute and a need of the works come to."""
    build.offer("轴承钢热处理", readiness=6, by=as_researcher, reviewer=as_reviewer)
    build.need("轴承钢热处理", readiness=5, by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    return Match.objects.get()


def place(match: Match, route: str = "verdict") -> str:
    return f"/matches/{match.pk}/{route}"


def weak(match: Match, by: Actor, **said: Any) -> Verdict:
    """Judge a match weak, for the price unless another reason is given."""
    return actions.judge(match, by=by, **{"judgement": "weak", "reason": "price", **said})[0]


# --- who gives them ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "voice"),
    [
        ("as_researcher", Voice.OFFERING_PARTY),
        ("as_agent", Voice.NEEDING_PARTY),
        ("as_broker", Voice.BROKER),
    ],
)
def test_parties_and_brokers_say_what_a_match_is_worth(
    match: Match, request: pytest.FixtureRequest, name: str, voice: Voice
) -> None:
    by: Actor = request.getfixturevalue(name)
    verdict, is_new = actions.judge(match, judgement="weak", reason="price", note=" 太贵 ", by=by)
    assert is_new
    assert (verdict.voice, verdict.judgement, verdict.reason) == (
        voice,
        Judgement.WEAK,
        VerdictReason.PRICE,
    )
    assert (verdict.user_id, verdict.organization_id) == (by.user, by.organization)
    assert (verdict.note, verdict.version) == ("太贵", 1)
    assert (verdict.score, verdict.method) == (match.score, match.method)
    assert verdict.contributions == {r["part"]: r["contribution"] for r in match.reasons}


@pytest.mark.parametrize("name", ["as_reviewer", "as_administrator"])
def test_an_officer_has_no_say(match: Match, request: pytest.FixtureRequest, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        actions.judge(match, judgement="good", by=request.getfixturevalue(name))
    assert refusal.value.code == "wrong_role"
    assert not Verdict.objects.exists()
    assert not Entry.objects.filter(verb="match.judged").exists()


def test_neither_has_a_stranger_nor_the_clock(match: Match, as_stranger: Actor) -> None:
    with pytest.raises(Missing):
        actions.judge(match, judgement="good", by=as_stranger)
    with pytest.raises(Refused):
        actions.judge(match, judgement="good", by=CLOCK)


def test_a_broker_speaks_for_his_own_house_where_it_takes_part(
    match: Match, agent: User, works: Organization, as_agent: Actor
) -> None:
    Membership.objects.create(user=agent, organization=works, role=Role.BROKER)
    by = agent.as_actor(organization=works.pk)
    assert weak(match, by).voice is Voice.NEEDING_PARTY


def test_what_left_the_market_cannot_be_judged(
    match: Match, as_researcher: Actor, as_agent: Actor
) -> None:
    weak(match, as_agent)
    markets.withdraw(match.offer, by=as_researcher)
    with pytest.raises(Missing):
        weak(match, as_agent)
    assert not Verdict.objects.visible_to(as_agent).exists()


def test_a_match_that_is_over_can_still_be_judged(match: Match, as_broker: Actor) -> None:
    Match.objects.update(is_current=False)
    assert weak(match, as_broker).match_id == match.pk


# --- what is said ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "pointer", "code", "words"),
    [
        (
            {"judgement": "weak"},
            "/reason",
            "reason_needed",
            ("Say why: a match that is not good is so for a reason.", "请说明原因"),
        ),
        ({"judgement": "wrong", "reason": None}, "/reason", "reason_needed", ("Say why", "原因")),
        ({"judgement": "weak", "reason": "ugly"}, "/reason", "unknown_word", ("Choose", "选择")),
        ({"judgement": "good", "reason": "ugly"}, "/reason", "unknown_word", ("Choose", "选择")),
        ({"judgement": "fine"}, "/judgement", "unknown_word", ("Choose one of", "选择")),
        (
            {"judgement": "good", "note": "长" * (LONGEST_NOTE + 1)},
            "/note",
            "too_long",
            ("At most 500 characters.", "500"),
        ),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_cannot_be_meant_is_refused_in_words(
    match: Match,
    caller: Calls,
    as_broker: Actor,
    said: dict[str, Any],
    pointer: str,
    code: str,
    words: tuple[str, str],
    language: str,
) -> None:
    answer = Caller(as_broker, language).post(place(match), said)
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == (pointer, code)
    assert words[language != "en"] in fault["detail"]
    assert not Verdict.objects.exists()


@pytest.mark.parametrize(
    "said", [{}, {"judgement": 1}, {"judgement": "good", "more": 1}, {"judgement": None}, []]
)
def test_what_has_not_the_form_of_a_verdict_cannot_be_read(
    match: Match, caller: Calls, as_broker: Actor, said: Any
) -> None:
    assert caller(as_broker).post(place(match), said).status_code == 400
    assert not Verdict.objects.exists()


def test_all_that_is_wrong_is_said_at_once(match: Match, as_broker: Actor) -> None:
    with pytest.raises(Invalid) as fault:
        actions.judge(match, judgement="fine", reason="ugly", note="x" * 501, by=as_broker)
    assert [each.field for each in fault.value.causes] == ["judgement", "reason", "note"]


def test_a_good_match_may_have_a_reason_and_one_that_is_gone_needs_no_more(
    match: Match, caller: Calls, as_broker: Actor, as_agent: Actor
) -> None:
    good = caller(as_broker).post(place(match), {"judgement": "good", "reason": "known_already"})
    gone = caller(as_agent).post(place(match), {"judgement": "wrong", "reason": "no_longer_there"})
    assert (good.status_code, gone.status_code) == (201, 201)


# --- said again --------------------------------------------------------------------------------


def test_a_second_verdict_of_a_person_replaces_the_first_and_the_journal_keeps_both(
    match: Match, caller: Calls, as_agent: Actor
) -> None:
    program = caller(as_agent)
    first = program.post(place(match), {"judgement": "weak", "reason": "price", "note": "太贵"})
    Match.objects.update(score=42, method="2027-1")
    again = program.post(place(match), {"judgement": "good"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json()["id"], again.json()["version"]) == (first.json()["id"], 2)
    verdict = Verdict.objects.get()
    assert (verdict.judgement, verdict.reason, verdict.note) == (Judgement.GOOD, None, "")
    assert (verdict.score, verdict.method) == (42, "2027-1")
    one, other = Entry.objects.filter(verb="match.judged").order_by("pk")
    assert one.facts == {
        "verdict": str(verdict.pk),
        "voice": "needing_party",
        "judgement": "weak",
        "reason": "price",
        "score": str(match.score),
        "method": match.method,
    }
    assert other.facts["judgement"] == "good"
    assert other.facts["replaced"] == {"judgement": "weak", "reason": "price"}
    assert unsealed(one) == {"note": "太贵"}
    for entry in (one, other):
        assert (entry.subject_id, entry.parties) == (str(match.pk), [as_agent.organization])
        assert "太贵" not in str(entry.facts)


def test_the_same_post_sent_twice_is_one_verdict(
    match: Match, caller: Calls, as_agent: Actor
) -> None:
    program, said = caller(as_agent), {"judgement": "good"}
    answers = [program.post(place(match), said, key="once") for _each in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Verdict.objects.get().version == 1


def test_nobody_removes_a_verdict(match: Match, caller: Calls, as_agent: Actor) -> None:
    weak(match, as_agent)
    for route in ("verdict", "verdicts"):
        assert caller(as_agent).delete(place(match, route)).status_code == 405
    assert caller(as_agent).get(place(match)).status_code == 405
    assert Verdict.objects.count() == 1


def test_the_table_refuses_what_the_rules_do(match: Match, as_agent: Actor) -> None:
    verdict = weak(match, as_agent)
    for change in (
        {"reason": None},
        {"reason": "ugly"},
        {"judgement": "fine"},
        {"voice": "nobody"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Verdict.objects.filter(pk=verdict.pk).update(**change)
    verdict.pk = uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        verdict.save(force_insert=True)


# --- who hears of them -------------------------------------------------------------------------


def test_each_house_sees_its_own_and_brokers_and_officers_all(
    match: Match,
    caller: Calls,
    as_researcher: Actor,
    as_manager: Actor,
    as_agent: Actor,
    as_broker: Actor,
    as_reviewer: Actor,
    as_stranger: Actor,
) -> None:
    weak(match, as_researcher, note="内部")
    weak(match, as_agent)
    weak(match, as_broker)

    def seen(by: Actor) -> list[tuple[str, str | None]]:
        answer = caller(by).get(place(match, "verdicts"))
        assert answer.status_code == 200
        return sorted((each["voice"], each["person"]) for each in answer.json()["results"])

    assert seen(as_researcher) == seen(as_manager) == [("offering_party", "李研究员")]
    assert seen(as_agent) == [("needing_party", "陈经理")]
    everybody = ["broker", "needing_party", "offering_party"]
    assert [voice for voice, _person in seen(as_broker)] == everybody
    assert seen(as_reviewer) == [(voice, None) for voice in everybody]
    assert dict(seen(as_broker)) == {
        "broker": "周经理人",
        "needing_party": None,
        "offering_party": None,
    }
    assert caller(as_stranger).get(place(match, "verdicts")).status_code == 404
    assert "内部" not in caller(as_agent).get(place(match, "verdicts")).content.decode()


def test_a_broker_of_a_house_that_takes_part_does_not_hear_the_other_side(
    match: Match, agent: User, works: Organization, as_researcher: Actor, as_agent: Actor
) -> None:
    weak(match, as_researcher)
    Membership.objects.create(user=agent, organization=works, role=Role.BROKER)
    by = agent.as_actor(organization=works.pk)
    assert not Verdict.objects.visible_to(by).exists()
    weak(match, by)
    assert [each.organization_id for each in Verdict.objects.visible_to(by)] == [works.pk]


def test_the_other_side_is_not_told(
    match: Match, caller: Calls, as_researcher: Actor, as_agent: Actor
) -> None:
    tell("notifications")
    before = Notice.objects.count()
    weak(match, as_agent)
    tell("notifications")
    assert Notice.objects.count() == before
    seen = Entry.objects.filter(verb="match.judged")
    assert not seen.visible_to(as_researcher).exists()
    assert seen.visible_to(as_agent).count() == 1
    assert "weak" not in caller(as_researcher).get(f"/matches/{match.pk}").content.decode()


def test_what_a_party_judged_wrong_is_gone_from_its_matches_alone(
    match: Match,
    as_researcher: Actor,
    as_manager: Actor,
    as_agent: Actor,
    as_broker: Actor,
) -> None:
    def kept(by: Actor) -> bool:
        return not_judged_wrong_by(Match.objects.visible_to(by), by).exists()

    weak(match, as_researcher)
    weak(match, as_broker, judgement="wrong")
    assert kept(as_researcher)
    assert kept(as_broker)
    weak(match, as_researcher, judgement="wrong")
    assert not kept(as_researcher)
    assert not kept(as_manager)
    assert kept(as_agent)
    assert kept(as_broker)
    assert kept(CLOCK)
    weak(match, as_researcher, judgement="good", reason=None)
    assert kept(as_researcher)


def test_notes_on_what_was_closed_for_what_it_held_are_erased(
    match: Match, as_agent: Actor, as_broker: Actor
) -> None:
    weak(match, as_agent, note="含秘密")
    weak(match, as_broker)
    with pytest.raises(Refused):
        actions.erase_notes(match.offer_id, by=as_agent)
    assert actions.erase_notes(match.need_id, by=CLOCK) == 1
    assert actions.erase_notes(match.need_id, by=CLOCK) == 0
    assert set(Verdict.objects.values_list("note", flat=True)) == {""}
    entry = Entry.objects.filter(verb="match.judged").earliest("pk")
    assert unsealed(entry) is None


def test_more_verdicts_take_no_more_queries(
    match: Match,
    caller: Calls,
    as_researcher: Actor,
    as_agent: Actor,
    as_broker: Actor,
    django_assert_num_queries: Any,
) -> None:
    program = caller(as_broker)
    weak(match, as_agent)
    program.get(place(match, "verdicts"))
    with django_assert_num_queries(3) as few:
        program.get(place(match, "verdicts"))
    weak(match, as_researcher)
    weak(match, as_broker)
    with django_assert_num_queries(len(few)):
        assert len(program.get(place(match, "verdicts")).json()["results"]) == 3


def test_listings_are_not_touched(match: Match, as_agent: Actor) -> None:
    before = list(Listing.objects.order_by("pk").values_list("version", "updated_at"))
    weak(match, as_agent)
    assert list(Listing.objects.order_by("pk").values_list("version", "updated_at")) == before
    match.refresh_from_db()
    assert match.version == 1
