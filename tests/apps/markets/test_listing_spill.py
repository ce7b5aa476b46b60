"""Should something slip in that must not, one action closes every way to it at once."""

import json
from io import BytesIO

import pytest
from django.db import connection

from apps.base.models import StoredAnswer
from apps.documents import actions as documents
from apps.documents.models import Document
from apps.journal.models import Entry
from apps.journal.queries import unsealed, walk_chain
from apps.journal.readers import take as link
from apps.markets.models import Listing, terms_of
from apps.markets.readers import take
from apps.markets.tasks import settle_doubts
from apps.pools.models import Project
from apps.reviews import actions as reviews
from apps.reviews.models import Attachment, Submission, Wording
from marketplace.errors import Conflict, Invalid, Missing, Refused
from marketplace.listings import CooperationMode, Exclusivity, ListingState
from marketplace.pools import PoolState
from marketplace.reviews import AttachmentPurpose
from marketplace.secrecy import Secrecy
from tests.build import markets as build_markets
from tests.build import pools as build_pools

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db
SECRET = "不可外泄之辞"


@pytest.fixture
def leaky(as_researcher, as_reviewer) -> Listing:
    """Return a published listing with the secret in every word, a change that waits, and a file."""
    listing = build_markets.need(
        by=as_researcher,
        reviewer=as_reviewer,
        title=f"标题{SECRET}",
        body=SECRET,
        keywords=[SECRET],
        confidential=SECRET,
        external_reference=SECRET,
        blocks=[{"heading": SECRET, "text": SECRET, "secrecy": Secrecy.PUBLIC}],
        indicators=[{**build_markets.INDICATOR, "condition": SECRET}],
        cooperation_modes=[CooperationMode.LICENCE],
        terms={"acceptance": SECRET, "exclusivity": Exclusivity.SOLE},
    )
    document = documents.store(
        BytesIO(b"%PDF-1.7\n" + b"x" * 600 + b"\n%%EOF\n"),
        name=f"{SECRET}.pdf",
        cleared_by="韩保密",
        by=as_researcher,
    )
    reviews.attach(
        listing,
        document,
        purpose=AttachmentPurpose.DESCRIPTION,
        secrecy=Secrecy.PUBLIC,
        by=as_researcher,
    )
    return build_markets.with_change(listing, by=as_researcher, title=f"新{SECRET}")


def everything_kept() -> str:
    """Return all rows of all tables as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')  # noqa: S608
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_a_spill_erases_every_word_and_closes_every_way(
    leaky, as_researcher, as_reviewer, as_secrecy_officer
):
    StoredAnswer.objects.create(
        key=b"1" * 32, request_hash=b"2" * 32, status=200, body=json.dumps({"id": str(leaky.pk)})
    )
    assert SECRET in everything_kept()
    reviews.spill(leaky, reason="误填", by=as_secrecy_officer)
    assert SECRET not in everything_kept()
    row = Listing.objects.get(pk=leaky.pk)
    assert (row.state, row.title, row.waiting, row.project) == ("sealed", "", None, None)
    assert terms_of(row).exclusivity is None
    assert {str(wording.words) for wording in Wording.objects.of(row)} == {"{}"}
    assert not Submission.objects.open().of(row).exists()
    assert not Attachment.objects.of(row).exists()
    assert not Document.objects.readable().exists()
    assert not StoredAnswer.objects.exists()
    for by in (as_researcher, as_reviewer, as_secrecy_officer):
        assert not Listing.objects.visible_to(by).filter(pk=row.pk).exists()
        with pytest.raises(Missing):
            reviews.change(row, {"title": "B"}, by=by)


def test_the_journal_of_what_was_spilled_still_verifies(leaky, as_secrecy_officer):
    proposed = Entry.objects.get(verb="listing.change_proposed")
    assert SECRET in str(unsealed(proposed))
    reviews.spill(leaky, reason="误填", by=as_secrecy_officer)
    assert unsealed(proposed) is None
    entry = Entry.objects.get(verb="listing.spilled")
    assert (entry.facts, entry.sealed) == ({}, None)
    link(list(Entry.objects.order_by("pk")))
    chain = walk_chain()
    assert (chain.first_break, chain.unlinked) == (None, 0)


def test_only_a_secrecy_officer_spills_and_says_why(
    leaky, as_researcher, as_reviewer, as_administrator, as_secrecy_officer
):
    for by in (as_researcher, as_reviewer, as_administrator):
        with pytest.raises(Refused):
            reviews.spill(leaky, reason="误填", by=by)
    with pytest.raises(Invalid):
        reviews.spill(leaky, reason=" ", by=as_secrecy_officer)
    leaky.refresh_from_db()
    assert leaky.state is ListingState.PUBLISHED


@pytest.mark.parametrize("state", sorted(set(ListingState) - {ListingState.SEALED}))
def test_a_listing_is_spilled_from_every_state(
    state, as_researcher, as_reviewer, as_secrecy_officer
):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer, state=state)
    assert reviews.spill(listing, reason="误填", by=as_secrecy_officer).state == "sealed"
    with pytest.raises((Conflict, Missing)):
        reviews.spill(listing, reason="误填", by=as_secrecy_officer)


def test_an_entry_is_spilled_with_everything_that_points_at_it(
    as_researcher, as_reviewer, as_secrecy_officer
):
    project = build_pools.project(by=as_researcher, reviewer=as_reviewer)
    pointing = [
        build_markets.offer(by=as_researcher, reviewer=as_reviewer, state=state, project=project.pk)
        for state in (ListingState.PUBLISHED, ListingState.DRAFT, ListingState.WITHDRAWN)
    ]
    other = build_markets.need(by=as_researcher, reviewer=as_reviewer)
    with pytest.raises(Refused):
        reviews.spill(project, reason="误填", by=as_reviewer)
    entry = reviews.spill(project, reason="误填", by=as_secrecy_officer)
    assert entry.state == "sealed"
    told = Entry.objects.get(verb="project.listings_spilled")
    assert set(told.facts["listings"]) == {str(listing.pk) for listing in pointing}
    rows = Listing.objects.filter(pk__in=[listing.pk for listing in pointing])
    assert {row.state for row in rows} == {"sealed"}
    other.refresh_from_db()
    assert other.state == "published"


def test_what_points_at_a_spilled_entry_is_sealed_by_the_clock(as_researcher, as_reviewer):
    listing = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    # As if it had come onto the market at the very moment in which its project was spilled.
    Project.objects.filter(pk=listing.project_id).update(state=PoolState.SEALED)
    take(list(Entry.objects.order_by("pk")))
    assert settle_doubts() == 1
    listing.refresh_from_db()
    assert listing.state is ListingState.SEALED
