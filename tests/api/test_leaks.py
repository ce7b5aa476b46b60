"""
What may be seen of a thing, on every road that leads to it: one readable table.

Each thing says words of its own to each circle of readers, and has a file for each. Every cell says
what of it comes back, for six readers in this order:

    anonymous; a stranger; the agent of another organization, which is vetted for dual use;
    a reviewer and an administrator, whose office is vetted too; its own organization

    -  nothing: not that it is there, nor how often
    x  that it is there, and no word of it
    p  its public words
    i  also what is for everybody who signed in
    w  also what is under an NDA or its organization's own
    .  is not asked, for it stands in another column

Every GET route that the router knows has its line: a new one fails here until it is judged.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse

from apps.finding.models import Alert
from apps.journal.actions import tell
from apps.matching.actions import attention
from apps.matching.models import Match
from apps.matching.tasks import propose, rematch
from apps.notifications.models import Notice
from marketplace.actors import Actor
from marketplace.attention import Promise
from tests.api.test_rights import known_routes
from tests.build import finding as build_finding
from tests.build import markets as build_markets
from tests.build import pools as build_pools
from tests.callers import Caller
from tests.properties.lives import (
    CLEARANCE,
    FILES,
    FINDINGS,
    REASON,
    blocks,
    indicators,
    mark,
    text_of,
    upload,
)

READERS = (
    *("anonymous", "stranger", "vetted_agent"),
    *("vetted_reviewer", "administrator", "manager"),
)

#: Listings, each brought to one of these states, the one of dual use to the market; the last two
#: columns are one listing: what it says there, and what it would say by a change that waits.
#: What is asked: `it` itself, a file of it, or a list narrowed by something, such as its own words.
STATES = ("draft", "submitted", "refused", "paused", "withdrawn", "sealed", "dual_use")
LISTINGS = """
route                    asked     draft  submit refuse paused withdr sealed dual   publsh propos
listings                 by_owner  -----p ---ppp ---ppp ---ppp ---ppp ------ --pppp pppppp ------
listings                 state     -----p ---ppp ---ppp ---ppp ---ppp ------ --pppp pppppp ------
listings                 waiting   ------ ---ppp ------ ------ ------ ------ ------ ---ppp ------
listings                 pub       -----p ---ppp ---ppp ---ppp ---ppp ------ --pppp pppppp ------
listings                 sig       ------ ...... ...... ...... ...... ...... ...... ------ ------
listings                 nda       ------ ...... ...... ...... ...... ...... ...... ------ ------
listings                 own       ------ ...... ...... ...... ...... ...... ...... ------ ------
listings/facets          counted   -----x ---xxx ---xxx ---xxx ---xxx ------ --xxxx xxxxxx ------
listings/facets          by_secret ------ ...... ...... ...... ...... ...... ...... ------ ------
listings/ID              it        -----w ---wiw ---wiw ---wiw ---wiw ------ --iwiw piiwiw ---w-w
listings/ID/files        it        -----w ---wiw ---wiw ---wiw ---wiw ------ --iwiw piiwiw ------
listings/ID/files/FILE   public    -----p ---ppp ---ppp ---ppp ---ppp ------ --pppp pppppp ------
listings/ID/files/FILE   signed_in -----i ...... ...... ...... ...... ...... --iiii -iiiii ------
listings/ID/files/FILE   under_nda -----w ---w-w ---w-w ---w-w ---w-w ------ ---w-w ---w-w ------
listings/ID/wordings     it        -----w ---w-w ---w-w ---w-w ---w-w ------ ---w-w ---w-w ---w-w
listings/ID/submissions  it        -----x ---x-x ---x-x ---x-x ---x-x ------ ---x-x ---x-x ------
listings/ID/consents     it        -----x ---x-x ---x-x ---x-x ---x-x ------ ---x-x ---x-x ------
listings/ID/advice       it        -----x -----x -----x -----x -----x ------ -----x -----x ------
listings/ID/views        it        -----x -----x -----x -----x -----x ------ -----x -----x ------
listings/ID/matches      it        -----x ---xxx ---xxx ---xxx ---xxx ------ --xxxx -xxxxx ------
listings/ID/matches      other     ------ ------ ------ ------ ------ ------ --pppp --pppp ------
listings/ID/proposals    it        -----x ---xxx ---xxx ---xxx ---xxx ------ ---xxx ---xxx ------
listings/ID/proposals    other     ------ ------ ------ ------ ------ ------ --ppp- --ppp- ------
proposals                -         ------ ------ ------ ------ ------ ------ --pppp --pppp ------
matches/ID               match     ------ ------ ------ ------ ------ ------ --pppp --pppp ------
matches/ID/receipt       match     ------ ------ ------ ------ ------ ------ --pppp --pppp ------
matches/ID/verdicts      match     ------ ------ ------ ------ ------ ------ ------ ------ ------
projects/ID/market       project   -----p ---ppp ---ppp ---ppp ---ppp ------ --pppp pppppp ------
exports/technology_offer csv       -----w ---wiw ---wiw ---wiw ---wiw ------ --iwiw -iiwiw ------
favourites               -         ------ ---pp- ---pp- ---pp- ---pp- ------ --ppp- -pppp- ------
alerts                   -         ------ ------ ------ ---pp- ---pp- ------ --ppp- -pppp- ------
alerts/ID                alert     ------ ------ ------ ------ ------ ------ --p--- --p--- ------
journal                  subject   ----xx ----xx ----xx ----xx ----xx ----xx ----xx ----xx ------
notices                  -         ------ ------ -----x -----x -----x -----x -----x -----x ------
notices/ID               notice    ------ ------ -----x -----x -----x -----x -----x -----x ------
"""

#: Entries of every pool, likewise; `POOL` stands for talent, fund and project.
STATES_OF_ENTRIES = ("draft", "submitted", "refused", "left", "sealed", "dual_use")
ENTRIES = """
route                    asked     draft  submit refuse left   sealed dual   admitt propos
POOLs                    by_owner  -----w ---wiw ---wiw ---wiw ------ --iwiw piiwiw ------
POOLs                    state     -----w ---wiw ---wiw ---wiw ------ --iwiw piiwiw ------
POOLs                    waiting   ------ ---wiw ------ ------ ------ ------ ---wiw ------
POOLs/ID                 it        -----w ---www ---www ---www ------ --iwww piiwww ------
POOLs/ID/files           it        -----w ---wiw ---wiw ---wiw ------ --iwiw piiwiw ------
POOLs/ID/files/FILE      public    -----p ---ppp ---ppp ---ppp ------ --pppp pppppp ------
POOLs/ID/files/FILE      signed_in -----i ...... ...... ...... ...... --iiii -iiiii ------
POOLs/ID/files/FILE      under_nda -----w ---w-w ---w-w ---w-w ------ ---w-w ---w-w ------
POOLs/ID/wordings        it        -----w ---w-w ---w-w ---w-w ------ ---w-w ---w-w ---w-w
POOLs/ID/submissions     it        -----x ---x-x ---x-x ---x-x ------ ---x-x ---x-x ------
POOLs/ID/consents        it        -----x ---x-x ---x-x ---x-x ------ ---x-x ---x-x ------
POOLs/ID/advice          it        -----x -----x -----x -----x ------ -----x -----x ------
projects/ID/milestones   it        -----x ---xxx ---xxx ---xxx ------ --xxxx xxxxxx ------
projects/ID/team         it        -----x ---xxx ---xxx ---xxx ------ --xxxx -xxxxx ------
exports/POOL             csv       -----w ---www ---www ---www ------ --iwww -iiwww ------
journal                  subject   ----xx ----xx ----xx ----xx ----xx ----xx ----xx ------
notices                  -         ------ ------ -----x -----x -----x -----x -----x ------
"""

#: Roads to other things: nothing of any listing or entry comes back there.
ELSEWHERE = """
session
organizations
organizations/ID
memberships
memberships/ID
api-keys
api-keys/ID
code-lists
codes
codes/ID
zones
commitments
commitments/ID
pool-flows?pool=project&from=2026-01&to=2027-01
match-quality
relations
relations/ID
funds/ID/conditions?project=ID
attention

