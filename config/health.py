"""Whether the market is alive, and how far behind its clockwork is."""

from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from apps.journal.models import Entry, Untold
from apps.retrieval.queries import embeddings_state


def live(request: HttpRequest) -> JsonResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """
    Say whether PostgreSQL and Redis answer, and what waits for each reader of the journal.

    Lag is the age in seconds of the oldest entry that a reader has not been told of. Embeddings are
    the vectors of texts; while some are missing, their matches are found by words alone.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    try:
        Redis.from_url(settings.REDIS_URL, socket_timeout=2).ping()
        redis = "answers"
    except RedisError:
        redis = "silent"
    readers = {name: _lag(name) for name in settings.JOURNAL_READERS}
    ok = redis == "answers"
    return JsonResponse(
        {
            "status": "ready" if ok else "degraded",
            "redis": redis,
            "readers": readers,
            "embeddings": embeddings_state(),
        },
        status=200 if ok else 503,
    )


def _lag(name: str) -> dict[str, Any]:
    found = Untold.objects.filter(reader=name).aggregate(
        waiting=Count("pk", filter=Q(set_aside_at=None)),
        set_aside=Count("pk", filter=Q(set_aside_at__isnull=False)),
        oldest=Min("entry_id", filter=Q(set_aside_at=None)),
    )
    oldest = Entry.objects.filter(pk=found.pop("oldest")).values_list("at", flat=True).first()
    found["lag"] = round((timezone.now() - oldest).total_seconds(), 1) if oldest else 0.0
    return found
