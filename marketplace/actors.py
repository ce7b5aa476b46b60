"""Who acts, and for whom."""

from dataclasses import dataclass
from enum import auto
from typing import Self
from uuid import UUID

from marketplace.errors import Refused
from marketplace.vocabulary import Term


class Role(Term):
    """What a person may do for an organization (角色)."""

    RESEARCHER = auto()
    COMPANY_AGENT = auto()
    BROKER = auto()
    INVESTOR = auto()
    ORGANIZATION_MANAGER = auto()
    REVIEWER = auto()
    STATISTICIAN = auto()
    ADMINISTRATOR = auto()
    #: Answers for what may be said and to whom (保密员).
    SECRECY_OFFICER = auto()


#: Roles of the people who run the market and the registration office, never of a party.
OFFICE_ROLES = frozenset(
    {Role.REVIEWER, Role.STATISTICIAN, Role.ADMINISTRATOR, Role.SECRECY_OFFICER}
)

#: Of what kinds of things an API key may read or write; a scope is "<kind>:read" or "<kind>:write".
KINDS = {
    "accounts": "people, organizations, memberships and keys",
    "taxonomy": "code lists",
    "journal": "what happened",
    "notices": "notices",
    "pools": "talents, funds and projects",
    "listings": "listings in the three markets",
    "matches": "matches",
    "deals": "deals",
    "contracts": "contracts and their registration",
    "statistics": "figures",
    "searches": "saved searches, favourites and alerts",
    "imports": "imports and exports",
}
SCOPES = frozenset(f"{kind}:{deed}" for kind in KINDS for deed in ("read", "write"))


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting for one organization, a passer-by, or the market's own clockwork."""

    user: UUID | None = None
    organization: UUID | None = None
    roles: frozenset[Role] = frozenset()
    request_id: str = ""
    #: Which clockwork acts, where it is no person.
    task: str = ""
    #: What the key that is used allows; None where it is no key and allows everything.
    scopes: frozenset[str] | None = None
    #: Whether the organization acted for is vetted for dual-use things (军民两用).
    is_vetted: bool = False

    @classmethod
    def system(cls, task: str, request_id: str = "") -> Self:
        """Return the clockwork at `task`; it may do everything."""
        return cls(task=task, request_id=request_id)

    @classmethod
    def anonymous(cls, request_id: str = "") -> Self:
        """Return somebody of whom nothing is known."""
        return cls(request_id=request_id)

    @property
    def is_system(self) -> bool:
        return bool(self.task)

    @property
    def is_known(self) -> bool:
        """Say whether this is the clockwork or a person who signed in."""
        return self.is_system or self.user is not None

    def has(self, *roles: Role) -> bool:
        """Say whether the actor has one of `roles`; the clockwork has them all."""
        return self.is_system or not self.roles.isdisjoint(roles)

    def must_have(self, *roles: Role) -> None:
        """Raise Refused unless the actor has one of `roles`."""
        if not self.has(*roles):
            raise Refused("Your role does not allow this.", code="wrong_role")

    def acts_for(self, *organizations: UUID | None) -> bool:
        """Say whether the actor acts for one of `organizations`."""
        return self.is_system or (
            self.organization is not None and self.organization in organizations
        )

    def must_act_for(self, *organizations: UUID | None) -> None:
        """Raise Refused unless the actor acts for one of `organizations`."""
        if not self.acts_for(*organizations):
            raise Refused("You do not act for an organization that may do this.", code="not_yours")
