"""Credit codes and roles."""

import pytest

from marketplace.actors import Role
from marketplace.errors import Invalid
from marketplace.organizations import OrganizationKind, check_character, credit_code, must_suit


def test_the_check_character_of_the_worked_example():
    assert check_character("91350100M000100Y4") == "3"


def test_small_letters_and_blanks_around_a_code_do_no_harm():
    assert credit_code(" 91350100m000100y43 ") == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("91350100M000100Y44", "credit_code_check"),
        ("19350100M000100Y43", "credit_code_check"),
        ("91350100M000100Y4", "credit_code_form"),
        ("91350100M000100I43", "credit_code_form"),
        ("９1350100M000100Y43", "credit_code_form"),
        ("", "credit_code_form"),
    ],
)
def test_a_wrong_credit_code_is_refused(text, code):
    with pytest.raises(Invalid) as caught:
        credit_code(text)
    assert (caught.value.code, caught.value.field) == (code, "credit_code")


def test_a_company_has_no_reviewers():
    must_suit(OrganizationKind.OFFICE, Role.REVIEWER)
    with pytest.raises(Invalid, match="does not exist"):
        must_suit(OrganizationKind.COMPANY, Role.REVIEWER)
