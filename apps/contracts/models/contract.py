"""Technology contracts and who signs them."""

from functools import reduce
from operator import or_
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization, User
from apps.base.fields import IdField, TermField
from apps.base.models import Record, RecordQuerySet, life_cycle
from apps.deals.models import Deal
from apps.taxonomy.models import Code
from marketplace.actors import Actor, Role
from marketplace.contracts import (
    CONTRACT,
    OPEN_STATES,
    ContractState,
    ContractType,
    PartySide,
    RefusalGround,
    states_requiring,
)
from marketplace.money import YUAN


class ContractQuerySet(RecordQuerySet["Contract"]):
    """Contracts."""

    def visible_to(self, actor: Actor) -> Self:
        """
        Return the contracts `actor` may know of.

        Its own people see all of their organization's; the parties named in it and the office see
        it from its submission on, and so do administrators; statisticians what is registered.
        """
        if actor.is_system:
            return self
        if actor.organization is None:
            return self.none()
        named = ContractParty.objects.filter(
            contract=OuterRef("pk"), organization=actor.organization
        )
        others = Q(Exists(named))
        if actor.has(Role.REVIEWER):
            others |= Q(office=actor.organization)
        if actor.has(Role.ADMINISTRATOR):
            others = Q()
        seen = Q(applicant=actor.organization) | (Q(submitted_at__isnull=False) & others)
        if actor.has(Role.STATISTICIAN):
            seen |= Q(state=ContractState.REGISTERED)
        return self.filter(seen)

    def awaiting(self, actor: Actor) -> Self:
        """Return the contracts that wait for a move of this reviewer."""
        return self.filter(
            ~Q(author=actor.user) & ~Q(first_reviewer=actor.user),
            office=actor.organization,
            state__in=[
                ContractState.SUBMITTED,
                ContractState.ACCEPTED,
                ContractState.FIRST_REVIEWED,
            ],
        )


#: What of a contract the register holds fast once it is in.
FIXED = (
    "deal",
    "title",
    "contract_type",
    "field",
    "signed_on",
    "starts_on",
    "ends_on",
    "currency",
    "total_amount",
    "deduction_amount",
    "technical_amount",
    "recognised_amount",
    "applicant",
    "author",
    "office",
    "number",
    "registered_on",
    "registered_at",
    "rule_pack",
    "first_reviewer",
    "second_reviewer",
    "imported_from",
)


def _has(field: str) -> models.CheckConstraint:
    """Return the constraint that `field` is there from the state on that requires it."""
    states = states_requiring(field)
    return models.CheckConstraint(
        condition=~Q(state__in=[state.value for state in states]) | Q((f"{field}__isnull", False)),
        name=f"contract_{states[0].value}_has_{field}",
    )


