"""Notices that several clocks want to mail at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.deals import actions as deals
from apps.journal.actions import tell
from apps.journal.models import Entry
from apps.mail import tasks as mails
from apps.mail.models import Mail
from apps.markets import actions as markets
from apps.notifications import actions, tasks
from apps.notifications.models import Postbox, Posting
from marketplace.mail import MailState
from marketplace.notices import MailTiming
from tests.build import markets as build_markets

pytestmark = pytest.mark.django_db(transaction=True)


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
def told(as_researcher, as_agent, as_reviewer, researcher, settings):
    """Return what one is told of in two mails: an interest at once, and a digest."""
    settings.JOURNAL_READERS = {"notifications": "apps.notifications.readers.take"}
    User.objects.filter(pk=researcher.pk).update(email="researcher@example.org")
    offer = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    deals.express_interest(offer=offer.pk, by=as_agent)
    tell("notifications")
    Posting.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    return offer


def test_several_clocks_write_and_send_each_mail_once(told):
    assert sum(at_once(*[tasks.write_mails] * 4)) == Mail.objects.count() == 2
    assert Postbox.objects.count() == 1
    assert not Posting.objects.filter(mail=None).exists()
    assert sum(at_once(*[mails.send] * 4)) == len(mail.outbox) == 2
    assert Entry.objects.filter(verb="mail.queued").count() == 2
    assert Entry.objects.filter(verb="mail.sent").count() == 2


def test_writing_and_sending_at_once_loses_and_doubles_nothing(told):
    at_once(tasks.write_mails, mails.send, tasks.write_mails, mails.send)
    mails.send()
    assert len(mail.outbox) == Mail.objects.filter(state=MailState.SENT).count() == 2


def test_what_is_withdrawn_while_mails_are_written_is_named_in_none(told, as_researcher):
    at_once(tasks.write_mails, lambda: markets.withdraw(told, by=as_researcher))
    mails.send()
    assert not any(told.title in message.body for message in mail.outbox)


def test_of_several_clicks_one_stops(told, researcher):
    tasks.write_mails()
    box = Postbox.objects.get()
    path, form = f"/notices/stop/{box.stop_key}/deals", {"List-Unsubscribe": "One-Click"}
    answers = at_once(*[lambda: Client().post(path, form)] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert Entry.objects.filter(verb="postbox.stopped").count() == 1


def test_a_stopped_group_is_not_mailed_by_whoever_was_about_to(told, as_researcher):
    never = {"deals": MailTiming.NEVER, "other_news": MailTiming.NEVER}
    at_once(tasks.write_mails, lambda: actions.prefer(never, by=as_researcher))
    mails.send()
    assert mail.outbox == []
