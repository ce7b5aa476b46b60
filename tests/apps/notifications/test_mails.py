"""Notices by mail: to whom, how soon, in which words, and never what may not be seen."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from django.utils.translation import gettext, override

from apps.accounts import actions as accounts
from apps.accounts.models import Membership, User
from apps.deals import actions as deals
from apps.journal.actions import tell
from apps.journal.models import Entry
from apps.mail import tasks as mails
from apps.mail.models import Mail
from apps.markets import actions as markets
from apps.matching.models import Match
from apps.notifications import actions, tasks
from apps.notifications.models import SENTENCES, Digest, Notice, Postbox, Posting
from apps.notifications.readers import take
from apps.reviews import actions as reviews
from marketplace.actors import Actor, Role
from marketplace.calendar import SHANGHAI
from marketplace.deals import DropReason
from marketplace.errors import Missing, Refused
from marketplace.finding import Frequency, due_at
from marketplace.mail import Language, MailState
from marketplace.money import Money
from marketplace.notices import MailTiming, NoticeGroup
from marketplace.secrecy import DualUse
from tests.build import finding as build_finding
from tests.build import markets as build_markets
from tests.build import matching as build
from tests.build import pools as build_pools


@pytest.fixture(autouse=True)
def reader(settings):
    settings.JOURNAL_READERS = {"notifications": "apps.notifications.readers.take"}
    settings.PUBLIC_ADDRESS = "https://market.example"


@pytest.fixture(autouse=True)
def addresses(researcher, agent, broker, stranger):
    for user in (researcher, agent, broker, stranger):
        User.objects.filter(pk=user.pk).update(email=f"{user.username}@example.org")


@pytest.fixture
def offer(as_researcher, as_reviewer):
    return build.offer("轴承钢热处理工艺", by=as_researcher, reviewer=as_reviewer)


@pytest.fixture
def quiet_offer(offer):
    """Return an offer of which everything was told."""
    tell("notifications")
    Posting.objects.all().delete()
    return offer


@pytest.fixture
def deal(quiet_offer, as_agent):
    return deals.express_interest(offer=quiet_offer.pk, by=as_agent)


@pytest.fixture
def need(as_agent, as_reviewer):
    return build.need("轴承钢热处理工艺", by=as_agent, reviewer=as_reviewer)


def go_round():
    """Let everything be told that is due, and return the mails: to whom, and which."""
    tell("notifications")
    tasks.write_mails()
    mails.send()
    sent, mail.outbox = mail.outbox, []
    return {message.to[0]: message for message in sent}


def morning():
    """Let it be eight o'clock for everything that waits for it, and the next day for the rest."""
    tell("notifications")
    Posting.objects.filter(mail=None).update(due_at=timezone.now() - timedelta(seconds=1))
    yesterday = timezone.now() - timedelta(days=1)
    Postbox.objects.filter(digested_at__isnull=False).update(digested_at=yesterday)


def count(message):
    """Return how many notices a mail tells."""
    return len(re.findall(r"^\d+\. ", message.body, re.MULTILINE))


def everything(message):
    return f"{message.subject}\n{message.body}\n{message.message()}"


# --- to whom, and how soon ---------------------------------------------------------------------


def test_what_needs_an_answer_goes_at_once_to_the_other_side(deal, quiet_offer):
    sent = go_round()
    assert set(sent) == {"researcher@example.org"}
    message = sent["researcher@example.org"]
    with override("zh-hans"):
        assert message.subject == gettext(SENTENCES["deal.opened"])
    notice = Notice.objects.get(verb="deal.opened")
    assert f"https://market.example/api/v1/notices/{notice.pk}" in message.body
    assert str(deal.pk) not in everything(message)
    assert go_round() == {}
    assert Posting.objects.get().mail.state is MailState.SENT
    assert Mail.objects.get().can_wait is False


