"""Notices in the console, to be looked at only."""

from django.contrib import admin

from apps.base.admin import RecordAdmin
from apps.notifications.models import Notice


@admin.register(Notice)
class NoticeAdmin(RecordAdmin[Notice]):
    """What one's organization was told."""

    list_display = ["verb", "organization", "subject_type", "subject_id", "created_at", "read_at"]
    list_filter = ["verb"]
    list_select_related = ["organization"]
    search_fields = ["subject_id"]
