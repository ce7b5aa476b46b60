"""Deals that several people get hold of at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connections

from apps.deals import actions
from apps.deals.models import Deal, Orphan
from apps.deals.readers import take
from apps.deals.tasks import drop_orphans
from apps.journal.models import Entry
from apps.markets import actions as markets
from marketplace.deals import DealState, DropReason
from marketplace.money import Money
from tests.build import markets as build_markets

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds):
    """Do all deeds at the same moment, each on a connection of its own; return what each gives."""
    gate = threading.Barrier(len(deeds))

    def run(deed):
        try:
            gate.wait()
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


@pytest.fixture
def offer(as_researcher, as_reviewer):
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer)


def test_of_two_interests_of_one_pair_one_is_let_in(caller, offer, as_agent):
    programs = [caller(as_agent) for _ in range(4)]
    answers = at_once(*(lambda p=p: p.post("/deals", {"offer": str(offer.pk)}) for p in programs))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"deal_already_open"}
    assert Deal.objects.count() == Entry.objects.filter(verb="deal.opened").count() == 1


def test_of_two_who_open_the_talks_one_does(caller, offer, as_agent, as_researcher, as_manager):
    deal = actions.express_interest(offer=offer.pk, by=as_agent)
    tag = f'"{deal.pk}.1"'
    programs = [caller(as_researcher), caller(as_manager)]
    answers = at_once(
        *(lambda p=p: p.post(f"/deals/{deal.pk}/open_talks", etag=tag) for p in programs)
    )
    assert sorted(a.status_code for a in answers) == [200, 412]
    deal.refresh_from_db()
    assert (deal.version, deal.state) == (2, DealState.IN_TALKS)
    late = programs[0].post(f"/deals/{deal.pk}/open_talks", etag=f'"{deal.pk}.2"')
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")


def test_nobody_agrees_to_a_price_he_did_not_see(caller, offer, as_agent, as_researcher):
    deal = actions.express_interest(offer=offer.pk, by=as_agent)
    actions.open_talks(deal, by=as_researcher)
    actions.propose_price(deal, price=Money(Decimal("5.00")), by=as_researcher)
    path, tag = f"/deals/{deal.pk}", f'"{deal.pk}.3"'
    owner, taker = caller(as_researcher), caller(as_agent)
    answers = at_once(
        lambda: owner.post(
            f"{path}/propose_price", {"amount": "9.00", "currency": "CNY"}, etag=tag
        ),
        lambda: taker.post(f"{path}/agree", etag=tag),
    )
    assert sorted(a.status_code for a in answers) == [200, 412]
    deal.refresh_from_db()
    agreed = answers[1].status_code == 200
    assert (deal.state, deal.price_amount) == (
        (DealState.AGREED, Decimal("5.00")) if agreed else (DealState.IN_TALKS, Decimal("9.00"))
    )


def test_two_clocks_drop_an_orphan_once(offer, as_agent, as_researcher):
    deal = actions.express_interest(offer=offer.pk, by=as_agent)
    entry = Entry.objects.latest("pk")
    Orphan.objects.create(deal_id=deal.pk, entry_id=entry.pk)
    assert sorted(at_once(drop_orphans, drop_orphans)) == [0, 1]
    deal.refresh_from_db()
    assert deal.drop_reason is DropReason.LISTING_CLOSED
    assert Entry.objects.filter(verb="deal.dropped").count() == 1


def test_no_interest_slips_past_a_withdrawal(caller, offer, as_agent, as_researcher):
    taker = caller(as_agent)

    def withdraw_and_tell():
        markets.withdraw(offer, by=as_researcher)
        take(list(Entry.objects.filter(verb="listing.withdrawn")))

    answer, _none = at_once(
        lambda: taker.post("/deals", {"offer": str(offer.pk)}), withdraw_and_tell
    )
    assert answer.status_code in (201, 422)
    assert drop_orphans() == Deal.objects.count() == (answer.status_code == 201)
    assert not Deal.objects.open().exists()
