"""What the clock does for mails: send them."""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from smtplib import SMTPRecipientsRefused
from urllib.parse import urlsplit

import structlog
from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import OperationalError
from django.utils import timezone
from django.utils.module_loading import import_string

from apps.mail import actions
from apps.mail.models import Mail
from marketplace.actors import Actor
from marketplace.errors import MarketError
from marketplace.mail import Letter, failure_after

log = structlog.get_logger("mail")

#: For how many seconds one run goes on.
SECONDS = 10.0


@shared_task(name="mail.send")
def send() -> int:
    """Send the mails that are due, and return how many."""
    deadline = time.monotonic() + SECONDS
    count = 0
    with closing(get_connection()) as line:
        while time.monotonic() < deadline:
            mail = Mail.objects.claim(now=timezone.now())
            if mail is None:
                break
            count += _send(mail, line)
    return count


def _send(mail: Mail, line: BaseEmailBackend) -> bool:
    """Send a mail that was claimed, and say whether it went; nothing is locked meanwhile."""
    by = Actor.system("mail.send")
    with suppress(MarketError):  # Another sent it when this took too long.
        try:
            message = _message(mail)
            if message is not None:
                line.open()
                line.send_messages([message])
        except OperationalError:
            raise  # The database failed, not this mail.
        except Exception as error:  # Whatever it is, no mail holds up the others.
            line.close()
            _note_failed(mail, error, by=by)
            return False
        if message is not None:
            actions.note_sent(mail, by=by)
            return True
        actions.withhold(mail, by=by)
    return False


def _note_failed(mail: Mail, error: Exception, *, by: Actor) -> None:
    name = type(error).__name__
    log.warning("not_mailed", mail=str(mail.pk), kind=mail.kind, error=name)
    failure = failure_after(mail.attempts, is_final=_is_final(error))
    if failure is not None:
        actions.give_up(mail, failure=failure, error=name, by=by)


def _is_final(error: Exception) -> bool:
    """Say whether every recipient was refused for good."""
    return isinstance(error, SMTPRecipientsRefused) and all(
        code >= 500 for code, _words in error.recipients.values()
    )


def _message(mail: Mail) -> EmailMessage | None:
    """Return a mail as it is to be read now; None where nobody is there, or nothing to say."""
    write: Callable[[Mail], Letter | None] = import_string(settings.LETTERS[mail.kind])
    letter = write(mail) if mail.user.is_active and mail.user.email else None
    if letter is None:
        return None
    return EmailMessage(
        subject=letter.subject,
        body=letter.body,
        to=[mail.user.email],
        headers={
            # The same in every attempt, so that mail programs show a second copy once.
            "Message-ID": f"<{mail.pk}@{urlsplit(settings.PUBLIC_ADDRESS).hostname}>",
            "List-Unsubscribe": f"<{letter.stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
