"""Writes that belong to no subject."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.base.models import StoredAnswer


@transaction.atomic
def forget_answers() -> int:
    """Remove the answers to POSTs that are older than a day."""
    count, _ = StoredAnswer.objects.filter(
        created_at__lt=timezone.now() - timedelta(hours=24)
    ).delete()
    return count
