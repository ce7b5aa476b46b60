"""What saved searches find and tell, once, and only what may be seen at that moment."""

import smtplib
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts import actions as accounts
from apps.accounts.models import Membership, User
from apps.finding import actions, tasks
from apps.finding.models import Alert, Hit, News, SavedSearch
from apps.finding.readers import take
from apps.journal.models import Entry
from apps.mail import actions as mail_actions
from apps.mail import tasks as mails
from apps.mail.models import Mail
from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.reviews import actions as reviews
from marketplace.actors import Role
from marketplace.calendar import SHANGHAI
from marketplace.errors import Conflict, Refused
from marketplace.finding import Frequency
from marketplace.listings import ListingState
from marketplace.mail import Language, MailFailure, MailState
from marketplace.secrecy import DualUse
from tests.build import finding as build
from tests.build import markets as build_markets
from tests.build import pools as build_pools


@pytest.fixture
def search(as_agent):
    return build.search(by=as_agent)


@pytest.fixture
def offer(search, as_researcher, as_reviewer):
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer)


# --- what is found -----------------------------------------------------------------------------


def test_what_is_published_is_found_told_and_mailed(search, offer):
    assert build.match() == 1
    assert not News.objects.exists()
    assert tasks.send_alerts() == 1
    alert = Alert.objects.get()
    assert (alert.search, alert.mail.state) == (search, MailState.WAITING)
    assert mails.send() == 1
    alert.refresh_from_db()
    assert (alert.mail.state, alert.mail.attempts) == (MailState.SENT, 1)
    [message] = mail.outbox
    assert message.to == ["agent@example.org"]
    assert offer.title in message.body
    search.refresh_from_db()
    assert search.last_alerted_at is not None
    assert search.version == 1
    entry = Entry.objects.get(verb="saved_search.alerted")
    assert (entry.facts, entry.subject_id) == ({}, str(search.pk))


@pytest.mark.parametrize(
    ("criteria", "is_found"),
    [
        ({}, True),
        ({"search": "轴承钢"}, True),
        ({"search": "轴承钢 真空脱气"}, True),
        ({"search": "碳化硅"}, False),
        ({"search": "配方"}, False),
        ({"market": "technology", "side": "offer"}, True),
        ({"side": "need"}, False),
        ({"market": "capital"}, False),
        ({"region": "610000"}, True),
        ({"region": "440000"}, False),
        ({"field": "05"}, True),
        ({"field": "06"}, False),
        ({"cooperation_mode": "licence"}, True),
        ({"cooperation_mode": "equity"}, False),
        ({"price_way": "negotiated"}, True),
        ({"price_way": "auction"}, False),
        ({"readiness_from": 6}, True),
        ({"readiness_from": 7}, False),
        ({"readiness_to": 6}, True),
        ({"readiness_to": 5}, False),
        ({"search": "疲劳"}, False),
        ({"price_from": "500000.00"}, True),
        ({"price_from": "500000.01"}, False),
        ({"price_to": "100000.00"}, True),
        ({"price_to": "99999.99"}, False),
        ({"search": "轴承钢", "region": "610100", "price_to": "200000.00"}, True),
    ],
)
def test_what_a_search_finds(as_agent, as_researcher, as_reviewer, criteria, is_found):
    build.search(by=as_agent, criteria=criteria)
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    assert build.match() == is_found


def test_an_organization_and_a_project_are_found(as_agent, offer, works):
    for number, criteria in enumerate(
        [
            {"organization": str(offer.organization_id)},
            {"project": str(offer.project_id)},
            {"organization": str(works.pk)},
        ]
    ):
        build.search(by=as_agent, name=f"{number}", criteria=criteria)
    build.match()
    found = Hit.objects.values_list("search__name", flat=True).order_by("search__name")
    assert list(found) == ["0", "1", "轴承钢"]


def test_ones_own_listings_are_no_news(as_researcher, as_manager, as_reviewer):
    build.search(by=as_researcher)
    build.search(by=as_manager)
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    assert build.match() == 0


