"""What can be done to a deal, by whom, and what the journal says of it."""

from decimal import Decimal

import pytest
from django.utils import timezone

from apps.accounts.models import Membership
from apps.deals import actions
from apps.deals.models import Deal, Orphan
from apps.deals.readers import take
from apps.deals.tasks import drop_orphans
from apps.journal.models import Entry
from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.reviews import actions as reviews
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.deals import DealState, DropReason
from marketplace.errors import Conflict, Invalid, Missing, Refused, Stale
from marketplace.listings import Market, Side
from marketplace.money import Money
from tests.build import markets as build_markets

PRICE = Money(Decimal("650000.50"))


def entries_of(deal):
    rows = Entry.objects.filter(subject_type="deals.deal", subject_id=str(deal.pk))
    return list(rows.order_by("pk"))


@pytest.fixture
def offer(as_researcher, as_reviewer):
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer)


@pytest.fixture
def need(as_agent, as_reviewer):
    return build_markets.need(by=as_agent, reviewer=as_reviewer)


@pytest.fixture
def deal(offer, as_agent):
    return actions.express_interest(offer=offer.pk, by=as_agent)


@pytest.fixture
def talks(deal, as_researcher):
    return actions.open_talks(deal, by=as_researcher)


# --- opening ----------------------------------------------------------------------------------


def test_who_answers_an_offer_is_the_taker(offer, as_agent, institute, works):
    deal = actions.express_interest(offer=offer.pk, by=as_agent)
    deal.refresh_from_db()
    assert (deal.owner, deal.taker, deal.state) == (institute, works, DealState.INTEREST)
    assert (deal.opened_by_id, deal.opened_for) == (as_agent.user, works)
    (entry,) = entries_of(deal)
    assert entry.verb == "deal.opened"
    assert entry.parties == sorted([institute.pk, works.pk])
    assert entry.facts == {"offer": str(offer.pk), "need": None}


def test_who_answers_a_need_is_the_owner(need, as_researcher, institute, works):
    deal = actions.express_interest(need=need.pk, by=as_researcher)
    assert (deal.owner_id, deal.taker_id) == (institute.pk, works.pk)
    assert (deal.offer_id, deal.need_id) == (None, need.pk)


def test_an_own_listing_can_be_named_with_the_other(offer, need, as_agent, works):
    deal = actions.express_interest(offer=offer.pk, need=need.pk, by=as_agent)
    assert (deal.offer_id, deal.need_id, deal.opened_for_id) == (offer.pk, need.pk, works.pk)


def test_nobody_shows_interest_between_two_others(offer, need, as_stranger):
    with pytest.raises(Refused) as refused:
        actions.express_interest(offer=offer.pk, need=need.pk, by=as_stranger)
    assert refused.value.code == "not_yours"
    assert not Deal.objects.exists()


def test_nobody_deals_with_himself(offer, as_manager):
    with pytest.raises(Invalid) as invalid:
        actions.express_interest(offer=offer.pk, by=as_manager)
    assert invalid.value.code == "same_organization"
    assert not Deal.objects.exists()


@pytest.mark.parametrize("who", ["as_reviewer", "as_administrator", "as_statistician"])
def test_officers_show_no_interest(offer, who, request):
    with pytest.raises(Refused):
        actions.express_interest(offer=offer.pk, by=request.getfixturevalue(who))
    assert not Deal.objects.exists()


def test_an_organization_that_was_not_verified_opens_no_deal(offer, as_agent, works):
    works.verified_at, works.verified_by = None, None
    works.save()
    with pytest.raises(Conflict) as conflict:
        actions.express_interest(offer=offer.pk, by=as_agent)
    assert conflict.value.code == "organization_not_verified"


def test_a_listing_that_is_not_there_and_one_that_is_not_to_be_seen_are_the_same(
    offer, need, as_agent, as_manager, as_reviewer
):
    draft = reviews.draft(
        Listing,
        {"title": "未公开", "body": "草稿", "region": "610100"},
        market=Market.TECHNOLOGY,
        side=Side.OFFER,
        by=as_manager,
    )
    found = []
    for pk in (draft.pk, as_agent.user, need.pk):
        with pytest.raises(Invalid) as invalid:
            actions.express_interest(offer=pk, by=as_agent)
        (cause,) = invalid.value.causes
        found.append((cause.code, cause.field, str(cause)))
    assert found[0][:2] == ("unknown_listing", "offer")
    assert len(set(found)) == 1


