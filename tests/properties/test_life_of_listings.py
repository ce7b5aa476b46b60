"""
The life of listings of all six kinds, on random paths, beside an oracle that knows nothing of ours.

In `make test` some paths are walked, always the same; in `make test-long` a thousand and more.
"""

from collections import Counter
from typing import Any, ClassVar

import pytest
from django.core import mail
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from apps.journal.actions import tell
from apps.markets import tasks as clock
from apps.markets.models import Listing
from apps.matching.tasks import rematch
from marketplace.listings import Market, Side
from tests.build import finding as build_finding
from tests.build import markets as build_markets
from tests.build import pools as build_pools
from tests.properties.lives import (
    CIRCLES,
    LONG,
    MARK,
    PATHS,
    REASON,
    SETTINGS,
    STARTS,
    Life,
    People,
    Step,
    blocks,
    indicators,
    mark,
    mark_of,
    read,
    unwalked,
)

#: In which states, with what waiting, and with or without proposed words a move is open; where it
#: leads; and whose it is. "=" is as before, "*" is any (of the states, any but the sealed one).
ORACLE = read("""
move             states                waits   proposal  then       waits   proposal  by
change           draft/sent_back       -       no        =          -       no        owner
change           published/paused      -       *         =          -       yes       owner
submit           draft/sent_back       -       no        submitted  entry   no        owner
take_back        submitted             entry   no        draft      -       no        owner
take_back        published/paused      change  yes       =          -       yes       owner
publish          submitted             entry   no        published  -       no        reviewer
publish          published/paused      change  yes       =          -       no        reviewer
send_back        submitted             entry   no        sent_back  -       no        reviewer
send_back        published/paused      change  yes       =          -       yes       reviewer
refuse           submitted             entry   no        refused    -       no        reviewer
refuse           published/paused      change  yes       =          -       no        reviewer
submit_change    published/paused      -       yes       =          change  yes       owner
withdraw_change  published/paused      *       yes       =          -       no        owner
pause            published             *       *         paused     =       =         owner
resume           paused                *       *         published  =       =         owner
renew            published/paused      *       *         =          =       =         owner
withdraw         published/paused      *       *         withdrawn  -       no        owner
conclude         published/paused      *       *         concluded  -       no        owner
expire           published/paused      *       *         expired    -       no        clock
spill            *                     *       *         sealed     -       no        officer
""")
KINDS = [(market, side) for market in Market for side in Side]
#: Of this market and side, an offer of the buyer and so on stands opposite.
OTHER = {Side.OFFER: Side.NEED, Side.NEED: Side.OFFER}
POOLS = {Market.TECHNOLOGY: "project", Market.TALENT: "talent", Market.CAPITAL: "fund"}


