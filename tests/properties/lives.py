"""What the walks through the lives of listings and pool entries share: people, words, an oracle."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from hypothesis import Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from apps.accounts.models import Membership, Organization, User
from apps.finding import tasks as finding
from apps.journal.actions import tell
from apps.mail import tasks as mails
from apps.notifications import tasks as notifications
from marketplace.actors import Actor, Role
from marketplace.secrecy import Secrecy
from tests.callers import Caller
from tests.conftest import _join, _person

LONG = bool(os.environ.get("MARKETPLACE_LONG"))
#: So many distinct paths each of the two walks goes in the long run.
PATHS = 1000
SETTINGS = settings(
    # Some more than asked for, because chance repeats a path now and then.
    max_examples=PATHS * 11 // 10 if LONG else 5,
    stateful_step_count=10 if LONG else 7,
    # A path is told step by step where it fails; to look for a shorter one takes minutes.
    phases=set(Phase) - {Phase.shrink, Phase.explain},
)

CLEARANCE = {"clearance": {"no_state_secret": True, "cleared_by": "韩保密"}}
FINDINGS = {"findings": [{"field": "title", "code": "vague", "text": "请补充"}]}
REASON = {"reason": "不属于本市场"}
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</T (NAME)>>\nendobj\ntrailer <<>>\n%%EOF\n"

# --- marks ------------------------------------------------------------------------------------

#: Every wording carries words of its own for each circle of readers: `qpubabq` is public in the
#: wording 1, `qsig…q` for who signed in, `qnda…q` under an NDA, `qown…q` for the own organization.
CIRCLES = ("pub", "sig", "nda", "own")
MARK = re.compile(r"q(?:pub|sig|nda|own|fpu|fsi|fnd)[a-j]+q")
#: The marks of files, by their secrecy.
FILES = {Secrecy.PUBLIC: "fpu", Secrecy.SIGNED_IN: "fsi", Secrecy.UNDER_NDA: "fnd"}


def mark(circle: str, number: int) -> str:
    """Return a word that stands nowhere else."""
    return f"q{circle}{''.join('abcdefghij'[int(digit)] for digit in str(number))}q"


def blocks(number: int) -> list[dict[str, str]]:
    """Return a text for each circle."""
    circles = {"pub": "public", "sig": "signed_in", "nda": "under_nda"}
    return [
        {"heading": "说明", "text": f"块 {mark(circle, number)}", "secrecy": secrecy}
        for circle, secrecy in circles.items()
    ]


def indicators(number: int) -> list[dict[str, str]]:
    """Return a figure for each circle; test condition and competing solution tell of the value."""
    return [
        {
            "name": f"指标 {circle}",
            "relation": "at_least",
            "value": "62",
            "unit": "HRC",
            "condition": mark(circle, number),
            "competing": mark(circle, number),
            "secrecy": secrecy,
        }
        for circle, secrecy in (("sig", "signed_in"), ("nda", "under_nda"))
    ]


def text_of(answer: HttpResponse) -> str:
    """Return the whole body, streamed or not."""
    streamed = getattr(answer, "streaming_content", None)
    content = answer.content if streamed is None else b"".join(streamed)
    return content.decode("utf-8", "replace")


# --- the oracle -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One line of the oracle: where a move is open, where it leads, and whose it is."""

    move: str
    states: frozenset[str]
    waits: str
    proposal: str
    then: str
    then_waits: str
    then_proposal: str
    by: str

    def fits(self, state: str, waits: str, has_proposal: bool) -> bool:
        """Say whether the move is open here."""
        return (
            (state in self.states or ("*" in self.states and state != "sealed"))
            and self.waits in ("*", waits)
            and self.proposal in ("*", "yes" if has_proposal else "no")
        )


def read(table: str) -> list[Step]:
    """Read the lines of an oracle."""
    lines = [line.split() for line in table.strip().splitlines()[1:] if line.strip()]
    return [Step(move, frozenset(states.split("/")), *rest) for move, states, *rest in lines]


# --- the people -------------------------------------------------------------------------------

