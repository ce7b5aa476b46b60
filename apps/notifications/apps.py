"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """The app by its name."""

    name = "apps.notifications"
    verbose_name = _("Notifications")
