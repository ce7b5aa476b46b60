"""What can be done to the entries of the pools, and what the tables refuse."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from apps.accounts.models import Membership, Organization
from apps.journal.models import Entry, SubjectKey
from apps.journal.queries import unsealed
from apps.pools import actions
from apps.pools.models import Fund, Project, Talent
from apps.reviews import actions as reviews
from apps.reviews.models import Consent, Submission, Wording
from marketplace.actors import Role
from marketplace.errors import Conflict, Invalid, Missing, Refused, Stale
from marketplace.pools import POOL_ENTRY, PoolState, TalentKind
from marketplace.reviews import Purpose, Verdict
from tests.build import pools as build_pools
from tests.build.pools import CLEARED_BY, FINDINGS

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db

BUILDERS = {"project": build_pools.project, "talent": build_pools.talent, "fund": build_pools.fund}
CLEARED = {"cleared_by": CLEARED_BY}
LIVING = [state for state in PoolState if state is not PoolState.SEALED]
TEAM = [
    {"name": "李", "role": "chief_scientist", "title": "senior"},
    {"name": "王", "role": "chief_engineer", "title": "intermediate"},
    *({"name": f"工{i}", "role": "engineer"} for i in range(5)),
    *({"name": f"科{i}", "role": "scientist"} for i in range(5)),
]


def verbs(entry: object) -> list[str]:
    rows = Entry.objects.filter(subject_id=str(entry.pk)).order_by("id")
    return [row.verb for row in rows]


def codes(caught: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, str]]:
    return {(cause.field, cause.code) for cause in caught.value.causes}


# --- the way in -------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", BUILDERS)
def test_an_entry_is_drafted_submitted_and_admitted_by_a_reviewer(pool, as_manager, as_reviewer):
    entry = BUILDERS[pool](by=as_manager, reviewer=as_reviewer)
    entry.refresh_from_db()
    assert entry.state is PoolState.ADMITTED
    assert entry.reviewed_by_id == as_reviewer.user
    assert (entry.version, entry.wording, entry.waiting) == (3, 1, None)
    assert entry.admitted_on is not None
    [round_] = Submission.objects.of(entry)
    assert (round_.purpose, round_.verdict) == (Purpose.ENTRY, Verdict.ACCEPTED)
    assert round_.cleared_by == round_.decision_cleared_by == CLEARED_BY
    assert (round_.submitted_by_id, round_.decided_by_id) == (as_manager.user, as_reviewer.user)
    told = Entry.objects.filter(subject_id=str(entry.pk)).exclude(verb__endswith="consented")
    assert [row.verb for row in told.order_by("id")] == [
        f"{pool}.drafted",
        f"{pool}.submitted",
        f"{pool}.admitted",
    ]
    assert all(row.parties == [as_manager.organization] for row in told)


def test_a_draft_needs_title_region_and_kind_and_knows_its_codes(as_manager):
    with pytest.raises(Invalid) as caught:
        reviews.draft(Talent, {"title": "", "region": "999999", "field": "77"}, by=as_manager)
    assert codes(caught) == {
        ("title", "missing"),
        ("region", "unknown_code"),
        ("field", "unknown_code"),
        ("kind", "missing"),
    }
    assert not Talent.objects.exists()


def test_lists_of_codes_and_codes_within_lists_are_known_too(as_manager):
    terms = build_pools.FUND | {
        "fields": ["05", "77"],
        "regions": ["610100", "x"],
        "conditions": [{"fact": "region", "relation": "under", "value": ["610100", "999999"]}],
    }
    with pytest.raises(Invalid) as caught:
        reviews.draft(Fund, terms, by=as_manager)
    assert codes(caught) == {
        ("fields.1", "unknown_code"),
        ("regions.1", "unknown_code"),
        ("conditions.0.value.1", "unknown_code"),
    }
    fund = reviews.draft(
        Fund, terms | {"fields": ["05"], "regions": [], "conditions": []}, by=as_manager
    )
    assert (fund.fields, fund.regions) == (["fields-2001:05"], [])
    right = build_pools.PATENT | {"kind": "99"}
    with pytest.raises(Invalid) as caught:
        reviews.draft(Project, build_pools.PROJECT | {"rights": [right]}, by=as_manager)
    assert codes(caught) == {("rights.0.kind", "unknown_code")}


def test_an_organization_owns_what_it_enters_unless_it_says_otherwise(as_researcher, works):
    alone = reviews.draft(Project, build_pools.PROJECT, by=as_researcher)
    assert alone.owners == [{"organization": str(as_researcher.organization), "share": "100.00"}]
    with pytest.raises(Invalid) as caught:
        reviews.draft(
            Project,
            build_pools.PROJECT
            | {"owners": [{"organization": str(alone.pk), "share": "100"}], "inventors": []},
            by=as_researcher,
        )
    assert codes(caught) == {("owners.0.organization", "unknown_organization")}


def test_many_are_drafted_or_none(as_researcher):
    rows = [build_pools.PROJECT, build_pools.PROJECT | {"title": "B", "region": "610113"}]
    with pytest.raises(Invalid) as caught:
        reviews.draft_many(Project, [*rows, {"title": "", "region": "x"}], by=as_researcher)
    assert codes(caught) == {("2.title", "missing"), ("2.region", "unknown_code")}
    assert not Project.objects.exists()
    made = reviews.draft_many(Project, rows, by=as_researcher, imported_from="file")
    assert [entry.title for entry in made] == [build_pools.PROJECT["title"], "B"]
    one = reviews.draft(Project, rows[1], by=as_researcher)
    kept = [Wording.objects.of(entry).get().words for entry in (made[1], one)]
    assert kept[0] == kept[1]
    assert verbs(made[0]) == ["project.drafted"]


def test_the_number_of_a_right_is_kept_in_one_form(as_researcher):
    right = build_pools.PATENT | {"number": "专利号: zl 2003 1 0102344.5"}
    entry = reviews.draft(Project, build_pools.PROJECT | {"rights": [right]}, by=as_researcher)
    assert entry.rights[0]["number"] == "ZL200310102344.5"


@pytest.mark.parametrize("who", ["as_reviewer", "as_statistician", "as_anonymous"])
def test_who_takes_part_in_no_pool_drafts_nothing(who, request):
    with pytest.raises(Refused):
        reviews.draft(Project, build_pools.PROJECT, by=request.getfixturevalue(who))


def test_a_researcher_enters_no_fund(as_researcher):
    with pytest.raises(Refused):
        reviews.draft(Fund, build_pools.FUND, by=as_researcher)


def test_what_is_incomplete_is_not_submitted(as_manager):
    entry = reviews.draft(Project, {"title": "A", "region": "610100"}, by=as_manager)
    with pytest.raises(Invalid) as caught:
        reviews.submit(entry, **CLEARED, by=as_manager)
    assert [cause.field for cause in caught.value.causes] == [
        "summary",
        "field",
        "readiness",
        "readiness_evidence",
        "intellectual_property",
    ]
    entry.refresh_from_db()
    assert entry.state is PoolState.DRAFT
    assert not Submission.objects.exists()


def test_nothing_is_submitted_without_a_declaration_or_with_a_marking(as_manager):
    entry = reviews.draft(Talent, build_pools.TALENT | {"summary": "机密★10年"}, by=as_manager)
    with pytest.raises(Invalid) as caught:
        reviews.submit(entry, cleared_by=" ", by=as_manager)
    assert caught.value.code == "not_cleared"
    with pytest.raises(Invalid) as caught:
        reviews.submit(entry, **CLEARED, by=as_manager)
    assert codes(caught) == {("summary", "state_secret_marking")}


def test_an_unverified_organization_submits_nothing(as_researcher, institute):
    Organization.objects.filter(pk=institute.pk).update(verified_at=None, verified_by=None)
    entry = reviews.draft(Project, build_pools.PROJECT, by=as_researcher)
    with pytest.raises(Conflict) as caught:
        reviews.submit(entry, **CLEARED, by=as_researcher)
    assert caught.value.code == "organization_not_verified"


def test_a_team_is_composed_as_the_rules_of_the_day_say(as_manager, as_reviewer):
    terms = {"kind": TalentKind.TEAM, "discipline": None, "members": TEAM[:-1]}
    with pytest.raises(Invalid) as caught:
        build_pools.talent(by=as_manager, reviewer=as_reviewer, state=PoolState.SUBMITTED, **terms)
    assert codes(caught) == {("members", "team_size")}
    team = build_pools.talent(by=as_manager, reviewer=as_reviewer, **terms | {"members": TEAM})
    assert team.state is PoolState.ADMITTED


def test_a_team_names_talents_whom_it_may_name(as_manager, as_reviewer, as_stranger):
    theirs = build_pools.talent(by=as_stranger, reviewer=as_reviewer, state=PoolState.DRAFT)
    member = TEAM[0] | {"talent": str(theirs.pk)}
    terms = {"kind": TalentKind.TEAM, "discipline": None, "members": [member, *TEAM[1:]]}
    with pytest.raises(Invalid) as caught:
        build_pools.talent(by=as_manager, reviewer=as_reviewer, **terms)
    assert codes(caught) == {("members.0.talent", "unknown_entry")}
    reviews.accept(reviews.submit(theirs, **CLEARED, by=as_stranger), **CLEARED, by=as_reviewer)
    build_pools.talent(by=as_manager, reviewer=as_reviewer, **terms)


# --- changes ----------------------------------------------------------------------------------


def test_every_wording_of_a_draft_is_kept_and_its_words_are_sealed(as_researcher):
    entry = reviews.draft(Project, build_pools.PROJECT, by=as_researcher)
    entry = reviews.change(entry, {"title": "B", "field": "03"}, by=as_researcher)
    assert (entry.title, entry.field_id, entry.wording) == ("B", "fields-2001:03", 2)
    kept = list(Wording.objects.of(entry))
    assert [wording.number for wording in kept] == [2, 1]
    assert [wording.words["title"] for wording in kept] == ["B", build_pools.PROJECT["title"]]
    told = Entry.objects.get(verb="project.changed")
    assert told.facts == {"fields": ["field", "title"], "wording": 2}
    assert unsealed(told)["title"] == [build_pools.PROJECT["title"], "B"]


def test_the_same_words_again_change_nothing(as_researcher):
    entry = reviews.draft(Project, build_pools.PROJECT, by=as_researcher)
    same = reviews.change(entry, build_pools.PROJECT, by=as_researcher)
    assert (same.version, same.wording) == (1, 1)
    assert verbs(entry) == ["project.drafted"]


def test_what_is_submitted_stands_until_it_is_taken_back(as_researcher, as_reviewer):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    with pytest.raises(Conflict) as caught:
        reviews.change(entry, {"title": "B"}, by=as_researcher)
    assert caught.value.code == "wrong_state"
    entry = reviews.take_back(entry, by=as_researcher)
    assert (entry.state, entry.waiting) == (PoolState.DRAFT, None)
    assert Submission.objects.get().verdict is Verdict.WITHDRAWN
    entry = reviews.change(entry, {"title": "B"}, by=as_researcher)
    assert entry.title == "B"


def test_what_is_sent_back_says_what_has_changed_when_it_comes_again(as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer, state=PoolState.SENT_BACK)
    round_ = Submission.objects.get()
    assert (round_.verdict, round_.findings) == (Verdict.SENT_BACK, FINDINGS)
    entry = reviews.change(entry, {"summary": "十年热处理经验。"}, by=as_manager)
    with pytest.raises(Invalid) as caught:
        reviews.submit(entry, **CLEARED, by=as_manager)
    assert caught.value.field == "what_changed"
    entry = reviews.submit(entry, **CLEARED, what_changed="补充了经历", by=as_manager)
    assert entry.reviewed_by is None
    again = Submission.objects.open().get()
    assert (again.what_changed, again.changed_fields) == ("补充了经历", ["summary"])


def test_a_change_of_what_is_in_the_pool_waits_while_the_live_words_stay(as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    first = reviews.change(entry, {"title": "B"}, by=as_manager)
    second = reviews.change(entry, {"summary": "新"}, by=as_manager)
    assert (first.proposed_wording, second.proposed_wording) == (2, 3)
    assert (second.title, second.wording, second.state) == (
        build_pools.TALENT["title"],
        1,
        PoolState.ADMITTED,
    )
    # A proposal builds on the one before.
    assert Wording.objects.of(entry).first().words["title"] == "B"
    asked = reviews.submit_change(entry, **CLEARED, by=as_manager)
    assert asked.waiting is Purpose.CHANGE
    assert Submission.objects.open().get().changed_fields == ["summary", "title"]
    with pytest.raises(Conflict) as caught:
        reviews.change(entry, {"title": "C"}, by=as_manager)
    assert caught.value.code == "submitted_already"
    admitted_on = entry.admitted_on
    done = reviews.accept(entry, **CLEARED, by=as_reviewer)
    done.refresh_from_db()
    assert (done.title, done.summary, done.wording) == ("B", "新", 3)
    assert (done.proposed_wording, done.waiting, done.admitted_on) == (None, None, admitted_on)
    assert verbs(entry)[-4:] == [
        "talent.change_proposed",
        "talent.change_proposed",
        "talent.change_submitted",
        "talent.change_admitted",
    ]


def test_a_change_that_is_sent_back_stays_proposed(as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"title": "B"}, by=as_manager)
    reviews.submit_change(entry, **CLEARED, by=as_manager)
    entry = reviews.send_back(entry, findings=FINDINGS, by=as_reviewer)
    assert (entry.state, entry.waiting, entry.proposed_wording) == (PoolState.ADMITTED, None, 2)
    assert entry.title == build_pools.TALENT["title"]
    with pytest.raises(Invalid):
        reviews.submit_change(entry, **CLEARED, by=as_manager)
    reviews.change(entry, {"title": "C"}, by=as_manager)
    reviews.submit_change(entry, **CLEARED, what_changed="改了名称", by=as_manager)
    entry = reviews.refuse(entry, reason="不准确", by=as_reviewer)
    assert (entry.proposed_wording, entry.waiting, entry.title) == (
        None,
        None,
        build_pools.TALENT["title"],
    )
    # The number of a dropped proposal is not used again.
    entry = reviews.change(entry, {"title": "D"}, by=as_manager)
    assert entry.proposed_wording == 4


@pytest.mark.parametrize("is_submitted", [False, True])
def test_a_change_can_be_withdrawn(is_submitted, as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"title": "B"}, by=as_manager)
    if is_submitted:
        reviews.submit_change(entry, **CLEARED, by=as_manager)
    entry = reviews.withdraw_change(entry, by=as_manager)
    assert (entry.proposed_wording, entry.waiting) == (None, None)
    with pytest.raises(Conflict):
        reviews.withdraw_change(entry, by=as_manager)


def test_a_change_that_is_taken_back_stays_proposed(as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"title": "B"}, by=as_manager)
    reviews.submit_change(entry, **CLEARED, by=as_manager)
    entry = reviews.take_back(entry, by=as_manager)
    assert (entry.state, entry.proposed_wording, entry.waiting) == (PoolState.ADMITTED, 2, None)


def test_a_proposal_must_be_whole_to_be_submitted(as_manager, as_reviewer):
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"readiness_evidence": "", "field": None}, by=as_manager)
    with pytest.raises(Invalid) as caught:
        reviews.submit_change(entry, **CLEARED, by=as_manager)
    assert codes(caught) == {("readiness_evidence", "missing"), ("field", "missing")}


def test_a_proposal_takes_no_reference_that_another_entry_has(as_manager, as_reviewer):
    build_pools.talent(by=as_manager, reviewer=as_reviewer, external_reference="A-1")
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"external_reference": "A-1"}, by=as_manager)
    with pytest.raises(Conflict) as caught:
        reviews.submit_change(entry, **CLEARED, by=as_manager)
    assert caught.value.code == "external_reference_taken"


# --- decisions and the way out ----------------------------------------------------------------


def test_an_entry_leaves_when_its_organization_asks_and_a_reviewer_releases_it(
    as_manager, as_reviewer
):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"title": "B"}, by=as_manager)
    with pytest.raises(Invalid):
        actions.leave(entry, reason=" ", by=as_manager)
    entry = actions.leave(entry, reason="调离", by=as_manager)
    assert (entry.state, entry.waiting) == (PoolState.ADMITTED, Purpose.EXIT)
    entry = reviews.refuse(entry, reason="合同未到期", by=as_reviewer)
    assert (entry.state, entry.waiting) == (PoolState.ADMITTED, None)
    actions.leave(entry, reason="调离", by=as_manager)
    reviews.take_back(entry, by=as_manager)
    actions.leave(entry, reason="调离", by=as_manager)
    entry = actions.release(entry, by=as_reviewer)
    entry.refresh_from_db()
    assert (entry.state, entry.waiting, entry.proposed_wording) == (PoolState.LEFT, None, None)
    assert entry.left_on is not None
    assert verbs(entry)[-5:] == [
        "talent.exit_refused",
        "talent.exit_submitted",
        "talent.taken_back",
        "talent.exit_submitted",
        "talent.left",
    ]


def test_nobody_is_released_who_did_not_ask(as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    for deed, given in [("release", {}), ("admit", CLEARED), ("refuse", {"reason": "x"})]:
        with pytest.raises(Conflict) as caught:
            build_pools.deed(deed)(entry, **given, by=as_reviewer)
        assert caught.value.code == "wrong_state"


def test_what_is_sent_back_has_findings_on_words_that_there_are(as_manager, as_reviewer):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    for findings in ([], [{"field": "readiness", "code": "vague", "text": "x"}]):
        with pytest.raises(Invalid):
            reviews.send_back(entry, findings=findings, by=as_reviewer)
    with pytest.raises(Invalid):
        reviews.accept(entry, cleared_by="", by=as_reviewer)
    entry.refresh_from_db()
    assert entry.state is PoolState.SUBMITTED


def test_a_reviewer_who_also_belongs_to_the_owner_does_not_decide(
    as_researcher, as_reviewer, reviewer, institute
):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    Membership.objects.create(user=reviewer, organization=institute, role=Role.RESEARCHER)
    with pytest.raises(Refused) as caught:
        reviews.accept(entry, **CLEARED, by=as_reviewer)
    assert caught.value.code == "own_organization"


def test_who_submitted_a_change_and_then_became_a_reviewer_does_not_decide_on_it(
    as_manager, as_reviewer, researcher, as_researcher, office
):
    entry = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    reviews.change(entry, {"title": "B"}, by=as_researcher)
    reviews.submit_change(entry, **CLEARED, by=as_researcher)
    Membership.objects.filter(user=researcher).update(ended_at="2026-01-01T00:00:00Z")
    Membership.objects.create(user=researcher, organization=office, role=Role.REVIEWER)
    with pytest.raises(Refused) as caught:
        reviews.accept(entry, **CLEARED, by=researcher.as_actor(organization=office.pk))
    assert caught.value.code == "own_work"


def test_a_stale_decision_is_none(as_researcher, as_reviewer):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    with pytest.raises(Stale):
        reviews.accept(entry, **CLEARED, by=as_reviewer, expected=entry.version - 1)
    entry.refresh_from_db()
    assert entry.state is PoolState.SUBMITTED


def test_strangers_see_what_is_admitted_and_reviewers_all_but_drafts(
    as_researcher, as_reviewer, as_stranger, as_anonymous, as_secrecy_officer
):
    entries = {
        state: build_pools.project(by=as_researcher, reviewer=as_reviewer, state=state)
        for state in LIVING
    }
    gone = build_pools.project(by=as_researcher, reviewer=as_reviewer)
    reviews.spill(gone, reason="误传", by=as_secrecy_officer)
    seen = {
        actor: {entry.state for entry in Project.objects.all().visible_to(actor)}
        for actor in (as_researcher, as_reviewer, as_stranger, as_anonymous, as_secrecy_officer)
    }
    assert seen[as_researcher] == seen[as_secrecy_officer] == set(LIVING)
    assert seen[as_reviewer] == set(LIVING) - {PoolState.DRAFT}
    assert seen[as_stranger] == seen[as_anonymous] == {PoolState.ADMITTED}
    with pytest.raises(Missing):
        reviews.submit(entries[PoolState.DRAFT], **CLEARED, by=as_stranger)
    with pytest.raises(Refused):
        actions.leave(entries[PoolState.ADMITTED], reason="x", by=as_stranger)


# --- whose it is ------------------------------------------------------------------------------


def test_what_was_made_in_the_course_of_duty_needs_the_consent_of_its_wording(
    as_researcher, as_manager
):
    entry = reviews.draft(Project, build_pools.PROJECT, by=as_researcher)
    with pytest.raises(Invalid) as caught:
        reviews.submit(entry, **CLEARED, by=as_researcher)
    assert codes(caught) == {("consent", "consent_missing")}
    reviews.consent(entry, by=as_manager)
    reviews.change(entry, {"summary": "另写"}, by=as_researcher)
    with pytest.raises(Invalid):
        reviews.submit(entry, **CLEARED, by=as_researcher)
    reviews.consent(entry, by=as_manager)
    assert reviews.submit(entry, **CLEARED, by=as_researcher).state is PoolState.SUBMITTED
    own = reviews.draft(
        Project, build_pools.PROJECT | {"is_service_invention": False}, by=as_researcher
    )
    assert reviews.submit(own, **CLEARED, by=as_researcher).state is PoolState.SUBMITTED


def test_a_manager_who_submits_consents_by_that(as_manager):
    entry = reviews.draft(Project, build_pools.PROJECT, by=as_manager)
    reviews.submit(entry, **CLEARED, by=as_manager)
    given = Consent.objects.get()
    assert (given.organization_id, given.wording) == (as_manager.organization, 1)
    assert verbs(entry) == ["project.drafted", "project.consented", "project.submitted"]


def test_co_owners_consent_too_and_see_what_they_consent_to(
    as_researcher, as_manager, works, as_agent, as_stranger
):
    chief = build_pools.manager_of(works.pk)
    owners = [
        {"organization": str(as_researcher.organization), "share": "60.00"},
        {"organization": str(works.pk), "share": "40.00"},
    ]
    entry = reviews.draft(Project, build_pools.PROJECT | {"owners": owners}, by=as_researcher)
    assert Project.objects.visible_to(chief).get() == entry
    assert not Project.objects.visible_to(as_agent).exists()
    reviews.consent(entry, by=as_manager)
    with pytest.raises(Invalid) as caught:
        reviews.submit(entry, **CLEARED, by=as_researcher)
    assert [cause.facts["owner"] for cause in caught.value.causes] == [works.name]
    with pytest.raises(Missing):
        reviews.consent(entry, by=build_pools.manager_of(as_stranger.organization))
    reviews.consent(entry, by=chief)
    assert reviews.submit(entry, **CLEARED, by=as_researcher).state is PoolState.SUBMITTED


def test_who_would_own_it_by_a_change_consents_to_that_change(as_manager, as_reviewer, works):
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer, is_service_invention=False)
    owners = [
        {"organization": str(as_manager.organization), "share": "60"},
        {"organization": str(works.pk), "share": "40"},
    ]
    entry = reviews.change(entry, {"owners": owners, "is_service_invention": True}, by=as_manager)
    with pytest.raises(Invalid) as caught:
        reviews.submit_change(entry, **CLEARED, by=as_manager)
    assert [cause.facts["owner"] for cause in caught.value.causes] == [works.name]
    reviews.consent(entry, by=build_pools.manager_of(works.pk))
    reviews.submit_change(entry, **CLEARED, by=as_manager)
    entry = reviews.accept(entry, **CLEARED, by=as_reviewer)
    assert (entry.owners, entry.new_owners) == (owners, [])


# --- dual use ---------------------------------------------------------------------------------


def test_what_has_a_dual_use_exists_for_vetted_organizations_only(
    as_vetted_agent, as_reviewer, as_stranger, as_anonymous
):
    entry = build_pools.talent(
        by=as_vetted_agent,
        reviewer=as_reviewer,
        state=PoolState.SUBMITTED,
        dual_use="military_to_civil",
    )
    with pytest.raises(Missing):
        reviews.accept(entry, **CLEARED, by=as_reviewer)
    reviews.accept(entry, **CLEARED, by=replace(as_reviewer, is_vetted=True))
    for actor in (as_reviewer, as_stranger, as_anonymous):
        assert not Talent.objects.all().visible_to(actor).exists()
    assert Talent.objects.all().visible_to(as_vetted_agent).get() == entry


def test_an_unvetted_organization_submits_nothing_of_dual_use(as_manager):
    entry = reviews.draft(
        Talent, build_pools.TALENT | {"dual_use": "civil_to_military"}, by=as_manager
    )
    with pytest.raises(Conflict) as caught:
        reviews.submit(entry, **CLEARED, by=as_manager)
    assert caught.value.code == "organization_not_vetted"


# --- the spill --------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", BUILDERS)
@pytest.mark.parametrize("state", LIVING)
def test_a_spill_closes_an_entry_from_every_state_and_erases_its_words(
    pool, state, as_manager, as_reviewer, as_secrecy_officer
):
    entry = BUILDERS[pool](by=as_manager, reviewer=as_reviewer, state=state)
    if state is PoolState.ADMITTED:
        reviews.change(entry, {"title": "蓝盾"}, by=as_manager)
        reviews.submit_change(entry, **CLEARED, what_changed="蓝盾", by=as_manager)
    elif state is PoolState.DRAFT:
        reviews.change(entry, {"title": "蓝盾"}, by=as_manager)
    entry = reviews.spill(entry, reason="误传", by=as_secrecy_officer)
    entry.refresh_from_db()
    assert (entry.state, entry.title, entry.summary, entry.field) == (
        PoolState.SEALED,
        "—",
        "",
        None,
    )
    assert (entry.waiting, entry.proposed_wording) == (None, None)
    assert all(wording.words == {} for wording in Wording.objects.of(entry))
    assert not Submission.objects.open().exists()
    assert SubjectKey.objects.get(subject_id=str(entry.pk)).key is None
    told = Entry.objects.filter(subject_id=str(entry.pk))
    assert f"{pool}.spilled" in {row.verb for row in told}
    assert not any(unsealed(row) for row in told)
    assert "蓝盾" not in " ".join(str(row.facts) for row in told)
    assert not type(entry).objects.all().visible_to(as_manager).exists()
    with pytest.raises(Missing):
        reviews.spill(entry, reason="误传", by=as_secrecy_officer)


@pytest.mark.parametrize("who", ["as_manager", "as_reviewer", "as_administrator"])
def test_only_a_secrecy_officer_closes_an_entry(who, request, as_researcher, as_reviewer):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer)
    with pytest.raises(Refused):
        reviews.spill(entry, reason="误传", by=request.getfixturevalue(who))


def test_a_spill_takes_the_milestones_and_purposes_along(
    as_manager, as_reviewer, as_secrecy_officer, works
):
    project = build_pools.project(by=as_manager, reviewer=as_reviewer)
    milestone = actions.note_milestone(
        project, kind="founded", firm="秘密公司", reached_on=project.admitted_on, by=as_manager
    )
    reviews.spill(project, reason="误传", by=as_secrecy_officer)
    milestone.refresh_from_db()
    assert milestone.firm == "—"
    fund = build_pools.fund(by=as_manager, reviewer=as_reviewer)
    commitment = actions.commit(
        fund, amount=Decimal(5), beneficiary=works.pk, purpose="秘密用途", by=as_manager
    )
    reviews.spill(fund, reason="误传", by=as_secrecy_officer)
    commitment.refresh_from_db()
    assert (commitment.purpose, commitment.amount) == ("—", Decimal(5))


# --- the tables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "constraint"),
    [
        ({"readiness": 10}, "project_readiness_is_1_to_9"),
        ({"title": ""}, "project_has_a_title"),
        ({"state": "lost"}, "project_state_is_known"),
        ({"reviewed_by": "author"}, "project_author_is_not_reviewer"),
        ({"waiting": "hope"}, "project_waits_for_something_known"),
        ({"waiting": "entry"}, "project_is_submitted_while_it_waits_to_enter"),
        ({"waiting": "change"}, "project_change_has_a_proposed_wording"),
        ({"proposed_wording": 1}, "project_proposed_wording_is_newer"),
        ({"dual_use": "sideways"}, "project_dual_use_is_known"),
        ({"left_on": "2026-01-01"}, "project_leaving_has_its_day"),
    ],
)
def test_the_table_refuses_impossible_projects(as_researcher, words, constraint):
    entry = reviews.draft(Project, build_pools.PROJECT, by=as_researcher)
    if words.get("reviewed_by"):
        words = {"reviewed_by": entry.author}
    if "state" in words:
        row = Project(
            organization_id=entry.organization_id,
            author_id=entry.author_id,
            title="A",
            region_id=entry.region_id,
            imported_from="elsewhere",
            state=words["state"],
            field_id=entry.field_id,
            summary="B",
        )
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            row.save(force_insert=True)
        return
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Project.objects.filter(pk=entry.pk).update(**words)


def test_the_table_lets_nothing_jump(as_researcher, as_reviewer):
    entry = reviews.draft(Project, build_pools.PROJECT, by=as_researcher)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Project.objects.filter(pk=entry.pk).update(
            state="admitted", reviewed_by_id=as_reviewer.user
        )
    with pytest.raises(ProgrammingError), transaction.atomic():
        Project(
            organization_id=entry.organization_id,
            author_id=entry.author_id,
            title="A",
            summary="B",
            field_id=entry.field_id,
            region_id=entry.region_id,
            state="admitted",
            reviewed_by_id=as_reviewer.user,
        ).save(force_insert=True)


def test_the_table_refuses_decisions_of_nobody(as_manager, as_reviewer):
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    rows = Project.objects.filter(pk=entry.pk)
    with pytest.raises(IntegrityError, match="decided_by_somebody"), transaction.atomic():
        rows.update(state="admitted", waiting=None, admitted_on="2026-01-01")
    with pytest.raises(IntegrityError, match="admission_has_its_day"), transaction.atomic():
        rows.update(state="admitted", waiting=None, reviewed_by_id=as_reviewer.user)
    with pytest.raises(IntegrityError, match="complete_once_submitted"), transaction.atomic():
        rows.update(field=None)


def test_the_table_refuses_shares_that_are_no_hundred_once_submitted(as_manager, as_reviewer):
    entry = build_pools.project(by=as_manager, reviewer=as_reviewer)
    owners = [{"name": "甲", "share": "33.33"}, {"name": "乙", "share": "66.66"}]
    with pytest.raises(ProgrammingError, match="not a hundred"), transaction.atomic():
        Project.objects.filter(pk=entry.pk).update(owners=owners)


@pytest.mark.parametrize(
    ("words", "constraint"),
    [
        ({"smallest_ticket": 9, "largest_ticket": 8}, "tickets_go_upwards"),
        ({"smallest_ticket": -1}, "not_negative"),
        ({"product": "gift"}, "fund_product_is_known"),
        ({"committed": 2, "quota": 1}, "fund_quota_is_not_overdrawn"),
        ({"committed": -1}, "fund_quota_is_not_overdrawn"),
        ({"opens_on": "2026-02-01", "closes_on": "2026-01-01"}, "fund_opens_before_it_closes"),
    ],
)
def test_the_table_refuses_impossible_funds(as_manager, words, constraint):
    entry = reviews.draft(Fund, build_pools.FUND, by=as_manager)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Fund.objects.filter(pk=entry.pk).update(**words)


@pytest.mark.parametrize(
    ("words", "constraint"),
    [
        ({"rank": "highest"}, "talent_rank_is_known"),
        ({"available_share": 101}, "talent_available_share_is_1_to_100"),
        ({"members": [{"name": "李"}]}, "talent_only_a_team_has_members"),
    ],
)
def test_the_table_refuses_impossible_talents(as_manager, words, constraint):
    entry = reviews.draft(Talent, build_pools.TALENT, by=as_manager)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Talent.objects.filter(pk=entry.pk).update(**words)


def test_a_reference_is_once_in_its_organization(as_manager, as_stranger):
    terms = build_pools.TALENT | {"external_reference": "A-1"}
    reviews.draft(Talent, terms, by=as_manager)
    reviews.draft(Talent, terms, by=as_stranger)
    with pytest.raises(IntegrityError, match="once_in_its_organization"), transaction.atomic():
        reviews.draft(Talent, terms, by=as_manager)


def test_every_move_of_the_life_cycle_is_an_action():
    assert all(callable(build_pools.deed(name)) for name in POOL_ENTRY.moves)