notice-preferences
saved-searches
saved-searches/ID
imports
imports/ID
imports/ID/faults
retrieval-runs
retrieval-runs/ID
templates/talent
templates/fund
templates/project
templates/technology_offer
templates/technology_need
templates/talent_offer
templates/talent_need
templates/capital_offer
templates/capital_need
exports/technology_need
exports/talent_offer
exports/talent_need
exports/capital_offer
exports/capital_need
deals
deals/ID
contracts
contracts/ID
contracts/ID/ledger
offices
offices/ID
figures
figures/export
figures/summary?by=month
"""

#: What makes a list shorter, by what is asked.
QUERIES = {
    "by_owner": "?organization={owner}",
    "state": "?state={state}&organization={owner}",
    "waiting": "?waiting={waiting}",
    **{circle: f"?search={{{circle}}}" for circle in ("pub", "sig", "nda", "own")},
    "counted": "?facet=market&search={pub}",
    "by_secret": "?facet=market&search={nda}",
    "subject": "?subject_id={key}",
    "csv": "?file_format=csv",
    "-": "",
}


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    route: str
    asked: str
    cells: dict[str, str]


def rows_of(table: str, states: tuple[str, ...]) -> list[Row]:
    """Read a table."""
    places = (*states, "published", "proposed")
    lines = [line.split() for line in table.strip().splitlines()[1:]]
    return [
        Row(route, asked, dict(zip(places, cells, strict=True))) for route, asked, *cells in lines
    ]


def bare(route: str) -> str:
    """Return a route with plain words for what is filled in."""
    for slot in ("<uuid:pk>", "<str:pk>", "<uuid:listing_id>", "<uuid:project>"):
        route = route.replace(slot, "ID")
    return route.replace("<uuid:file>", "FILE")


def test_every_road_has_its_line():
    routes = [row.route for row in rows_of(LISTINGS, STATES)] + [
        path.partition("?")[0] for path in ELSEWHERE.split()
    ]
    for pool in ("talent", "fund", "project"):
        routes += [row.route.replace("POOL", pool) for row in rows_of(ENTRIES, STATES_OF_ENTRIES)]
    assert set(routes) == {bare(route) for method, route in known_routes() if method == "GET"}


# --- what there is ----------------------------------------------------------------------------


class Thing:
    """A listing or an entry, made over HTTP, and the words that only it has."""

    def __init__(self, office: "Office", path: str, body: dict[str, Any], number: int) -> None:
        self.office, self.number = office, number
        answer = office.owner.post(path, body)
        assert answer.status_code == 201, answer.content
        self.key = answer.json()["id"]
        self.place = f"{path}/{self.key}"
        self.files: dict[str, str] = {}
        for secrecy, circle in FILES.items():
            answer = upload(office.owner, f"{self.place}/files", mark(circle, number), secrecy)
            assert answer.status_code == 201, answer.content
            self.files[secrecy.value] = answer.json()["id"]

    def goes(self, *moves: str) -> None:
        """Make moves, each by whose it is."""
        for move in moves:
            by = {"spill": self.office.officer}.get(move, self.office.owner)
            if move in ("publish", "admit", "refuse", "release", "send_back"):
                by = self.office.reviewer
            takes = {"refuse": REASON, "spill": REASON, "leave": REASON, "send_back": FINDINGS}
            takes |= dict.fromkeys(("submit", "submit_change", "publish", "admit"), CLEARANCE)
            self.done(by.post(f"{self.place}/{move}", takes.get(move), etag=self.etag()))

    def says(self, words: dict[str, Any]) -> None:
        """Write other words."""
        self.done(self.office.owner.patch(self.place, words, etag=self.etag()))

    def etag(self) -> str:
        return str(self.office.owner.get(self.place)["ETag"])

    def facts(self) -> dict[str, str]:
        """Return by what lists are narrowed so that it might be among the rest."""
        shown = self.office.owner.get(self.place).json()
        return {
            "owner": self.office.organization,
            "key": self.key,
            "state": shown["state"] if "id" in shown else "sealed",
            "waiting": shown.get("waiting") or "exit",
        }

    @staticmethod
    def done(answer: HttpResponse) -> None:
        assert answer.status_code == 200, answer.content


class Office:
    """Six readers, who remember what they were answered, and who else is needed."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.actors: dict[str, Actor] = {
            name: request.getfixturevalue(f"as_{name}") for name in READERS
        }
        self.callers = {name: Caller(actor) for name, actor in self.actors.items()}
        self.owner, self.reviewer = self.callers["manager"], self.callers["vetted_reviewer"]
        self.officer = Caller(request.getfixturevalue("as_secrecy_officer"))
        self.organization = str(self.actors["manager"].organization)
        place = f"/organizations/{self.organization}"
        answer = self.officer.post(f"{place}/vet", etag=self.officer.get(place)["ETag"])
        assert answer.status_code == 200, answer.content
        self.answers: dict[tuple[str, str], tuple[int, str]] = {}

    def reads(self, name: str, path: str) -> tuple[int, str]:
        """Return status and text of an answer."""
        if (name, path) not in self.answers:
            answer = self.callers[name].get(path)
            assert answer.status_code in (200, 401, 403, 404), (name, path, answer.content)
            self.answers[name, path] = answer.status_code, text_of(answer)
        return self.answers[name, path]


