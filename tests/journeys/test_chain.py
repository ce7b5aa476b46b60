"""The whole chain over HTTP: achievement and need become a registered contract and a figure."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from apps.contracts.models import Contract, LedgerEntry
from apps.deals.tasks import drop_orphans
from apps.journal.models import Entry
from apps.journal.tasks import tell_readers
from apps.matching.tasks import rematch
from apps.statistics.models import Figure
from apps.statistics.tasks import fold
from config import demonstration
from marketplace.calendar import day_of


@pytest.fixture
def clockwork() -> Iterator[None]:
    """Let the clock come round, as worker and beat do, until the test is over."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.05):
            tell_readers()
            rematch()
            drop_orphans()
            fold()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("clockwork")
def test_an_achievement_and_a_need_become_a_registered_contract_and_its_figure(live_server):
    demonstration.load(day_of(timezone.now()))
    said = StringIO()
    call_command("demo", base_url=live_server.url, stdout=said)
    assert "指标增量与合同核定技术交易额一致" in said.getvalue()
    contract = Contract.objects.get(deal__isnull=False)
    assert (contract.number[4:], contract.recognised_amount) == ("610101000003", Decimal(1000000))
    assert contract.first_reviewer_id != contract.second_reviewer_id
    entry = LedgerEntry.objects.get(contract=contract)
    figure = Figure.objects.get(contract_type="development", field="03", buyer_region="440300")
    assert (figure.count, figure.recognised_value) == (1, entry.recognised_amount)
    told = list(
        Entry.objects.filter(subject_id__in=[contract.pk, contract.deal_id])
        .order_by("id")
        .values_list("verb", flat=True)
    )
    assert told == [
        "deal.introduced",
        "deal.talks_opened",
        "deal.price_proposed",
        "deal.agreed",
        "deal.contracted",
        "contract.drawn_up",
        "contract.submitted",
        "contract.accepted",
        "contract.reviewed",
        "contract.registered",
    ]
    proof = StringIO()
    call_command("verify_figures", stdout=proof)
    assert "0 differences" in proof.getvalue()


@pytest.mark.django_db
def test_the_demonstration_loads_once_and_only_where_it_may(settings):
    settings.DEMONSTRATION = True
    said = StringIO()
    call_command("load_demo", stdout=said)
    entries = Entry.objects.count()
    call_command("load_demo", stdout=said)
    assert Entry.objects.count() == entries
    assert "second_reviewer" in said.getvalue()
    settings.DEMONSTRATION = False
    with pytest.raises(CommandError, match="no place here"):
        call_command("load_demo")


def test_the_walk_says_so_where_no_market_answers():
    with pytest.raises(CommandError, match="make run"):
        call_command("demo", base_url="http://127.0.0.1:9")
