"""Who decides on what others put up, and what is to be put right."""

from uuid import uuid4

import pytest

from marketplace.actors import Actor, Role
from marketplace.errors import Invalid, Refused
from marketplace.reviews import (
    changed,
    finding_faults,
    must_be_cleared,
    must_decide,
    must_give_reason,
    shows_review,
)

AUTHOR, OTHER, OWNER, OFFICE = uuid4(), uuid4(), uuid4(), uuid4()
FINDING = {"field": "title", "code": "vague", "text": "Which steel?"}


def reviewer(user: object = OTHER, organization: object = OFFICE) -> Actor:
    return Actor(user=user, organization=organization, roles=frozenset({Role.REVIEWER}))  # type: ignore[arg-type]


def test_a_reviewer_of_another_organization_decides() -> None:
    by = reviewer()
    assert must_decide(by, author=AUTHOR, organization=OWNER, memberships=[OFFICE]) == OTHER


@pytest.mark.parametrize(
    ("by", "memberships"),
    [
        (reviewer(AUTHOR), [OFFICE]),
        (reviewer(), [OFFICE, OWNER]),
        (reviewer(organization=OWNER), []),
        (Actor(user=OTHER, organization=OFFICE), [OFFICE]),
        (Actor.system("test"), []),
    ],
    ids=["the author", "a member", "acting for the owner", "no reviewer", "no person"],
)
def test_nobody_decides_on_their_own(by: Actor, memberships: list[object]) -> None:
    with pytest.raises(Refused):
        must_decide(by, author=AUTHOR, organization=OWNER, memberships=memberships)  # type: ignore[arg-type]


def test_who_sees_the_review() -> None:
    assert shows_review(Actor(user=AUTHOR, organization=OWNER), OWNER)
    assert shows_review(reviewer(), OWNER)
    assert not shows_review(Actor(user=OTHER, organization=OFFICE), OWNER)
    assert not shows_review(Actor.anonymous(), OWNER)


def test_whoever_turns_something_down_says_why() -> None:
    must_give_reason("Too short")
    with pytest.raises(Invalid):
        must_give_reason("  ")


def test_somebody_has_cleared_it() -> None:
    must_be_cleared("王海涛")
    with pytest.raises(Invalid) as caught:
        must_be_cleared(" ")
    assert caught.value.field == "clearance.cleared_by"


def test_findings_name_a_word_of_the_thing() -> None:
    assert finding_faults([FINDING], ["title"]) == []
    assert finding_faults([{**FINDING, "field": ""}], ["title"]) == []
    (fault,) = finding_faults([FINDING], ["body"])
    assert (fault.code, fault.field) == ("unknown_field", "findings.0.field")


def test_findings_say_something() -> None:
    (none,) = finding_faults([], ["title"])
    assert (none.code, none.field) == ("missing", "findings")
    (empty,) = finding_faults([FINDING, {**FINDING, "text": " "}], ["title"])
    assert (empty.code, empty.field) == ("missing", "findings.1.text")


def test_what_is_changed_is_found_by_name_and_path() -> None:
    assert changed({"title": "A", "body": "x"}, {"title": "B", "body": "x"}) == ["title"]
    assert changed({"terms": {"stage": "seed"}}, {"terms": {"stage": "angel"}}) == ["terms.stage"]
    assert changed({"title": "A"}, {"title": "A", "field": None}) == []
    assert changed({}, {"field": "05"}) == ["field"]
