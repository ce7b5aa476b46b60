"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FindingConfig(AppConfig):
    """The app of saved searches, alerts, favourites and views."""

    name = "apps.finding"
    verbose_name = _("Finding")
