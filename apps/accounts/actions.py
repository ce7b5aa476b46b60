"""Everything that can be done to people, organizations, memberships and keys."""

import secrets
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership, Organization, User
from apps.journal.actions import record
from apps.taxonomy.queries import resolve
from marketplace.actors import OFFICE_ROLES, Actor, Role
from marketplace.calendar import day_of
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.organizations import OrganizationKind, credit_code, must_suit
from marketplace.people import must_be_a_possible_key
from marketplace.taxonomy import Subject


@transaction.atomic
def sign_up(*, username: str, name: str, password: str, by: Actor) -> User:
    """Make an account for a person who has none."""
    user = User(username=username, name=name)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            " ".join(error.messages).replace("{", "").replace("}", ""),
            code="weak_password",
            field="password",
        ) from error
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        # Asked before, two could hear that it is free.
        raise Conflict(
            "This user name is taken.", code="username_taken", field="username"
        ) from error
    record("person.signed_up", user, by=by)
    return user


@transaction.atomic
def register_organization(
    *, name: str, kind: OrganizationKind, credit_code_text: str, region: str, by: Actor
) -> Organization:
    """Enter an organization; who enters it becomes its manager, and an office has none."""
    if by.user is None or kind is OrganizationKind.OFFICE:
        raise Refused("An office is founded by the operators of the market.", code="wrong_kind")
    organization = Organization.objects.create(
        name=name,
        kind=kind,
        credit_code=credit_code(credit_code_text),
        region=resolve(Subject.REGION, region, on=day_of(timezone.now()), field="region"),
    )
    Membership.objects.create(
        user_id=by.user, organization=organization, role=Role.ORGANIZATION_MANAGER
    )
    record("organization.registered", organization, by=by, parties=[organization.pk], kind=kind)
    return organization


@transaction.atomic
def found_office(
    *, name: str, credit_code_text: str, region: str, administrator: User, by: Actor
) -> Organization:
    """Enter an office that runs the market, verified, with its first administrator."""
    if not by.is_system:
        raise Refused("An office is founded by the operators of the market.", code="wrong_kind")
    now = timezone.now()
    office = Organization.objects.create(
        name=name,
        kind=OrganizationKind.OFFICE,
        credit_code=credit_code(credit_code_text),
        region=resolve(Subject.REGION, region, on=day_of(now), field="region"),
        verified_at=now,
        verified_by=administrator,
    )
    Membership.objects.create(user=administrator, organization=office, role=Role.ADMINISTRATOR)
    administrator.is_staff = True
    administrator.store("is_staff")
    record("office.founded", office, by=by, parties=[office.pk])
    return office


@transaction.atomic
def verify(organization: Organization, *, by: Actor, expected: int | None = None) -> Organization:
    """Confirm that an organization is what it says."""
    organization = Organization.objects.locked(organization, by=by, expected=expected)
    by.must_have(Role.ADMINISTRATOR)
    if by.user is None:
        raise Refused("This is done by a person.", code="no_person")
    if organization.verified_at is not None:
        raise Conflict("This organization is verified already.", code="verified_already")
    if Membership.objects.current().filter(organization=organization, user=by.user).exists():
        raise Refused("Nobody verifies an organization of their own.", code="own_organization")
    organization.verified_at = timezone.now()
    organization.verified_by = User.objects.get(pk=by.user)
    organization.store("verified_at", "verified_by")
    record("organization.verified", organization, by=by, parties=[organization.pk])
    return organization


@transaction.atomic
def vet(organization: Organization, *, by: Actor, expected: int | None = None) -> Organization:
    """Let the people of an organization know of dual-use things (军民两用)."""
    organization = Organization.objects.locked(organization, by=by, expected=expected)
    officer = _secrecy_officer_for(organization, by)
    if organization.verified_at is None:
        raise Conflict("Only a verified organization can be vetted.", code="not_verified")
    if organization.vetted_at is not None:
        raise Conflict("This organization is vetted already.", code="vetted_already")
    organization.vetted_at, organization.vetted_by = timezone.now(), officer
    _store_vetting(organization)
    record("organization.vetted", organization, by=by, parties=[organization.pk])
    return organization


@transaction.atomic
def unvet(organization: Organization, *, by: Actor, expected: int | None = None) -> Organization:
    """Keep dual-use things from the people of an organization again."""
    organization = Organization.objects.locked(organization, by=by, expected=expected)
    _secrecy_officer_for(organization, by)
    if organization.vetted_at is None:
        raise Conflict("This organization is not vetted.", code="not_vetted")
    organization.vetted_at = organization.vetted_by = None
    _store_vetting(organization)
    record("organization.unvetted", organization, by=by, parties=[organization.pk])
    return organization


