"""The officers' console shows what an officer may know of, and changes it only through actions."""

import pytest
from django.contrib import admin
from django.test import Client
from django.utils.translation import override

from apps.accounts.models import Organization, User
from apps.journal.models import Entry
from marketplace.contracts import ContractState
from marketplace.pools import PoolState
from tests.build import contracts as build_contracts
from tests.build import pools as build_pools
from tests.conftest import credit_code_of

ADMINS = sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label)


@pytest.fixture
def console():
    """Return what signs an actor in at the console, as an officer if he has such a role."""

    def sign_in(actor, is_staff=True):
        User.objects.filter(pk=actor.user).update(is_staff=is_staff)
        client = Client(raise_request_exception=True, headers={"Accept-Language": "zh-hans"})
        client.force_login(User.objects.get(pk=actor.user))
        return client

    return sign_in


@pytest.fixture
def newcomer(institute):
    return Organization.objects.create(
        name="待核验公司",
        kind="company",
        credit_code=credit_code_of(44),
        region_id="gbt2260-2024:610100",
    )


@pytest.mark.parametrize("model", [m for m, _ in ADMINS], ids=lambda m: m._meta.label)
def test_every_list_opens_for_an_administrator_and_nothing_can_be_added(
    model, console, as_administrator
):
    client = console(as_administrator)
    place = f"/console/{model._meta.app_label}/{model._meta.model_name}"
    assert client.get(f"{place}/").status_code in (200, 403)
    assert client.get(f"{place}/?q=x").status_code in (200, 403)
    assert client.get(f"{place}/add/").status_code == 403


def test_the_console_is_closed_to_those_who_are_no_officers(console, as_agent, as_reviewer):
    place = "/console/accounts/organization/"
    assert console(as_agent, is_staff=False).get(place).status_code == 302
    assert console(as_agent, is_staff=True).get(place).status_code == 403
    assert console(as_reviewer).get(place).status_code == 200


def test_a_reviewer_does_not_see_what_administrators_look_after(console, as_reviewer):
    assert console(as_reviewer).get("/console/journal/entry/").status_code == 403


def test_an_administrator_verifies_an_organization_by_its_button(
    console, as_administrator, newcomer
):
    client = console(as_administrator)
    page = client.get(f"/console/accounts/organization/{newcomer.pk}/change/")
    move = f"/console/accounts/organization/{newcomer.pk}/move/verify/"
    assert move in page.content.decode()
    form = client.get(move)
    assert form.context["form"]["version"].value() == 1
    done = client.post(move, {"version": 1}, follow=True)
    assert done.status_code == 200
    newcomer.refresh_from_db()
    assert newcomer.verified_by_id == as_administrator.user
    assert Entry.objects.get(verb="organization.verified").subject_id == str(newcomer.pk)
    assert move not in done.content.decode()


def test_a_decision_on_an_old_version_is_refused_and_says_so(console, as_administrator, newcomer):
    newcomer.store("name")
    answer = console(as_administrator).post(
        f"/console/accounts/organization/{newcomer.pk}/move/verify/", {"version": 1}
    )
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()
    newcomer.refresh_from_db()
    assert newcomer.verified_at is None


def test_a_move_that_the_role_does_not_allow_changes_nothing(console, as_reviewer, institute):
    answer = console(as_reviewer).post(
        f"/console/accounts/organization/{institute.pk}/move/verify/", {"version": 1}
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["nonsense/change/", "nonsense/move/verify/", "{pk}/move/eat/"])
def test_what_is_not_there_is_not_found(console, as_administrator, institute, path):
    place = "/console/accounts/organization/" + path.replace("{pk}", str(institute.pk))
    assert console(as_administrator).get(place, follow=False).status_code in (302, 404)


def test_a_request_without_its_token_changes_nothing(as_administrator, newcomer):
    client = Client(enforce_csrf_checks=True)
    User.objects.filter(pk=as_administrator.user).update(is_staff=True)
    client.force_login(User.objects.get(pk=as_administrator.user))
    answer = client.post(
        f"/console/accounts/organization/{newcomer.pk}/move/verify/", {"version": 1}
    )
    assert answer.status_code == 403
    newcomer.refresh_from_db()
    assert newcomer.verified_at is None