class ListingLife(Life):
    """One listing, from its draft to its end."""

    steps = ORACLE
    accepts = "publish"
    shown_in = "published"
    on_the_market = frozenset({"published", "paused"})
    walked = set()
    taken = Counter()
    #: What the stranger has listed: a counterpart to each kind.
    opposite: ClassVar[dict[tuple[Market, Side], str]]

    @initialize(
        kind=st.sampled_from(KINDS),
        is_dual_use=st.sampled_from([False, False, True]),
        is_of_duty=st.booleans(),
        is_shared=st.booleans(),
        start=st.sampled_from(STARTS),
        seed=st.integers(0, 2**32 - 1),
    )
    def is_drafted(
        self,
        kind: tuple[Market, Side],
        is_dual_use: bool,
        is_of_duty: bool,
        is_shared: bool,
        start: str,
        seed: int,
    ) -> None:
        """Begin a listing, with the entry that an offer needs."""
        self.market, self.side = kind
        self.entry = ""
        self.is_backed, self.days_left = True, 90
        self.is_dual_use = is_dual_use
        is_technology_offer = kind == (Market.TECHNOLOGY, Side.OFFER)
        self.is_of_duty = is_technology_offer and is_of_duty
        self.is_shared = is_technology_offer and is_shared
        if self.side is Side.OFFER:
            self.entry = str(self._entry().pk)
        body = {
            "market": self.market,
            "side": self.side,
            "region": "610100",
            "field": "05",
            "terms": build_markets.TERMS[kind],
            "dual_use": "military_to_civil" if is_dual_use else None,
        }
        if self.entry:
            body[POOLS[self.market]] = self.entry
        if self.market is Market.TECHNOLOGY:
            body["cooperation_modes"] = ["licence"]
        self.path.append(f"{self.kind_of()} {is_dual_use} {self.is_of_duty} {self.is_shared}")
        self.begin("/listings", body | self.words(0))
        self.writes(self.words(0))
        self.seed = seed
        self.starts(start)

    def _entry(self) -> Any:
        """Return an admitted entry that can be offered."""
        actors, organizations = self.people.actors, self.people.organizations
        words: dict[str, Any] = {}
        if self.is_dual_use:
            words["dual_use"] = "military_to_civil"
        if self.market is Market.TECHNOLOGY:
            words["is_service_invention"] = self.is_of_duty
        if self.is_shared:
            shares = [("institute", "60"), ("agency", "40")]
            words["owners"] = [
                {"organization": str(organizations[name].pk), "share": share}
                for name, share in shares
            ]
        build = getattr(build_pools, POOLS[self.market])
        return build(by=actors["author"], reviewer=actors["reviewer"], **words)

    def kind_of(self) -> str:
        return f"{self.market}_{self.side}"

    def words(self, number: int) -> dict[str, Any]:
        self.days_written = 90 + number
        return {
            "title": f"轴承钢 {mark('pub', number)}",
            "body": f"真空脱气冶炼 {mark('pub', number)}",
            "keywords": [mark("pub", number)],
            "blocks": blocks(number),
            "indicators": indicators(number),
            "confidential": f"配方 {mark('own', number)}",
            "external_reference": mark("own", number),
            "valid_until": build_markets.in_days(self.days_written).isoformat(),
        }

    def body_of(self, move: str) -> Any:
        if move == "renew":
            return {"valid_until": build_markets.in_days(400 + self.number).isoformat()}
        return super().body_of(move)

    def refusal(self, step: Step, name: str) -> int:
        match step.move:
            case "submit" | "submit_change":
                is_over = step.move == "submit" and self.days_left < 0
                return 422 if is_over or not self.is_backed or self.lacks_consent(name) else 0
            case "publish":
                is_over = step.then == "published" and self.days_left < 0
                return 422 if is_over or not self.is_backed else 0
            case "resume":
                return 409 if self.days_left < 0 else 0 if self.is_backed else 422
            case "renew":
                return 0 if self.is_backed else 422
        return 0

    def takes(self, step: Step, name: str) -> None:
        if step.move == "renew":
            self.days_left = 400
        elif (step.move == "change" and self.state in ("draft", "sent_back")) or (
            step.move == "publish" and self.waits == "change"
        ):
            self.days_left = 90
        super().takes(step, name)

    def happens(self) -> None:
        """Let time pass, or the entry that is offered leave its pool."""
        what = self.chance.choice(["a day late", "a month late", "the entry leaves"])
        self.path.append(what)
        if what == "the entry leaves":
            if self.entry and self.is_backed and self.state in self.on_the_market:
                self._entry_leaves()
            return
        if self.state in ("submitted", *self.on_the_market):
            self.days_left = -1 if what == "a day late" else -30
            build_markets.run_out(Listing.objects.get(pk=self.key), days=-self.days_left)
        clock.expire_listings()
        clock.remind_owners()
        if self.days_left == -30 and self.state in self.on_the_market:
            self._goes("expire")
        self.is_changed = True

    def _entry_leaves(self) -> None:
        """Let what is offered leave its pool, or be sealed with all that points at it."""
        pool = POOLS[self.market]
        place = f"/{pool}s/{self.entry}"
        if self.chance.random() < 0.2:
            officer = self.people.callers["officer"]
            answer = officer.post(f"{place}/spill", REASON, etag=officer.get(place)["ETag"])
            assert answer.status_code == 200, answer.content
            self.is_backed = False
            self._goes("spill")
            return
        for name, move, body in (("author", "leave", REASON), ("reviewer", "release", {})):
            caller = self.people.callers[name]
            answer = caller.post(f"{place}/{move}", body, etag=caller.get(place)["ETag"])
            assert answer.status_code == 200, answer.content
        self.is_backed = False
        tell("markets")
        clock.settle_doubts()
        if self.state == "published":
            self._goes("pause")
        self.is_changed = True

    def _goes(self, move: str) -> None:
        step = self.step_of(move)
        assert step is not None, move
        self.taken[step] += 1
        self.takes(step, "the clock")

    def news_goes_round(self) -> None:
        super().news_goes_round()
        tell("matching")
        rematch()
        # Mails travel in the open: what they say, everybody may read.
        told = {each for message in mail.outbox for each in MARK.findall(message.body)}
        everybody = self.allowed("anonymous")
        assert told <= everybody, told - everybody
        mail.outbox.clear()

    def outsiders_note_it(self) -> None:
        """Let outsiders make it a favourite and look at it, where they can see it."""
        self.path.append("favourite")
        for name in ("stranger", "buyer"):
            caller, seen = self.people.callers[name], self.sees(name)
            answer = caller.post("/favourites", {"listing": self.key})
            assert answer.status_code in ((200, 201) if seen else (404,)), answer.content
            assert caller.post(f"{self.place}/view").status_code == (204 if seen else 404)
        self.is_changed = True

    def look_further(self, name: str) -> None:
        seen = self.sees(name)
        own = {"organization": str(self.people.organizations["institute"].pk)}
        live = mark_of(self.wordings[self.live])
        found = self.people.callers[name].get("/listings", search=mark("pub", live)).json()
        assert [each["id"] for each in found["results"]] == [self.key] * seen
        # By what is said to fewer, said no more or not said yet, nobody finds anything.
        hidden = [mark(circle, live) for circle in CIRCLES[1:]]
        hidden += [mark("pub", number) for number in range(self.number + 1) if number != live]
        searched = hidden[self.looks % len(hidden)]
        found = self.people.callers[name].get("/listings", search=searched).json()
        assert found == {"next": None, "previous": None, "results": []}, searched
        counted = self.people.callers[name].get("/listings/facets", facet="market,side", **own)
        counts = {
            facet: {each["value"]: each["count"] for each in values}
            for facet, values in counted.json()["facets"].items()
        }
        assert counted.json()["count"] == int(seen)
        assert counts["market"].get(self.market, 0) == counts["side"].get(self.side, 0) == seen
        self.reads(name, f"{self.place}/advice", status=404)
        if name == "anonymous":
            return
        self.reads(name, f"{self.place}/views", status=404)
        self.reads(name, f"{self.place}/matches", status=200 if seen else 404)
        for route in ("/favourites", "/alerts"):
            self.reads(name, route)
        if name == "stranger":
            self.reads(name, f"/listings/{self.opposite[self.market, self.side]}/matches")
        if self.entry and self.market is Market.TECHNOLOGY:
            is_known = self.is_backed and (not self.is_dual_use or self.is_vetted(name))
            self.reads(
                name,
                f"/projects/{self.entry}/market",
                status=200 if is_known else 404,
            )


