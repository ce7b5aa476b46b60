"""The Celery app and its timetable."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("marketplace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

#: What the clock does, and every how many seconds. A run that comes too late is dropped.
TIMETABLE = {
    "journal.tell_readers": 1.0,
    "base.forget_answers": 3600.0,
}

app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds, 5.0)}}
    for name, seconds in TIMETABLE.items()
}
