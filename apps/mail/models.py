"""Mails that wait to be sent, and what became of them."""

from datetime import datetime
from typing import Self

import pgtrigger
from django.db import models, transaction
from django.db.models import Q

from apps.accounts.models import User
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from marketplace.actors import Actor
from marketplace.mail import MAIL, PAUSES, MailFailure, MailState, pause_after


class MailQuerySet(RecordQuerySet["Mail"]):
    """Mails."""

    def visible_to(self, actor: Actor) -> Self:
        """Return one's own."""
        if actor.is_system:
            return self
        return self.filter(user=actor.user) if actor.user else self.none()

    @transaction.atomic
    def claim(self, *, now: datetime) -> "Mail | None":
        """
        Take a mail that is due, so that nobody else sends it for a while.

        That it was tried is written down before it is: whoever dies while sending leaves it to be
        tried again later, and nothing is locked meanwhile.
        """
        waiting = self.filter(state=MailState.WAITING, due_at__lte=now)
        locked = waiting.select_for_update(of=("self",), skip_locked=True, no_key=True)
        mail = locked.select_related("user").order_by("can_wait", "due_at", "pk").first()
        if mail is not None:
            mail.attempts += 1
            mail.due_at = now + (pause_after(mail.attempts) or PAUSES[-1])
            mail.save(update_fields=["attempts", "due_at", "updated_at"])
        return mail


class Mail(Record):
    """
    That a person is to be told something by mail.

    What it tells are the rows of higher floors that point at it. Its words are nowhere kept: they
    are written when it is sent, by the function that settings.LETTERS names for its kind, so that
    it holds what the person may see at that moment.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="mails")
    kind = models.CharField(max_length=40)
    #: Whether those that cannot wait go first.
    can_wait = models.BooleanField(default=False)
    state = TermField(MailState, default=MAIL.start)
    attempts = models.PositiveSmallIntegerField(default=0)
    #: When it is to be tried, for the first time or again.
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    #: Why it was given up.
    failure: TermField[MailFailure | None] = TermField(MailFailure, null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=MailState.values()), name="mail_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | ~Q(state="sent") & Q(sent_at=None),
                name="mail_is_sent_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="failed", failure__isnull=False, failure__in=MailFailure.values())
                | ~Q(state="failed") & Q(failure=None),
                name="mail_failed_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["can_wait", "due_at"],
                condition=Q(state="waiting"),
                name="mail_waiting",
            ),
        ]
        triggers = [pgtrigger.FSM(name="mail_moves", field="state", transitions=MAIL.pairs())]

    def __str__(self) -> str:
        return f"{self.kind}, {self.created_at}"