def test_everybody_in_an_organization_is_told_and_whoever_left_is_not(
    deal, institute, stranger, manager, as_manager
):
    User.objects.filter(pk=manager.pk).update(email="manager@example.org")
    gone = Membership.objects.create(user=stranger, organization=institute, role=Role.RESEARCHER)
    Membership.objects.filter(pk=gone.pk).update(ended_at=timezone.now())
    assert set(go_round()) == {"researcher@example.org", "manager@example.org"}


def test_who_has_no_address_is_told_in_the_house_only(deal):
    User.objects.update(email="")
    assert go_round() == {}
    assert Notice.objects.filter(verb="deal.opened").exists()
    assert not Posting.objects.exists()


def test_of_the_brokers_house_only_the_broker_is_mailed(
    deal, as_agent, agency, stranger, as_broker
):
    Membership.objects.create(user=stranger, organization=agency, role=Role.BROKER)
    go_round()
    deals.assign_broker(deal, broker="broker", by=as_agent)
    assert set(go_round()) == {"broker@example.org", "researcher@example.org"}


def test_what_goes_by_a_mail_of_its_own_is_not_mailed_twice(
    as_agent, as_researcher, as_reviewer, settings
):
    settings.JOURNAL_READERS["finding"] = "apps.finding.readers.take"
    search = build_finding.search(by=as_agent)
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    build_finding.alert(search)
    tell("notifications")
    assert Notice.objects.filter(verb="saved_search.alerted").exists()
    assert not Posting.objects.filter(notice__verb="saved_search.alerted").exists()


def test_the_rest_waits_for_one_mail_a_day(offer, need):
    assert go_round() == {}
    eight = due_at(Frequency.DAILY, timezone.now())
    waiting = Posting.objects.all()
    assert {posting.timing for posting in waiting} == {MailTiming.DAILY}
    assert all(abs(posting.due_at - eight) < timedelta(days=1, minutes=1) for posting in waiting)
    assert {posting.due_at.astimezone(SHANGHAI).hour for posting in waiting} == {8}
    morning()
    sent = go_round()
    assert set(sent) == {"researcher@example.org", "agent@example.org"}
    assert count(sent["researcher@example.org"]) == 2
    assert offer.title in sent["researcher@example.org"].body
    assert need.title in sent["agent@example.org"].body
    assert Mail.objects.filter(kind="digest", can_wait=True).count() == 2


def test_what_comes_too_late_for_the_digest_waits_for_the_next(offer, as_researcher, as_reviewer):
    morning()
    assert set(go_round()) == {"researcher@example.org"}
    build.offer("另一种工艺", by=as_researcher, reviewer=as_reviewer)
    tell("notifications")
    late = Posting.objects.filter(mail=None)
    late.update(due_at=timezone.now() - timedelta(seconds=1))
    assert go_round() == {}
    assert late.get().due_at == due_at(Frequency.DAILY, timezone.now())
    morning()
    assert set(go_round()) == {"researcher@example.org"}


def test_several_at_once_of_one_group_are_one_mail(deal, as_agent, as_researcher):
    deals.open_talks(deal, by=as_researcher)
    tell("notifications")
    deals.propose_price(deal, price=Money(Decimal("100000.00"), "CNY"), by=as_agent)
    sent = go_round()
    assert set(sent) == {"researcher@example.org", "agent@example.org"}
    assert count(sent["researcher@example.org"]) == 2
    assert Mail.objects.count() == 2


def test_no_mail_is_empty(quiet_offer):
    assert tasks.write_mails() == 0
    assert mails.send() == 0
    assert not Mail.objects.exists()


def test_news_told_twice_is_mailed_once(deal):
    assert len(go_round()) == 1
    take(list(Entry.objects.all()))
    assert Posting.objects.filter(notice__verb="deal.opened").count() == 1
    assert go_round() == {}


def test_only_the_clock_writes_mails(deal, researcher, as_researcher):
    tell("notifications")
    with pytest.raises(Refused):
        actions.write(researcher.pk, by=as_researcher)
    assert not Mail.objects.exists()


