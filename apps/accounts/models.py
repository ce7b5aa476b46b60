"""People, the organizations they act for, and the keys of their programs."""

from typing import ClassVar, Self
from uuid import UUID

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from apps.base.fields import TermField, said
from apps.base.models import Record, RecordQuerySet
from apps.taxonomy.models import Code
from marketplace.actors import Actor, Role
from marketplace.errors import Refused
from marketplace.organizations import OrganizationKind


class User(AbstractUser, Record):
    """A person who can sign in."""

    # One name field: Chinese names do not divide into a first and a last one in forms.
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=80)

    objects: ClassVar[UserManager["User"]] = UserManager()  # type: ignore[assignment]
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def as_actor(self, *, organization: UUID | None = None, request_id: str = "") -> Actor:
        """
        Return the person acting for `organization`, or without one for the one joined first.

        Raise Refused where the person does not belong to `organization`.
        """
        rows = list(
            Membership.objects.current()
            .filter(user=self)
            .order_by("id")
            .values_list("organization_id", "role", "organization__vetted_at")
        )
        if organization is None and rows:
            organization = rows[0][0]
        held = [row for row in rows if row[0] == organization]
        if organization is not None and not held:
            raise Refused("You do not belong to that organization.", code="not_a_member")
        return Actor(
            user=self.pk,
            organization=organization,
            roles=frozenset(Role(role) for _, role, _ in held),
            request_id=request_id,
            is_vetted=any(vetted_at is not None for _, _, vetted_at in held),
        )

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name or self.username


class OrganizationQuerySet(RecordQuerySet["Organization"]):
    """Organizations."""

    def visible_to(self, actor: Actor) -> Self:
        """Return verified organizations, and to their own people and administrators the others."""
        if actor.has(Role.ADMINISTRATOR):
            return self
        own = Membership.objects.filter(organization=OuterRef("pk"), user=actor.user, ended_at=None)
        return self.filter(Q(verified_at__isnull=False) | Exists(own))


class Organization(Record):
    """A university, institute, company, brokerage, fund or office that takes part in the market."""

    name = models.CharField(max_length=200)
    kind = TermField(OrganizationKind)
    #: Unified social credit code (统一社会信用代码), 18 characters.
    credit_code = models.CharField(max_length=18)
    region = models.ForeignKey(Code, models.PROTECT, related_name="+")
    verified_at = models.DateTimeField(null=True, editable=False)
    verified_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    #: Since when its people may know of dual-use things (军民两用).
    vetted_at = models.DateTimeField(null=True, editable=False)
    vetted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code"],
                name="organization_credit_code_is_its_own",
                violation_error_code="credit_code_taken",
                violation_error_message="An organization with this credit code is there already.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OrganizationKind.values()), name="organization_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(credit_code__regex=r"^[0-9A-HJ-NPQRTUWXY]{18}$"),
                name="organization_credit_code_has_its_form",
            ),
            models.CheckConstraint(
                condition=Q(verified_at=None, verified_by=None)
                | Q(verified_at__isnull=False, verified_by__isnull=False),
                name="organization_is_verified_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(vetted_at=None, vetted_by=None)
                | Q(vetted_at__isnull=False, vetted_by__isnull=False),
                name="organization_is_vetted_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(vetted_at=None) | Q(verified_at__isnull=False),
                name="organization_is_verified_before_it_is_vetted",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(RecordQuerySet["Membership"]):
    """Memberships."""

    def current(self) -> Self:
        """Return the memberships that have not ended."""
        return self.filter(ended_at=None)

    def visible_to(self, actor: Actor) -> Self:
        """Return one's own, those of the organization one manages, or all to administrators."""
        if actor.has(Role.ADMINISTRATOR):
            return self
        if actor.has(Role.ORGANIZATION_MANAGER):
            return self.filter(Q(user=actor.user) | Q(organization=actor.organization))
        return self.filter(user=actor.user)


class Membership(Record):
    """A person's role in an organization."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="memberships")
    role = TermField(Role)
    ended_at = models.DateTimeField(null=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organization", "role"],
                condition=Q(ended_at=None),
                name="membership_role_is_held_once",
                violation_error_code="role_held_already",
                violation_error_message="This person has this role there already.",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values()), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.organization}, {said(self.role)}"


class ApiKeyQuerySet(RecordQuerySet["ApiKey"]):
    """API keys."""

    def visible_to(self, actor: Actor) -> Self:
        """Return one's own keys."""
        return self.filter(user=actor.user)


class ApiKey(Record):
    """
    A key with which a program acts for a person in one organization.

    The key itself is 256 random bits and is shown once; kept is only its SHA-256.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="api_keys")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=80)
    #: The first characters of the key, so that its owner can tell his keys apart.
    beginning = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="api_key_expires_after_its_making"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"