def test_a_reviewer_is_told_of_what_is_published_and_not_of_what_waits(
    as_second_reviewer, as_researcher, as_reviewer
):
    build.search(by=as_second_reviewer)
    submitted = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED
    )
    News.objects.create(entry_id=1, listing_id=submitted.pk)
    assert build.match() == 0
    reviews.accept(submitted, cleared_by=build_markets.CLEARED, by=as_reviewer)
    assert build.match() == 1


def test_nothing_is_told_twice(search, offer, as_researcher, as_reviewer):
    build.alert(search)
    markets.pause(offer, by=as_researcher)
    markets.resume(offer, by=as_researcher)
    changed = build_markets.with_change(offer, by=as_researcher)
    reviews.accept(changed, cleared_by=build_markets.CLEARED, by=as_reviewer)
    markets.renew(changed, valid_until=build_markets.in_days(200), by=as_researcher)
    assert Entry.objects.filter(verb="listing.change_published").exists()
    assert build.match() == 0
    assert tasks.send_alerts() == 0
    assert Alert.objects.count() == Hit.objects.count() == 1


def test_new_words_are_news_to_whom_the_old_ones_were_none(as_agent, as_researcher, as_reviewer):
    build.search(by=as_agent, criteria={"search": "碳化硅"})
    offer = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    assert build.match() == 0
    changed = build_markets.with_change(offer, by=as_researcher, title="碳化硅轴承")
    assert build.match() == 0
    reviews.accept(changed, cleared_by=build_markets.CLEARED, by=as_reviewer)
    assert build.match() == 1


def test_a_reader_takes_the_same_news_once_and_other_news_not_at_all(search, offer):
    entries = list(Entry.objects.all())
    take(entries)
    take(entries)
    assert list(News.objects.values_list("listing_id", flat=True)) == [offer.pk]


def test_many_searches_are_asked_step_by_step(
    as_agent, as_stranger, as_researcher, as_reviewer, monkeypatch
):
    monkeypatch.setattr(tasks, "SEARCHES", 2)
    for number in range(5):
        build.search(by=as_agent, name=f"{number}")
    build.search(by=as_stranger, criteria={"side": "need"})
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    build.match()
    assert Hit.objects.count() == 5
    assert not News.objects.exists()


def test_a_step_that_dies_is_done_again(as_agent, offer, monkeypatch):
    monkeypatch.setattr(tasks, "SEARCHES", 1)
    build.search(by=as_agent, name="第二")
    monkeypatch.setattr(tasks, "SECONDS", 0.0)
    build.match()
    assert tasks._match_step() == 1
    assert News.objects.get().asked_until == SavedSearch.objects.order_by("pk").first().pk
    News.objects.update(asked_until=None)
    monkeypatch.setattr(tasks, "SECONDS", 9.0)
    assert tasks.match_news() == 1
    assert Hit.objects.count() == 2


def test_a_search_that_cannot_be_asked_holds_up_no_other(as_agent, offer):
    broken = build.search(by=as_agent, name="坏的", criteria={})
    SavedSearch.objects.filter(pk=broken.pk).update(criteria={"readiness_from": "many"})
    gone = build.search(by=as_agent, name="旧的", criteria={})
    SavedSearch.objects.filter(pk=gone.pk).update(criteria={"region": "999999"})
    build.match()
    assert list(Hit.objects.values_list("search__name", flat=True)) == ["轴承钢"]
    assert not News.objects.exists()


def test_the_number_of_queries_grows_with_the_searches_and_not_with_the_news(
    search, as_researcher, as_reviewer
):
    counts = []
    for number in (1, 6):
        project = build_pools.project(by=as_researcher, reviewer=as_reviewer)
        for _each in range(number):
            build_markets.offer(by=as_researcher, reviewer=as_reviewer, project=project.pk)
        News.objects.all().delete()
        take(list(Entry.objects.filter(verb="listing.published").order_by("-pk")[:number]))
        with CaptureQueriesContext(connection) as queries:
            assert tasks._match_step() == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- nothing that became invisible in between --------------------------------------------------


