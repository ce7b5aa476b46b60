"""The page that every mail with notices points at, where its group, or the digest, is stopped."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.base.fields import said_lazy
from apps.mail.api.pages import StopView, Subscription
from apps.notifications import actions
from apps.notifications.models import Postbox
from marketplace.actors import Actor
from marketplace.errors import Missing
from marketplace.notices import MailTiming, NoticeGroup


class StopNoticesView(StopView):
    """One group of notices, or without one the daily digest."""

    def found(self, **address: str) -> Subscription:
        group = _group(address)
        box = Postbox.objects.filter(stop_key=address["stop_key"]).first()
        if box is None:
            raise Missing
        return _told(box, group)

    def stop(self, by: Actor, **address: str) -> Subscription:
        group = _group(address)
        return _told(actions.stop_by_key(address["stop_key"], group, by=by), group)


def _group(address: dict[str, str]) -> NoticeGroup | None:
    group = address.get("group")
    if group is None:
        return None
    if group not in NoticeGroup.values():
        raise Missing
    return NoticeGroup(group)


def _told(box: Postbox, group: NoticeGroup | None) -> Subscription:
    return Subscription(
        language=box.language,
        title=_("Notices by mail"),
        heading=said_lazy(group) if group else _("Daily digest"),
        is_active=box.timing_of(group) is not MailTiming.NEVER if group else bool(box.daily),
        running=_("These notices come to you by mail."),
        button=_("Stop these mails"),
        stopped=_("These mails are stopped; the notices are still to be read here."),
    )


urlpatterns = [
    path("stop/<str:stop_key>", StopNoticesView.as_view(), name="stop-digest"),
    path("stop/<str:stop_key>/<str:group>", StopNoticesView.as_view(), name="stop-notices"),
]
