"""Who is told of what, in which words, and how often."""

from string import Formatter

import pytest

from apps.accounts.models import Membership
from apps.deals import actions as deals
from apps.journal.actions import tell
from apps.journal.models import Entry
from apps.notifications import actions
from apps.notifications.models import SENTENCES, Notice
from apps.notifications.readers import take
from marketplace.actors import Actor, Role
from marketplace.deals import DropReason
from marketplace.errors import Missing
from tests.build import finding as build_finding
from tests.build import markets as build_markets


@pytest.fixture(autouse=True)
def reader(settings):
    settings.JOURNAL_READERS = {"notifications": "apps.notifications.readers.take"}


@pytest.fixture
def offer(as_researcher, as_reviewer):
    row = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    tell("notifications")
    Notice.objects.all().delete()
    return row


@pytest.fixture
def deal(offer, as_agent):
    return deals.express_interest(offer=offer.pk, by=as_agent)


def verbs_for(actor):
    return list(Notice.objects.visible_to(actor).order_by("pk").values_list("verb", flat=True))


def test_every_sentence_is_plain_words():
    for verb, words in SENTENCES.items():
        assert verb.count(".") == 1
        assert words.endswith(".")
        assert [name for _text, name, *_rest in Formatter().parse(words) if name] == []


def test_the_other_side_is_told_and_not_the_one_who_did_it(
    deal, as_researcher, as_agent, as_stranger, as_broker
):
    assert tell("notifications") == 1
    assert verbs_for(as_researcher) == ["deal.opened"]
    for other in (as_agent, as_stranger, as_broker):
        assert verbs_for(other) == []
    notice = Notice.objects.get()
    entry = Entry.objects.get(verb="deal.opened")
    assert (notice.entry_id, notice.subject_type, notice.subject_id) == (
        entry.pk,
        "deals.deal",
        str(deal.pk),
    )


def test_each_is_told_once_however_often_the_news_comes(deal, as_researcher):
    entries = list(Entry.objects.all())
    for _ in range(2):
        take(entries)
    assert verbs_for(as_researcher).count("deal.opened") == 1


def test_the_clocks_deeds_are_told_to_both_sides(deal, as_researcher, as_agent):
    tell("notifications")
    deals.drop(
        deal,
        reason=DropReason.LISTING_CLOSED,
        by=Actor.system("drop_orphans"),
    )
    tell("notifications")
    assert verbs_for(as_researcher) == ["deal.opened", "deal.dropped"]
    assert verbs_for(as_agent) == ["deal.dropped"]


def test_what_has_no_sentence_is_not_told(as_researcher, as_reviewer, offer, institute):
    entries = list(Entry.objects.filter(verb__in=["listing.drafted", "listing.submitted"]))
    assert entries
    take(entries)
    assert not Notice.objects.exists()


def test_the_author_is_told_that_the_listing_was_published(as_researcher, as_reviewer):
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    tell("notifications")
    assert verbs_for(as_researcher) == ["project.admitted", "listing.published"]


def test_of_the_brokers_house_only_the_broker_is_told(
    deal, as_agent, as_broker, stranger, agency, broker
):
    deals.assign_broker(deal, broker="broker", by=as_agent)
    tell("notifications")
    assert verbs_for(as_broker) == ["deal.broker_assigned"]
    Membership.objects.create(user=stranger, organization=agency, role=Role.BROKER)
    colleague = stranger.as_actor(organization=agency.pk, request_id="test")
    assert verbs_for(colleague) == []


def test_an_organization_that_is_gone_stops_no_news(deal, as_researcher):
    entry = Entry.objects.get(verb="deal.opened")
    entry.parties = [*entry.parties, entry.actor_user]
    take([entry])
    assert verbs_for(as_researcher) == ["deal.opened"]


def test_reading_is_noted_once(deal, as_researcher):
    tell("notifications")
    notice = actions.mark_read(Notice.objects.get(), by=as_researcher)
    again = actions.mark_read(notice, by=as_researcher)
    assert again.read_at == notice.read_at
    assert again.version == 2
    assert Entry.objects.filter(verb="notice.read").count() == 1
    assert tell("notifications") == 1
    assert Notice.objects.count() == 1


def test_nobody_reads_the_notices_of_others(deal, as_agent, as_administrator):
    tell("notifications")
    for other in (as_agent, as_administrator):
        with pytest.raises(Missing):
            actions.mark_read(Notice.objects.get(), by=other)
    assert Notice.objects.get().read_at is None


# --- over HTTP --------------------------------------------------------------------------------


def test_notices_are_listed_and_marked_as_read(caller, deal, as_researcher):
    tell("notifications")
    owner = caller(as_researcher)
    (notice,) = owner.get("/notices", unread="true").json()["results"]
    assert notice["text"] == "Another organization is interested in your listing."
    assert (notice["subject_id"], notice["read_at"]) == (str(deal.pk), None)
    for _ in range(2):
        read = owner.post(f"/notices/{notice['id']}/mark_read")
        assert read.status_code == 200
        assert read.json()["read_at"]
    assert owner.get("/notices", unread="true").json()["results"] == []
    assert len(owner.get("/notices", unread="false").json()["results"]) == 1
    assert owner.get(f"/notices/{notice['id']}").json()["version"] == 2
    assert owner.get("/notices", colour="red").status_code == 400


def test_strangers_get_404(caller, deal, as_stranger, as_administrator, as_anonymous):
    tell("notifications")
    pk = Notice.objects.get().pk
    for actor in (as_stranger, as_administrator):
        other = caller(actor)
        assert other.get("/notices").json()["results"] == []
        assert other.get(f"/notices/{pk}").status_code == 404
        assert other.post(f"/notices/{pk}/mark_read").status_code == 404
    assert caller(as_anonymous).get("/notices").status_code == 401
    assert caller(as_anonymous).post(f"/notices/{pk}/mark_read").status_code == 401
    assert Notice.objects.get().read_at is None


def test_only_whose_search_it_is_hears_that_it_found_something(
    as_agent, as_researcher, as_reviewer, settings
):
    settings.JOURNAL_READERS["finding"] = "apps.finding.readers.take"
    search = build_finding.search(by=as_agent)
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    tell("notifications")
    Notice.objects.all().delete()
    build_finding.alert(search)
    tell("notifications")
    assert verbs_for(as_agent) == ["saved_search.alerted"]
    assert Notice.objects.get().user_id == as_agent.user
