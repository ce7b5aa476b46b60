"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    """The app of the files."""

    name = "apps.documents"
    verbose_name = _("Documents")