OUTSIDERS = ("anonymous", "stranger", "buyer")
OWNERS = ("author", "manager")
REVIEWERS = ("reviewer", "second", "administrator")
#: Reviewers, save that one belongs to the organization whose things these are.
OFFICE = (*REVIEWERS, "insider")
EVERYBODY = (*OUTSIDERS, *OWNERS, *OFFICE, "officer", "partner")


@dataclass
class People:
    """Who takes part, each a program with a key of its own."""

    callers: dict[str, Caller]
    actors: dict[str, Actor]
    organizations: dict[str, Organization]

    @classmethod
    def of(cls, request: pytest.FixtureRequest) -> "People":
        """Gather the cast, of which only the stranger is not vetted for dual use."""
        names = {
            "anonymous": "as_anonymous",
            "stranger": "as_stranger",
            "buyer": "as_vetted_agent",
            "author": "as_researcher",
            "manager": "as_manager",
            "reviewer": "as_vetted_reviewer",
            "second": "as_second_reviewer",
            "administrator": "as_administrator",
            "officer": "as_secrecy_officer",
            "partner": "as_broker",
        }
        actors: dict[str, Actor] = {
            name: request.getfixturevalue(fixture) for name, fixture in names.items()
        }
        organizations = {
            name: request.getfixturevalue(name)
            for name in ("institute", "works", "other_works", "agency", "office")
        }
        insider = _person("insider", "两头人")
        actors["insider"] = _join(insider, organizations["office"], Role.REVIEWER)
        # Whoever lists things of all pools also gives money.
        for name, organization, role in (
            ("author", "institute", Role.INVESTOR),
            ("stranger", "other_works", Role.INVESTOR),
            ("partner", "agency", Role.ORGANIZATION_MANAGER),
            ("insider", "institute", Role.RESEARCHER),
        ):
            Membership.objects.create(
                user_id=actors[name].user, organization=organizations[organization], role=role
            )
        people = cls({n: Caller(actor) for n, actor in actors.items()}, actors, organizations)
        people.vet("institute")
        people.vet("agency")
        for user in User.objects.filter(pk__in={actor.user for actor in actors.values()}):
            name = next(name for name, actor in actors.items() if actor.user == user.pk)
            actors[name] = user.as_actor(organization=actors[name].organization, request_id="test")
        return people

    def vet(self, name: str, move: str = "vet") -> None:
        """Vet an organization for dual use, or take that back."""
        key = self.organizations[name].pk
        officer = self.callers["officer"]
        place = f"/organizations/{key}"
        etag = officer.get(place)["ETag"]
        answer = officer.post(f"{place}/{move}", etag=etag)
        assert answer.status_code == 200, answer.content


# --- the walk ---------------------------------------------------------------------------------

#: What is done in a step, and how often: mostly what leads on, else what is tried or happens.
DEEDS = [
    *["goes_on"] * 10,
    *["somebody_tries"] * 3,
    "somebody_consents",
    "adds_a_file",
    "vetting_changes",
    "news_goes_round",
    "outsiders_note_it",
    "happens",
]
#: Of moves that are open, how often each is taken; those that end a path but once.
OFTEN = {
    **dict.fromkeys(("submit", "submit_change", "publish", "admit"), 24),
    **{"change": 18, "pause": 6, "renew": 6, "take_back": 6, "leave": 6},
}
ENDS = {"refused", "withdrawn", "concluded", "left", "sealed"}
#: Where a path begins: most of a life is on the market.
STARTS = ("draft", "live", "changing")


