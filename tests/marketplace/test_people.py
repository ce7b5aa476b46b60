"""Who may make which key."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from marketplace.actors import Actor, Role
from marketplace.errors import Invalid, Refused
from marketplace.people import must_be_a_possible_key

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LI = Actor(user=uuid4())


def test_a_key_may_last_a_year_and_no_longer():
    year = NOW + timedelta(days=366)
    must_be_a_possible_key(["deals:read"], expires_at=year, now=NOW, by=LI)
    for wrong in (NOW, NOW - timedelta(1), year + timedelta(seconds=1)):
        with pytest.raises(Invalid) as caught:
            must_be_a_possible_key(["deals:read"], expires_at=wrong, now=NOW, by=LI)
        assert caught.value.code == "key_term"


@pytest.mark.parametrize("scopes", [[], ["deals:eat"], ["deals:read", "all"]])
def test_a_key_has_scopes_from_the_list(scopes):
    with pytest.raises(Invalid) as caught:
        must_be_a_possible_key(scopes, expires_at=NOW + timedelta(1), now=NOW, by=LI)
    assert caught.value.code == "unknown_scope"


def test_a_key_makes_no_key_that_may_do_more():
    key = Actor(user=uuid4(), scopes=frozenset({"deals:read"}))
    with pytest.raises(Refused):
        must_be_a_possible_key(["deals:write"], expires_at=NOW + timedelta(1), now=NOW, by=key)


def test_the_clockwork_may_do_everything_and_a_passer_by_nothing():
    assert Actor.system("expire").has(Role.REVIEWER)
    with pytest.raises(Refused):
        Actor.anonymous().must_have(Role.REVIEWER)
    with pytest.raises(Refused):
        Actor.anonymous().must_act_for(None)