@transaction.atomic
def grant(user: User, organization: Organization, *, role: Role, by: Actor) -> Membership:
    """Give a person a role in an organization."""
    organization = Organization.objects.locked(organization, by=by)
    user = _held(user.pk)
    _must_manage(organization, by)
    must_suit(organization.kind, role)
    membership = Membership.objects.create(user=user, organization=organization, role=role)
    _follow_roles(user)
    record("membership.granted", membership, by=by, parties=[organization.pk], role=role)
    return membership


@transaction.atomic
def end(membership: Membership, *, by: Actor, expected: int | None = None) -> Membership:
    """Take a role back from a person, or lay it down oneself; the last administrator stays."""
    # Before the membership: who grants the same role holds the person, and waits for that row.
    user = _held(membership.user_id)
    administrators = _held_administrators() if membership.role is Role.ADMINISTRATOR else []
    membership = Membership.objects.locked(membership, by=by, expected=expected)
    if membership.user_id != by.user:
        _must_manage(membership.organization, by)
    if membership.ended_at is not None:
        raise Conflict("This membership has ended already.", code="ended_already")
    if administrators == [membership.pk]:
        raise Conflict("The last administrator cannot be removed.", code="last_administrator")
    membership.ended_at = timezone.now()
    membership.store("ended_at")
    _follow_roles(user)
    record(
        "membership.ended",
        membership,
        by=by,
        parties=[membership.organization_id],
        role=membership.role,
    )
    return membership


@transaction.atomic
def create_key(
    *, name: str, scopes: Collection[str], expires_at: datetime, by: Actor
) -> tuple[ApiKey, str]:
    """Make an API key for oneself in the organization one acts for; the key is told only now."""
    now = timezone.now()
    must_be_a_possible_key(scopes, expires_at=expires_at, now=now, by=by)
    if by.user is None:
        raise Refused("Only a person has keys.", code="not_signed_in")
    secret = f"tm_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        user_id=by.user,
        organization_id=by.organization,
        name=name,
        beginning=secret[:8],
        digest=sha256(secret.encode()).hexdigest(),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    record("api_key.created", key, by=by, parties=[by.organization], scopes=key.scopes)
    return key, secret


@transaction.atomic
def revoke(key: ApiKey, *, by: Actor, expected: int | None = None) -> ApiKey:
    """Make an API key useless for ever."""
    key = ApiKey.objects.locked(key, by=by, expected=expected)
    if key.revoked_at is not None:
        raise Conflict("This key is revoked already.", code="revoked_already")
    key.revoked_at = timezone.now()
    key.store("revoked_at")
    record("api_key.revoked", key, by=by, parties=[key.organization_id])
    return key


def _secrecy_officer_for(organization: Organization, by: Actor) -> User:
    """Return the person that `by` is; raise Refused unless he may vet `organization`."""
    by.must_have(Role.SECRECY_OFFICER)
    if by.user is None:
        raise Refused("This is done by a person.", code="no_person")
    own = Membership.objects.current().filter(organization=organization, user=by.user)
    # The officer of an office answers for its own people: often there is no other office.
    if organization.kind is not OrganizationKind.OFFICE and own.exists():
        raise Refused("Nobody vets an organization of their own.", code="own_organization")
    return User.objects.get(pk=by.user)


def _store_vetting(organization: Organization) -> None:
    """Write who vetted; the version, which everybody sees, would tell that somebody did."""
    organization.save(update_fields=["vetted_at", "vetted_by", "updated_at"])


def _held(user: UUID) -> User:
    """Return a person, held until the transaction ends; others may still point at them."""
    return User.objects.select_for_update(no_key=True).get(pk=user)


def _held_administrators() -> list[UUID]:
    """Return the memberships of all administrators, held so that not two of them end at once."""
    held = Membership.objects.current().select_for_update(no_key=True)
    return list(held.filter(role=Role.ADMINISTRATOR).order_by("pk").values_list("pk", flat=True))


def _must_manage(organization: Organization, by: Actor) -> None:
    """Raise Refused unless `by` is an administrator, or the manager of `organization`."""
    if by.has(Role.ADMINISTRATOR):
        return
    by.must_have(Role.ORGANIZATION_MANAGER)
    by.must_act_for(organization.pk)


def _follow_roles(user: User) -> None:
    """Open or close the console to `user` as the roles say."""
    is_staff = Membership.objects.current().filter(user=user, role__in=OFFICE_ROLES).exists()
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.store("is_staff")
