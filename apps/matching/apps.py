"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MatchingConfig(AppConfig):
    """Matching."""

    name = "apps.matching"
    verbose_name = _("Matching")
