"""Relations between organizations, and what is said beside matches because of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Organization
from apps.journal.actions import tell
from apps.journal.models import Entry
from apps.matching.actions import relations as actions
from apps.matching.models import Match, Relation
from apps.matching.queries.conflicts import flags, related
from apps.notifications.models import Notice
from marketplace.conflicts import Conflict, RelationKind
from marketplace.errors import Conflict as Conflicting
from marketplace.errors import Invalid, Missing, Refused, Stale
from tests.build import matching as build
from tests.build.pools import manager_of

pytestmark = pytest.mark.django_db

SHARES = RelationKind.SHAREHOLDING


@pytest.fixture
def match(as_researcher, as_agent, as_reviewer):
    build.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    return Match.objects.get()


def declared(manager, works, **given):
    return actions.declare(organization=works.pk, **({"kind": SHARES} | given), by=manager)


def test_a_manager_declares_and_the_other_side_sees_it_and_is_told(
    as_manager, works, as_agent, caller
):
    body = {"organization": str(works.pk), "kind": "shareholding", "note": " 持股三成 "}
    answer = caller(as_manager).post("/relations", body)
    assert answer.status_code == 201
    shown = answer.json()
    assert answer["Location"].endswith(f"/relations/{shown['id']}")
    assert sorted(shown["organizations"]) == sorted([str(as_manager.organization), str(works.pk)])
    assert sorted(shown["names"]) == ["深圳智造公司", "西北工程大学"]
    assert (shown["kind"], shown["note"], shown["ended_at"]) == ("shareholding", "持股三成", None)
    assert shown["declared_by"] == str(as_manager.organization)
    there = caller(as_agent)
    assert there.get("/relations").json()["results"] == [shown]
    assert there.get(f"/relations/{shown['id']}").json() == shown
    tell("notifications")
    notice = Notice.objects.get(organization=works)
    assert notice.verb == "relation.declared"
    (said,) = [row for row in there.get("/notices").json()["results"] if row["verb"] == notice.verb]
    assert said["text"] == "Another organization declared that it is related to yours."
    # What was noted stands in the relation alone.
    assert "持股" not in str(Entry.objects.get(verb="relation.declared").facts)


def test_only_managers_declare_and_only_for_their_own(as_agent, as_manager, institute, works):
    with pytest.raises(Refused):
        declared(as_agent, institute)
    with pytest.raises(Invalid) as caught:
        declared(as_manager, institute)
    assert caught.value.causes[0].code == "same_organization"
    Organization.objects.filter(pk=works.pk).update(verified_at=None, verified_by=None)
    with pytest.raises(Invalid) as caught:
        declared(as_manager, works)
    assert caught.value.code == "unknown_organization"
    Organization.objects.filter(pk=institute.pk).update(verified_at=None, verified_by=None)
    with pytest.raises(Conflicting):
        declared(as_manager, works)


def test_the_same_is_declared_once_by_either_side(as_manager, works, institute, caller):
    declared(as_manager, works)
    other = caller(manager_of(works.pk))
    answer = other.post("/relations", {"organization": str(institute.pk), "kind": "shareholding"})
    assert (answer.status_code, answer.json()["code"]) == (409, "relation_declared")
    assert answer.json()["title"] == "This relation has been declared already."
    # In another way they may be related besides.
    answer = other.post("/relations", {"organization": str(institute.pk), "kind": "family"})
    assert answer.status_code == 201
    assert Relation.objects.count() == 2


def test_who_declared_it_ends_it_and_may_declare_it_again(as_manager, works, as_stranger, caller):
    relation = declared(as_manager, works)
    with pytest.raises(Refused) as caught:
        actions.end(relation, by=manager_of(works.pk))
    assert caught.value.code == "not_declared_by_you"
    with pytest.raises(Missing):
        actions.end(relation, by=as_stranger)
    with pytest.raises(Stale):
        actions.end(relation, by=as_manager, expected=7)
    manager = caller(as_manager)
    place = f"/relations/{relation.pk}"
    answer = manager.post(f"{place}/end", etag=manager.get(place)["ETag"])
    assert answer.status_code == 200
    assert answer.json()["ended_at"]
    assert manager.get("/relations?is_standing=true").json()["results"] == []
    assert len(manager.get("/relations?is_standing=false").json()["results"]) == 1
    answer = manager.post(f"{place}/end", etag=manager.get(place)["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (409, "relation_ended")
    declared(as_manager, works)
    assert Relation.objects.standing().count() == 1


def test_an_administrator_ends_what_never_was_a_relation(as_manager, works, as_administrator):
    relation = declared(as_manager, works)
    assert actions.end(relation, by=as_administrator).ended_at is not None
    assert Entry.objects.get(verb="relation.ended").parties == sorted(
        [as_manager.organization, works.pk]
    )


def test_others_see_no_relation_and_brokers_see_all(
    as_manager, works, as_stranger, as_broker, as_anonymous, caller
):
    relation = declared(as_manager, works)
    assert caller(as_stranger).get("/relations").json()["results"] == []
    assert caller(as_stranger).get(f"/relations/{relation.pk}").status_code == 404
    assert len(caller(as_broker).get("/relations").json()["results"]) == 1
    assert caller(as_anonymous).get("/relations").status_code == 401


# --- beside matches ---------------------------------------------------------------------------


def test_a_relation_that_is_declared_later_is_flagged_at_once(
    match, as_manager, works, as_agent, as_broker, caller
):
    agent, broker = caller(as_agent), caller(as_broker)
    assert agent.get(f"/matches/{match.pk}").json()["conflicts"] == []
    relation = declared(as_manager, works)
    for reader in (agent, broker):
        assert reader.get(f"/matches/{match.pk}").json()["conflicts"] == ["declared_relation"]
    (row,) = agent.get(f"/listings/{match.need_id}/matches").json()["results"]
    assert row["conflicts"] == ["declared_relation"]
    actions.end(relation, by=as_manager)
    assert agent.get(f"/matches/{match.pk}").json()["conflicts"] == []


def test_a_broker_is_told_where_his_own_house_is_a_side(
    as_broker, as_agent, as_reviewer, as_administrator
):
    build.offer("轴承钢热处理", by=as_broker, reviewer=as_reviewer)
    build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    match = Match.objects.get()
    assert flags([match], by=as_broker) == {match.pk: [Conflict.OWN_HOUSE]}
    assert flags([match], by=as_agent) == {}
    assert flags([match], by=as_administrator) == {}


def test_whoever_is_confirmed_no_more_is_flagged(match, works, as_broker):
    Organization.objects.filter(pk=works.pk).update(verified_at=None, verified_by=None)
    assert flags([match], by=as_broker) == {match.pk: [Conflict.UNCONFIRMED_IDENTITY]}


def test_flags_take_two_queries_however_many_matches_there_are(
    match, as_manager, works, as_researcher, as_agent, as_reviewer, as_broker
):
    declared(as_manager, works)
    for number in range(3):
        build.offer(f"轴承钢热处理 {number}", by=as_researcher, reviewer=as_reviewer)
    build.caught_up()
    matches = list(Match.objects.all())
    assert len(matches) == 4
    with CaptureQueriesContext(connection) as context:
        found = flags(matches, by=as_broker)
    assert len(context) == 2
    assert set(found) == {each.pk for each in matches}
    assert flags([], by=as_broker) == {}


def test_pairs_are_related_in_the_order_in_which_they_are_asked(
    as_manager, institute, works, other_works
):
    declared(as_manager, works)
    one, two, three = institute.pk, works.pk, other_works.pk
    with CaptureQueriesContext(connection) as context:
        assert related({(one, two), (two, one), (one, three), (two, three)}) == {
            (one, two),
            (two, one),
        }
    assert len(context) == 1
    assert related(set()) == set()