@pytest.fixture
def office(request: pytest.FixtureRequest) -> Office:
    return Office(request)


def words_of_listing(number: int) -> dict[str, Any]:
    return {
        "title": f"轴承钢 {mark('pub', number)}",
        "body": f"真空脱气冶炼 {mark('pub', number)}",
        "keywords": [mark("pub", number)],
        "blocks": blocks(number),
        "indicators": indicators(number),
        "confidential": mark("own", number),
        "external_reference": f"{number}",
    }


def offer(office: Office, number: int, project: str, dual_use: str | None) -> Thing:
    """Draft an offer of technology."""
    body = {
        "market": "technology",
        "side": "offer",
        "region": "610100",
        "field": "05",
        "cooperation_modes": ["licence"],
        "valid_until": build_markets.in_days(90).isoformat(),
        "project": project,
        "dual_use": dual_use,
    }
    return Thing(office, "/listings", body | words_of_listing(number), number)


def words_of_entry(pool: str, number: int) -> dict[str, Any]:
    words: dict[str, Any] = {
        "title": f"轴承钢 {mark('pub', number)}",
        "summary": f"真空脱气冶炼 {mark('pub', number)}",
        "blocks": blocks(number),
        "external_reference": mark("own", number),
    }
    if pool == "talent":
        words["certificate"] = mark("own", number)
        words["employments"] = [{"name": mark("own", number), "share_of_time": "60"}]
    if pool == "project":
        words["indicators"] = indicators(number)
        words["inventors"] = [{"name": mark("own", number), "share": "100.00"}]
    return words