def test_the_first_page_counts_what_waits_for_this_officer(
    console, as_researcher, as_reviewer, as_administrator, as_statistician, newcomer
):
    build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.DRAFT)
    counted = {
        name: {
            title: count for title, count, _ in console(actor).get("/console/").context["queues"]
        }
        for name, actor in [
            ("reviewer", as_reviewer),
            ("administrator", as_administrator),
            ("statistician", as_statistician),
        ]
    }
    assert counted["reviewer"]["待审核入池的项目"] == 1
    assert counted["administrator"] == {"待核验的机构": 1}
    assert counted["statistician"] == {}


def test_a_contract_that_one_may_not_review_again_waits_for_another(
    console, as_researcher, as_reviewer, as_second_reviewer
):
    build_contracts.contract(
        ContractState.FIRST_REVIEWED,
        author=as_researcher,
        first=as_reviewer,
        second=as_second_reviewer,
    )
    waiting = {}
    for actor in (as_reviewer, as_second_reviewer):
        queues = console(actor).get("/console/").context["queues"]
        [(_, count, address)] = [queue for queue in queues if queue[0] == "待复审的技术合同"]
        waiting[actor.user] = count
        assert console(actor).get(address).context["cl"].result_count == count
    assert waiting == {as_reviewer.user: 0, as_second_reviewer.user: 1}


def test_the_pages_with_most_work_stand_first_at_the_side(console, as_administrator):
    page = console(as_administrator).get("/console/markets/listing/")
    groups = [group["title"] for group in page.context["sidebar_navigation"] if "title" in group]
    assert groups[:3] == ["三池", "三市场", "技术合同"]
    assert page.context["sidebar_navigation"][0]["items"][0]["title"] == "首页"


def test_a_contract_is_shown_with_the_words_and_numbers_of_its_trade(
    console, as_researcher, as_reviewer, as_second_reviewer
):
    contract = build_contracts.contract(
        ContractState.ACCEPTED, author=as_researcher, first=as_reviewer, second=as_second_reviewer
    )
    client, place = console(as_reviewer), f"/console/contracts/contract/{contract.pk}"
    page = client.get(f"{place}/change/")
    assert [title for title, _ in page.context["console_moves"]] == ["初审", "退回补正", "不予登记"]
    for words in ("8,000,000.00", "2026-10-08", "合同方", "卖方"):
        assert words in page.content.decode()
    form = client.get(f"{place}/move/review/").context["form"]
    assert form["recognised_amount"].value() == contract.technical_amount


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/console/accounts/user/", 403, "您无权执行此操作。"),
        ("/console/nonsense/", 404, "此处没有您可以查看的内容。"),
    ],
)
def test_a_person_reads_a_page_of_what_went_wrong_and_a_program_a_problem(
    console, as_reviewer, path, status, words
):
    client = console(as_reviewer)
    page = client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert words in page.content.decode()
    problem = client.get(path)
    assert (problem.status_code, problem["Content-Type"]) == (status, "application/problem+json")
    assert problem.json()["title"] == words


def test_who_failed_too_often_to_sign_in_reads_a_page(client, reviewer):
    for _ in range(6):
        page = client.post(
            "/console/login/",
            {"username": "reviewer", "password": "wrong"},
            headers={"Accept": "text/html", "Accept-Language": "zh-hans"},
        )
    assert (page.status_code, page["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert int(page["Retry-After"]) > 0
    assert "秒后重试" in page.content.decode()


def test_the_journal_names_who_acted(console, as_researcher, as_reviewer, as_administrator):
    build_pools.project(by=as_researcher, reviewer=as_reviewer)
    page = console(as_administrator).get("/console/journal/entry/")
    assert "孙审核" in page.content.decode()


def test_names_of_tables_and_columns_are_said_in_the_readers_language():
    with override("zh-hans"):
        assert str(Organization._meta.verbose_name) == "机构"
        assert str(Organization._meta.get_field("credit_code").verbose_name) == "统一社会信用代码"
        assert str(Entry._meta.verbose_name_plural) == "日志记录"
    with override("en"):
        assert str(Organization._meta.verbose_name_plural) == "organizations"
