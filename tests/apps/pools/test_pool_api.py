"""The pools over HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.base.models import StoredAnswer
from apps.pools.models import Commitment, Fund, Milestone, Project, Talent
from apps.reviews import actions as reviews
from apps.reviews.models import Wording
from marketplace.calendar import day_of
from marketplace.pools import PoolState
from tests.build import pools as build_pools
from tests.callers import Caller

CLEARANCE = {"clearance": {"no_state_secret": True, "cleared_by": "保密审查员"}}
PROJECT = build_pools.PROJECT | {
    "is_service_invention": False,
    "applications": ["风电主轴"],
    "chains": ["航空航天"],
    "indicators": [
        {
            "name": "硬度",
            "relation": "at_least",
            "value": "62",
            "unit": "HRC",
            "condition": "GB/T 230.1",
            "competing": "GCr15, 60 HRC",
            "secrecy": "public",
        },
        {
            "name": "断裂韧性",
            "relation": "equal",
            "value": "38.2",
            "unit": "%",
            "secrecy": "under_nda",
        },
    ],
    "blocks": [
        {"heading": "用途", "text": "用于主轴", "secrecy": "public"},
        {"heading": "工艺", "text": "淬火温度 1050 ℃", "secrecy": "signed_in"},
        {"heading": "配方", "text": "含钒 0.8 %", "secrecy": "under_nda"},
    ],
}
BODIES = {
    "projects": PROJECT,
    "talents": {
        "title": "材料工程师",
        "summary": "十年热处理经验。",
        "kind": "engineer",
        "field": "05",
        "region": "610100",
        "discipline": "430",
        "professional_title": "高级工程师",
        "rank": "senior",
        "specialities": ["热处理"],
        "languages": ["zh", "en"],
        "available_from": "2027-01-01",
        "available_share": 40,
        "employments": [{"name": "某大学", "share_of_time": "60"}],
    },
    "funds": {
        "title": "硬科技基金",
        "summary": "投早投小。",
        "kind": "equity",
        "product": "angel_fund",
        "field": "05",
        "region": "610100",
        "smallest_ticket": "100000.00",
        "largest_ticket": "5000000.00",
        "quota": "80000000.00",
        "stages": ["seed", "angel"],
        "fields": ["05", "02"],
        "regions": ["610000"],
        "conditions": [
            {"fact": "readiness", "relation": "at_least", "value": "4"},
            {"fact": "region", "relation": "under", "value": ["610000"]},
            {"fact": "has_granted_patent", "relation": "equal", "value": True},
        ],
        "opens_on": "2026-01-01",
        "closes_on": "2099-12-31",
    },
}
TODAY = day_of(timezone.now())


def tag(who: Caller, place: str) -> str:
    return who.get(place)["ETag"]


@pytest.mark.parametrize("pool", BODIES)
def test_an_entry_comes_into_its_pool_changes_and_leaves(
    pool, caller, as_manager, as_reviewer, as_anonymous
):
    owner, officer, anybody = caller(as_manager), caller(as_reviewer), caller(as_anonymous)
    made = owner.post(f"/{pool}", BODIES[pool])
    assert made.status_code == 201, made.json()
    assert made.json()["state"] == "draft"
    assert made.json()["moves"] == ["submit", "spill"]
    place = made["Location"].removeprefix("/api/v1")
    assert officer.get(place).status_code == 404
    changed = owner.patch(place, {"title": "另一个名字"}, etag=made["ETag"])
    assert (changed.json()["title"], changed.json()["wording"]) == ("另一个名字", 2)
    asked = owner.post(f"{place}/submit", CLEARANCE, etag=changed["ETag"])
    assert (asked.status_code, asked.json()["waiting"]) == (200, "entry"), asked.json()
    assert anybody.get(place).status_code == 404
    done = officer.post(f"{place}/admit", CLEARANCE | {"note": "可"}, etag=asked["ETag"])
    assert done.json()["state"] == "admitted"
    assert done.json()["review_note"] == "可"
    seen = anybody.get(place).json()
    assert (seen["title"], seen["admitted_on"]) == ("另一个名字", TODAY.isoformat())
    assert not {"author", "reviewed_by", "review_note", "moves", "waiting"} & seen.keys()
    assert [row["id"] for row in anybody.get(f"/{pool}").json()["results"]] == [seen["id"]]

    proposed = owner.patch(place, {"title": "第三个名字"}, etag=done["ETag"])
    assert (proposed.json()["title"], proposed.json()["proposed_wording"]) == ("另一个名字", 3)
    words = owner.get(f"{place}/wordings").json()["results"]
    assert [row["number"] for row in words] == [3, 2, 1]
    assert words[0]["words"]["title"] == "第三个名字"
    asked = owner.post(f"{place}/submit_change", CLEARANCE, etag=proposed["ETag"])
    assert asked.json()["moves"] == [
        *("admit", "send_back", "refuse", "take_back", "spill", "withdraw_change")
    ]
    assert anybody.get(place).json()["title"] == "另一个名字"
    done = officer.post(f"{place}/admit", CLEARANCE, etag=asked["ETag"])
    assert anybody.get(place).json()["title"] == "第三个名字"

    left = owner.post(f"{place}/leave", {"reason": "已转为产品"}, etag=done["ETag"])
    assert (left.json()["state"], left.json()["waiting"]) == ("admitted", "exit")
    gone = officer.post(f"{place}/release", etag=left["ETag"])
    assert (gone.json()["state"], gone.json()["left_on"]) == ("left", TODAY.isoformat())
    assert anybody.get(place).status_code == 404
    rounds = owner.get(f"{place}/submissions").json()["results"]
    assert [(row["purpose"], row["verdict"]) for row in rounds] == [
        ("exit", "accepted"),
        ("change", "accepted"),
        ("entry", "accepted"),
    ]
    assert rounds[1]["changed_fields"] == ["title"]


@pytest.mark.parametrize("pool", BODIES)
def test_every_word_that_is_written_is_read_again(pool, caller, as_manager):
    owner = caller(as_manager)
    made = owner.post(f"/{pool}", BODIES[pool]).json()
    for name, word in BODIES[pool].items():
        if name == "indicators":
            word = [each | {"shown": "exact"} for each in word]
        elif name == "blocks":
            word = [each | {"is_withheld": False} for each in word]
        elif name == "employments":
            word = [each | {"organization": None} for each in word]
        assert made[name] == word, name


def test_each_reader_is_shown_as_much_as_is_meant_for_him(
    caller, as_manager, as_reviewer, as_stranger, as_anonymous
):
    entry = reviews.draft(Project, PROJECT, by=as_manager)
    entry = reviews.submit(entry, cleared_by="甲", by=as_manager)
    reviews.accept(entry, cleared_by="甲", by=as_reviewer)
    place = f"/projects/{entry.pk}"
    seen = {
        name: caller(actor).get(place).json()
        for name, actor in [
            ("own", as_manager),
            ("reviewer", as_reviewer),
            ("stranger", as_stranger),
            ("anybody", as_anonymous),
        ]
    }
    secret = {name: body["indicators"][1] for name, body in seen.items()}
    assert secret["own"]["value"] == secret["reviewer"]["value"] == "38.2"
    assert (secret["stranger"]["shown"], secret["anybody"]["shown"]) == ("band", "stated")
    assert (secret["stranger"]["band_from"], secret["stranger"]["band_to"]) == ("35", "40")
    assert "value" not in secret["stranger"]
    assert secret["anybody"].keys() == {"name", "unit", "secrecy", "shown"}
    assert all(body["indicators"][0]["value"] == "62" for body in seen.values())
    withheld = {name: [b["is_withheld"] for b in body["blocks"]] for name, body in seen.items()}
    assert withheld["own"] == withheld["reviewer"] == [False, False, False]
    assert withheld["stranger"] == [False, False, True]
    assert withheld["anybody"] == [False, True, True]
    for actor in (as_stranger, as_anonymous):
        for path, query in [(place, {}), ("/projects", {})]:
            text = caller(actor).get(path, **query).content.decode()
            assert "38.2" not in text
            assert "含钒" not in text
        for route in ("wordings", "submissions"):
            assert caller(actor).get(f"{place}/{route}").status_code in (401, 404)


def test_passers_by_read_of_a_team_who_does_what_but_no_names(
    caller, as_manager, as_reviewer, as_stranger, as_anonymous
):
    chief = {"name": "李某", "role": "chief_scientist", "title": "senior"}
    team = [
        chief,
        {"name": "王某", "role": "chief_engineer", "title": "senior"},
        *({"name": f"工{i}", "role": "engineer"} for i in range(10)),
    ]
    terms = {"kind": "team", "discipline": None, "members": team}
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer, **terms)
    seen = {
        actor: caller(actor).get(f"/talents/{entry.pk}").json()["members"][0]
        for actor in (as_stranger, as_anonymous)
    }
    assert list(seen.values()) == [chief, {"role": "chief_scientist", "title": "senior"}]


@pytest.mark.parametrize(
    ("deed", "body", "note"),
    [
        (
            "send_back",
            {"findings": [{"field": "summary", "code": "vague", "text": "多硬?"}], "note": "请补"},
            "请补",
        ),
        ("refuse", {"reason": "不是科技成果"}, "不是科技成果"),
    ],
)
def test_what_is_turned_down_is_told_why(deed, body, note, caller, as_researcher, as_reviewer):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    officer, place = caller(as_reviewer), f"/projects/{entry.pk}"
    etag = tag(officer, place)
    for wrong in ({}, {"reason": ""}, {"findings": []}, {"findings": [{"code": "vague"}]}):
        answer = officer.post(f"{place}/{deed}", wrong, etag=etag)
        assert answer.status_code in (400, 422), answer.json()
    answer = officer.post(f"{place}/{deed}", body, etag=etag)
    assert (answer.status_code, answer.json()["review_note"]) == (200, note)
    round_ = caller(as_researcher).get(f"{place}/submissions").json()["results"][0]
    assert round_["findings"] == body.get("findings", [])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"clearance": {"cleared_by": "甲"}},
        {"clearance": {"no_state_secret": False, "cleared_by": "甲"}},
        {"clearance": {"no_state_secret": "yes", "cleared_by": "甲"}},
        {"clearance": {"no_state_secret": True, "cleared_by": " "}},
        {"clearance": {"no_state_secret": True, "cleared_by": "甲" * 81}},
        CLEARANCE | {"colour": "red"},
    ],
)
def test_without_a_declaration_nothing_is_submitted_or_admitted(
    body, caller, as_manager, as_reviewer
):
    owner, officer = caller(as_manager), caller(as_reviewer)
    draft = build_pools.talent(by=as_manager, reviewer=as_reviewer, state=PoolState.DRAFT)
    waiting = build_pools.talent(by=as_manager, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    for who, row, deed in ((owner, draft, "submit"), (officer, waiting, "admit")):
        place = f"/talents/{row.pk}"
        assert who.post(f"{place}/{deed}", body, etag=tag(who, place)).status_code == 400
    assert {row.state for row in Talent.objects.all()} == {PoolState.DRAFT, PoolState.SUBMITTED}


def test_an_entry_is_decided_on_once_and_on_its_current_version(
    caller, as_researcher, as_reviewer, as_second_reviewer
):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    first, second = caller(as_reviewer), caller(as_second_reviewer)
    place = f"/projects/{entry.pk}"
    etag = tag(first, place)
    assert second.post(f"{place}/admit", CLEARANCE).status_code == 428
    assert first.post(f"{place}/admit", CLEARANCE, etag=etag).status_code == 200
    assert second.post(f"{place}/admit", CLEARANCE, etag=etag).status_code == 412
    answer = second.post(f"{place}/admit", CLEARANCE, etag=tag(second, place))
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    ("words", "status", "pointer"),
    [
        ({"readiness": 10}, 400, "/readiness"),
        ({"region": "000000"}, 422, "/region"),
        ({"intellectual_property": "x"}, 422, "/intellectual_property"),
        ({"title": "  "}, 400, "/title"),
        ({"owner": "me"}, 400, "/owner"),
        ({"state": "admitted"}, 400, "/state"),
        ({"is_service_invention": "perhaps"}, 400, "/is_service_invention"),
        ({"title": "长" * 201}, 400, "/title"),
        ({"indicators": [{"name": "硬度"}]}, 400, "/indicators/0/relation"),
        ({"indicators": [PROJECT["indicators"][0] | {"value": 62}]}, 400, "/indicators/0/value"),
        (
            {"indicators": [PROJECT["indicators"][0] | {"value": "NaN"}]},
            422,
            "/indicators/0/value",
        ),
        ({"owners": [{"organization": "me", "share": "100"}]}, 400, "/owners/0/organization"),
        ({"inventors": [{"name": "李", "share": "x"}]}, 422, "/inventors/0/share"),
        ({"rights": [build_pools.PATENT | {"number": "1"}]}, 422, "/rights/0/number"),
        (
            {"rights": [build_pools.PATENT | {"expires_on": "2030-02-30"}]},
            400,
            "/rights/0/expires_on",
        ),
        ({"reforms": ["freedom"]}, 400, "/reforms/0"),
        ({"chains": ["长" * 41]}, 400, "/chains/0"),
        ({"dual_use": "sideways"}, 400, "/dual_use"),
    ],
)
def test_bad_input_is_pointed_at_in_both_languages_and_changes_nothing(
    language, words, status, pointer, as_researcher
):
    answer = Caller(as_researcher, language).post("/projects", PROJECT | words)
    assert (answer.status_code, answer.json()["status"]) == (status, status), answer.json()
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not Project.objects.exists()
    assert not Wording.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        {"smallest_ticket": "-1"},
        {"largest_ticket": "0.001"},
        {"largest_ticket": "NaN"},
        {"largest_ticket": "1" * 20},
        {"kind": "gift"},
        {"product": "gift"},
        {"stages": ["birth"]},
        {"opens_on": "tomorrow"},
        {"conditions": [{"fact": "hope", "relation": "equal", "value": "1"}]},
    ],
)
def test_a_fund_has_exact_words(words, caller, as_manager):
    answer = caller(as_manager).post("/funds", BODIES["funds"] | words)
    assert answer.status_code == 400
    assert not Fund.objects.exists()


@pytest.mark.parametrize(
    ("words", "pointer"),
    [
        ({"smallest_ticket": "2", "largest_ticket": "1"}, "/smallest_ticket"),
        ({"product": "prize"}, "/product"),
        ({"quota": "1"}, "/largest_ticket"),
        ({"fields": ["05", "77"]}, "/fields/1"),
        (
            {"conditions": [{"fact": "amount", "relation": "under", "value": "1"}]},
            "/conditions/0/relation",
        ),
    ],
)
def test_words_of_a_fund_that_do_not_fit_are_pointed_at(words, pointer, caller, as_manager):
    answer = caller(as_manager).post("/funds", BODIES["funds"] | words)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]


def test_no_text_holds_a_null_character(caller, as_researcher):
    answer = caller(as_researcher).post("/projects", PROJECT | {"title": "a\x00b"})
    assert answer.status_code == 400
    assert not Project.objects.exists()


def test_passers_by_write_nothing(caller, as_anonymous):
    assert caller(as_anonymous).post("/projects", PROJECT).status_code == 401


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("submit", CLEARANCE),
        ("take_back", None),
        ("admit", CLEARANCE),
        ("send_back", {"findings": build_pools.FINDINGS}),
        ("refuse", {"reason": "x"}),
        ("submit_change", CLEARANCE),
        ("withdraw_change", None),
        ("leave", {"reason": "x"}),
        ("release", None),
        ("spill", {"reason": "x"}),
        ("consent", None),
    ],
)
def test_strangers_move_nothing_and_know_of_nothing(
    deed, body, caller, as_manager, as_reviewer, as_stranger
):
    hidden = build_pools.talent(by=as_manager, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    shown = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    stranger = caller(as_stranger)
    place = f"/talents/{hidden.pk}/{deed}"
    assert stranger.post(place, body, etag=f'"{hidden.pk}.2"').status_code == 404
    answer = stranger.post(f"/talents/{shown.pk}/{deed}", body, etag=f'"{shown.pk}.3"')
    assert answer.status_code == 403, answer.json()
    shown.refresh_from_db()
    assert (shown.version, shown.state) == (3, PoolState.ADMITTED)


@pytest.mark.parametrize(
    ("deed", "body", "who"),
    [
        ("submit", CLEARANCE, "owner"),
        ("take_back", None, "owner"),
        ("submit_change", CLEARANCE, "owner"),
        ("withdraw_change", None, "owner"),
        ("admit", CLEARANCE, "reviewer"),
        ("send_back", {"findings": build_pools.FINDINGS}, "reviewer"),
        ("refuse", {"reason": "x"}, "reviewer"),
        ("release", None, "reviewer"),
    ],
)
def test_a_move_that_is_not_open_is_a_conflict_and_changes_nothing(
    deed, body, who, caller, as_manager, as_reviewer
):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    by = caller(as_manager if who == "owner" else as_reviewer)
    place = f"/talents/{entry.pk}"
    answer = by.post(f"{place}/{deed}", body, etag=tag(by, place))
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    entry.refresh_from_db()
    assert entry.version == 3


def test_the_pools_are_narrowed_by_codes_and_what_is_below_them(
    caller, as_researcher, as_reviewer, as_anonymous
):
    here = build_pools.project(by=as_researcher, reviewer=as_reviewer, region="610113")
    build_pools.project(by=as_researcher, reviewer=as_reviewer, region="440300", readiness=2)
    ask = caller(as_anonymous).get

    def found(**query: object) -> list[str]:
        return [row["id"] for row in ask("/projects", **query).json()["results"]]

    assert found(region="610000") == found(region="610100") == [str(here.pk)]
    assert found(readiness_from=3) == [str(here.pk)]
    assert len(found(field="05", state="admitted", organization=here.organization_id)) == 2
    assert found(field="01") == found(has_lapsed_right="true") == []
    assert ask("/projects", region="nowhere").status_code == 400
    assert ask("/projects", colour="red").status_code == 400
    assert ask("/projects", readiness_from="x").status_code == 400
    assert ask("/funds", stage="birth").status_code == 400


def test_that_a_change_waits_is_told_to_its_organization_and_reviewers_only(
    caller, as_manager, as_reviewer, as_stranger, as_anonymous
):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"title": "B"}, by=as_manager)
    reviews.submit_change(entry, cleared_by="甲", by=as_manager)
    found = {
        actor: len(caller(actor).get("/talents", waiting="change").json()["results"])
        for actor in (as_manager, as_reviewer, as_stranger, as_anonymous)
    }
    assert list(found.values()) == [1, 1, 0, 0]


def test_the_pages_of_a_pool_need_a_constant_number_of_queries(
    caller, as_researcher, as_reviewer, as_anonymous, as_manager, django_assert_num_queries
):
    for _ in range(3):
        build_pools.project(by=as_researcher, reviewer=as_reviewer)
    passer_by = caller(as_anonymous)
    with django_assert_num_queries(1):
        assert len(passer_by.get("/projects").json()["results"]) == 3
    manager = caller(as_manager)
    with django_assert_num_queries(2):  # One of them for the key.
        assert len(manager.get("/projects").json()["results"]) == 3


# --- the spill --------------------------------------------------------------------------------


def test_after_a_spill_no_route_leads_to_the_entry(
    caller, as_manager, as_reviewer, as_secrecy_officer
):
    owner, officer = caller(as_manager), caller(as_secrecy_officer)
    made = owner.post("/projects", PROJECT, key="once")
    place = made["Location"].removeprefix("/api/v1")
    assert officer.get(place).status_code == 200
    assert officer.post(f"{place}/spill", {"reason": " "}, etag=made["ETag"]).status_code == 400
    answer = officer.post(f"{place}/spill", {"reason": "误传"}, etag=made["ETag"])
    assert (answer.status_code, answer.json()["state"]) == (200, "sealed")
    assert "轴承" not in answer.content.decode()
    for who in (owner, officer, caller(as_reviewer)):
        for route in ("", "/wordings", "/submissions", "/files", "/consents", "/milestones"):
            assert who.get(f"{place}{route}").status_code == 404
        assert who.get("/projects").json()["results"] == []
    assert not StoredAnswer.objects.filter(body__contains="轴承").exists()
    assert caller(as_reviewer).get("/projects", state="sealed").json()["results"] == []


# --- money, milestones, flows -----------------------------------------------------------------


@pytest.fixture
def fund(as_manager, as_reviewer) -> Fund:
    return build_pools.fund(
        by=as_manager, reviewer=as_reviewer, quota="6000000.00", opens_on="2026-01-01"
    )


def test_money_is_set_aside_paid_and_given_back(
    fund, caller, as_manager, as_agent, as_stranger, as_anonymous, works
):
    owner = caller(as_manager)
    body = {"amount": "4000000.00", "beneficiary": str(works.pk), "purpose": "中试线"}
    made = owner.post(f"/funds/{fund.pk}/commit", body, key="once")
    assert made.status_code == 201, made.json()
    assert owner.post(f"/funds/{fund.pk}/commit", body, key="once").json() == made.json()
    seen = caller(as_anonymous).get(f"/funds/{fund.pk}").json()
    assert (seen["remaining"], seen["is_open"]) == ("2000000.00", True)
    assert "committed" not in seen
    over = owner.post(f"/funds/{fund.pk}/commit", body)
    assert (over.status_code, over.json()["code"]) == (409, "quota_exhausted")
    place = made["Location"].removeprefix("/api/v1")
    assert owner.get(place)["ETag"] == made["ETag"]
    assert [row["id"] for row in caller(as_agent).get("/commitments").json()["results"]] == [
        made.json()["id"]
    ]
    assert caller(as_stranger).get(place).status_code == 404
    assert caller(as_stranger).get("/commitments").json()["results"] == []
    assert caller(as_anonymous).get("/commitments").status_code == 401
    assert caller(as_agent).post(f"{place}/pay", etag=made["ETag"]).status_code == 403
    assert caller(as_stranger).post(f"/funds/{fund.pk}/commit", body).status_code == 403
    freed = owner.post(f"{place}/release", etag=made["ETag"])
    assert (freed.json()["state"], freed.json()["moves"]) == ("released", [])
    assert owner.post(f"{place}/pay", etag=freed["ETag"]).status_code == 409
    fund.refresh_from_db()
    assert fund.committed == 0


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"amount": "-1"}, 400),
        ({"amount": 5}, 400),
        ({"amount": "0"}, 422),
        ({"purpose": " "}, 400),
        ({"beneficiary": "me"}, 400),
        ({"beneficiary": "00000000-0000-4000-8000-000000000000"}, 422),
        ({"state": "paid"}, 400),
    ],
)
def test_a_commitment_that_cannot_be_meant_is_none(words, status, fund, caller, as_manager, works):
    body = {"amount": "1.00", "beneficiary": str(works.pk), "purpose": "中试线"} | words
    answer = caller(as_manager).post(f"/funds/{fund.pk}/commit", body)
    assert answer.status_code == status, answer.json()
    assert not Commitment.objects.exists()


def test_milestones_are_noted_shown_and_taken_back(
    caller, as_manager, as_researcher, as_reviewer, as_anonymous, as_stranger
):
    project = build_pools.project(by=as_manager, reviewer=as_reviewer)
    place = f"/projects/{project.pk}/milestones"
    body = {"kind": "above_scale", "firm": "西钢股份", "reached_on": "2026-06-30"}
    manager = caller(as_manager)
    made = manager.post(place, body)
    assert made.status_code == 201, made.json()
    assert manager.post(place, body).status_code == 409
    assert caller(as_anonymous).get(place).json()["results"] == [made.json()]
    for actor in (as_researcher, as_stranger):
        assert caller(actor).post(place, body).status_code == 403
    for wrong, status in (({"kind": "rich"}, 400), ({"reached_on": "2999-01-01"}, 422)):
        assert manager.post(place, body | wrong).status_code == status
    one = f"{place}/{made.json()['id']}"
    assert caller(as_stranger).delete(one).status_code == 403
    assert manager.delete(one).status_code == 204
    assert manager.delete(one).status_code == 404
    assert caller(as_anonymous).get(place).json()["results"] == []
    assert Milestone.objects.count() == 1


def test_stock_and_flow_are_public_by_month(caller, as_manager, as_reviewer, as_anonymous):
    build_pools.talent(by=as_manager, reviewer=as_reviewer)
    build_pools.talent(by=as_manager, reviewer=as_reviewer, state=PoolState.LEFT)
    month = TODAY.replace(day=1)
    after = (month + timedelta(days=31)).replace(day=1)
    ask = caller(as_anonymous).get
    answer = ask(
        "/pool-flows", **{"pool": "talent", "from": f"{month:%Y-%m}", "to": f"{after:%Y-%m}"}
    )
    assert answer.json() == {
        "pool": "talent",
        "months": [{"month": f"{month:%Y-%m}", "entered": 2, "left": 1, "stock": 1}],
    }


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"pool": "gold", "from": "2026-01", "to": "2026-02"},
        {"pool": "fund", "from": "2026-13", "to": "2027-01"},
        {"pool": "fund", "from": "2026-02", "to": "2026-02"},
        {"pool": "fund", "from": "1026-02", "to": "2026-02"},
        {"pool": "fund", "from": "2026-01", "to": "2026-02", "colour": "red"},
    ],
)
def test_flows_are_asked_for_by_pool_and_months(language, query, as_anonymous):
    answer = Caller(as_anonymous, language).get("/pool-flows", **query)
    assert answer.status_code == 400
    assert answer.json()["errors"]
