"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StatisticsConfig(AppConfig):
    """The floor of the figures."""

    name = "apps.statistics"
    verbose_name = _("Statistics")