def test_one_person_who_cannot_be_written_to_holds_up_nobody(
    deal, as_agent, as_researcher, researcher, monkeypatch
):
    deals.open_talks(deal, by=as_researcher)
    write = actions.write

    def failing(person, *, by):
        if person == researcher.pk:
            raise ValueError
        return write(person, by=by)

    monkeypatch.setattr(actions, "write", failing)
    assert set(go_round()) == {"agent@example.org"}


# --- only what may be seen, at the moment of sending -------------------------------------------


def test_what_is_sealed_is_left_out(offer, as_secrecy_officer):
    morning()
    tasks.write_mails()
    reviews.spill(offer, reason="误填", by=as_secrecy_officer)
    mails.send()
    [message] = mail.outbox
    assert offer.title not in everything(message)
    assert count(message) == 1


def test_who_left_between_writing_and_sending_is_told_nothing(deal, as_administrator):
    tell("notifications")
    tasks.write_mails()
    membership = Membership.objects.get(user__username="researcher")
    accounts.end(membership, by=as_administrator)
    assert mails.send() == 0
    assert mail.outbox == []
    assert Mail.objects.get().state is MailState.WITHHELD


def test_who_changed_his_mind_between_writing_and_sending_is_told_nothing(deal, as_researcher):
    tell("notifications")
    tasks.write_mails()
    actions.prefer({"deals": MailTiming.NEVER}, by=as_researcher)
    assert mails.send() == 0
    assert Mail.objects.get().state is MailState.WITHHELD


@pytest.fixture
def dual_use(as_researcher, as_vetted_reviewer, as_secrecy_officer, institute):
    accounts.vet(institute, by=as_secrecy_officer)
    by = User.objects.get(pk=as_researcher.user).as_actor(organization=institute.pk)
    kind = {"dual_use": DualUse.MILITARY_TO_CIVIL}
    project = build_pools.project(by=by, reviewer=as_vetted_reviewer, **kind)
    return build_markets.offer(
        by=by, reviewer=as_vetted_reviewer, project=project.pk, title="不可外传", **kind
    )


def test_a_mail_names_only_what_everybody_may_read(dual_use):
    morning()
    [message] = go_round().values()
    assert count(message) == 2
    assert "不可外传" not in everything(message)
    assert str(dual_use.pk) not in everything(message)


# --- new matches -------------------------------------------------------------------------------


def matches_digested():
    build.caught_up()
    Posting.objects.all().delete()
    tasks.digest()
    tell("notifications")
    Posting.objects.exclude(notice__verb__in=["matches.digested", "deal.matches_found"]).delete()
    morning()


def test_new_matches_come_in_the_digest_with_public_titles(offer, need):
    matches_digested()
    sent = go_round()
    assert need.title in sent["researcher@example.org"].body
    assert offer.title in sent["agent@example.org"].body
    assert str(Match.objects.get().score) not in sent["agent@example.org"].body


def test_a_match_that_is_hidden_by_then_is_left_out_and_an_empty_digest_is_not_sent(
    offer, need, as_agent, as_reviewer
):
    other = build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    matches_digested()
    markets.pause(need, by=as_agent)
    sent = go_round()
    assert need.title + "\n" not in sent["researcher@example.org"].body
    assert other.title in sent["researcher@example.org"].body
    Digest.objects.all().delete()
    matches_digested()
    markets.pause(other, by=as_agent)
    assert go_round() == {}
    assert Mail.objects.filter(state=MailState.WITHHELD).count() == 2


def test_matches_found_later_wait_for_their_own_digest(offer, need, as_agent, as_reviewer):
    matches_digested()
    late = build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    body = go_round()["researcher@example.org"].body
    assert need.title in body
    assert f"· {late.title}\n" not in body