def _withdrawn(offer, request):
    markets.withdraw(offer, by=request.getfixturevalue("as_researcher"))


def _paused(offer, request):
    markets.pause(offer, by=request.getfixturevalue("as_researcher"))


def _concluded(offer, request):
    markets.conclude(offer, by=request.getfixturevalue("as_researcher"))


def _sealed(offer, request):
    reviews.spill(offer, reason="误填", by=request.getfixturevalue("as_secrecy_officer"))


def _left(offer, request):
    membership = Membership.objects.get(user=request.getfixturevalue("agent"))
    accounts.end(membership, by=request.getfixturevalue("as_administrator"))


def _locked_out(offer, request):
    User.objects.filter(username="agent").update(is_active=False)


def _stopped(offer, request):
    actions.stop(SavedSearch.objects.get(), by=request.getfixturevalue("as_agent"))


HIDING = [_withdrawn, _paused, _concluded, _sealed, _left, _locked_out, _stopped]


@pytest.mark.parametrize("hide", HIDING)
def test_what_is_hidden_before_it_is_matched_is_not_found(search, offer, hide, request):
    hide(offer, request)
    assert build.match() == 0


@pytest.mark.parametrize("hide", HIDING)
def test_what_is_hidden_between_match_and_alert_is_not_told(search, offer, hide, request):
    assert build.match() == 1
    hide(offer, request)
    assert tasks.send_alerts() == 0
    assert mails.send() == 0
    assert not Alert.objects.exists()
    assert mail.outbox == []
    assert tasks.send_alerts() == 0


@pytest.mark.parametrize("hide", HIDING)
def test_what_is_hidden_between_alert_and_mail_is_not_mailed(search, offer, hide, request):
    alert = build.alert(search)
    hide(offer, request)
    assert mails.send() == 0
    assert mail.outbox == []
    alert.refresh_from_db()
    assert alert.mail.state is MailState.WITHHELD


@pytest.fixture
def dual_use(as_vetted_agent, as_researcher, as_vetted_reviewer, as_secrecy_officer, institute):
    """Return a search of a vetted organization, and a dual-use offer that only such ones see."""
    accounts.vet(institute, by=as_secrecy_officer)
    by = User.objects.get(pk=as_researcher.user).as_actor(organization=institute.pk)
    search = build.search(by=as_vetted_agent)
    kind = {"dual_use": DualUse.MILITARY_TO_CIVIL}
    project = build_pools.project(by=by, reviewer=as_vetted_reviewer, **kind)
    offer = build_markets.offer(
        by=by, reviewer=as_vetted_reviewer, project=project.pk, title="涉密不可外传", **kind
    )
    return search, offer


def test_only_the_vetted_are_told_of_dual_use_and_a_mail_names_nothing_of_it(dual_use, as_stranger):
    search, offer = dual_use
    build.search(by=as_stranger)
    assert build.alert(search).hits.get().listing == offer
    assert Hit.objects.count() == 1
    assert mails.send() == 1
    [message] = mail.outbox
    assert offer.title not in str(message.message()) + message.body
    assert str(offer.pk) not in message.body
    assert "登录后可查看其余 1 条" in message.body


@pytest.mark.parametrize("step", ["match", "alert", "mail"])
def test_whoever_is_vetted_no_longer_is_told_nothing_more(
    dual_use, step, vetted_works, as_secrecy_officer, caller, agent
):
    _search, _offer = dual_use
    if step != "match":
        build.match()
    if step == "mail":
        tasks.send_alerts()
    accounts.unvet(vetted_works, by=as_secrecy_officer)
    build.match()
    tasks.send_alerts()
    mails.send()
    assert mail.outbox == []
    assert Alert.objects.count() == (step == "mail")
    program = caller(agent.as_actor(organization=vetted_works.pk))
    assert program.get("/alerts").json()["results"] == []


