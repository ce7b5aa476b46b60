"""Everything that can be done to a notice."""

from django.db import transaction
from django.utils import timezone

from apps.journal.actions import record
from apps.notifications.models import Notice
from marketplace.actors import Actor


@transaction.atomic
def mark_read(notice: Notice, *, by: Actor, expected: int | None = None) -> Notice:
    """Note that a notice was read; who reads it again changes nothing."""
    notice = Notice.objects.locked(notice, by=by, expected=expected)
    if notice.read_at is None:
        notice.read_at = timezone.now()
        notice.store("read_at")
        record("notice.read", notice, by=by, parties=[notice.organization_id])
    return notice