def entry(office: Office, pool: str, number: int, dual_use: str | None) -> Thing:
    """Draft an entry of a pool."""
    body = getattr(build_pools, pool.upper()) | words_of_entry(pool, number)
    return Thing(office, f"/{pool}s", body | {"dual_use": dual_use}, number)


# --- what is told -----------------------------------------------------------------------------


def level_of(text: str, number: int, key: str = "") -> str:
    """Return how much of a thing an answer tells."""
    circles = {"w": ("own", "nda", "fnd"), "i": ("sig", "fsi"), "p": ("pub", "fpu")}
    for level, names in circles.items():
        if any(mark(name, number) in text for name in names):
            return level
    return "x" if key and key in text else "-"


def cell_of(office: Office, row: Row, thing: Thing, facts: dict[str, str]) -> str:
    """Return what each of the readers is told of a thing on one road."""
    path = f"/{row.route}".replace("FILE", thing.files.get(row.asked, ""))
    path = path.replace("ID", facts.get(row.asked, thing.key))
    path += QUERIES.get(row.asked, "").format(**facts)
    is_one = row.asked in ("it", *thing.files)
    told = []
    for name in READERS:
        status, text = office.reads(name, path)
        level = level_of(text, thing.number, thing.key)
        if row.route == "listings/facets":
            level = "x" if json.loads(text)["count"] else "-"
        told.append("x" if is_one and status == 200 and level == "-" else level)
    return "".join(told)


