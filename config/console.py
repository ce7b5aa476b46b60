"""The first page of the officers' console: what waits for whoever sits at it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from apps.accounts.models import Organization, User
from apps.contracts.models import Contract
from apps.markets.models import Listing
from apps.pools.models import Fund, Project, Talent
from marketplace.actors import Actor, Role

#: Queue, table, state in which a row waits there, and the role that makes it move on.
QUEUES: list[tuple[str, Any, str, Role]] = [
    (gettext_noop("Projects to admit"), Project, "submitted", Role.REVIEWER),
    (gettext_noop("Talents to admit"), Talent, "submitted", Role.REVIEWER),
    (gettext_noop("Funds to admit"), Fund, "submitted", Role.REVIEWER),
    (gettext_noop("Listings to publish"), Listing, "submitted", Role.REVIEWER),
    (gettext_noop("Contracts to accept"), Contract, "submitted", Role.REVIEWER),
    (gettext_noop("Contracts for the first review"), Contract, "accepted", Role.REVIEWER),
    (gettext_noop("Contracts for the second review"), Contract, "first_reviewed", Role.REVIEWER),
]


def waiting(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the queues to the page: title, how many wait, and where; the longest first."""
    actor = request.user.as_actor() if isinstance(request.user, User) else Actor.anonymous()
    queues = [
        (gettext(title), table.objects.filter(state=state), f"?state__exact={state}")
        for title, table, state, role in QUEUES
        if actor.has(role)
    ]
    if actor.has(Role.ADMINISTRATOR):
        unverified = Organization.objects.filter(verified_at=None)
        queues.append((gettext("Organizations to verify"), unverified, "?verified_at__isempty=1"))
    counted = [
        (title, rows.visible_to(actor).count(), _place(rows) + query)
        for title, rows, query in queues
    ]
    context["queues"] = sorted(counted, key=lambda queue: -queue[1])
    return context


def _place(rows: Any) -> str:
    table = rows.model._meta
    return reverse(f"admin:{table.app_label}_{table.model_name}_changelist")
