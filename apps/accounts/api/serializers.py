"""The shapes in which people, organizations and keys travel."""

from rest_framework import serializers

from apps.accounts.models import ApiKey, Membership, Organization
from apps.base.api.serializers import CodeField, Input, Moment, TermChoice
from marketplace.actors import OFFICE_ROLES, SCOPES, Actor, Role
from marketplace.organizations import OrganizationKind


class SignUpInput(Input):
    """What a new person gives."""

    username = serializers.RegexField(r"^[A-Za-z0-9][A-Za-z0-9._-]{2,49}$")
    name = serializers.CharField(max_length=80)
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)


class SignInInput(Input):
    """What a person signs in with."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)


class PersonSerializer(serializers.Serializer[object]):
    """A person."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()


class HeldRoleSerializer(serializers.Serializer[object]):
    """A role in an organization."""

    organization = serializers.UUIDField(source="organization_id")
    organization_name = serializers.CharField(source="organization.name")
    role = TermChoice(Role)


class SessionSerializer(serializers.Serializer[object]):
    """Who is signed in, for whom they can act, and for whom they act now."""

    person = PersonSerializer()
    acting_for = serializers.UUIDField(allow_null=True)
    memberships = HeldRoleSerializer(many=True)
    csrf_token = serializers.CharField()


class OrganizationInput(Input):
    """What a new organization gives."""

    name = serializers.CharField(max_length=200)
    kind = TermChoice(OrganizationKind)
    credit_code = serializers.CharField(max_length=40)
    region = serializers.CharField(max_length=40)


class OrganizationSerializer(serializers.ModelSerializer[Organization]):
    """An organization."""

    kind = TermChoice(OrganizationKind, read_only=True)
    region = CodeField(source="region_id")
    is_verified = serializers.SerializerMethodField()
    is_vetted = serializers.SerializerMethodField(
        help_text="For dual-use things; null where it is none of the reader's business."
    )

    class Meta:
        model = Organization
        fields = [
            "id",
            "version",
            "name",
            "kind",
            "credit_code",
            "region",
            "is_verified",
            "is_vetted",
        ]

    def get_is_verified(self, organization: Organization) -> bool:
        return organization.verified_at is not None

    def get_is_vetted(self, organization: Organization) -> bool | None:
        reader: Actor = self.context["view"].actor
        if not (reader.has(*OFFICE_ROLES) or reader.acts_for(organization.pk)):
            return None
        return organization.vetted_at is not None


class MembershipInput(Input):
    """Whom to give which role."""

    username = serializers.CharField(max_length=150)
    organization = serializers.UUIDField()
    role = TermChoice(Role)


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    """A membership."""

    person = PersonSerializer(source="user", read_only=True)
    role = TermChoice(Role, read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "version", "person", "organization", "role", "created_at", "ended_at"]
        read_only_fields = fields


class ApiKeyInput(Input):
    """What a new key is to be allowed."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(SCOPES)), min_length=1, max_length=len(SCOPES)
    )
    expires_at = Moment()


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key, without the key itself."""

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "version",
            "name",
            "beginning",
            "organization",
            "scopes",
            "created_at",
            "expires_at",
            "revoked_at",
        ]
        read_only_fields = fields


class NewApiKeySerializer(ApiKeySerializer):
    """A key with the key itself, shown once."""

    key = serializers.CharField(read_only=True)

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]
        read_only_fields = fields
