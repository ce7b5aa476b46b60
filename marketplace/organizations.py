"""Organizations: their kinds, their credit code, and who may have which role in them."""

from enum import auto

from marketplace.actors import OFFICE_ROLES, Role
from marketplace.errors import Invalid
from marketplace.vocabulary import Term

#: The 31 characters of the code, in the order of their values 0 to 30 (GB 32100-2015).
CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
#: The weight of each of the first 17 places: 3ⁱ mod 31 (GB 32100-2015).
WEIGHTS = [pow(3, i, 31) for i in range(17)]


class OrganizationKind(Term):
    """What an organization is (机构类型)."""

    UNIVERSITY = auto()
    INSTITUTE = auto()
    COMPANY = auto()
    BROKERAGE = auto()
    FUND = auto()
    OFFICE = auto()


#: Which roles the members of an organization of each kind can have.
ROLES_OF = {
    OrganizationKind.UNIVERSITY: {Role.RESEARCHER, Role.BROKER, Role.ORGANIZATION_MANAGER},
    OrganizationKind.INSTITUTE: {Role.RESEARCHER, Role.BROKER, Role.ORGANIZATION_MANAGER},
    OrganizationKind.COMPANY: {Role.COMPANY_AGENT, Role.RESEARCHER, Role.ORGANIZATION_MANAGER},
    OrganizationKind.BROKERAGE: {Role.BROKER, Role.ORGANIZATION_MANAGER},
    OrganizationKind.FUND: {Role.INVESTOR, Role.ORGANIZATION_MANAGER},
    OrganizationKind.OFFICE: set(OFFICE_ROLES),
}


def check_character(body: str) -> str:
    """
    Return the 18th character for the first 17 of a unified social credit code.

    The weighted values add up to a sum s, and the check value is (31 − s mod 31) mod 31
    (GB 32100-2015, ISO 7064). For 91350100M000100Y4 it is 3.
    """
    total = sum(CHARACTERS.index(c) * w for c, w in zip(body, WEIGHTS, strict=True))
    return CHARACTERS[-total % 31]


def credit_code(text: str) -> str:
    """Return `text` as a unified social credit code (统一社会信用代码), or raise Invalid."""
    code = text.strip().upper()
    if len(code) != 18 or any(c not in CHARACTERS for c in code):
        raise Invalid(
            "A unified social credit code has 18 digits and capital letters without I, O, S, V, Z.",
            code="credit_code_form",
            field="credit_code",
        )
    if check_character(code[:17]) != code[17]:
        raise Invalid(
            "The last character of the unified social credit code does not fit the others.",
            code="credit_code_check",
            field="credit_code",
        )
    return code


def must_suit(kind: OrganizationKind, role: Role) -> None:
    """Raise Invalid unless a member of an organization of `kind` can have `role`."""
    if role not in ROLES_OF[kind]:
        raise Invalid(
            "The role {role} does not exist in an organization of this kind: {kind}.",
            code="role_does_not_suit",
            field="role",
            role=role,
            kind=kind,
        )