def proposed_of(office: Office, row: Row, thing: Thing, last: int, facts: dict[str, str]) -> str:
    """Return what each of the readers is told of the words of a change, on one road."""
    path = f"/{row.route}".replace("FILE", thing.files.get(row.asked, ""))
    path = path.replace("ID", facts.get(row.asked, thing.key))
    path += QUERIES.get(row.asked, "").format(**facts)
    told = []
    for name in READERS:
        _status, text = office.reads(name, path)
        is_counted = row.route == "listings/facets" and json.loads(text)["count"]
        told.append("x" if is_counted else level_of(text, last))
    return "".join(told)


def check(
    office: Office,
    rows: list[Row],
    things: dict[str, Thing],
    last: int,
    others: dict[str, dict[str, str]],
) -> None:
    """Compare a table with what is told, and show all of it as it is where it differs."""
    facts = {
        state: {**thing.facts(), **marks(thing.number), **others.get(state, {})}
        for state, thing in things.items()
    }
    wrong, lines = [], []
    for row in rows:
        told = {
            state: cell_of(office, row, thing, facts[state])
            for state, thing in things.items()
            if "." not in row.cells[state]
        }
        # What is proposed has the address of what is published, and words of its own.
        ahead = {**facts["published"], **marks(last)}
        told["proposed"] = proposed_of(office, row, things["published"], last, ahead)
        wrong += [
            f"{row.route} {row.asked} {state}: {cell}, not {row.cells[state]}"
            for state, cell in told.items()
            if cell != row.cells[state]
        ]
        cells = [told.get(state, "......") for state in row.cells]
        lines.append(f"{row.route:24} {row.asked:9} {' '.join(cells)}")
    assert not wrong, "\n".join(["", *wrong, "", *lines])


def marks(number: int) -> dict[str, str]:
    """Return the words that only one thing says, by circle."""
    return {circle: mark(circle, number) for circle in ("pub", "sig", "nda", "own")}


