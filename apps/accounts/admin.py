"""People and organizations as the officers see them."""

from typing import ClassVar

from django.contrib import admin

from apps.accounts import actions
from apps.accounts.models import Membership, Organization, User
from apps.base.admin import ConsoleMove, ReadOnlyAdmin, RecordAdmin
from marketplace.actors import Role


@admin.register(User)
class UserAdmin(ReadOnlyAdmin[User]):
    """People."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["username", "name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_staff", "is_active"]
    search_fields = ["username", "name"]
    fields = ["username", "name", "is_active", "is_staff", "date_joined", "last_login"]


@admin.register(Organization)
class OrganizationAdmin(RecordAdmin[Organization]):
    """Organizations: administrators verify them, secrecy officers vet them."""

    list_display = ["name", "kind", "credit_code", "region", "verified_at", "vetted_at"]
    list_filter = [
        "kind",
        ("verified_at", admin.EmptyFieldListFilter),
        ("vetted_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["region"]
    search_fields = ["name", "credit_code"]
    readonly_fields = ["verified_at", "vetted_at", "created_at"]
    fields = [
        *("name", "kind", "credit_code", "region", "verified_at", "verified_by"),
        *("vetted_at", "vetted_by", "created_at"),
    ]
    console_moves: ClassVar = [
        ConsoleMove("verify", actions.verify),
        ConsoleMove("vet", actions.vet),
        ConsoleMove("unvet", actions.unvet),
    ]

    def open_moves(self, row: Organization) -> list[ConsoleMove]:
        name = "unvet" if row.vetted_at else "vet" if row.verified_at else "verify"
        return [move for move in self.console_moves if move.name == name]


@admin.register(Membership)
class MembershipAdmin(RecordAdmin[Membership]):
    """Who has which role where."""

    roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["user", "organization", "role", "created_at", "ended_at"]
    list_filter = ["role"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__username", "organization__name"]
    console_moves: ClassVar = [ConsoleMove("end", actions.end)]

    def open_moves(self, row: Membership) -> list[ConsoleMove]:
        return [] if row.ended_at else list(self.console_moves)
