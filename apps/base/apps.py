"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BaseConfig(AppConfig):
    """The app by its name."""

    name = "apps.base"
    verbose_name = _("Base")