class Contract(Record):
    """A technology contract on its way into the register, and in it."""

    deal = models.ForeignKey(Deal, models.PROTECT, null=True, related_name="contracts")
    title = models.CharField(_("title"), max_length=200)
    contract_type = TermField(ContractType, verbose_name=_("contract type"))
    #: The technology field (技术领域).
    field = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")
    signed_on = models.DateField(_("signed on"), null=True)
    starts_on = models.DateField(_("starts on"), null=True)
    ends_on = models.DateField(_("ends on"), null=True)
    currency = models.CharField(max_length=3, default=YUAN)
    #: 合同成交额
    total_amount = models.DecimalField(_("total amount"), max_digits=18, decimal_places=2)
    #: 非技术性费用: equipment, parts and materials
    deduction_amount = models.DecimalField(
        _("deduction"), max_digits=18, decimal_places=2, default=0
    )
    #: 技术交易额 as the applicant computes it
    technical_amount = models.DecimalField(_("technical amount"), max_digits=18, decimal_places=2)
    #: 技术交易额 as the reviewers recognise it
    recognised_amount = models.DecimalField(
        _("recognised amount"), max_digits=18, decimal_places=2, null=True
    )
    applicant = models.ForeignKey(
        Organization,
        models.PROTECT,
        related_name="contracts_applied_for",
        verbose_name=_("applicant"),
    )
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    office = models.ForeignKey(
        Organization, models.PROTECT, related_name="contracts_to_register", verbose_name=_("office")
    )
    state = TermField(ContractState, default=CONTRACT.start, verbose_name=_("state"))
    submitted_at = models.DateTimeField(null=True)
    #: The day from which the office's time runs (受理日期); a supplement sets it anew.
    accepted_on = models.DateField(null=True)
    first_reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    second_reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    review_note = models.TextField(blank=True, default="")
    refusal_ground: TermField[RefusalGround | None] = TermField(RefusalGround, null=True)
    #: The rule pack by which it was decided, or "cannot_tell".
    rule_pack = models.CharField(max_length=60, null=True)
    number = models.CharField(_("registration number"), max_length=16, null=True, unique=True)
    registered_on = models.DateField(_("registered on"), null=True, db_index=True)
    registered_at = models.DateTimeField(null=True)
    imported_from = models.CharField(max_length=80, blank=True, default="")

    objects = ContractQuerySet.as_manager()

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        indexes = [
            models.Index(fields=["office", "state", "id"], name="contract_queue"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ContractState.values()), name="contract_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(contract_type__in=ContractType.values()),
                name="contract_type_is_known",
            ),
            models.CheckConstraint(
                condition=Q(refusal_ground=None) | Q(refusal_ground__in=RefusalGround.values()),
                name="contract_refusal_ground_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | Q(refusal_ground__isnull=False),
                name="contract_refused_has_refusal_ground",
            ),
            models.UniqueConstraint(
                fields=["deal"],
                condition=~Q(state__in=["refused", "withdrawn"]),
                name="contract_is_the_only_one_of_its_deal",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="contract_has_title"),
            models.CheckConstraint(condition=Q(currency=YUAN), name="contract_is_in_yuan"),
            models.CheckConstraint(
                condition=Q(total_amount__gte=0, deduction_amount__gte=0, technical_amount__gte=0),
                name="contract_amounts_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(technical_amount=F("total_amount") - F("deduction_amount")),
                name="contract_technical_is_total_less_deduction",
            ),
            models.CheckConstraint(
                condition=Q(recognised_amount=None)
                | Q(recognised_amount__gte=0, recognised_amount__lte=F("total_amount")),
                name="contract_recognised_is_within_total",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(starts_on__lte=F("ends_on")),
                name="contract_starts_before_it_ends",
            ),
            models.CheckConstraint(
                condition=Q(registered_on=None)
                | Q(signed_on__isnull=False, signed_on__lte=F("registered_on")),
                name="contract_is_signed_before_registered",
            ),
            models.CheckConstraint(
                condition=Q(number=None) | Q(number__regex=r"^\d{16}$"),
                name="contract_number_has_16_digits",
            ),
            # A check passes on NULL, so each reviewer that is compared must be there.
            models.CheckConstraint(
                condition=Q(first_reviewer=None) | ~Q(first_reviewer=F("author")),
                name="contract_author_is_no_first_reviewer",
            ),
            models.CheckConstraint(
                condition=Q(second_reviewer=None)
                | (
                    Q(first_reviewer__isnull=False)
                    & ~Q(second_reviewer=F("author"))
                    & ~Q(second_reviewer=F("first_reviewer"))
                ),
                name="contract_second_reviewer_is_a_third_person",
            ),
            *(
                _has(field)
                for field in (
                    "field",
                    "signed_on",
                    "starts_on",
                    "ends_on",
                    "submitted_at",
                    "accepted_on",
                    "recognised_amount",
                    "first_reviewer",
                    "second_reviewer",
                    "number",
                    "registered_on",
                    "registered_at",
                    "rule_pack",
                )
            ),
        ]
        triggers = [
            *life_cycle(CONTRACT, "contract"),
            pgtrigger.Protect(
                name="contract_registered_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=ContractState.REGISTERED.value)
                & reduce(
                    or_,
                    [pgtrigger.Q(**{f"old__{f}__df": pgtrigger.F(f"new__{f}")}) for f in FIXED],
                ),
            ),
            pgtrigger.Protect(name="contract_is_kept", operation=pgtrigger.Delete),
            # At the commit that registers it, the ledger must hold the contract's value.
            pgtrigger.Trigger(
                name="contract_registered_is_in_ledger",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(
                    old__state__df=pgtrigger.F("new__state"),
                    new__state=ContractState.REGISTERED.value,
                ),
                func=(
                    "IF NOT EXISTS (SELECT FROM contracts_ledgerentry e"
                    " WHERE e.contract_id = NEW.id"
                    " HAVING sum(e.count) = 1 AND sum(e.total_amount) = NEW.total_amount"
                    " AND sum(e.recognised_amount) = NEW.recognised_amount) THEN"
                    " RAISE EXCEPTION 'The ledger does not hold the value of contract %', NEW.id;"
                    " END IF; RETURN NULL;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ContractParty(models.Model):
    """
    Somebody who signs, as he was named then.

    The row is a snapshot: never changed, replaced only while the contract is open to changes.
    """

    id = IdField()
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="parties")
    side = TermField(PartySide)
    #: From 0, in the order of the contract, on each side.
    position = models.PositiveSmallIntegerField()
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=200)
    credit_code = models.CharField(max_length=18)
    region = models.ForeignKey(Code, models.PROTECT, related_name="+")
    #: What it is in law (卖方性质, 买方性质).
    nature = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("contract party")
        verbose_name_plural = _("contract parties")
        ordering = ["contract", "side", "position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(side__in=PartySide.values()), name="contract_party_side_is_known"
            ),
            models.UniqueConstraint(
                fields=["contract", "side", "position"], name="contract_party_has_its_place"
            ),
            models.UniqueConstraint(
                fields=["contract", "credit_code"], name="contract_party_is_named_once"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="contract_party_is_a_snapshot", operation=pgtrigger.Update),
            pgtrigger.Trigger(
                name="contract_party_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Delete,
                func=(
                    "IF EXISTS (SELECT FROM contracts_contract c"
                    " WHERE c.id = COALESCE(NEW.contract_id, OLD.contract_id)"
                    " AND c.imported_from = ''"
                    f" AND NOT c.state = ANY ('{{{','.join(sorted(OPEN_STATES))}}}'::text[]))"
                    " THEN RAISE EXCEPTION 'The parties of a submitted contract are fixed';"
                    " END IF; RETURN COALESCE(NEW, OLD);"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name
