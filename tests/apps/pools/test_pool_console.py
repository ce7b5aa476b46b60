"""What officers see and do about the pools at the console."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.pools import actions
from apps.pools.models import Project, Talent
from apps.reviews import actions as reviews
from apps.reviews.models import Submission
from marketplace.pools import PoolState
from tests.build import pools as build_pools

pytestmark = pytest.mark.django_db

CLEARED = {"cleared_by": build_pools.CLEARED_BY}
DECLARED = {"no_state_secret": "on", "cleared_by": "孙审核"}


@pytest.fixture
def console():
    """Return what signs an officer in at the console."""

    def sign_in(actor):
        User.objects.filter(pk=actor.user).update(is_staff=True)
        client = Client(raise_request_exception=True, headers={"Accept-Language": "en"})
        client.force_login(User.objects.get(pk=actor.user))
        return client

    return sign_in


def place(entry, move="change"):
    page = "change" if move == "change" else f"move/{move}"
    return f"/console/pools/{entry._meta.model_name}/{entry.pk}/{page}/"


def buttons(client, entry):
    page = client.get(place(entry))
    return [address.split("/")[-2] for _, address in page.context["console_moves"]]


def test_what_waits_to_enter_is_admitted_with_a_declaration(console, as_manager, as_reviewer):
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    client = console(as_reviewer)
    assert buttons(client, entry) == ["admit", "send_back", "refuse"]
    form = client.get(place(entry, "admit")).context["form"]
    assert {"no_state_secret", "cleared_by", "note"} <= form.fields.keys()
    assert client.post(place(entry, "admit"), {"version": 2}).status_code == 422
    undeclared = {"version": 2, "cleared_by": "孙审核"}
    assert client.post(place(entry, "admit"), undeclared).status_code == 422
    entry.refresh_from_db()
    assert entry.state is PoolState.SUBMITTED
    assert client.post(place(entry, "admit"), {"version": 2, **DECLARED}).status_code == 302
    entry.refresh_from_db()
    assert entry.state is PoolState.ADMITTED
    assert Submission.objects.of(entry).get().decision_cleared_by == "孙审核"


def test_what_is_sent_back_has_at_least_one_finding(console, as_manager, as_reviewer):
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    client = console(as_reviewer)
    form = client.get(place(entry, "send_back")).context["form"]
    words = dict(form.fields["field_1"].choices)
    assert {"", "summary", "indicators", "rights"} <= words.keys()
    assert client.post(place(entry, "send_back"), {"version": 2}).status_code == 422
    given = {
        "version": 2,
        "field_1": "summary",
        "code_1": "vague",
        "text_1": "多硬?",
        "text_3": "其他",
        "note": "请补",
    }
    assert client.post(place(entry, "send_back"), given).status_code == 302
    assert Submission.objects.of(entry).get().findings == [
        {"field": "summary", "code": "vague", "text": "多硬?"},
        {"field": "", "code": "other", "text": "其他"},
    ]


def test_a_change_shows_its_old_and_new_words_side_by_side(console, as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    client = console(as_reviewer)
    assert buttons(client, entry) == []
    reviews.change(entry, {"title": "新的名称", "specialities": ["热处理"]}, by=as_manager)
    reviews.submit_change(entry, **CLEARED, by=as_manager)
    queue = client.get("/console/pools/talent/?waiting__exact=change")
    assert queue.context["cl"].result_count == 1
    page = client.get(place(entry)).content.decode()
    for words in ("Proposed", build_pools.TALENT["title"], "新的名称", "热处理"):
        assert words in page
    assert buttons(client, entry) == ["admit", "send_back", "refuse"]
    version = Talent.objects.get().version
    client.post(place(entry, "admit"), {"version": version, **DECLARED})
    assert Talent.objects.get().title == "新的名称"


def test_who_asks_to_go_is_released(console, as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    entry = actions.leave(entry, reason="调离", by=as_manager)
    client = console(as_reviewer)
    assert client.get("/console/pools/talent/?waiting__exact=exit").context["cl"].result_count == 1
    assert buttons(client, entry) == ["refuse", "release"]
    assert client.post(place(entry, "release"), {"version": entry.version}).status_code == 302
    assert Talent.objects.get().state is PoolState.LEFT


def test_only_the_secrecy_officer_has_the_button_that_closes_an_entry(
    console, as_manager, as_reviewer, as_secrecy_officer
):
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer, state=PoolState.DRAFT)
    assert console(as_reviewer).post(place(entry, "spill"), {}).status_code == 403
    client = console(as_secrecy_officer)
    assert buttons(client, entry) == ["spill"]
    done = client.post(place(entry, "spill"), {"version": 1, "reason": "误传"})
    assert done.status_code == 302
    assert Project.objects.get().state is PoolState.SEALED
    assert client.get("/console/pools/project/").context["cl"].result_count == 0


def test_an_administrator_is_shown_no_graded_words(
    console, as_manager, as_reviewer, as_administrator
):
    block = {"heading": "配方", "text": "含钒 0.8 %", "secrecy": "under_nda"}
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer, blocks=[block])
    reviews.change(entry, {"blocks": [block | {"text": "含钒 0.9 %"}]}, by=as_manager)
    assert "含钒" in console(as_reviewer).get(place(entry)).content.decode()
    assert "含钒" not in console(as_administrator).get(place(entry)).content.decode()


def test_the_words_of_a_code_list_are_shown_by_their_labels(console, as_manager, as_reviewer):
    inventors = [{"name": "周轴承", "share": "100.00"}]
    entry = build_pools.project(
        by=as_manager,
        reviewer=as_reviewer,
        inventors=inventors,
        reforms=["ownership_granted"],
    )
    reviews.change(entry, {"reforms": ["long_term_use_granted"]}, by=as_manager)
    page = console(as_reviewer).get(place(entry)).content.decode()
    assert "Long term use granted" in page
    assert "ownership_granted" not in page
    assert "long_term_use_granted" not in page