def test_a_digest_tells_of_the_rest_where_one_is_hidden(search, offer, as_researcher, as_reviewer):
    other = build_markets.offer(by=as_researcher, reviewer=as_reviewer, title="另一种轴承钢")
    build.match()
    markets.withdraw(offer, by=as_researcher)
    tasks.send_alerts()
    mails.send()
    [message] = mail.outbox
    assert other.title in message.body
    assert offer.title not in message.body
    assert list(Alert.objects.get().hits.values_list("listing_id", flat=True)) == [other.pk]


def test_what_was_passed_over_is_news_again_when_it_comes_back(search, offer, as_researcher):
    build.match()
    markets.pause(offer, by=as_researcher)
    tasks.send_alerts()
    assert Hit.objects.get().passed_over_at is not None
    markets.resume(offer, by=as_researcher)
    assert build.match() == 1
    assert tasks.send_alerts() == 1
    assert Hit.objects.get().alert is not None


def test_what_is_looked_for_no_longer_is_not_told(search, offer, as_agent):
    build.match()
    actions.change(search, {"criteria": {"side": "need"}}, by=as_agent)
    assert tasks.send_alerts() == 0


def test_who_resumes_is_not_told_of_what_was_found_before(search, offer, as_agent):
    build.match()
    search = actions.stop(search, by=as_agent)
    actions.resume(search, by=as_agent)
    assert tasks.send_alerts() == 0
    assert not Alert.objects.exists()


# --- when --------------------------------------------------------------------------------------


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("frequency", "found", "now", "is_due"),
    [
        (Frequency.INSTANT, "2026-07-05 23:59:59", "2026-07-05 23:59:59", True),
        (Frequency.DAILY, "2026-07-05 23:59:59", "2026-07-06 00:00:01", False),
        (Frequency.DAILY, "2026-07-05 23:59:59", "2026-07-06 07:59:59", False),
        (Frequency.DAILY, "2026-07-05 23:59:59", "2026-07-06 08:00:00", True),
        (Frequency.DAILY, "2026-07-06 08:00:01", "2026-07-06 23:59:59", False),
        (Frequency.DAILY, "2026-07-06 00:00:01", "2026-07-09 03:00:00", True),
        (Frequency.WEEKLY, "2026-07-06 08:00:01", "2026-07-13 07:59:59", False),
        (Frequency.WEEKLY, "2026-07-06 08:00:01", "2026-07-13 08:00:00", True),
    ],
)
def test_a_search_is_due_when_its_time_has_come(search, offer, frequency, found, now, is_due):
    build.match()
    SavedSearch.objects.update(frequency=frequency)
    Hit.objects.update(found_at=_at(found))
    assert SavedSearch.objects.due(_at(now)).exists() == is_due


def test_a_digest_waits_and_then_tells_of_everything_at_once(as_agent, as_researcher, as_reviewer):
    search = build.search(by=as_agent, frequency=Frequency.DAILY)
    for number in range(3):
        build_markets.offer(by=as_researcher, reviewer=as_reviewer, title=f"轴承钢 {number}")
    assert build.match() == 3
    with pytest.raises(Conflict):
        actions.alert(search, by=tasks.Actor.system("test"))
    # The clock stood still for three days.
    for day, hit in enumerate(Hit.objects.all()):
        Hit.objects.filter(pk=hit.pk).update(found_at=timezone.now() - timedelta(days=day + 1))
    assert tasks.send_alerts() == 1
    assert Alert.objects.get().hits.count() == 3
    assert mails.send() == 1
    assert tasks.send_alerts() == 0


def test_only_the_clock_tells(search, offer, as_agent):
    build.match()
    with pytest.raises(Refused):
        actions.alert(search, by=as_agent)


# --- mail --------------------------------------------------------------------------------------


