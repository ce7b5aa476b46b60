"""People and memberships that several get hold of at the same moment, on real connections."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction

from apps.accounts import actions
from apps.accounts.models import Membership, Organization, User
from apps.journal.models import Entry
from apps.markets.models import Listing
from apps.reviews import actions as reviews
from marketplace.actors import Actor, Role
from marketplace.errors import MarketError
from marketplace.listings import Market, Side

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"


def beside(deed: Callable[[], Any]) -> Callable[[], Any]:
    """Return `deed` as done on a connection of its own; its refusal is its result."""

    def run() -> Any:
        try:
            return deed()
        except MarketError as error:
            return error.code
        finally:
            connection.close()

    return run


def test_of_two_who_want_a_user_name_at_once_one_gets_it_and_one_is_told(
    settings: Any,
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    gate = threading.Barrier(4)

    def sign_up() -> User:
        make_password(PASSWORD)  # The first use of a hasher loads it.
        gate.wait(10)
        return actions.sign_up(
            username="newcomer", name="新人", password=PASSWORD, by=Actor.anonymous()
        )

    with ThreadPoolExecutor(4) as pool:
        results = [f.result(30) for f in [pool.submit(beside(sign_up)) for _ in range(4)]]
    assert sorted(map(str, results)) == ["username_taken"] * 3 + ["新人"]
    assert User.objects.count() == Entry.objects.count() == 1


def test_a_role_is_ended_and_granted_at_once_without_a_deadlock(
    as_administrator: Actor, researcher: User, institute: Organization
) -> None:
    """Each of the two would hold what the other wants, if not both took the person first."""
    membership = actions.grant(researcher, institute, role=Role.RESEARCHER, by=as_administrator)

    def grant_again() -> None:
        actions.grant(researcher, institute, role=Role.RESEARCHER, by=as_administrator)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=researcher.pk)
            ending = pool.submit(beside(lambda: actions.end(membership, by=as_administrator)))
            wait_until_somebody_waits()
            with pytest.raises(IntegrityError, match="held_once"):
                grant_again()
        ending.result(30)
    assert not Membership.objects.current().filter(user=researcher).exists()


def test_who_is_given_a_role_can_list_something_meanwhile(
    as_administrator: Actor, as_researcher: Actor, researcher: User, works: Organization
) -> None:
    def draft() -> str:
        terms = {"title": "轴承钢", "body": "热处理", "region": "610100"}
        row = reviews.draft(
            Listing, terms, market=Market.TECHNOLOGY, side=Side.NEED, by=as_researcher
        )
        return row.title

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        actions.grant(researcher, works, role=Role.RESEARCHER, by=as_administrator)
        assert pool.submit(beside(draft)).result(10) == "轴承钢"


def wait_until_somebody_waits() -> None:
    """Return when another connection to this database waits for a lock."""
    deadline = time.monotonic() + 10
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(f"{waits} AND datname = current_database()")
            if cursor.fetchone():
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")
