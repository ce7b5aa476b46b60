"""Everything that can be done to a mail, once the clock has tried it."""

from django.db import transaction
from django.utils import timezone

from apps.journal.actions import record
from apps.mail.models import Mail
from marketplace.actors import Actor
from marketplace.mail import MAIL, MailFailure


@transaction.atomic
def note_sent(mail: Mail, *, by: Actor, expected: int | None = None) -> Mail:
    """Note that a mail was sent."""
    mail = Mail.objects.locked(mail, by=by, expected=expected)
    mail.state = MAIL.after(mail.state, "send")
    mail.sent_at = timezone.now()
    mail.store("state", "sent_at")
    record("mail.sent", mail, by=by, kind=mail.kind)
    return mail


@transaction.atomic
def withhold(mail: Mail, *, by: Actor, expected: int | None = None) -> Mail:
    """Note that there is nobody to send a mail to, or nothing left to say."""
    mail = Mail.objects.locked(mail, by=by, expected=expected)
    mail.state = MAIL.after(mail.state, "withhold")
    mail.store("state")
    record("mail.withheld", mail, by=by, kind=mail.kind)
    return mail


@transaction.atomic
def give_up(
    mail: Mail, *, failure: MailFailure, error: str, by: Actor, expected: int | None = None
) -> Mail:
    """Note that a mail cannot be sent, why it is given up, and by which error."""
    mail = Mail.objects.locked(mail, by=by, expected=expected)
    mail.state = MAIL.after(mail.state, "give_up")
    mail.failure = failure
    mail.store("state", "failure")
    record("mail.given_up", mail, by=by, kind=mail.kind, failure=failure, error=error)
    return mail
