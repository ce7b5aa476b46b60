"""The fuse box: settings, addresses, Celery and its timetable, embedded services."""
