"""The Celery app and its timetable."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("marketplace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

#: What the clock does, and every how many seconds. A run that comes too late is dropped.
TIMETABLE = {
    "journal.tell_readers": 1.0,
    "matching.rematch": 2.0,
    "statistics.fold": 2.0,
    "deals.drop_orphans": 5.0,
    "markets.expire_listings": 60.0,
    "base.forget_answers": 3600.0,
}

#: What it does at night, by the clock of Asia/Shanghai: (hour, minute).
NIGHTLY = {
    "statistics.verify": (3, 10),
}

app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds, 5.0)}}
    for name, seconds in TIMETABLE.items()
} | {
    name: {"task": name, "schedule": crontab(hour=hour, minute=minute)}
    for name, (hour, minute) in NIGHTLY.items()
}
