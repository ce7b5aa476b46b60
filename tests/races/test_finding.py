"""Saved searches, favourites and views that several get hold of at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from apps.finding import actions, tasks
from apps.finding.models import Alert, Favourite, Hit, News, SavedSearch, Views
from apps.finding.readers import take
from apps.journal.actions import tell
from apps.journal.models import Entry
from apps.mail import tasks as mails
from apps.markets import actions as markets
from marketplace.errors import Missing
from marketplace.finding import MOST_SEARCHES
from tests.build import finding as build
from tests.build import markets as build_markets

pytestmark = pytest.mark.django_db(transaction=True)

GIVEN = {"criteria": {}, "frequency": "instant", "language": "en"}


def at_once(*deeds):
    """Do all deeds at the same moment, each on a connection of its own; return what each gives."""
    gate = threading.Barrier(len(deeds))

    def run(deed):
        try:
            gate.wait()
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


@pytest.fixture
def search(as_agent):
    return build.search(by=as_agent)


@pytest.fixture
def offers(search, as_researcher, as_reviewer):
    first = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    return [first] + [
        build_markets.offer(by=as_researcher, reviewer=as_reviewer, project=first.project_id)
        for _each in range(3)
    ]


def test_two_matchers_find_and_two_clocks_tell_and_mail_once(offers, as_stranger, monkeypatch):
    monkeypatch.setattr(tasks, "NEWS", 1)
    monkeypatch.setattr(tasks, "SEARCHES", 1)
    build.search(by=as_stranger)
    tell("finding")
    # The same news a second time, so that both find the same.
    News.objects.bulk_create(
        News(entry_id=-number, listing_id=offer.pk) for number, offer in enumerate(offers, 1)
    )
    found = at_once(*[tasks.match_news] * 4)
    assert sum(found) == Hit.objects.count() == 8
    assert not News.objects.exists()
    assert sum(at_once(*[tasks.send_alerts] * 4)) == Alert.objects.count() == 2
    assert sum(at_once(*[mails.send] * 4)) == len(mail.outbox) == 2
    assert Hit.objects.exclude(alert=None).count() == 8
    assert Entry.objects.filter(verb="saved_search.alerted").count() == 2
    assert Entry.objects.filter(verb="mail.sent").count() == 2


def test_news_that_comes_in_while_others_are_matched_waits_for_nobody(offers):
    build.match()
    entries = list(Entry.objects.filter(verb="listing.published").order_by("pk"))
    take(entries[:1])
    with transaction.atomic():
        assert tasks._match_step() == 0
        # Another tells of the same listing while this one is at work.
        News.objects.filter(entry_id=entries[1].pk).delete()
        at_once(lambda: take(entries[1:2]))
    assert News.objects.count() == 1


def test_what_comes_back_while_it_is_passed_over_is_news_again(search, offers, as_researcher):
    build.match()
    hit = Hit.objects.get(listing=offers[0])
    is_held, may_go_on = threading.Event(), threading.Event()

    def pass_over():
        with transaction.atomic():
            held = list(Hit.objects.select_for_update().filter(pk=hit.pk))
            is_held.set()
            may_go_on.wait(10)
            Hit.objects.filter(pk=held[0].pk).update(passed_over_at=timezone.now())

    def find_again():
        is_held.wait(10)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '8s'")
            threading.Timer(0.3, may_go_on.set).start()
            return Hit.objects.find([(search.pk, offers[0].pk)], now=timezone.now())

    assert at_once(pass_over, find_again) == [None, 1]
    hit.refresh_from_db()
    assert hit.passed_over_at is None


def test_what_is_withdrawn_while_it_is_told_is_never_mailed(search, offers, as_researcher):
    build.match()
    at_once(
        tasks.send_alerts,
        *(lambda o=offer: markets.withdraw(o, by=as_researcher) for offer in offers[:3]),
    )
    mails.send()
    [message] = mail.outbox
    assert str(offers[3].pk) in message.body
    assert not any(str(offer.pk) in message.body for offer in offers[:3])


def test_a_search_that_is_removed_while_it_is_asked_is_gone(search, offers, as_agent):
    tell("finding")

    def remove():
        actions.remove(search, by=as_agent)

    at_once(remove, tasks.match_news, tasks.send_alerts)
    tasks.match_news()
    tasks.send_alerts()
    assert not SavedSearch.objects.exists()
    assert not Hit.objects.exists()
    assert not Alert.objects.exists()


def test_nobody_saves_one_more_than_fifty_by_being_quick(caller, as_agent):
    for number in range(MOST_SEARCHES - 1):
        build.search(by=as_agent, name=f"{number}")
    programs = [caller(as_agent) for _each in range(4)]
    answers = at_once(
        *(
            lambda p=program, n=number: p.post("/saved-searches", {"name": f"新 {n}", **GIVEN})
            for number, program in enumerate(programs)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert SavedSearch.objects.count() == MOST_SEARCHES


def test_of_several_searches_of_one_name_one_is_kept(caller, as_agent):
    programs = [caller(as_agent) for _each in range(4)]
    answers = at_once(
        *(lambda p=p: p.post("/saved-searches", {"name": "同名", **GIVEN}) for p in programs)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


def test_of_several_clicks_one_stops(search):
    path, form = f"/alerts/stop/{search.stop_key}", {"List-Unsubscribe": "One-Click"}
    answers = at_once(*[lambda: Client().post(path, form)] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert Entry.objects.filter(verb="saved_search.stopped").count() == 1


def test_no_view_is_lost(offers, as_agent, caller):
    path = f"/api/v1/listings/{offers[0].pk}/view"
    at_once(*[lambda: [Client().post(path).status_code for _each in range(5)]] * 4)
    assert Views.objects.get().count == 20


def test_of_several_favourites_one_is_kept_and_one_removed(caller, offers, as_agent):
    programs = [caller(as_agent) for _each in range(4)]
    body = {"listing": str(offers[0].pk)}
    answers = at_once(*(lambda p=p: p.post("/favourites", body) for p in programs))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert Favourite.objects.count() == 1
    path = f"/favourites/{offers[0].pk}"
    answers = at_once(*(lambda p=p: p.delete(path) for p in programs))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]
    assert Entry.objects.filter(verb__startswith="favourite.").count() == 2


def test_a_stopped_search_is_not_told_by_whoever_was_about_to(search, offers, as_agent):
    build.match()
    at_once(tasks.send_alerts, lambda: actions.stop(search, by=as_agent))
    mails.send()
    search.refresh_from_db()
    assert not search.is_active
    assert mail.outbox == []
    with pytest.raises(Missing):
        actions.stop_by_key("x" * 43, by=tasks.Actor.anonymous())