def test_an_own_listing_must_be_published(offer, as_agent):
    draft = reviews.draft(
        Listing,
        {"title": "需求", "body": "草稿", "region": "440300"},
        market=Market.TECHNOLOGY,
        side=Side.NEED,
        by=as_agent,
    )
    with pytest.raises(Invalid) as invalid:
        actions.express_interest(offer=offer.pk, need=draft.pk, by=as_agent)
    assert [c.code for c in invalid.value.causes] == ["not_published"]


def test_offer_and_need_are_of_one_market(offer, as_agent, as_reviewer):
    need = build_markets.of_kind(Market.TALENT, Side.NEED, by=as_agent, reviewer=as_reviewer)
    with pytest.raises(Invalid) as invalid:
        actions.express_interest(offer=offer.pk, need=need.pk, by=as_agent)
    assert invalid.value.code == "other_market"


def test_a_deal_is_about_something(as_agent):
    with pytest.raises(Invalid) as invalid:
        actions.express_interest(by=as_agent)
    assert invalid.value.code == "no_listing"


# --- the broker -------------------------------------------------------------------------------


def test_a_broker_brings_two_together_and_the_owner_answers(
    offer, need, as_broker, as_agent, as_researcher, institute, works, agency, broker
):
    deal = actions.introduce(offer=offer.pk, need=need.pk, by=as_broker)
    assert (deal.broker_id, deal.broker_organization_id) == (broker.pk, agency.pk)
    assert (deal.owner_id, deal.taker_id, deal.opened_for_id) == (
        institute.pk,
        works.pk,
        agency.pk,
    )
    for other in (as_agent, as_broker):
        with pytest.raises(Refused):
            actions.open_talks(deal, by=other)
    actions.open_talks(deal, by=as_researcher)
    assert [e.verb for e in entries_of(deal)] == ["deal.introduced", "deal.talks_opened"]
    assert set(entries_of(deal)[0].parties) == {institute.pk, works.pk, agency.pk}


def test_a_broker_who_belongs_to_a_side_introduces_nobody(offer, need, as_broker, broker, works):
    Membership.objects.create(user=broker, organization=works, role=Role.RESEARCHER)
    with pytest.raises(Refused) as refused:
        actions.introduce(offer=offer.pk, need=need.pk, by=as_broker)
    assert refused.value.code == "self_dealing"
    assert not Deal.objects.exists()


def test_only_a_broker_introduces(offer, need, as_stranger):
    with pytest.raises(Refused) as refused:
        actions.introduce(offer=offer.pk, need=need.pk, by=as_stranger)
    assert refused.value.code == "wrong_role"


@pytest.mark.parametrize("who", ["as_agent", "as_researcher"])
def test_either_side_assigns_a_broker(deal, as_broker, agency, who, request):
    actions.assign_broker(deal, broker="broker", by=request.getfixturevalue(who))
    deal.refresh_from_db()
    assert (deal.broker_id, deal.broker_organization_id) == (as_broker.user, agency.pk)
    entry = entries_of(deal)[-1]
    assert entry.verb == "deal.broker_assigned"
    assert agency.pk in entry.parties
    assert entry.facts == {"broker": str(as_broker.user)}
    assert Deal.objects.visible_to(as_broker).get() == deal


def test_who_is_no_broker_and_who_is_nobody_are_the_same(deal, as_agent, stranger, as_stranger):
    found = set()
    for name in ("stranger", "nobody"):
        with pytest.raises(Invalid) as invalid:
            actions.assign_broker(deal, broker=name, by=as_agent)
        found.add((invalid.value.code, invalid.value.field, str(invalid.value)))
    assert [f[:2] for f in found] == [("unknown_broker", "broker")]


def test_a_broker_of_a_house_that_was_not_verified_is_none(deal, as_agent, as_broker, agency):
    agency.verified_at, agency.verified_by = None, None
    agency.save()
    with pytest.raises(Invalid) as invalid:
        actions.assign_broker(deal, broker="broker", by=as_agent)
    assert invalid.value.code == "unknown_broker"


