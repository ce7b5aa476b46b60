"""
The life of the entries of all three pools, on random paths, beside an oracle that knows none of it.

In `make test` some paths are walked, always the same; in `make test-long` a thousand and more.
"""

from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from apps.pools import tasks as clock
from marketplace.calendar import day_of
from tests.build import pools as build_pools
from tests.properties.lives import (
    LONG,
    OUTSIDERS,
    PATHS,
    SETTINGS,
    STARTS,
    Life,
    People,
    Step,
    blocks,
    indicators,
    mark,
    read,
    unwalked,
)

#: In which states, with what waiting, and with or without proposed words a move is open; where it
#: leads; and whose it is. "=" is as before, "*" is any (of the states, any but the sealed one).
ORACLE = read("""
move             states           waits   proposal  then       waits   proposal  by
change           draft/sent_back  -       no        =          -       no        owner
change           admitted         -       *         =          -       yes       owner
submit           draft/sent_back  -       no        submitted  entry   no        owner
take_back        submitted        entry   no        draft      -       no        owner
take_back        admitted         change  yes       =          -       yes       owner
take_back        admitted         exit    *         =          -       =         owner
admit            submitted        entry   no        admitted   -       no        reviewer
admit            admitted         change  yes       =          -       no        reviewer
send_back        submitted        entry   no        sent_back  -       no        reviewer
send_back        admitted         change  yes       =          -       yes       reviewer
refuse           submitted        entry   no        refused    -       no        reviewer
refuse           admitted         change  yes       =          -       no        reviewer
refuse           admitted         exit    *         =          -       =         reviewer
submit_change    admitted         -       yes       =          change  yes       owner
withdraw_change  admitted         -       yes       =          -       no        owner
withdraw_change  admitted         change  yes       =          -       no        owner
leave            admitted         -       *         =          exit    =         owner
release          admitted         exit    *         left       -       no        reviewer
spill            *                *       *         sealed     -       no        officer
""")
POOLS = ("talent", "fund", "project")


class EntryLife(Life):
    """One entry, from its draft to its end."""

    steps = ORACLE
    accepts = "admit"
    shown_in = "admitted"
    on_the_market = frozenset({"admitted"})
    walked = set()
    taken = Counter()
    #: What is in each pool beside it, as each outsider counts.
    stock: ClassVar[dict[tuple[str, str], int]]

    @initialize(
        pool=st.sampled_from(POOLS),
        is_dual_use=st.sampled_from([False, False, True]),
        is_of_duty=st.booleans(),
        is_shared=st.booleans(),
        start=st.sampled_from(STARTS),
        seed=st.integers(0, 2**32 - 1),
    )
    def is_drafted(
        self,
        pool: str,
        is_dual_use: bool,
        is_of_duty: bool,
        is_shared: bool,
        start: str,
        seed: int,
    ) -> None:
        """Begin an entry."""
        self.pool = pool
        self.is_dual_use = is_dual_use
        self.is_of_duty = pool == "project" and is_of_duty
        self.is_shared = pool == "project" and is_shared
        self.was_admitted = False
        body = dict(getattr(build_pools, pool.upper()))
        body["dual_use"] = "civil_to_military" if is_dual_use else None
        if pool == "project":
            body["is_service_invention"] = is_of_duty
        if self.is_shared:
            body["owners"] = [
                {"organization": str(self.people.organizations[name].pk), "share": share}
                for name, share in (("institute", "60"), ("agency", "40"))
            ]
        self.path.append(f"{pool} {is_dual_use} {self.is_of_duty} {self.is_shared}")
        self.begin(f"/{pool}s", body | self.words(0))
        self.writes(self.words(0))
        self.seed = seed
        self.starts(start)

    def kind_of(self) -> str:
        return self.pool

    def words(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = {
            "title": f"轴承钢 {mark('pub', number)}",
            "summary": f"真空脱气冶炼 {mark('pub', number)}",
            "blocks": blocks(number),
            # To whom it shows the review it shows this; no outsider is among them.
            "external_reference": mark("own", number),
        }
        if self.pool == "project":
            found["indicators"] = indicators(number)
        if self.pool == "talent":
            found["certificate"] = mark("own", number)
        return found

    def refusal(self, step: Step, name: str) -> int:
        is_asking = step.move in ("submit", "submit_change")
        return 422 if is_asking and self.lacks_consent(name) else 0

    def takes(self, step: Step, name: str) -> None:
        super().takes(step, name)
        self.was_admitted |= self.state == "admitted"

    def happens(self) -> None:
        """Let a day go by; neither a right nor a call of these runs out by that."""
        self.path.append("a day")
        clock.notice_lapsed_rights()
        clock.notice_closed_funds()
        self.is_changed = True

    def look_further(self, name: str) -> None:
        # The flow counts what went out as well, and what of dual use only to who may know of it.
        is_counted = self.state in ("admitted", "left") and (
            not self.is_dual_use or self.is_vetted(name)
        )
        others = self.stock[self.pool, name]
        entered, left, stock = flows(self.people, name, self.pool)
        assert entered - others == int(is_counted)
        assert left == int(is_counted and self.state == "left")
        assert stock - others == int(is_counted and self.state == "admitted")
        if self.pool == "project":
            seen = self.sees(name)
            for route in ("market", "milestones"):
                self.reads(name, f"{self.place}/{route}", status=200 if seen else 404)


def flows(people: People, name: str, pool: str) -> tuple[int, int, int]:
    """Return what came into a pool this month, what left it, and what is in it."""
    first = day_of(timezone.now()).replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    answer = people.callers[name].get(
        "/pool-flows", pool=pool, **{"from": f"{first:%Y-%m}", "to": f"{after:%Y-%m}"}
    )
    assert answer.status_code == 200, answer.content
    [month] = answer.json()["months"]
    return month["entered"], month["left"], month["stock"]


@pytest.mark.xdist_group("entries")  # Each takes long enough for a worker of its own.
@pytest.mark.django_db(transaction=True)
def test_no_path_of_an_entry_leads_where_the_oracle_does_not(request: pytest.FixtureRequest):
    people = EntryLife.people = People.of(request)
    stranger, reviewer = people.actors["stranger"], people.actors["reviewer"]
    for pool in POOLS:
        getattr(build_pools, pool)(by=stranger, reviewer=reviewer)
    EntryLife.stock = {
        (pool, name): flows(people, name, pool)[2] for pool in POOLS for name in OUTSIDERS
    }
    run_state_machine_as_test(EntryLife, settings=SETTINGS)
    if LONG:
        print(f"{len(EntryLife.walked)} paths, {sum(EntryLife.taken.values())} moves")
        assert len(EntryLife.walked) >= PATHS
        assert not list(unwalked(ORACLE, EntryLife.taken))
