"""What the clock does with what every app shares."""

from celery import shared_task

from apps.base import actions


@shared_task(name="base.forget_answers")
def forget_answers() -> int:
    """Forget the answers that need no longer be repeated."""
    return actions.forget_answers()