def test_a_broker_of_a_side_is_refused(deal, as_agent, as_broker, broker, institute):
    Membership.objects.create(user=broker, organization=institute, role=Role.BROKER)
    with pytest.raises(Refused) as refused:
        actions.assign_broker(deal, broker="broker", by=as_agent)
    assert (refused.value.code, refused.value.field) == ("self_dealing", "broker")
    deal.refresh_from_db()
    assert deal.broker is None


def test_there_is_one_broker(deal, as_agent, as_broker):
    actions.assign_broker(deal, broker="broker", by=as_agent)
    with pytest.raises(Conflict) as conflict:
        actions.assign_broker(deal, broker="broker", by=as_agent)
    assert conflict.value.code == "broker_already_assigned"


def test_no_broker_is_assigned_once_it_is_agreed(talks, as_agent, as_researcher, as_broker):
    actions.propose_price(talks, price=PRICE, by=as_agent)
    actions.agree(talks, by=as_researcher)
    with pytest.raises(Conflict) as conflict:
        actions.assign_broker(talks, broker="broker", by=as_agent)
    assert conflict.value.code == "wrong_state"


# --- talks and price --------------------------------------------------------------------------


def test_the_other_side_opens_the_talks(deal, as_agent, as_researcher):
    with pytest.raises(Refused) as refused:
        actions.open_talks(deal, by=as_agent)
    assert refused.value.code == "own_interest"
    assert actions.open_talks(deal, by=as_researcher).state is DealState.IN_TALKS


def test_nobody_accepts_his_own_price(talks, as_agent, as_researcher, as_manager):
    actions.propose_price(talks, price=PRICE, by=as_researcher)
    for own in (as_researcher, as_manager):
        with pytest.raises(Refused) as refused:
            actions.agree(talks, by=own)
        assert refused.value.code == "own_price"
    agreed = actions.agree(talks, by=as_agent)
    assert agreed.state is DealState.AGREED
    assert agreed.agreed_on == day_of(timezone.now())
    assert (agreed.price_amount, agreed.price_currency) == (PRICE.amount, "CNY")
    assert [e.verb for e in entries_of(talks)][-2:] == ["deal.price_proposed", "deal.agreed"]


def test_a_counter_proposal_takes_the_place_of_the_price(talks, as_agent, as_researcher, works):
    actions.propose_price(talks, price=PRICE, by=as_researcher)
    deal = actions.propose_price(talks, price=Money(Decimal("1.00")), by=as_agent)
    assert (deal.price_amount, deal.price_proposed_by_id) == (Decimal("1.00"), works.pk)
    with pytest.raises(Refused):
        actions.agree(deal, by=as_agent)
    assert actions.agree(deal, by=as_researcher).price_amount == Decimal("1.00")


def test_there_must_be_a_price_to_agree_to(talks, as_agent):
    with pytest.raises(Conflict) as conflict:
        actions.agree(talks, by=as_agent)
    assert conflict.value.code == "no_price"


def test_reopening_takes_the_price_off_the_table(talks, as_agent, as_researcher):
    actions.propose_price(talks, price=PRICE, by=as_researcher)
    actions.agree(talks, by=as_agent)
    deal = actions.reopen(talks, by=as_agent)
    assert (deal.state, deal.agreed_on, deal.price_amount, deal.price_currency) == (
        DealState.IN_TALKS,
        None,
        None,
        "",
    )
    with pytest.raises(Conflict):
        actions.agree(deal, by=as_agent)


def test_no_price_stands_in_the_journal(talks, as_agent, as_researcher):
    actions.propose_price(talks, price=PRICE, by=as_researcher)
    actions.agree(talks, by=as_agent)
    assert not any("650000" in str(entry.facts) for entry in Entry.objects.all())


def test_a_contract_needs_an_agreement(talks, as_agent, as_researcher):
    with pytest.raises(Conflict) as conflict:
        actions.contract(talks, by=as_agent)
    assert conflict.value.code == "wrong_state"
    actions.propose_price(talks, price=PRICE, by=as_researcher)
    actions.agree(talks, by=as_agent)
    assert actions.contract(talks, by=as_researcher).state is DealState.CONTRACTED
    assert entries_of(talks)[-1].verb == "deal.contracted"
    with pytest.raises(Refused):
        actions.release(talks, by=as_researcher)
    assert actions.release(talks, by=Actor.system("test")).state is DealState.AGREED
    assert entries_of(talks)[-1].verb == "deal.released"