def test_a_mail_can_be_stopped_with_one_click_and_is_known_again(search, offer, settings):
    settings.PUBLIC_ADDRESS = "https://market.example/"
    alert = build.alert(search)
    mails.send()
    [message] = mail.outbox
    head = message.message()
    stop = f"https://market.example/alerts/stop/{search.stop_key}"
    assert head["List-Unsubscribe"] == f"<{stop}>"
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert head["Message-ID"] == f"<{alert.mail_id}@market.example>"
    assert head["Auto-Submitted"] == "auto-generated"
    assert stop in message.body
    assert f"https://market.example/api/v1/listings/{offer.pk}" in message.body


@pytest.mark.parametrize(
    ("language", "subject", "kind"),
    [
        (Language.CHINESE, "您保存的搜索“轴承钢”有新结果", "技术"),
        (Language.ENGLISH, "New for your search “轴承钢”", "Technology · Offer"),
    ],
)
def test_a_mail_speaks_the_language_of_its_search(
    as_agent, as_researcher, as_reviewer, language, subject, kind
):
    search = build.search(by=as_agent, language=language)
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    build.alert(search)
    mails.send()
    [message] = mail.outbox
    assert message.subject == subject
    assert kind in message.body


def test_a_mail_holds_nothing_that_is_not_public(search, offer):
    build.alert(search)
    mails.send()
    text = mail.outbox[0].body
    assert offer.confidential
    for secret in (offer.confidential, "真空脱气两次", str(offer.price_from)):
        assert secret not in text


def test_a_mail_goes_to_nobody_where_there_is_no_address(as_agent, as_researcher, as_reviewer):
    search = build.search(by=as_agent, mail="")
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    alert = build.alert(search)
    assert mails.send() == 0
    alert.refresh_from_db()
    assert alert.mail.state is MailState.WITHHELD


class Line:
    """A mail server at the edge of the house that fails as it is told."""

    failure: Exception | None = None

    def open(self):
        return None

    def close(self):
        return None

    def send_messages(self, messages):
        if self.failure:
            raise self.failure
        mail.outbox.extend(messages)


@pytest.fixture
def line(monkeypatch):
    line = Line()
    monkeypatch.setattr(mails, "get_connection", lambda: line)
    mail.outbox = []
    return line


def _later():
    Mail.objects.update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    "failure",
    [
        OSError("no way there"),
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPRecipientsRefused({"agent@example.org": (451, b"later")}),
        ValueError("no address"),
    ],
)
def test_a_mail_that_fails_is_tried_again_and_in_the_end_given_up(search, offer, line, failure):
    alert = build.alert(search)
    line.failure = failure
    for attempt in range(1, 8):
        assert mails.send() == 0
        alert.refresh_from_db()
        assert alert.mail.attempts == attempt
        assert mails.send() == 0, "not before its time"
        _later()
    assert (alert.mail.state, mail.outbox) == (MailState.FAILED, [])
    line.failure = None
    assert mails.send() == 0
    assert Entry.objects.filter(verb="mail.given_up").count() == 1


def test_a_mail_that_failed_once_is_sent_later(search, offer, line):
    alert = build.alert(search)
    line.failure = OSError("no way there")
    mails.send()
    line.failure = None
    _later()
    assert mails.send() == 1
    alert.refresh_from_db()
    assert (alert.mail.state, alert.mail.attempts) == (MailState.SENT, 2)


def test_an_address_that_there_is_not_is_not_tried_again(search, offer, line):
    alert = build.alert(search)
    line.failure = smtplib.SMTPRecipientsRefused({"agent@example.org": (550, b"unknown")})
    mails.send()
    alert.refresh_from_db()
    assert (alert.mail.state, alert.mail.attempts) == (MailState.FAILED, 1)


