"""The page that the mail of every alert points at, where the alerts are stopped."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.finding import actions
from apps.finding.models import SavedSearch
from apps.mail.api.pages import StopView, Subscription
from marketplace.actors import Actor
from marketplace.errors import Missing


class StopAlertsView(StopView):
    """One saved search."""

    def found(self, **address: str) -> Subscription:
        search = SavedSearch.objects.filter(stop_key=address["stop_key"]).first()
        if search is None:
            raise Missing
        return _told(search)

    def stop(self, by: Actor, **address: str) -> Subscription:
        return _told(actions.stop_by_key(address["stop_key"], by=by))


def _told(search: SavedSearch) -> Subscription:
    return Subscription(
        language=search.language,
        title=_("Alerts by mail"),
        heading=search.name,
        is_active=search.is_active,
        running=_("This saved search tells you by mail of what is new."),
        button=_("Stop the alerts"),
        stopped=_("The alerts of this search are stopped."),
    )


urlpatterns = [path("stop/<str:stop_key>", StopAlertsView.as_view(), name="stop-alerts")]