def test_a_dropped_deal_says_why_and_stays_dropped(talks, as_agent, as_researcher):
    deal = actions.drop(talks, reason=DropReason.PRICE, note="超出预算", by=as_agent)
    assert (deal.state, deal.drop_reason, deal.drop_note) == (
        DealState.DROPPED,
        DropReason.PRICE,
        "超出预算",
    )
    assert entries_of(deal)[-1].facts == {"reason": "price"}
    with pytest.raises(Conflict):
        actions.open_talks(deal, by=as_researcher)


@pytest.mark.parametrize("move", ["open_talks", "agree", "reopen", "contract"])
@pytest.mark.parametrize("who", ["as_stranger", "as_reviewer", "as_anonymous", "as_broker"])
def test_who_is_not_at_the_table_knows_of_nothing(deal, move, who, request):
    before = Entry.objects.count()
    with pytest.raises(Missing):
        getattr(actions, move)(deal, by=request.getfixturevalue(who))
    assert Entry.objects.count() == before


def test_administrators_see_and_do_nothing(deal, as_administrator):
    assert Deal.objects.visible_to(as_administrator).get() == deal
    with pytest.raises(Refused) as refused:
        actions.drop(deal, reason=DropReason.OTHER, by=as_administrator)
    assert refused.value.code == "not_your_move"


def test_who_decided_on_an_older_version_is_told_so(deal, as_researcher, as_agent):
    actions.open_talks(deal, by=as_researcher, expected=1)
    with pytest.raises(Stale):
        actions.drop(deal, reason=DropReason.OTHER, by=as_agent, expected=1)


def test_a_broker_of_the_same_house_does_not_see_the_deal_but_its_manager_does(
    deal, as_agent, as_broker, stranger, manager, agency
):
    actions.assign_broker(deal, broker="broker", by=as_agent)
    for user, role, count in (
        (stranger, Role.BROKER, 0),
        (manager, Role.ORGANIZATION_MANAGER, 1),
    ):
        Membership.objects.create(user=user, organization=agency, role=role)
        colleague = user.as_actor(organization=agency.pk, request_id="test")
        assert Deal.objects.visible_to(colleague).count() == count


def test_the_pair_can_deal_again_after_an_end(offer, deal, as_agent, as_researcher):
    actions.drop(deal, reason=DropReason.TOO_EARLY, by=as_researcher)
    again = actions.express_interest(offer=offer.pk, by=as_agent)
    assert again.pk != deal.pk


# --- orphans ----------------------------------------------------------------------------------


def tell():
    take(list(Entry.objects.order_by("pk")))


def test_the_clock_drops_the_interest_whose_listing_was_withdrawn(offer, deal, as_researcher):
    markets.withdraw(offer, by=as_researcher)
    tell()
    tell()
    assert Orphan.objects.count() == 1
    assert drop_orphans() == 1
    assert drop_orphans() == 0
    deal.refresh_from_db()
    assert (deal.state, deal.drop_reason) == (DealState.DROPPED, DropReason.LISTING_CLOSED)
    entry = entries_of(deal)[-1]
    assert (entry.verb, entry.actor_task) == ("deal.dropped", "drop_orphans")
    assert entry.facts == {"reason": "listing_closed"}


def test_talks_go_on_when_the_listing_is_withdrawn(offer, talks, as_researcher):
    markets.withdraw(offer, by=as_researcher)
    tell()
    assert not Orphan.objects.exists()
    talks.refresh_from_db()
    assert talks.state is DealState.IN_TALKS


def test_talks_that_began_before_the_clock_came_go_on(offer, deal, as_researcher):
    markets.withdraw(offer, by=as_researcher)
    tell()
    actions.open_talks(deal, by=as_researcher)
    assert drop_orphans() == 0
    deal.refresh_from_db()
    assert deal.state is DealState.IN_TALKS
    assert not Orphan.objects.exists()


def test_a_pause_ends_nothing(offer, deal, as_researcher):
    markets.pause(offer, by=as_researcher)
    tell()
    assert not Orphan.objects.exists()
