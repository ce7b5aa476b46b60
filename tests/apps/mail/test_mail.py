"""Mails that are sent, tried again, withheld or given up, whatever they are about."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail as post
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.journal.models import Entry
from apps.mail import tasks
from apps.mail.models import Mail
from marketplace.mail import Letter, MailFailure, MailState

STOP = "https://market.example/stop/1"


def letter(mail):
    """Write the same to everybody; settings name it below."""
    return Letter(subject=f"Hello {mail.user.username}", body="Words.\n", stop=STOP)


def nothing(_mail):
    return None


def broken(_mail):
    raise ValueError("a mistake in a letter")


@pytest.fixture(autouse=True)
def letters(settings):
    settings.LETTERS = {name: f"{__name__}.{name}" for name in ("letter", "nothing", "broken")} | {
        "gone": f"{__name__}.gone"
    }


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Let the letters be found however this file was imported."""
    found = {f"{__name__}.{each.__name__}": each for each in (letter, nothing, broken)}
    monkeypatch.setattr(tasks, "import_string", found.__getitem__)


@pytest.fixture
def person(agent):
    agent.email = "agent@example.org"
    agent.save()
    return agent


def queued(person, kind="letter", **words):
    return Mail.objects.create(**{"user": person, "kind": kind, "due_at": timezone.now()} | words)


def later():
    Mail.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_mail_is_sent_once_with_its_head(person, settings):
    settings.PUBLIC_ADDRESS = "https://market.example/"
    mail = queued(person)
    assert tasks.send() == 1
    assert tasks.send() == 0
    [message] = post.outbox
    assert (message.subject, message.body, message.to) == (
        "Hello agent",
        "Words.\n",
        ["agent@example.org"],
    )
    assert message.extra_headers == {
        "Message-ID": f"<{mail.pk}@market.example>",
        "List-Unsubscribe": f"<{STOP}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.failure) == (MailState.SENT, 1, None)
    entry = Entry.objects.get(verb="mail.sent")
    assert (entry.facts, entry.parties) == ({"kind": "letter"}, [])


def test_what_cannot_wait_goes_first(person):
    for number, can_wait in enumerate([True, False, True, False]):
        ago = timezone.now() - timedelta(minutes=9 - number)
        queued(person, can_wait=can_wait, due_at=ago)
    claimed = [Mail.objects.claim(now=timezone.now()) for _each in range(4)]
    assert [mail.can_wait for mail in claimed] == [False, False, True, True]
    assert claimed[0].created_at < claimed[1].created_at


@pytest.mark.parametrize("kind", ["letter", "nothing"])
def test_where_nobody_is_there_or_nothing_to_say_it_is_withheld(person, kind):
    if kind == "letter":
        User.objects.update(is_active=False)
    mail = queued(person, kind)
    assert tasks.send() == 0
    mail.refresh_from_db()
    assert (mail.state, post.outbox) == (MailState.WITHHELD, [])
    assert Entry.objects.filter(verb="mail.withheld").count() == 1


@pytest.mark.parametrize(("kind", "error"), [("broken", "ValueError"), ("gone", "KeyError")])
def test_a_mistake_in_one_letter_holds_up_no_other_mail(person, kind, error):
    wrong = queued(person, kind)
    queued(person)
    assert tasks.send() == 1
    for _attempt in range(6):
        later()
        assert tasks.send() == 0
    wrong.refresh_from_db()
    assert (wrong.state, wrong.failure) == (MailState.FAILED, MailFailure.TRIED_OFTEN_ENOUGH)
    facts = Entry.objects.get(verb="mail.given_up").facts
    assert facts == {"kind": kind, "failure": "tried_often_enough", "error": error}


def test_an_address_that_there_is_not_is_given_up_at_once(person, monkeypatch):
    class Line:
        def open(self):
            return None

        close = open

        def send_messages(self, _messages):
            raise smtplib.SMTPRecipientsRefused({"agent@example.org": (550, b"unknown")})

    monkeypatch.setattr(tasks, "get_connection", Line)
    mail = queued(person)
    assert tasks.send() == 0
    mail.refresh_from_db()
    assert (mail.state, mail.failure) == (MailState.FAILED, MailFailure.REFUSED_FOR_GOOD)
    assert "agent@example.org" not in str(list(Entry.objects.values_list("facts", flat=True)))


def test_a_mail_is_its_persons_own(person, as_agent, as_stranger, as_administrator, as_anonymous):
    mail = queued(person)
    assert Mail.objects.visible_to(as_agent).get() == mail
    for other in (as_stranger, as_administrator, as_anonymous):
        assert not Mail.objects.visible_to(other).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "lost"},
        {"state": "sent"},
        {"sent_at": "2026-01-01T00:00:00Z"},
        {"state": "failed"},
        {"failure": "refused_for_good"},
        {"state": "failed", "failure": "bad luck"},
    ],
)
def test_the_table_refuses_what_cannot_be(person, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        queued(person, **wrong)