@pytest.mark.xdist_group("listings")  # Each takes long enough for a worker of its own.
@pytest.mark.django_db(transaction=True)
def test_no_path_of_a_listing_leads_where_the_oracle_does_not(request: pytest.FixtureRequest):
    people = ListingLife.people = People.of(request)
    for name in ("stranger", "buyer"):
        build_finding.search(by=people.actors[name], mail=f"{name}@example.org", criteria={})
    stranger, reviewer = people.actors["stranger"], people.actors["reviewer"]
    ListingLife.opposite = {}
    for market, side in KINDS:
        words = {"title": "轴承钢 对应", "body": "真空脱气冶炼"}
        if OTHER[side] is Side.OFFER:
            pool = POOLS[market]
            build = getattr(build_pools, pool)
            words[pool] = build(by=stranger, reviewer=reviewer).pk
        row = build_markets.of_kind(market, OTHER[side], by=stranger, reviewer=reviewer, **words)
        ListingLife.opposite[market, side] = str(row.pk)
    run_state_machine_as_test(ListingLife, settings=SETTINGS)
    if LONG:
        print(f"{len(ListingLife.walked)} paths, {sum(ListingLife.taken.values())} moves")
        assert len(ListingLife.walked) >= PATHS
        assert not list(unwalked(ORACLE, ListingLife.taken))
