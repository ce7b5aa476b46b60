"""What the clock does with the journal."""

from celery import shared_task
from django.conf import settings

from apps.journal import actions


@shared_task(name="journal.tell_readers")
def tell_readers() -> dict[str, int]:
    """Tell every reader what it has not heard yet."""
    return {name: actions.tell(name) for name in settings.JOURNAL_READERS}