def test_a_brokers_digest_leaves_out_his_own_house(
    offer, need, as_broker, as_agent, as_reviewer, agency
):
    build.caught_up()
    deal = deals.introduce(offer=offer.pk, need=need.pk, by=as_broker)
    tasks.digest()
    at_home = build.need("轴承钢热处理设备", by=as_broker, reviewer=as_reviewer)
    build.caught_up()
    for row in Digest.objects.all():
        Digest.objects.filter(pk=row.pk).update(until=row.until - timedelta(days=1))
    tasks.digest()
    found = Entry.objects.filter(verb="deal.matches_found", subject_id=str(deal.pk))
    assert not found.exists()
    assert at_home.organization_id == agency.pk
    elsewhere = build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    for row in Digest.objects.all():
        Digest.objects.filter(pk=row.pk).update(until=row.until - timedelta(days=1))
    Posting.objects.all().delete()
    tasks.digest()
    assert found.get().facts["count"] == 1
    tell("notifications")
    Posting.objects.exclude(notice__verb="deal.matches_found").delete()
    morning()
    sent = go_round()
    assert set(sent) == {"broker@example.org"}
    assert elsewhere.title in sent["broker@example.org"].body
    assert at_home.title not in sent["broker@example.org"].body


# --- languages ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "subject", "stop"),
    [
        (Language.ENGLISH, "Another organization is interested in your listing.", "One click"),
        (Language.CHINESE, None, "market.example"),
    ],
)
def test_a_mail_speaks_the_language_of_its_reader(deal, as_researcher, language, subject, stop):
    actions.prefer({"language": language}, by=as_researcher)
    [message] = go_round().values()
    assert stop in message.body
    if subject:
        assert message.subject == subject
    else:
        assert not message.subject.isascii()


# --- preferences -------------------------------------------------------------------------------

PREFERENCES = {
    "language": "en",
    "matches": "never",
    "deals": "daily",
    "contracts": "at_once",
    "to_answer": "at_once",
    "other_news": "never",
}


def test_a_person_reads_and_changes_his_own_preferences(caller, as_agent, as_stranger):
    program = caller(as_agent)
    assert program.get("/notice-preferences").json() == {
        "language": "zh-hans",
        "matches": "daily",
        "deals": "at_once",
        "contracts": "at_once",
        "to_answer": "at_once",
        "other_news": "daily",
    }
    assert not Postbox.objects.exists()
    for _time in range(2):
        answer = program.put("/notice-preferences", PREFERENCES)
        assert (answer.status_code, answer.json()) == (200, PREFERENCES)
    assert program.get("/notice-preferences").json() == PREFERENCES
    assert caller(as_stranger).get("/notice-preferences").json()["language"] == "zh-hans"
    entry = Entry.objects.get(verb="postbox.changed")
    assert entry.facts["fields"] == ["deals", "language", "matches", "other_news"]
    assert entry.parties == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"language": "en"},
        {**PREFERENCES, "deals": "hourly"},
        {**PREFERENCES, "language": "fr"},
        {**PREFERENCES, "deals": None},
        {**PREFERENCES, "user": "0"},
        {**PREFERENCES, "stop_key": "x"},
        [],
    ],
)
def test_what_is_no_preference_is_refused_and_changes_nothing(caller, as_agent, wrong):
    answer = caller(as_agent).put("/notice-preferences", wrong)
    assert answer.status_code == 400
    assert not Postbox.objects.exists()


def test_preferences_name_every_group():
    named = {field.name for field in Postbox._meta.local_fields}
    assert set(NoticeGroup.values()) <= named


def test_who_wants_no_mail_gets_none_and_who_wants_it_daily_waits(deal, as_researcher, as_agent):
    actions.prefer({"deals": MailTiming.DAILY}, by=as_researcher)
    assert go_round() == {}
    morning()
    assert set(go_round()) == {"researcher@example.org"}
    actions.prefer({"deals": MailTiming.NEVER}, by=as_researcher)
    deals.drop(deal, reason=DropReason.OTHER, note="另有安排", by=as_agent)
    tell("notifications")
    assert Notice.objects.filter(verb="deal.dropped").exists()
    assert not Posting.objects.filter(notice__verb="deal.dropped").exists()


