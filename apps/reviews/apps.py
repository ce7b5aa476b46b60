"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    """The app by its name."""

    name = "apps.reviews"
    verbose_name = _("Reviews")