def test_who_dies_between_sending_and_noting_it_sends_the_same_mail_again(
    search, offer, line, monkeypatch
):
    build.alert(search)

    def die(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(mail_actions, "note_sent", die)
        with pytest.raises(KeyboardInterrupt):
            mails.send()
    assert mails.send() == 0
    _later()
    assert mails.send() == 1
    assert mails.send() == 0
    first, second = (message.extra_headers["Message-ID"] for message in mail.outbox)
    assert first == second


def test_a_mail_that_is_decided_on_stays_so(search, offer):
    alert = build.alert(search)
    mails.send()
    alert.refresh_from_db()
    by = tasks.Actor.system("test")
    why = {"failure": MailFailure.REFUSED_FOR_GOOD, "error": "test"}
    for act, facts in (
        (mail_actions.note_sent, {}),
        (mail_actions.withhold, {}),
        (mail_actions.give_up, why),
    ):
        with pytest.raises(Conflict):
            act(alert.mail, **facts, by=by)
    with pytest.raises(Exception, match="transition"), transaction.atomic():
        Mail.objects.update(state=MailState.WAITING, sent_at=None)
    for impossible in ({"sent_at": None}, {"failure": MailFailure.REFUSED_FOR_GOOD}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Mail.objects.update(**impossible)


# --- in the house ------------------------------------------------------------------------------


def test_an_alert_shows_what_may_be_seen_now(caller, search, offer, as_agent, as_researcher):
    alert = build.alert(search)
    program = caller(as_agent)
    [said] = program.get("/alerts").json()["results"]
    assert said["id"] == str(alert.pk)
    assert said["saved_search_name"] == search.name
    assert [each["id"] for each in said["listings"]] == [str(offer.pk)]
    assert set(said["listings"][0]) == {
        *("id", "market", "side", "title", "organization", "organization_name"),
        *("field", "region", "valid_until", "listed_at", "state"),
    }
    assert program.get(f"/alerts/{alert.pk}").json() == said
    assert program.get("/alerts", saved_search=str(search.pk)).json()["results"] == [said]
    assert program.get("/alerts", saved_search=str(alert.pk)).json()["results"] == []
    markets.pause(offer, by=as_researcher)
    assert program.get("/alerts").json()["results"] == []
    assert program.get(f"/alerts/{alert.pk}").status_code == 404


def test_an_alert_does_not_tell_how_much_of_it_is_hidden(
    caller, search, offer, as_agent, as_researcher, as_reviewer
):
    other = build_markets.offer(by=as_researcher, reviewer=as_reviewer, title="另一种轴承钢")
    build.alert(search)
    markets.withdraw(offer, by=as_researcher)
    [said] = caller(as_agent).get("/alerts").json()["results"]
    assert [each["id"] for each in said["listings"]] == [str(other.pk)]
    assert str(offer.pk) not in str(said)
    assert 2 not in said.values()


@pytest.mark.parametrize("who", ["as_stranger", "as_researcher", "as_administrator"])
def test_an_alert_is_nobody_elses_business(caller, search, offer, who, request):
    alert = build.alert(search)
    other = caller(request.getfixturevalue(who))
    assert other.get("/alerts").json()["results"] == []
    assert other.get(f"/alerts/{alert.pk}").status_code == 404


def test_a_colleague_reads_no_alert(caller, search, offer, works, stranger):
    build.alert(search)
    Membership.objects.create(user=stranger, organization=works, role=Role.COMPANY_AGENT)
    colleague = caller(stranger.as_actor(organization=works.pk))
    assert colleague.get("/alerts").json()["results"] == []
    assert colleague.get("/saved-searches").json()["results"] == []


def test_a_page_of_alerts_takes_a_fixed_number_of_queries(
    caller, as_agent, as_researcher, as_reviewer
):
    program = caller(as_agent)
    counts = []
    for number in (1, 4):
        for each in range(number):
            build.search(by=as_agent, name=f"{number}.{each}")
        for _each in range(number):
            build_markets.offer(by=as_researcher, reviewer=as_reviewer)
        build.match()
        tasks.send_alerts()
        with CaptureQueriesContext(connection) as queries:
            assert program.get("/alerts").json()["results"]
        counts.append(len(queries))
    assert Listing.objects.count() == 5
    assert counts == [3, 3]
