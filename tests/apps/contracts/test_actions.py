"""What can be done to a contract, by whom, and what the database refuses."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import Membership, Organization
from apps.contracts import actions
from apps.contracts.models import (
    Contract,
    ContractParty,
    LedgerEntry,
    NumberCounter,
    RegistrationOffice,
    Unfolded,
)
from apps.deals import actions as deals
from apps.deals.models import Deal
from apps.journal.models import Entry
from marketplace.actors import Actor, Role
from marketplace.contracts import ContractState, ContractType, LedgerCause, PartySide, RefusalGround
from marketplace.deals import DealState
from marketplace.errors import Conflict, Invalid, MarketError, Missing, Refused, Stale
from marketplace.organizations import OrganizationKind
from tests.build import contracts as build
from tests.build import deals as build_deals

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(
    as_researcher: Actor, as_reviewer: Actor, as_second_reviewer: Actor, as_agent: Actor
) -> dict[str, Actor]:
    """Return who draws up, who reviews, and who buys."""
    return {
        "author": as_researcher,
        "first": as_reviewer,
        "second": as_second_reviewer,
        "buyer": as_agent,
    }


def causes(error: MarketError) -> set[tuple[str, str]]:
    return {(cause.code, cause.field) for cause in error.causes or [error]}


def verbs(row: Contract) -> list[str]:
    return list(
        Entry.objects.filter(subject_id=str(row.pk)).order_by("pk").values_list("verb", flat=True)
    )


def draft_with(author: Actor, **changes: Any) -> Contract:
    return actions.draft(**build.details(author, **changes), by=author)


# --- drawing up -------------------------------------------------------------------------------


def test_a_draft_holds_what_was_given_and_who_signs(
    people: dict[str, Actor], institute: Organization, works: Organization
) -> None:
    row = Contract.objects.get(pk=build.contract(**people).pk)
    assert row.state is ContractState.DRAFT
    assert row.technical_amount == Decimal("6800000.00")
    assert row.field_id == "fields-2001:05"
    assert row.applicant == institute
    assert row.author_id == people["author"].user
    assert row.office_id == people["first"].organization
    parties = list(row.parties.order_by("-side", "position"))
    assert [(p.side, p.name, p.region_id) for p in parties] == [
        (PartySide.SELLER, institute.name, "gbt2260-2024:610100"),
        (PartySide.BUYER, works.name, "gbt2260-2024:440300"),
    ]
    assert verbs(row) == ["contract.drafted"]
    # Neither the office nor the buyer is to know of a draft.
    assert Entry.objects.get(verb="contract.drafted").parties == [institute.pk]


def test_all_that_is_wrong_is_said_at_once(as_researcher: Actor, office: Organization) -> None:
    build.office(office)
    with pytest.raises(Invalid) as invalid:
        draft_with(
            as_researcher,
            title=" ",
            field="99",
            signed_on=date(2999, 1, 1),
            starts_on=date(2026, 2, 1),
            ends_on=date(2026, 1, 1),
            total_amount=Decimal("1.001"),
            deduction_amount=Decimal(-1),
            currency="USD",
            buyers=[
                {"name": "某公司", "credit_code": "91350100M000100Y44", "region": "999999"},
                {"organization": uuid4()},
                {"name": "只有名字"},
                {"organization": as_researcher.organization, "name": "两种"},
                {**build.BUYER, "nature": "nonsense"},
            ],
        )
    assert causes(invalid.value) == {
        ("required", "title"),
        ("unknown_code", "field"),
        ("signed_in_future", "signed_on"),
        ("ends_before_start", "ends_on"),
        ("amount_too_precise", "total_amount"),
        ("deduction_negative", "deduction_amount"),
        ("currency_not_supported", "currency"),
        ("credit_code_check", "buyers.0.credit_code"),
        ("unknown_code", "buyers.0.region"),
        ("unknown_organization", "buyers.1.organization"),
        ("party_unclear", "buyers.2"),
        ("party_unclear", "buyers.3"),
        ("unknown_code", "buyers.4.nature"),
    }
    assert not Contract.objects.exists()


def test_the_applicant_sells_and_nobody_signs_twice(
    as_researcher: Actor, office: Organization, works: Organization
) -> None:
    build.office(office)
    with pytest.raises(Invalid) as invalid:
        draft_with(as_researcher, sellers=[{"organization": works.pk}], buyers=[build.BUYER] * 2)
    assert causes(invalid.value) == {
        ("applicant_is_no_seller", "sellers"),
        ("party_twice", "buyers.1"),
    }


def test_who_is_known_by_his_credit_code_is_told(
    people: dict[str, Actor], works: Organization
) -> None:
    named = {"name": "深圳智造（旧名）", "credit_code": works.credit_code, "region": "440300"}
    row = build.contract(ContractState.SUBMITTED, **{**people, "buyer": None}, buyers=[named])
    buyer = row.parties.get(side=PartySide.BUYER)
    assert (buyer.organization, buyer.name) == (works, "深圳智造（旧名）")
    submitted = Entry.objects.get(verb="contract.submitted")
    assert works.pk in submitted.parties


def test_officers_and_the_clockwork_draw_up_nothing(
    as_reviewer: Actor, as_researcher: Actor, office: Organization
) -> None:
    build.office(office)
    for actor in (as_reviewer, Actor.system("test"), Actor.anonymous()):
        with pytest.raises(Refused):
            actions.draft(**build.details(as_researcher), by=actor)


def test_the_nearest_office_registers(
    as_researcher: Actor, as_stranger: Actor, office: Organization, agency: Organization
) -> None:
    with pytest.raises(Invalid) as invalid:
        draft_with(as_researcher)
    assert causes(invalid.value) == {("office_required", "office")}
    build.office(office)
    assert draft_with(as_stranger).office_id == office.pk
    other = Organization.objects.create(
        name="咸阳市技术合同登记处",
        kind=OrganizationKind.OFFICE,
        credit_code="91350100M000100Y43",
        region_id="gbt2260-2024:610400",
    )
    build.office(other, region="610400")
    buyers = [{"organization": agency.pk}]
    assert draft_with(as_researcher, buyers=buyers).office_id == office.pk
    assert draft_with(as_stranger, buyers=buyers).office_id == other.pk
    asked = draft_with(as_stranger, buyers=buyers, office=office.pk)
    assert asked.office_id == office.pk
    with pytest.raises(Invalid) as invalid:
        draft_with(as_stranger, buyers=buyers, office=agency.pk)
    assert causes(invalid.value) == {("no_office", "office")}


def test_a_registration_point_is_opened_by_administrators_and_unique(
    office: Organization, agency: Organization, as_administrator: Actor, as_reviewer: Actor
) -> None:
    with pytest.raises(Refused):
        actions.open_office(office, region="610100", point="01", by=as_reviewer)
    for organization, region, point, code in [
        (agency, "610100", "01", "no_office"),
        (office, "nonsense", "01", "unknown_code"),
        (office, "610100", "1a", "point_form"),
    ]:
        with pytest.raises(Invalid) as invalid:
            actions.open_office(organization, region=region, point=point, by=as_administrator)
        assert invalid.value.code == code
    row = actions.open_office(office, region="610113", point="07", by=as_administrator)
    assert (row.number_region, row.point) == ("6101", "07")
    with pytest.raises(IntegrityError, match="registration_office_has_its_own_point"):
        RegistrationOffice.objects.create(
            organization=agency, region_id="gbt2260-2024:610100", number_region="6101", point="07"
        )


@pytest.fixture
def agreed(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor, office: Organization) -> Deal:
    build.office(office)
    return build_deals.deal(
        DealState.AGREED, owner=as_researcher, taker=as_agent, reviewer=as_reviewer
    )


def test_a_contract_is_drawn_up_from_an_agreed_deal(
    agreed: Deal, as_researcher: Actor, institute: Organization, works: Organization
) -> None:
    row = actions.draw_up(agreed, contract_type=ContractType.TRANSFER, by=as_researcher)
    assert row.deal == agreed
    assert row.total_amount == agreed.price_amount
    assert row.title == agreed.offer.title  # type: ignore[union-attr]
    assert row.field_id == "fields-2001:05"
    assert {(p.side, p.organization_id) for p in row.parties.all()} == {
        (PartySide.SELLER, institute.pk),
        (PartySide.BUYER, works.pk),
    }
    assert Deal.objects.get(pk=agreed.pk).state is DealState.CONTRACTED
    assert verbs(row) == ["contract.drawn_up"]
    with pytest.raises(Conflict) as conflict:
        actions.draw_up(agreed, contract_type=ContractType.TRANSFER, by=as_researcher)
    assert conflict.value.code == "wrong_state"
    assert Contract.objects.count() == 1


def test_a_contract_that_cannot_be_drawn_up_leaves_the_deal_agreed(
    agreed: Deal, as_researcher: Actor, as_agent: Actor, as_stranger: Actor
) -> None:
    with pytest.raises(Invalid):
        actions.draw_up(
            agreed, contract_type=ContractType.TRANSFER, field="nonsense", by=as_researcher
        )
    with pytest.raises(Refused):
        actions.draw_up(agreed, contract_type=ContractType.TRANSFER, by=as_agent)
    with pytest.raises(Missing):
        actions.draw_up(agreed, contract_type=ContractType.TRANSFER, by=as_stranger)
    assert Deal.objects.get(pk=agreed.pk).state is DealState.AGREED
    assert not Contract.objects.exists()


def test_the_other_side_of_the_deal_stays_among_the_buyers(
    agreed: Deal, as_researcher: Actor
) -> None:
    row = actions.draw_up(agreed, contract_type=ContractType.TRANSFER, by=as_researcher)
    with pytest.raises(Invalid) as invalid:
        actions.change(row, buyers=[build.BUYER], by=as_researcher)
    assert causes(invalid.value) == {("taker_is_no_buyer", "buyers")}
    assert row.parties.count() == 2


@pytest.mark.parametrize("state", [ContractState.WITHDRAWN, ContractState.REFUSED])
def test_a_deal_whose_contract_came_to_nothing_is_agreed_again_and_can_have_another(
    state: ContractState, agreed: Deal, people: dict[str, Actor]
) -> None:
    author, office = people["author"], people["first"]
    dates = dict.fromkeys(("signed_on", "starts_on", "ends_on"), date(2026, 10, 8))
    row = actions.draw_up(agreed, contract_type=ContractType.TRANSFER, **dates, by=author)
    if state is ContractState.WITHDRAWN:
        actions.withdraw(row, by=author)
    else:
        row = actions.submit(row, holds_no_state_secret=True, by=author)
        row = actions.accept(row, by=office)
        actions.refuse(row, ground=RefusalGround.OTHER, note="材料不符。", by=office)
    deal = Deal.objects.get(pk=agreed.pk)
    assert (deal.state, deal.price_amount) == (DealState.AGREED, agreed.price_amount)
    released = Entry.objects.get(verb="deal.released")
    assert (released.actor_task, released.actor_user) == ("contracts.release", None)
    assert released.request_id == "test"
    assert set(released.parties) == {deal.owner_id, deal.taker_id}
    again = actions.draw_up(deal, contract_type=ContractType.LICENCE, by=author)
    assert set(deal.contracts.values_list("pk", "state")) == {
        (row.pk, state),
        (again.pk, ContractState.DRAFT),
    }


def test_a_deal_has_one_contract_that_did_not_come_to_nothing(
    agreed: Deal, people: dict[str, Actor]
) -> None:
    row = actions.draw_up(agreed, contract_type=ContractType.TRANSFER, by=people["author"])
    row.pk = uuid4()
    with pytest.raises(IntegrityError, match="contract_is_the_only_one_of_its_deal"):
        row.save(force_insert=True)


def test_another_deal_about_the_same_goes_on_in_place_of_one_without_its_contract(
    agreed: Deal, people: dict[str, Actor]
) -> None:
    row = actions.draw_up(agreed, contract_type=ContractType.TRANSFER, by=people["author"])
    other = deals.express_interest(offer=agreed.offer_id, by=people["buyer"])
    actions.withdraw(row, by=people["author"])
    states = dict(Deal.objects.values_list("pk", "state"))
    assert states == {agreed.pk: DealState.CONTRACTED, other.pk: DealState.INTEREST}


# --- changing and submitting ------------------------------------------------------------------


def test_a_draft_can_be_changed_in_part(people: dict[str, Actor]) -> None:
    row = build.contract(**people)
    row = actions.change(
        row, deduction_amount=Decimal("1600000.00"), by=people["author"], expected=1
    )
    assert (row.technical_amount, row.version) == (Decimal("6400000.00"), 2)
    row = actions.change(row, buyers=[build.BUYER], by=people["author"])
    assert [p.name for p in row.parties.order_by("-side")] == ["西北工程大学", "苏州精密仪器公司"]
    changed = (
        Entry.objects.filter(verb="contract.changed").order_by("pk").values_list("facts", flat=True)
    )
    assert list(changed) == [{"fields": ["deduction_amount"]}, {"fields": ["buyers"]}]


def test_a_submitted_contract_cannot_be_changed_until_it_is_sent_back(
    people: dict[str, Actor],
) -> None:
    row = build.contract(ContractState.SUBMITTED, **people)
    with pytest.raises(Conflict):
        actions.change(row, title="别的", by=people["author"])
    actions.send_back(row, reason="名称与内容不符。", by=people["first"])
    row = actions.change(row, title="别的", by=people["author"])
    row = actions.submit(row, holds_no_state_secret=True, by=people["author"])
    assert (row.state, row.title) == (ContractState.SUBMITTED, "别的")


def test_only_the_applicants_people_change_and_submit(
    people: dict[str, Actor], as_manager: Actor, as_stranger: Actor
) -> None:
    row = build.contract(**people)
    for actor in (people["buyer"], people["first"], as_stranger):
        with pytest.raises(Missing):
            actions.change(row, title="别的", by=actor)
    row = actions.submit(row, holds_no_state_secret=True, by=as_manager)
    for actor in (people["buyer"], people["first"]):
        with pytest.raises(Refused):
            actions.withdraw(row, by=actor)


def test_what_is_submitted_is_complete_and_no_state_secret(people: dict[str, Actor]) -> None:
    row = build.contract(**people, field=None, signed_on=None, starts_on=None, ends_on=None)
    with pytest.raises(Invalid) as invalid:
        actions.submit(row, holds_no_state_secret=True, by=people["author"])
    assert causes(invalid.value) == {
        ("required", name) for name in ("field", "signed_on", "starts_on", "ends_on")
    }
    with pytest.raises(Invalid) as invalid:
        actions.submit(row, holds_no_state_secret=False, by=people["author"])
    assert invalid.value.code == "state_secret"
    assert Contract.objects.get().state is ContractState.DRAFT


def test_an_organization_that_is_not_verified_submits_nothing(
    people: dict[str, Actor], institute: Organization
) -> None:
    row = build.contract(**people)
    Organization.objects.filter(pk=institute.pk).update(verified_at=None, verified_by=None)
    with pytest.raises(Refused):
        actions.submit(row, holds_no_state_secret=True, by=people["author"])


# --- reviewing --------------------------------------------------------------------------------


def test_two_people_review_and_the_contract_has_number_and_value(people: dict[str, Actor]) -> None:
    row = Contract.objects.get(pk=build.contract(ContractState.REGISTERED, **people).pk)
    year = timezone.localdate().year
    assert row.number == f"{year}610101000001"
    assert row.registered_on == timezone.localdate()
    assert row.rule_pack == "national-2026"
    assert (row.first_reviewer_id, row.second_reviewer_id) == (
        people["first"].user,
        people["second"].user,
    )
    assert verbs(row) == [
        f"contract.{deed}"
        for deed in ("drafted", "submitted", "accepted", "reviewed", "registered")
    ]
    entry = LedgerEntry.objects.get()
    assert (entry.contract, entry.cause, entry.count) == (row, LedgerCause.REGISTRATION, 1)
    assert (entry.total_amount, entry.recognised_amount) == (row.total_amount, build.RECOGNISED)
    assert (entry.contract_type, entry.field) == (ContractType.DEVELOPMENT, "05")
    assert (entry.seller_region, entry.buyer_region) == ("610100", "440300")
    assert (entry.effective_on, entry.office) == (row.registered_on, row.office_id)
    assert list(Unfolded.objects.values_list("entry_id", flat=True)) == [entry.pk]
    registered = Entry.objects.get(verb="contract.registered")
    assert registered.facts == {"number": row.number, "rule_pack": "national-2026"}
    assert set(registered.parties) == {
        row.applicant_id,
        row.office_id,
        people["buyer"].organization,
    }
    # All that the database wants to know at the commit.
    connection.check_constraints()


def test_numbers_go_on_by_office_and_year(people: dict[str, Actor]) -> None:
    numbers = [build.contract(ContractState.REGISTERED, **people).number for _ in range(3)]
    year = timezone.localdate().year
    assert numbers == [f"{year}610101{serial:06d}" for serial in (1, 2, 3)]
    office = RegistrationOffice.objects.get()
    assert NumberCounter.objects.draw(office, year - 1) == 1
    assert NumberCounter.objects.draw(office, year) == 4


def test_the_first_reviewer_cannot_be_the_second(people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.FIRST_REVIEWED, **people)
    with pytest.raises(Refused) as refused:
        actions.register(row, by=people["first"])
    assert refused.value.code == "reviewer_was_first"
    assert not NumberCounter.objects.exists()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("move", ["accept", "send_back", "review", "register", "refuse"])
def test_only_impartial_reviewers_of_the_office_review(
    move: str,
    people: dict[str, Actor],
    as_administrator: Actor,
    as_statistician: Actor,
    as_stranger: Actor,
    agency: Organization,
) -> None:
    state, given = {
        "accept": (ContractState.SUBMITTED, {}),
        "send_back": (ContractState.SUBMITTED, {"reason": "x"}),
        "review": (ContractState.ACCEPTED, {"recognised_amount": Decimal(1)}),
        "register": (ContractState.FIRST_REVIEWED, {}),
        "refuse": (ContractState.ACCEPTED, {"ground": RefusalGround.OTHER, "note": "x"}),
    }[move]
    row = build.contract(state, **people)
    act = getattr(actions, move)
    author = people["author"]
    colleague = people["second"]
    Membership.objects.create(
        user_id=colleague.user, organization_id=people["buyer"].organization, role=Role.RESEARCHER
    )
    for actor, code in [
        (as_administrator, "wrong_role"),
        (people["buyer"], "wrong_role"),
        (author, "wrong_role"),
        (Actor.system("clock"), "needs_a_person"),
        (Actor(user=author.user, organization=row.office_id, roles=frozenset({Role.REVIEWER})),
         "reviewer_is_author"),
        (colleague, "reviewer_is_party"),
    ]:  # fmt: skip
        with pytest.raises(Refused) as refused:
            act(row, **given, by=actor)
        assert refused.value.code == code
    elsewhere = Actor(user=uuid4(), organization=agency.pk, roles=frozenset({Role.REVIEWER}))
    for actor in (as_stranger, as_statistician, elsewhere):
        with pytest.raises(Missing):
            act(row, **given, by=actor)
    assert Contract.objects.get().version == row.version


def test_the_second_reviewer_confirms_or_sends_back(people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.FIRST_REVIEWED, **people)
    row = actions.send_back(row, reason="技术交易额有误。", by=people["second"])
    assert (row.first_reviewer, row.recognised_amount, row.accepted_on) == (None, None, None)
    row = actions.submit(row, holds_no_state_secret=True, by=people["author"])
    row = actions.accept(row, by=people["second"])
    row = actions.review(row, recognised_amount=Decimal("6400000.00"), by=people["second"])
    row = actions.register(row, by=people["first"])
    assert LedgerEntry.objects.get().recognised_amount == Decimal("6400000.00")


@pytest.mark.parametrize("amount", ["-0.01", "8000000.01", "0.001"])
def test_no_more_than_the_total_is_recognised(people: dict[str, Actor], amount: str) -> None:
    row = build.contract(ContractState.ACCEPTED, **people)
    with pytest.raises(Invalid):
        actions.review(row, recognised_amount=Decimal(amount), by=people["first"])
    assert Contract.objects.get().state is ContractState.ACCEPTED


def test_a_refusal_names_ground_clause_and_reason(people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.ACCEPTED, **people)
    ground = RefusalGround.NOT_A_TECHNOLOGY_CONTRACT
    with pytest.raises(Invalid):
        actions.refuse(row, ground=ground, note=" ", by=people["first"])
    row = actions.refuse(row, ground=ground, note="属于承揽合同。", by=people["first"])
    assert (row.state, row.refusal_ground, row.rule_pack) == (
        ContractState.REFUSED,
        ground,
        "national-2026",
    )
    assert Entry.objects.get(verb="contract.refused").facts == {
        "ground": "not_a_technology_contract",
        "clause": 2,
        "rule_pack": "national-2026",
    }


def test_who_decides_on_an_old_version_is_told(people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.ACCEPTED, **people)
    seen = row.version
    amount = Decimal("6800000.00")
    actions.review(row, recognised_amount=amount, by=people["first"], expected=seen)
    with pytest.raises(Stale):
        actions.review(row, recognised_amount=amount, by=people["second"], expected=seen)
    with pytest.raises(Conflict) as conflict:
        actions.review(row, recognised_amount=amount, by=people["second"], expected=seen + 1)
    assert conflict.value.code == "wrong_state"


def test_who_may_know_of_a_contract(
    people: dict[str, Actor],
    as_manager: Actor,
    as_administrator: Actor,
    as_statistician: Actor,
    as_stranger: Actor,
    as_broker: Actor,
    as_anonymous: Actor,
) -> None:
    own, others = {people["author"], as_manager}, {people["buyer"], people["first"]}
    everybody = own | others | {as_administrator, as_statistician, as_stranger, as_broker}

    def seeing(state: ContractState) -> set[Actor]:
        row = build.contract(state, **people)
        known = everybody | {as_anonymous}
        return {a for a in known if Contract.objects.visible_to(a).filter(pk=row.pk).exists()}

    assert seeing(ContractState.DRAFT) == own
    assert seeing(ContractState.WITHDRAWN) == own
    assert seeing(ContractState.SUBMITTED) == own | others | {as_administrator}
    assert seeing(ContractState.REGISTERED) == own | others | {as_administrator, as_statistician}


def test_the_queue_leaves_out_what_is_for_others(people: dict[str, Actor]) -> None:
    reviewed = build.contract(ContractState.FIRST_REVIEWED, **people)
    submitted = build.contract(ContractState.SUBMITTED, **people)
    build.contract(ContractState.REGISTERED, **people)
    assert set(Contract.objects.awaiting(people["first"])) == {submitted}
    assert set(Contract.objects.awaiting(people["second"])) == {submitted, reviewed}


# --- what the database refuses ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "constraint"),
    [
        ({"number": None}, "contract_registered_has_number"),
        ({"number": "202661010100001"}, "contract_number_has_16_digits"),
        ({"registered_on": None}, "contract_registered_has_registered_on"),
        ({"registered_at": None}, "contract_registered_has_registered_at"),
        ({"recognised_amount": None}, "contract_first_reviewed_has_recognised_amount"),
        ({"recognised_amount": Decimal("8000000.01")}, "contract_recognised_is_within_total"),
        ({"recognised_amount": Decimal("-0.01")}, "contract_recognised_is_within_total"),
        ({"rule_pack": None}, "contract_registered_has_rule_pack"),
        ({"first_reviewer": None}, "contract_first_reviewed_has_first_reviewer"),
        ({"second_reviewer": None}, "contract_registered_has_second_reviewer"),
        ({"second_reviewer": "first"}, "contract_second_reviewer_is_a_third_person"),
        ({"second_reviewer": "author"}, "contract_second_reviewer_is_a_third_person"),
        ({"first_reviewer": "author"}, "contract_author_is_no_first_reviewer"),
        ({"signed_on": None}, "contract_(submitted_has_signed_on|is_signed_before_registered)"),
        ({"starts_on": None}, "contract_submitted_has_starts_on"),
        ({"field": None}, "contract_submitted_has_field"),
        ({"submitted_at": None}, "contract_submitted_has_submitted_at"),
        ({"accepted_on": None}, "contract_accepted_has_accepted_on"),
        ({"technical_amount": Decimal(1)}, "contract_technical_is_total_less_deduction"),
        ({"ends_on": date(2026, 10, 7)}, "contract_starts_before_it_ends"),
        ({"signed_on": date(2999, 1, 1)}, "contract_is_signed_before_registered"),
        ({"title": ""}, "contract_has_title"),
        ({"currency": "USD"}, "contract_is_in_yuan"),
        ({"contract_type": "gift"}, "contract_type_is_known"),
    ],
)
def test_the_database_refuses_a_registered_contract_that_is_not_whole(
    missing: dict[str, Any], constraint: str, people: dict[str, Actor]
) -> None:
    row = build.contract(ContractState.FIRST_REVIEWED, **people)
    users = {name: people[name].user for name in ("author", "first", "second")}
    whole = {
        "state": "registered",
        "number": "2026610101000001",
        "registered_on": timezone.localdate(),
        "registered_at": timezone.now(),
        "rule_pack": "national-2026",
        "second_reviewer": users["second"],
    }
    given = {k: users.get(v, v) if isinstance(v, str) else v for k, v in missing.items()}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Contract.objects.filter(pk=row.pk).update(**{**whole, **given})
    # The same row, whole, is let in: it was for nothing else that it was refused.
    assert Contract.objects.filter(pk=row.pk).update(**whole) == 1
    with pytest.raises(DatabaseError, match="ledger does not hold"), transaction.atomic():
        connection.check_constraints()
    actions._post(
        Contract.objects.get(pk=row.pk),
        build.RECOGNISED,
        on=row.starts_on,
        rule_pack="x",  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"total_amount": 1, "technical_amount": 1, "deduction_amount": 0, "recognised_amount": 1},
        {"number": "2026610101000999"},
        {"recognised_amount": Decimal(1)},
        {"contract_type": "service"},
        {"state": "draft"},
        {"state": "withdrawn"},
    ],
)
def test_the_register_holds_fast_what_is_in_it(
    change: dict[str, Any], people: dict[str, Actor]
) -> None:
    row = build.contract(ContractState.REGISTERED, **people)
    with pytest.raises(DatabaseError), transaction.atomic():
        Contract.objects.filter(pk=row.pk).update(**change)


def test_no_state_is_jumped_over_or_begun_with(people: dict[str, Actor]) -> None:
    row = build.contract(**people)
    for state in ("accepted", "first_reviewed", "registered", "refused"):
        with pytest.raises(DatabaseError), transaction.atomic():
            Contract.objects.filter(pk=row.pk).update(
                state=state, submitted_at=timezone.now(), accepted_on=timezone.localdate()
            )
    row.pk, row.state = uuid4(), ContractState.SUBMITTED
    row.submitted_at = timezone.now()
    with pytest.raises(DatabaseError, match="cannot begin"), transaction.atomic():
        row.save(force_insert=True)


def test_parties_ledger_and_contracts_are_kept_as_they_are(people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.REGISTERED, **people)
    party = row.parties.order_by("pk")[0]
    for deed in (
        lambda: ContractParty.objects.filter(pk=party.pk).update(name="别人"),
        lambda: ContractParty.objects.filter(pk=party.pk).delete(),
        lambda: ContractParty.objects.create(
            contract=row, side=PartySide.BUYER, position=1, name="x",
            credit_code="91350100M000100Y43", region_id="gbt2260-2024:610100",
        ),
        lambda: LedgerEntry.objects.update(total_amount=1),
        lambda: LedgerEntry.objects.all()._raw_delete("default"),
        lambda: Contract.objects.filter(pk=row.pk)._raw_delete("default"),
        lambda: NumberCounter.objects.update(last=7),
        lambda: NumberCounter.objects.all().delete(),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()


def test_a_contract_is_registered_in_the_ledger_once(people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.REGISTERED, **people)
    with pytest.raises(IntegrityError, match="ledger_entry_registers_once"), transaction.atomic():
        actions._post(row, build.RECOGNISED, on=timezone.localdate(), rule_pack="x")
    assert Unfolded.objects.count() == 1


def test_a_registration_that_fails_late_leaves_no_gap(people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.FIRST_REVIEWED, **people)

    def fail_late() -> None:
        with transaction.atomic():
            actions.register(row, by=people["second"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_late()
    row = actions.register(row, by=people["second"])
    assert row.number is not None
    assert row.number.endswith("000001")
