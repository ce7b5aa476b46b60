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
    "matching.propose": 60.0,
    "matching.rematch_markets": 2.0,
    "matching.reckon_standings": 30.0,
    "retrieval.run": 2.0,
    "retrieval.seal": 10.0,
    "retrieval.embed": 5.0,
    "retrieval.watch": 60.0,
    "statistics.fold": 2.0,
    "deals.drop_orphans": 5.0,
    "finding.match_news": 2.0,
    "finding.send_alerts": 5.0,
    "mail.send": 5.0,
    "markets.expire_listings": 60.0,
    "markets.settle_doubts": 2.0,
    "markets.check_health": 30.0,
    "markets.remind_owners": 900.0,
    "markets.index_words": 60.0,
    "documents.sweep": 60.0,
    "exchange.step": 1.0,
    "notifications.digest": 300.0,
    "notifications.write_mails": 5.0,
    "base.forget_answers": 3600.0,
}

#: What it does at night, by the clock of Asia/Shanghai: (hour, minute).
NIGHTLY = {
    "pools.notice_lapsed_rights": (0, 10),
    "pools.notice_closed_funds": (0, 20),
    "retrieval.plan": (1, 20),
    "retrieval.renew": (1, 50),
    "matching.settle_attention": (1, 10),
    "markets.check_all": (2, 10),
    "statistics.verify": (3, 10),
    "documents.sweep_orphans": (3, 40),
    "exchange.forget": (3, 50),
}

app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds, 5.0)}}
    for name, seconds in TIMETABLE.items()
} | {
    name: {"task": name, "schedule": crontab(hour=hour, minute=minute)}
    for name, (hour, minute) in NIGHTLY.items()
}
