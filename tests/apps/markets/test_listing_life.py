"""A listing led down random paths never stands where the life cycle does not allow."""

from datetime import timedelta
from types import SimpleNamespace
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
from apps.markets.models import Listing
from apps.reviews import actions as reviews
from apps.reviews.models import Submission, Wording
from marketplace.actors import Actor
from marketplace.errors import MarketError
from marketplace.listings import (
    EDITABLE_IN,
    LISTING,
    MOVES,
    ON_THE_MARKET,
    ListingState,
    open_moves,
)
from marketplace.reviews import Purpose
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
    "take_back": "taken_back",
    "spill": "spilled",
    "submit_change": "change_submitted",
    "withdraw_change": "change_withdrawn",
    "renew": "renewed",
}
#: The actions that make them, whichever app they stand in.
actions = SimpleNamespace(**{move: build_markets.deed(move) for move in VERBS})
#: What is recorded where it is a change that is decided on.
OF_A_CHANGE = {name: f"change_{VERBS[name]}" for name in ("publish", "send_back", "refuse")}
#: Who makes a move; all others are its owner's.
WHO = {
    **dict.fromkeys(("publish", "send_back", "refuse"), "reviewer"),
    "expire": "clock",
    "spill": "officer",
}
CLEARED = {"cleared_by": build_markets.CLEARED}
GIVEN: dict[str, dict[str, Any]] = {
    "submit": {**CLEARED, "what_changed": "新指标"},
    "submit_change": {**CLEARED, "what_changed": "新指标"},
    "publish": CLEARED,
    "send_back": {"findings": build_markets.FINDINGS},
    "refuse": {"reason": "缺少指标"},
    "spill": {"reason": "误填"},
}


def test_every_move_is_recorded_in_words_of_its_own():
    assert set(VERBS) == {*LISTING.moves, *MOVES}
    verbs = [*VERBS.values(), *OF_A_CHANGE.values()]
    assert len(set(verbs)) == len(verbs)


@pytest.fixture
def life(
    as_researcher, as_reviewer, as_secrecy_officer, as_stranger, as_anonymous
) -> tuple[type[RuleBasedStateMachine], set[str]]:
    """Return the machine that leads a listing of the researcher about, and what it has been."""
    actors = {
        "owner": as_researcher,
        "reviewer": as_reviewer,
        "officer": as_secrecy_officer,
        "stranger": as_stranger,
        "clock": Actor.system("test"),
    }
    reached: set[str] = set()

    class Life(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.savepoint = transaction.savepoint()
            self.listing = build_markets.need(
                by=as_researcher, reviewer=as_reviewer, state=ListingState.DRAFT
            )
            self.version = 1
            self.state: ListingState = ListingState.DRAFT
            self.waiting: Purpose | None = None
            self.live, self.proposed = self.listing.title, ""
            self.titles = [self.listing.title]
            self.verbs = ["listing.drafted"]

        @rule(
            deed=st.sampled_from(sorted(VERBS)),
            who=st.sampled_from(sorted(actors)),
            is_stale=st.sampled_from([False, False, False, True]),
        )
        def attempt(self, deed: str, who: str, is_stale: bool) -> None:
            given = dict(GIVEN.get(deed, {}))
            if deed == "renew":
                until = Listing.objects.get(pk=self.listing.pk).valid_until
                given["valid_until"] = max(
                    until or build_markets.in_days(0), build_markets.in_days(0)
                )
                given["valid_until"] += timedelta(days=1)
            expected = self.version - is_stale
            try:
                getattr(actions, deed)(self.listing, **given, by=actors[who], expected=expected)
            except MarketError:
                return
            assert not is_stale
            assert who in ("clock", WHO.get(deed, "owner"))
            self.note(deed)

        def note(self, deed: str) -> None:
            """Follow a move that was made, as the rule book says."""
            is_change = self.waiting is Purpose.CHANGE
            open_now = open_moves(self.state, self.waiting, bool(self.proposed))
            assert deed in (*open_now, "expire")
            self.version += 1
            verb = OF_A_CHANGE[deed] if is_change and deed in OF_A_CHANGE else VERBS[deed]
            self.verbs.append(f"listing.{verb}")
            if deed == "submit_change":
                self.waiting = Purpose.CHANGE
            elif deed == "withdraw_change" or (is_change and deed == "refuse"):
                self.waiting, self.proposed = None, ""
            elif is_change and deed == "publish":
                self.live, self.waiting, self.proposed = self.proposed, None, ""
            elif is_change and deed in ("send_back", "take_back"):
                self.waiting = None
            elif deed != "renew":
                self.state = LISTING.after(self.state, deed)
                if self.state not in ON_THE_MARKET:
                    self.proposed = ""
                if deed not in ("pause", "resume"):
                    self.waiting = Purpose.ENTRY if deed == "submit" else None
            reached.add(verb)

        @rule(place=st.integers(0, 12))
        def go_on(self, place: int) -> None:
            """Make one of the open moves as the one who may; chance alone comes nowhere."""
            deeds = [
                name
                for name in open_moves(self.state, self.waiting, bool(self.proposed))
                if name != "spill" or place == 12
            ]
            if not deeds:
                return
            deed = deeds[place % len(deeds)]
            self.attempt(deed, WHO.get(deed, "owner"), False)

        @rule()
        def expire(self) -> None:
            if self.state in ON_THE_MARKET:
                build_markets.run_out(self.listing)
                self.attempt("expire", "clock", False)

        @rule(words=st.text(min_size=1, max_size=5, alphabet="技术转移abc"))
        def rewrite(self, words: str) -> None:
            newest = self.proposed or self.live
            try:
                reviews.change(self.listing, {"title": words}, by=as_researcher)
            except MarketError:
                assert self.waiting or self.state not in EDITABLE_IN | ON_THE_MARKET
                return
            assert self.waiting is None
            if words == newest:
                return
            self.version += 1
            self.titles.append(words)
            if self.state in ON_THE_MARKET:
                self.proposed = words
                self.verbs.append("listing.change_proposed")
            else:
                self.live = words
                self.verbs.append("listing.changed")

        @rule()
        def let_time_go_by(self) -> None:
            if self.state in ON_THE_MARKET:
                build_markets.run_out(self.listing, days=1)

        @invariant()
        def stands_where_it_may(self) -> None:
            if not hasattr(self, "listing"):
                return
            row = Listing.objects.get(pk=self.listing.pk)
            assert (row.state, row.version, row.waiting) == (self.state, self.version, self.waiting)
            told = Entry.objects.filter(
                subject_id=str(row.pk), verb__startswith="listing."
            ).exclude(verb="listing.files_destroyed")
            assert list(told.order_by("id").values_list("verb", flat=True)) == self.verbs
            open_rounds = Submission.objects.open().of(row)
            assert [each.purpose for each in open_rounds] == (
                [self.waiting] if self.waiting else []
            )
            kept = list(Wording.objects.of(row).order_by("number"))
            assert [wording.number for wording in kept] == list(range(1, len(self.titles) + 1))
            is_sealed = row.state is ListingState.SEALED
            assert row.title == ("" if is_sealed else self.live)
            if is_sealed:
                assert {str(wording.words) for wording in kept} == {"{}"}
            else:
                # No version is lost, whatever became of it.
                assert [wording.words["title"] for wording in kept] == self.titles
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
    assert reached >= {"submitted", "published", "sent_back"}