def test_nothing_of_a_listing_comes_back_where_it_must_not(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    for name in READERS[1:-1]:
        build_finding.search(by=office.actors[name], mail=f"{name}@example.org", criteria={})
    need = build_markets.need(
        by=office.actors["vetted_agent"], reviewer=office.actors["vetted_reviewer"]
    )
    projects = {}
    for use in (None, "military_to_civil"):
        project = entry(office, "project", 90 + len(projects), use)
        project.goes("submit", "admit")
        projects[use] = project.key
    things = {}
    for number, state in enumerate((*STATES, "published")):
        use = "military_to_civil" if state == "dual_use" else None
        things[state] = offer(office, number, projects[use], use)
        until = {"draft": [], "submitted": ["submit"], "refused": ["submit", "refuse"]}
        things[state].goes(*until.get(state, ["submit", "publish"]))
    # Whoever sees them now makes them favourites, is alerted to them and matched with them.
    for thing in things.values():
        for name in READERS[1:-1]:
            office.callers[name].post("/favourites", {"listing": thing.key})
    build_finding.match()
    build_finding.tasks.send_alerts()
    tell("matching")
    rematch()
    # Each of them is proposed, however many they are.
    monkeypatch.setattr(attention, "promise_on", lambda day: Promise(day, 9, 7, 9, 99))
    propose()
    found = {str(match.offer_id): str(match.pk) for match in Match.objects.filter(need=need)}
    assert len(found) == len(STATES) - 2
    alert = Alert.objects.get(search__user=office.actors["vetted_agent"].user)
    things["paused"].goes("pause")
    things["withdrawn"].goes("withdraw")
    things["sealed"].goes("spill")
    last = len(things)
    things["published"].says(words_of_listing(last))
    things["published"].goes("submit_change")
    tell("notifications")
    notices = dict(Notice.objects.order_by("pk").values_list("subject_id", "pk"))
    others = {
        state: {
            "other": str(need.pk),
            "project": projects["military_to_civil" if state == "dual_use" else None],
            "match": found.get(thing.key, thing.key),
            "alert": str(alert.pk),
            "notice": str(notices.get(thing.key, thing.key)),
        }
        for state, thing in things.items()
    }
    rows = rows_of(LISTINGS, STATES)
    check(office, rows, things, last, others)
    # Pages are as many as there are listings to be seen.
    for name in ("anonymous", "vetted_agent"):
        place = READERS.index(name)
        cells = list(rows[0].cells.values())[:-1]
        assert pages_of(office, name) == sum(cell[place] != "-" for cell in cells), name


def pages_of(office: Office, name: str) -> int:
    """Count the pages of one listing each."""
    count, path = 0, f"/listings?page_size=1&organization={office.organization}"
    while path:
        answer = office.callers[name].get(path).json()
        count += len(answer["results"])
        path = (answer["next"] or "").partition("/api/v1")[2]
    return count


@pytest.mark.parametrize("pool", ["talent", "fund", "project"])
def test_nothing_of_an_entry_comes_back_where_it_must_not(office: Office, pool: str):
    things = {}
    until = {"draft": [], "submitted": ["submit"], "refused": ["submit", "refuse"]}
    until |= {"left": ["submit", "admit", "leave", "release"], "sealed": ["submit", "spill"]}
    for number, state in enumerate((*STATES_OF_ENTRIES, "published")):
        if pool != "project" and state not in ("draft", "dual_use", "published"):
            continue  # What is shut in each state is written once for all pools.
        use = "civil_to_military" if state == "dual_use" else None
        things[state] = entry(office, pool, number, use)
        things[state].goes(*until.get(state, ["submit", "admit"]))
    last = len(STATES_OF_ENTRIES) + 1
    things["published"].says(words_of_entry(pool, last))
    things["published"].goes("submit_change")
    tell("notifications")
    rows = [
        Row(row.route.replace("POOL", pool), row.asked, row.cells)
        for row in rows_of(ENTRIES, STATES_OF_ENTRIES)
        if pool == "project" or not row.route.startswith("projects/")
    ]
    check(office, rows, things, last, {})


def test_nothing_of_either_comes_back_elsewhere(office: Office):
    things = [entry(office, "project", 1, None)]
    things[0].goes("submit", "admit")
    things.append(offer(office, 2, things[0].key, None))
    things[1].goes("submit", "publish")
    for route in ELSEWHERE.split():
        path = f"/{route}?file_format=csv" if route.startswith("templates") else f"/{route}"
        for thing in things:
            for name in ("stranger", "administrator"):
                _status, text = office.reads(name, path.replace("ID", thing.key))
                assert level_of(text, thing.number, thing.key) == "-", (route, name)