class Life(RuleBasedStateMachine):
    """
    One thing from its draft to its end, beside what the oracle says of it.

    A path is one transaction, which is taken back at its end: the people were committed before the
    first path, and each begins with the same market, at the price of a rollback.
    """

    people: ClassVar[People]
    steps: ClassVar[list[Step]]
    #: Where the decision lets something in: "publish" or "admit".
    accepts: ClassVar[str]
    shown_in: ClassVar[str]
    on_the_market: ClassVar[frozenset[str]]
    #: The paths that were walked, and how often each line of the oracle was.
    walked: ClassVar[set[tuple[str, ...]]]
    taken: ClassVar[Counter[Step]]

    def __init__(self) -> None:
        super().__init__()
        self.whole: AbstractContextManager[None] = transaction.atomic()
        self.whole.__enter__()
        self.path: list[str] = []
        self.chance, self.seed = Random(0), 0  # noqa: S311
        self.state, self.waits, self.live = "draft", "-", 1
        self.proposed: int | None = None
        #: Every wording ever written, as its owner reads it.
        self.wordings: dict[int, Any] = {}
        #: Which owners agreed to which wording.
        self.agreed: dict[int, set[str]] = {}
        self.files: dict[str, Secrecy] = {}
        self.is_dual_use = self.is_of_duty = self.is_shared = False
        self.is_buyer_vetted = True
        self.number, self.looks, self.is_changed = 0, 0, True
        self.key = self.etag = self.place = ""

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.whole.__exit__(None, None, None)
        cache.clear()
        mail.outbox.clear()
        if self.path:
            self.walked.add(tuple(self.path))
            note(f"The path: {', '.join(self.path)}")

    # What each kind of thing says for itself.

    def kind_of(self) -> str:
        """Return what it is called in exports."""
        raise NotImplementedError

    def words(self, number: int) -> dict[str, Any]:
        """Return other words, with the marks of `number`."""
        raise NotImplementedError

    def refusal(self, step: Step, name: str) -> int:
        """Return why an open move is refused nevertheless, or 0."""
        raise NotImplementedError

    def body_of(self, move: str) -> Any:
        """Return what a move takes."""
        if move in ("submit", "submit_change"):
            return {**CLEARANCE, "what_changed": "补充了数据"}
        bodies = {self.accepts: CLEARANCE, "send_back": FINDINGS, "refuse": REASON}
        return bodies.get(move, REASON if move in ("spill", "leave") else None)

    def happens(self) -> None:
        """Let the clock or another thing act on it."""

    def look_further(self, name: str) -> None:
        """Look at the surfaces that only this kind of thing has."""

    # What the oracle says.

    @property
    def newest(self) -> int:
        return self.proposed or self.live

    @property
    def is_shown(self) -> bool:
        return self.state == self.shown_in

    def sees(self, name: str) -> bool:
        """Say whether somebody may know of it."""
        if self.state == "sealed":
            return False
        if name in OWNERS or name == "officer" or (name == "partner" and self.is_shared):
            return True
        if name in OFFICE:
            return self.state != "draft"
        return self.is_shown and (not self.is_dual_use or self.is_vetted(name))

    def is_vetted(self, name: str) -> bool:
        """Say whether an outsider is vetted for dual use now."""
        return name == "partner" or (name == "buyer" and self.is_buyer_vetted)

    def reads_whole(self, name: str) -> bool:
        """Say whether somebody who sees it reads all of it, also what it said and would say."""
        is_asked = name == "partner" and self.is_shared and self.is_of_duty
        return name in OWNERS or is_asked or name in ("reviewer", "second", "insider")

    def may(self, name: str, by: str) -> bool:
        """Say whether a move that is made `by` somebody is made by this one."""
        return name in {"owner": OWNERS, "reviewer": REVIEWERS, "officer": ("officer",)}[by]

    def step_of(self, move: str) -> Step | None:
        """Return the line of the oracle that is open for a move."""
        has_proposal = self.proposed is not None
        fitting = [
            step
            for step in self.steps
            if step.move == move and step.fits(self.state, self.waits, has_proposal)
        ]
        assert len(fitting) <= 1, fitting
        return fitting[0] if fitting else None

    def lacks_consent(self, name: str) -> bool:
        """Say whether an owner has not agreed to the newest words; a manager does by submitting."""
        owning = {"manager"} | ({"partner"} if self.is_shared else set())
        given = self.agreed.get(self.newest, set()) | ({name} & {"manager"})
        return self.is_of_duty and not owning <= given

    def status_of(self, move: str, name: str) -> tuple[int, Step | None]:
        """Return how a move that somebody tries is answered, and what it does."""
        if name == "anonymous":
            return 401, None
        if not self.sees(name):
            return 404, None
        by = next(step.by for step in self.steps if step.move == move)
        if not self.may(name, by):
            return 403, None
        step = self.step_of(move)
        if step is None:
            return 409, None
        refusal = self.refusal(step, name)
        return (refusal, None) if refusal else (200, step)

    def takes(self, step: Step, name: str) -> None:
        """Go where a move leads."""
        if step.move in ("submit", "submit_change") and self.is_of_duty and name == "manager":
            self.agreed.setdefault(self.newest, set()).add("manager")
        if step.move == self.accepts and self.waits == "change":
            self.live = self.newest
        if step.then != "=":
            self.state = step.then
        if step.then_waits != "=":
            self.waits = step.then_waits
        if step.then_proposal == "no":
            self.proposed = None
        self.is_changed = True

    # The steps.

    def begin(self, path: str, body: dict[str, Any]) -> None:
        """Draft it, as its author."""
        answer = self.people.callers["author"].post(path, body)
        assert answer.status_code == 201, answer.content
        self.key, self.etag = answer.json()["id"], answer["ETag"]
        self.place = f"{path}/{self.key}"
        self.hangs(Secrecy.UNDER_NDA)

    def starts(self, start: str) -> None:
        """Bring it to where everybody sees it, and perhaps to where a change of it waits."""
        if start == "draft":
            return
        self._asks("submit")
        self.tries(self.accepts, "reviewer")
        if start == "changing":
            self.tries("change", "author")
            self._asks("submit_change")

    def _asks(self, move: str) -> None:
        if self.is_shared and self.is_of_duty:
            self.consents("consent", "partner")
        self.tries(move, "manager")

    @rule(seed=st.integers(0, 2**32 - 1))
    def step(self, seed: int) -> None:
        """
        Do something, and see that it is answered as the oracle says.

        The seed decides on everything: of choices among many, hypothesis prefers the first.
        """
        self.chance = Random(f"{self.seed} {seed} {len(self.path)}")  # noqa: S311
        getattr(self, self.chance.choice(DEEDS))()

    def goes_on(self) -> None:
        """Make a move that is open, by somebody whose move it is."""
        if self.lacks_consent("author") and self.chance.random() < 0.5:
            self.consents("consent", self.chance.choice(["manager", "partner"]))
            return
        fitting = [s for s in self.steps if s.fits(self.state, self.waits, bool(self.proposed))]
        open_steps = [
            step
            for step in fitting
            for _ in range(1 if step.then in ENDS else OFTEN.get(step.move, 12))
            if step.by != "clock"
        ]
        if open_steps:
            step = self.chance.choice(open_steps)
            names = [name for name in EVERYBODY if self.may(name, step.by)]
            self.tries(step.move, self.chance.choice(names))

    def somebody_tries(self) -> None:
        """Let anybody try anything."""
        moves = sorted({step.move for step in self.steps if step.by != "clock"})
        self.tries(self.chance.choice(moves), self.chance.choice(EVERYBODY))

    def tries(self, move: str, name: str) -> None:
        """Let somebody try a move."""
        self.path.append(f"{move} {name}")
        status, step = self.status_of(move, name)
        caller = self.people.callers[name]
        self.number += move in ("change", "renew")
        if move == "change":
            answer = caller.patch(self.place, self.words(self.number), etag=self.etag)
        else:
            answer = caller.post(f"{self.place}/{move}", self.body_of(move), etag=self.etag)
        assert answer.status_code == status, (move, name, status, answer.content)
        if step is None:
            return
        self.taken[step] += 1
        self.etag = answer["ETag"]
        if move == "change":
            self.writes(self.words(self.number), is_proposal=self.state in self.on_the_market)
        self.takes(step, name)

    def writes(self, words: dict[str, Any], *, is_proposal: bool = False) -> None:
        """Note that there is a wording more, and what it says to its owner."""
        number = max(self.wordings, default=0) + 1
        kept = self.people.callers["author"].get(f"{self.place}/wordings").json()["results"]
        assert [each["number"] for each in kept] == list(range(number, 0, -1))
        said = kept[0]["words"]
        for name in ("title", "body", "summary", "blocks", "confidential"):
            if name in words:
                assert said[name] == words[name], name
        self.wordings[number] = said
        if is_proposal:
            self.proposed = number
        else:
            self.live = number

    def somebody_consents(self) -> None:
        """Let anybody consent to the newest words, or take that back."""
        move = self.chance.choice(["consent", "withdraw_consent"])
        self.consents(move, self.chance.choice(["manager", "partner", *EVERYBODY]))

    def consents(self, move: str, name: str) -> None:
        """Let somebody consent to the newest words, or take that back."""
        self.path.append(f"{move} {name}")
        caller = self.people.callers[name]
        answer = caller.post(f"{self.place}/{move}", etag=self.etag)
        status = self._consent_status(move, name)
        assert answer.status_code == status, (move, name, status, answer.content)
        if status == 200:
            change = set.add if move == "consent" else set.discard
            change(self.agreed.setdefault(self.newest, set()), name)

    def _consent_status(self, move: str, name: str) -> int:
        if name == "anonymous":
            return 401
        if not self.sees(name):
            return 404
        if name not in ("manager", "partner"):
            return 403
        has_agreed = name in self.agreed.get(self.newest, set())
        if move == "withdraw_consent":
            return 200 if has_agreed else 409
        if not self.is_of_duty:
            return 409
        if name == "partner" and not self.is_shared:
            return 403
        return 409 if has_agreed else 200

    def adds_a_file(self) -> None:
        """Hang a file on it, for one of the circles."""
        if self.state in ("draft", *self.on_the_market) and len(self.files) < 4:
            self.hangs(self.chance.choice(list(Secrecy)))

    def hangs(self, secrecy: Secrecy) -> None:
        """Hang a file on it that only readers of this secrecy may know of."""
        self.path.append(f"a file {secrecy}")
        circle = FILES[secrecy]
        name = mark(circle, len(self.files))
        answer = upload(self.people.callers["author"], f"{self.place}/files", name, secrecy)
        assert answer.status_code == 201, answer.content
        self.files[answer.json()["id"]] = secrecy
        self.is_changed = True

    def vetting_changes(self) -> None:
        """Take back that the buyer is vetted for dual use, or vet him again."""
        self.path.append("vetting changes")
        self.people.vet("works", "unvet" if self.is_buyer_vetted else "vet")
        self.is_buyer_vetted = not self.is_buyer_vetted
        self.is_changed = True

    def news_goes_round(self) -> None:
        """Let everybody be told of what happened."""
        self.path.append("news")
        tell("notifications")
        tell("finding")
        finding.match_news()
        finding.send_alerts()
        notifications.write_mails()
        mails.send()
        self.is_changed = True

    def outsiders_note_it(self) -> None:
        """Let outsiders look at it."""

    # What holds after every step.

    @invariant()
    def it_is_as_the_oracle_says(self) -> None:
        """Compare what is seen with what is to be seen, for who owns it and for who does not."""
        if not self.key or not self.is_changed:
            return
        self.is_changed = False
        self._owner_reads_it()
        for name in OUTSIDERS:
            self._outsider_reads_it(name)
        # One of the outsiders looks everywhere, each in turn.
        self.looks += 1
        self._outsider_looks_everywhere(OUTSIDERS[self.looks % len(OUTSIDERS)])

    def _owner_reads_it(self) -> None:
        author = self.people.callers["author"]
        answer = author.get(self.place)
        if self.state == "sealed":
            assert answer.status_code == 404
            assert author.get(f"{self.place}/wordings").status_code == 404
            return
        said = answer.json()
        self.etag = answer["ETag"]
        assert (said["state"], said["waiting"] or "-") == (self.state, self.waits)
        assert said["wording"] == self.live
        proposed = said["proposed"] if "proposed" in said else said["proposed_wording"]
        number = proposed["wording"] if isinstance(proposed, dict) else proposed
        assert number == self.proposed
        # The live words are the last that were accepted, and no wording was lost.
        live = self.wordings[self.live]
        for name in ("title", "body", "summary", "confidential"):
            assert said.get(name) == live.get(name), name
        assert [block["text"] for block in said["blocks"]] == [
            block["text"] for block in live["blocks"]
        ]
        kept = author.get(f"{self.place}/wordings").json()["results"]
        assert {each["number"]: each["words"] for each in kept} == self.wordings

    def allowed(self, name: str) -> set[str]:
        """Return the marks that an outsider may read anywhere: those of the live words."""
        if not self.sees(name):
            return set()
        number = mark_of(self.wordings[self.live])
        circles = ["pub"] if name == "anonymous" else ["pub", "sig"]
        return {mark(circle, number) for circle in circles} | {
            mark(FILES[secrecy], place)
            for place, secrecy in enumerate(self.files.values())
            if self.opens(name, secrecy)
        }

    def opens(self, name: str, secrecy: Secrecy) -> bool:
        """Say whether an outsider may open a file, and know that it is there."""
        is_for_him = secrecy is Secrecy.PUBLIC or (
            secrecy is Secrecy.SIGNED_IN and name != "anonymous"
        )
        return is_for_him and self.sees(name)

    def reads(self, name: str, path: str, *, status: int = 200, **query: Any) -> str:
        """Return what an outsider is answered, which holds nothing that is not for him."""
        answer = self.people.callers[name].get(path, **query)
        assert answer.status_code == status, (name, path, query, answer.status_code)
        text = text_of(answer)
        found = set(MARK.findall(text))
        # A search that is answered with an address says what was searched for.
        told = found - self.allowed(name)
        assert not told, (name, path, query, told)
        if not self.sees(name):
            assert self.key not in text, (name, path, query)
        return text

    def _outsider_reads_it(self, name: str) -> None:
        seen = self.sees(name)
        text = self.reads(name, self.place, status=200 if seen else 404)
        if seen:
            assert mark("pub", mark_of(self.wordings[self.live])) in text
            assert (mark("sig", mark_of(self.wordings[self.live])) in text) == (name != "anonymous")

    def _outsider_looks_everywhere(self, name: str) -> None:
        seen = self.sees(name)
        collection = self.place.rpartition("/")[0]
        own = {"organization": str(self.people.organizations["institute"].pk)}
        listed = self.reads(name, collection, **own)
        assert (self.key in listed) == seen
        for state in {self.state, self.shown_in}:
            found = self.reads(name, collection, state=state, **own)
            assert (self.key in found) == (seen and state == self.state)
        if self.waits != "-":
            # That it waits is for its owners and reviewers.
            assert self.key not in self.reads(name, collection, waiting=self.waits, **own)
        files = self.reads(name, f"{self.place}/files", status=200 if seen else 404)
        for key, secrecy in self.files.items():
            is_open = self.opens(name, secrecy)
            assert (key in files) == is_open
            self.reads(name, f"{self.place}/files/{key}", status=200 if is_open else 404)
        for route in ("wordings", "submissions", "consents"):
            self.reads(name, f"{self.place}/{route}", status=404)
        if name != "anonymous":
            table = self.reads(name, f"/exports/{self.kind_of()}", file_format="csv", **own)
            assert (self.key in table) == seen
            for route in ("/journal", "/notices"):
                assert self.key not in self.reads(name, route)
        self.look_further(name)


def mark_of(words: dict[str, Any]) -> int:
    """Return the number that the marks of a wording have."""
    found = MARK.search(words["title"])
    assert found, words["title"]
    return int("".join(str("abcdefghij".index(letter)) for letter in found[0][4:-1]))


def upload(caller: Caller, path: str, name: str, secrecy: Secrecy) -> HttpResponse:
    """Hand in a file that holds its own name."""
    return caller.client.post(
        f"/api/v1{path}",
        {
            "file": SimpleUploadedFile(
                f"{name}.pdf", PDF.replace(b"NAME", name.encode()), "application/pdf"
            ),
            "no_state_secret": "true",
            "cleared_by": "韩保密",
            "purpose": "description",
            "secrecy": secrecy.value,
        },
        headers={**caller.headers, "Idempotency-Key": uuid4().hex},
    )


def unwalked(steps: Iterable[Step], taken: Counter[Step]) -> Iterator[str]:
    """Return the lines of an oracle that no path took."""
    return (f"{step.move} {sorted(step.states)} {step.waits}" for step in steps if not taken[step])
