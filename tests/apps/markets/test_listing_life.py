"""A listing led down random paths never stands where the life cycle does not allow."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from apps.journal.models import Entry
from apps.markets import actions
from apps.markets.models import Listing
from marketplace.actors import Actor
from marketplace.errors import MarketError
from marketplace.listings import LISTING, ListingState
from tests.build import markets as build_markets

#: What is recorded of each move.
VERBS = {
    "submit": "submitted",
    "publish": "published",
    "send_back": "sent_back",
    "refuse": "refused",
    "pause": "paused",
    "resume": "resumed",
    "withdraw": "withdrawn",
    "expire": "expired",
    "conclude": "concluded",
}


def test_every_move_is_recorded_in_words_of_its_own():
    assert set(VERBS) == set(LISTING.moves)
    assert len(set(VERBS.values())) == len(VERBS)


@pytest.fixture
def life(
    as_researcher, as_reviewer, as_stranger, as_anonymous
) -> tuple[type[RuleBasedStateMachine], set[ListingState]]:
    """Return the machine that leads a listing of the researcher about, and where it has been."""
    actors = {"owner": as_researcher, "reviewer": as_reviewer, "stranger": as_stranger}

    reached: set[ListingState] = set()

    class Life(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.savepoint = transaction.savepoint()
            self.listing = build_markets.need(
                by=as_researcher, reviewer=as_reviewer, state=ListingState.DRAFT
            )
            self.state, self.version = ListingState.DRAFT, 1
            self.verbs = ["listing.drafted"]

        @rule(
            deed=st.sampled_from(sorted(LISTING.moves)),
            who=st.sampled_from([*sorted(actors), "clock"]),
            is_stale=st.sampled_from([False, False, False, True]),
        )
        def attempt(self, deed: str, who: str, is_stale: bool) -> None:
            by = actors.get(who) or Actor.system("test")
            given: dict[str, Any] = {}
            if deed in ("send_back", "refuse"):
                given["reason"] = "缺少指标"
            try:
                getattr(actions, deed)(
                    self.listing, **given, by=by, expected=self.version - is_stale
                )
            except MarketError:
                return
            assert not is_stale
            assert who != "stranger"
            assert (who == "reviewer") == (deed in ("publish", "send_back", "refuse"))
            self.state = LISTING.after(self.state, deed)
            self.version += 1
            self.verbs.append(f"listing.{VERBS[deed]}")

        @rule(place=st.integers(0, 8))
        def go_on(self, place: int) -> None:
            """Make one of the open moves as the one who may; chance alone comes nowhere."""
            deeds = LISTING.moves_from(self.state)
            if not deeds:
                return
            deed = deeds[place % len(deeds)]
            if deed == "expire":
                build_markets.run_out(self.listing)
                who = "clock"
            else:
                who = "reviewer" if deed in ("publish", "send_back", "refuse") else "owner"
            before = self.state
            self.attempt(deed, who, False)
            reached.add(self.state)
            assert self.state is LISTING.after(before, deed) or deed == "resume"

        @rule(words=st.text(min_size=1, max_size=5, alphabet="技术转移abc"))
        def rewrite(self, words: str) -> None:
            try:
                actions.change(self.listing, {"title": words}, by=as_researcher)
            except MarketError:
                assert self.state not in (ListingState.DRAFT, ListingState.SENT_BACK)
                return
            assert self.state in (ListingState.DRAFT, ListingState.SENT_BACK)
            self.version += 1
            self.verbs.append("listing.changed")

        @rule()
        def let_time_go_by(self) -> None:
            if self.state in (ListingState.PUBLISHED, ListingState.PAUSED):
                build_markets.run_out(self.listing)

        @invariant()
        def stands_where_it_may(self) -> None:
            if not hasattr(self, "listing"):
                return
            row = Listing.objects.get(pk=self.listing.pk)
            assert (row.state, row.version) == (self.state, self.version)
            told = Entry.objects.filter(subject_id=str(row.pk)).order_by("id")
            assert [entry.verb for entry in told] == self.verbs
            for actor in (as_stranger, as_anonymous):
                seen = Listing.objects.all().visible_to(actor).filter(pk=row.pk).exists()
                assert seen == (row.state is ListingState.PUBLISHED)

        def teardown(self) -> None:
            if hasattr(self, "savepoint"):
                transaction.savepoint_rollback(self.savepoint)

    return Life, reached


def test_no_path_leads_where_the_life_cycle_does_not(life):
    machine, reached = life
    run_state_machine_as_test(machine)
    assert reached >= {ListingState.SUBMITTED, ListingState.PUBLISHED, ListingState.SENT_BACK}