def test_the_table_refuses_what_cannot_be(as_agent):
    box = actions.prefer({"language": Language.ENGLISH}, by=as_agent)
    for wrong in ({"language": "fr"}, {"deals": "hourly"}, {"stop_key": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Postbox.objects.filter(pk=box.pk).update(**wrong)


# --- one click ---------------------------------------------------------------------------------

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def passer_by():
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def test_the_link_of_a_mail_stops_its_group(deal, passer_by, researcher):
    [message] = go_round().values()
    stop = message.extra_headers["List-Unsubscribe"].strip("<>")
    assert stop in message.body
    path = stop.removeprefix("https://market.example")
    assert passer_by.get(path).status_code == 200
    box = Postbox.objects.get(user=researcher)
    assert box.deals is MailTiming.AT_ONCE
    for _time in range(2):
        answer = passer_by.post(path, ONE_CLICK)
        assert answer.status_code == 200
        assert not answer.cookies
    box.refresh_from_db()
    assert (box.deals, box.contracts) == (MailTiming.NEVER, MailTiming.AT_ONCE)
    entry = Entry.objects.get(verb="postbox.stopped")
    assert (entry.actor_user, entry.parties, entry.facts) == (None, [], {"fields": ["deals"]})


def test_the_link_of_a_digest_stops_all_that_came_in_it(offer, passer_by, researcher):
    morning()
    message = go_round()["researcher@example.org"]
    box = Postbox.objects.get(user=researcher)
    digest = f"https://market.example/notices/stop/{box.stop_key}"
    assert message.extra_headers["List-Unsubscribe"] == f"<{digest}>"
    assert f"{digest}/other_news" in message.body
    assert f"{digest}/deals" not in message.body
    passer_by.post(f"/notices/stop/{box.stop_key}", ONE_CLICK)
    box.refresh_from_db()
    assert box.daily == []
    assert box.deals is MailTiming.AT_ONCE
    assert "button" not in passer_by.get(f"/notices/stop/{box.stop_key}").content.decode()


@pytest.mark.parametrize(("language", "button"), [("en", "Stop these mails"), ("zh-hans", "")])
def test_the_page_speaks_the_language_of_the_mail(passer_by, as_agent, language, button):
    box = actions.prefer({"language": Language(language)}, by=as_agent)
    if language == "zh-hans":
        box = actions.prefer({"deals": MailTiming.DAILY}, by=as_agent)
    page = passer_by.get(f"/notices/stop/{box.stop_key}/deals", headers={"Accept-Language": "de"})
    assert (page["Content-Language"], page["X-Robots-Tag"]) == (language, "noindex")
    text = page.content.decode()
    assert f'lang="{language}"' in text
    assert button in text
    assert passer_by.post(f"/notices/stop/{box.stop_key}/deals", {"x": "y"}).status_code == 400


def test_a_wrong_key_or_group_is_a_page_there_is_not(passer_by, as_agent):
    box = actions.prefer({"language": Language.ENGLISH}, by=as_agent)
    wrong = box.stop_key[:-1] + ("A" if box.stop_key[-1] != "A" else "B")
    for place in (wrong, f"{wrong}/deals", f"{box.stop_key}/colours", str(box.pk), "k" * 5000):
        for answer in (
            passer_by.get(f"/notices/stop/{place}"),
            passer_by.post(f"/notices/stop/{place}", ONE_CLICK),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    with pytest.raises(Missing):
        actions.stop_by_key(wrong, None, by=Actor.anonymous())
    box.refresh_from_db()
    assert box.version == 2


def test_a_time_of_day_is_that_of_shanghai():
    late = datetime(2026, 7, 6, 8, 0, 1, tzinfo=SHANGHAI)
    assert due_at(Frequency.DAILY, late) == datetime(2026, 7, 7, 8, tzinfo=SHANGHAI)
