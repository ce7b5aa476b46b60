"""The value ledger, and which of its entries no figure holds yet."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.base.fields import TermField, said
from apps.base.models import append_only
from apps.contracts.models.contract import Contract
from marketplace import statistics
from marketplace.contracts import ContractType, LedgerCause

#: The forms of the codes, as the whole of a text.
REGION, FIELD = (f"^{form.pattern}$" for form in (statistics.REGION, statistics.FIELD))


class LedgerEntry(models.Model):
    """
    One change of a contract's value, with a frozen copy of every dimension it counts under.

    Entries are never changed and never removed; a correction is a new entry. What a contract is
    worth is the sum of its entries. There is no foreign key to an entry.
    """

    id = models.BigAutoField(primary_key=True)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="entries")
    cause = TermField(LedgerCause)
    #: The day on which the change counts, in Asia/Shanghai.
    effective_on = models.DateField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    #: By how much the number of contracts changes: +1, 0 or −1.
    count = models.SmallIntegerField()
    #: 成交额
    total_amount = models.DecimalField(max_digits=18, decimal_places=2)
    #: 技术交易额
    recognised_amount = models.DecimalField(max_digits=18, decimal_places=2)
    contract_type = TermField(ContractType)
    field = models.CharField(max_length=40)
    #: Region of the seller who registers, six digits of GB/T 2260.
    seller_region = models.CharField(max_length=40)
    #: Region of the first buyer.
    buyer_region = models.CharField(max_length=40)
    office = models.UUIDField()
    rule_pack = models.CharField(max_length=60)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.CheckConstraint(
                condition=Q(cause__in=LedgerCause.values()), name="ledger_entry_cause_is_known"
            ),
            models.CheckConstraint(
                condition=Q(contract_type__in=ContractType.values()),
                name="ledger_entry_contract_type_is_known",
            ),
            models.CheckConstraint(
                condition=Q(count__range=(-1, 1)), name="ledger_entry_is_about_one_contract"
            ),
            # Codes without foreign keys: figures add up by them, and ask for them by their form.
            models.CheckConstraint(
                condition=Q(seller_region__regex=REGION, buyer_region__regex=REGION),
                name="ledger_entry_regions_have_six_digits",
            ),
            models.CheckConstraint(
                condition=Q(field__regex=FIELD), name="ledger_entry_field_has_its_form"
            ),
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(cause="registration"),
                name="ledger_entry_registers_once",
            ),
        ]
        triggers = [
            append_only("ledger_entry_append_only"),
            pgtrigger.Trigger(
                name="ledger_entry_is_to_be_folded",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func=("INSERT INTO contracts_unfolded (entry_id) VALUES (NEW.id); RETURN NULL;"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.effective_on} {said(self.cause)} {self.total_amount}"


class Unfolded(models.Model):
    """
    A ledger entry that no figure holds yet.

    The database writes the row with the entry; who folds the entry removes it, in one transaction.
    """

    entry_id = models.BigIntegerField(primary_key=True)

    class Meta:
        verbose_name_plural = "unfolded"

    def __str__(self) -> str:
        return str(self.entry_id)
