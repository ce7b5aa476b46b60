"""The first page of the officers' console, and the list of its pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from apps.accounts.models import Organization, User
from apps.contracts.models import Contract
from apps.markets.models import Listing
from apps.pools.models import Fund, Project, Talent
from marketplace.actors import Actor, Role

#: Queue, table, and what tells that a row waits there for a reviewer: column and value.
QUEUES: list[tuple[str, Any, str, str]] = [
    (gettext_noop("Projects to admit"), Project, "waiting", "entry"),
    (gettext_noop("Talents to admit"), Talent, "waiting", "entry"),
    (gettext_noop("Funds to admit"), Fund, "waiting", "entry"),
    (gettext_noop("Listings to publish"), Listing, "waiting", "entry"),
    (gettext_noop("Changes of projects"), Project, "waiting", "change"),
    (gettext_noop("Changes of talents"), Talent, "waiting", "change"),
    (gettext_noop("Changes of funds"), Fund, "waiting", "change"),
    (gettext_noop("Changes of listings"), Listing, "waiting", "change"),
    (gettext_noop("Projects that wish to leave"), Project, "waiting", "exit"),
    (gettext_noop("Talents that wish to leave"), Talent, "waiting", "exit"),
    (gettext_noop("Funds that wish to leave"), Fund, "waiting", "exit"),
    (gettext_noop("Contracts to accept"), Contract, "state", "submitted"),
    (gettext_noop("Contracts for the first review"), Contract, "state", "accepted"),
    (gettext_noop("Contracts for the second review"), Contract, "state", "first_reviewed"),
]
#: The floors with the most work for officers come first.
ORDER = [
    *("pools", "markets", "contracts", "deals", "matching", "retrieval", "statistics"),
    *("exchange", "documents", "accounts", "taxonomy", "notifications", "journal"),
]


def waiting(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the queues to the page: title, how many wait, and where; the longest first."""
    actor = request.user.as_actor() if isinstance(request.user, User) else Actor.anonymous()
    queues: list[tuple[str, Any, str]] = []
    if actor.has(Role.REVIEWER):
        for title, table, column, value in QUEUES:
            rows, query = table.objects.filter(**{column: value}), f"?{column}__exact={value}"
            if table is Contract:  # Who wrote or first reviewed one may not review it.
                rows, query = rows.awaiting(actor), f"{query}&turn=mine"
            queues.append((gettext(title), rows, query))
    if actor.has(Role.ADMINISTRATOR):
        unverified = Organization.objects.filter(verified_at=None)
        queues.append((gettext("Organizations to verify"), unverified, "?verified_at__isempty=1"))
    counted = [
        (title, rows.visible_to(actor).count(), _place(rows) + query)
        for title, rows, query in queues
    ]
    context["title"] = gettext("What waits for you") if queues else gettext("First page")
    context["queues"] = sorted(counted, key=lambda queue: -queue[1])
    context["app_list"] = _floors(request)
    return context


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what stands at the side of every page: the first page, then the floors."""
    place = reverse("admin:index")
    is_there = request.path == place
    first = {"title": gettext("First page"), "link": place, "icon": "home", "active": is_there}
    return [
        {"items": [first]},
        *(
            {
                "title": floor["name"],
                "items": [
                    {"title": table["name"], "link": table["admin_url"]}
                    for table in floor["models"]
                ],
            }
            for floor in _floors(request)
        ),
    ]


def style(_request: HttpRequest) -> str:
    """Return where the console's own style sheet is."""
    return static("console/console.css")


def _floors(request: HttpRequest) -> list[Any]:
    floors = admin.site.get_app_list(request)
    return sorted(floors, key=lambda floor: ORDER.index(floor["app_label"]))


def _place(rows: Any) -> str:
    table = rows.model._meta
    return reverse(f"admin:{table.app_label}_{table.model_name}_changelist")
