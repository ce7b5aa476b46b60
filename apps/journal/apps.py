"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JournalConfig(AppConfig):
    """The app by its name."""

    name = "apps.journal"
    verbose_name = _("Journal")
