"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailConfig(AppConfig):
    """The app by its name."""

    name = "apps.mail"
    verbose_name = _("Mail")
