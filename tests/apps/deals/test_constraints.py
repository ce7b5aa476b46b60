"""Deals that the database does not let in."""

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from apps.deals.models import Deal
from marketplace.deals import DealState
from tests.build import deals as build


@pytest.fixture
def deal(as_researcher, as_agent, as_reviewer):
    return build.deal(owner=as_researcher, taker=as_agent, reviewer=as_reviewer, need=True)


@pytest.fixture
def columns(deal):
    """Return the columns of a deal that would be let in."""
    return {
        "offer": deal.offer,
        "owner": deal.owner,
        "taker": deal.taker,
        "opened_by": deal.opened_by,
        "opened_for": deal.opened_for,
        "state": "agreed",
        "price_amount": "1.00",
        "price_currency": "CNY",
        "price_proposed_by": deal.owner,
        "agreed_on": "2026-01-31",
        "imported_from": "test",
    }


def test_a_whole_deal_is_let_in(columns):
    Deal.objects.create(**columns)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"taker": "owner", "opened_for": "owner"}, "deal_has_two_sides"),
        ({"offer": None}, "deal_is_about_a_listing"),
        ({"state": "signed"}, "deal_state_is_known"),
        ({"opened_for": "agency"}, "deal_is_opened_by_one_at_the_table"),
        (
            {"state": "in_talks", "agreed_on": None, "price_amount": None},
            "deal_price_is_proposed_by_a_side",
        ),
        ({"price_amount": None}, "deal_agreed_has_price_and_day"),
        ({"price_amount": "-0.01"}, "deal_price_is_proposed_by_a_side"),
        ({"price_currency": ""}, "deal_price_is_proposed_by_a_side"),
        ({"price_currency": "cny"}, "deal_price_is_proposed_by_a_side"),
        ({"price_proposed_by": None}, "deal_price_is_proposed_by_a_side"),
        ({"price_proposed_by": "agency"}, "deal_price_is_proposed_by_a_side"),
        ({"agreed_on": None}, "deal_agreed_has_price_and_day"),
        (
            {"price_amount": None, "price_currency": "", "price_proposed_by": None},
            "deal_agreed_has_price_and_day",
        ),
        ({"state": "in_talks"}, "deal_in_talks_is_not_agreed"),
        ({"state": "dropped"}, "deal_dropped_has_a_reason"),
        ({"state": "dropped", "drop_reason": "boredom"}, "deal_dropped_has_a_reason"),
        ({"drop_reason": "price"}, "deal_dropped_has_a_reason"),
        ({"broker": "broker"}, "deal_broker_stands_between"),
        ({"broker_organization": "agency"}, "deal_broker_stands_between"),
        ({"broker": "broker", "broker_organization": "owner"}, "deal_broker_stands_between"),
        ({"broker": "broker", "broker_organization": "taker"}, "deal_broker_stands_between"),
    ],
)
def test_a_deal_that_cannot_be_is_not_let_in(columns, change, constraint, agency, broker):
    people = {"agency": agency, "broker": broker, **columns}
    rows = {name: people.get(value, value) for name, value in change.items()}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Deal.objects.create(**{**columns, **rows})


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"offer", "need"}, "deal_is_open_once_for_offer_and_need"),
        ({"offer"}, "deal_is_open_once_for_offer_and_taker"),
        ({"need"}, "deal_is_open_once_for_need_and_owner"),
    ],
)
def test_a_pair_has_one_open_deal(deal, fields, constraint):
    def another(**columns):
        return Deal.objects.create(
            owner=deal.owner,
            taker=deal.taker,
            opened_by=deal.opened_by,
            opened_for=deal.taker,
            **{name: getattr(deal, name) for name in fields},
            **columns,
        )

    another(state="dropped", drop_reason="price", imported_from="test")
    if len(fields) == 1:
        another()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        another()


def test_a_deal_begins_as_interest(columns):
    with pytest.raises(ProgrammingError, match="cannot begin as agreed"), transaction.atomic():
        Deal.objects.create(**{**columns, "imported_from": ""})


@pytest.mark.parametrize("state", ["agreed", "contracted"])
def test_a_deal_skips_nothing(deal, state):
    with pytest.raises(ProgrammingError, match="transition"), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(
            state=state,
            price_amount=1,
            price_currency="CNY",
            price_proposed_by=deal.owner,
            agreed_on="2026-01-31",
        )
    deal.refresh_from_db()
    assert deal.state is DealState.INTEREST
