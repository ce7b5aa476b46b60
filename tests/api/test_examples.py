"""
The worked examples in the description of the API: every kind of thing, from draft to import.

What is asked and answered here is what the description shows. Where an answer has changed on
purpose, `make examples` writes it anew, and `make schema` after it.
"""

import json
import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.utils import timezone
from jsonschema import Draft202012Validator

from apps.base.api import schema
from apps.exchange import tasks as exchange
from marketplace.actors import Actor
from marketplace.calendar import day_of
from tests.callers import Caller

WRITES = os.environ.get("MARKETPLACE_EXAMPLES") == "write"

#: The day on which all of it happens, in the examples.
DAY = date(2026, 3, 2)
TIME = f"{DAY}T10:00:00+08:00"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CHANGING = re.compile(
    rf"(?P<id>{UUID.pattern})|(?P<hash>\b[0-9a-f]{{64}}\b)"
    r"|(?P<time>20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<day>\b20\d\d-\d\d-\d\d\b)"
)

CLEARANCE = {"clearance": {"no_state_secret": True, "cleared_by": "韩保密"}}
AGAIN = {**CLEARANCE, "what_changed": "补充了试验条件。"}


def in_days(days: int) -> str:
    """Return a day so far from today; in the examples, from the day of all of them."""
    return (day_of(timezone.now()) + timedelta(days=days)).isoformat()


COMMON = {"region": "610100", "field": "05"}
ENTRIES: dict[str, dict[str, Any]] = {
    "talent": {
        "title": "轴承材料工程师",
        "summary": "十年真空冶炼经验,主持三条中试线。",
        "kind": "engineer",
        "discipline": "430",
        "professional_title": "高级工程师",
        "specialities": ["轴承钢", "真空脱气"],
        "languages": ["zh", "en"],
        "available_share": 40,
    },
    "fund": {
        "title": "硬科技天使基金",
        "summary": "投早、投小、投硬科技。",
        "kind": "equity",
        "product": "angel_fund",
        "smallest_ticket": "100000.00",
        "largest_ticket": "5000000.00",
        "stages": ["seed", "angel"],
        "conditions": [{"fact": "readiness", "relation": "at_least", "value": "4"}],
    },
    "project": {
        "title": "高韧性轴承钢",
        "summary": "两次真空脱气冶炼的轴承钢,硬度不低于 62 HRC。",
        "readiness": 6,
        "readiness_evidence": "中试线连续运行 720 小时。",
        "intellectual_property": "0201",
        "is_service_invention": False,
        "rights": [
            {
                "kind": "0201",
                "number": "ZL200310102344.5",
                "title": "一种高韧性轴承钢",
                "status": "granted",
                "expires_on": "2043-05-31",
            }
        ],
        "applications": ["风电主轴"],
        "indicators": [
            {
                "name": "硬度",
                "relation": "at_least",
                "value": "62",
                "unit": "HRC",
                "condition": "GB/T 230.1",
                "competing": "GCr15,60 HRC",
                "secrecy": "signed_in",
            }
        ],
    },
}
ENTRIES = {pool: {**COMMON, **words} for pool, words in ENTRIES.items()}
BLOCKS = [
    {"heading": "应用", "text": "高速主轴轴承。", "secrecy": "public"},
    {"heading": "工艺", "text": "真空脱气两次。", "secrecy": "under_nda"},
]
LISTINGS: dict[str, dict[str, Any]] = {
    "technology_offer": {
        "title": "高韧性轴承钢制备技术",
        "body": "真空脱气冶炼,硬度不低于 62 HRC,疲劳寿命提高一倍。",
        "keywords": ["轴承钢", "真空脱气"],
        "cooperation_modes": ["licence"],
        "readiness": 6,
        "price_way": "listed_price",
        "price_from": "100000.00",
        "price_to": "500000.00",
        "blocks": BLOCKS,
        "confidential": "配方见附件三。",
        "terms": {"exclusivity": "non_exclusive", "support": "驻厂调试两周"},
    },
    "technology_need": {
        "title": "求购长寿命轴承钢",
        "body": "需要疲劳寿命提高 50% 的轴承钢,用于风电主轴。",
        "cooperation_modes": ["licence", "development"],
        "price_to": "800000.00",
        "terms": {"acceptance": "台架试验 1000 小时", "present_solution": "GCr15"},
    },
    "talent_offer": {
        "title": "轴承材料工程师可兼职",
        "body": "每周两天,可驻厂。",
        "terms": {"engagement": "part_time", "share_of_time": 40},
    },
    "talent_need": {
        "title": "招聘热处理工程师",
        "body": "负责轴承热处理产线。",
        "terms": {"engagement": "full_time", "talent_kind": "engineer", "headcount": 2},
    },
    "capital_offer": {
        "title": "硬科技天使投资",
        "body": "单笔 10 万至 500 万元。",
        "price_from": "100000.00",
        "price_to": "5000000.00",
        "terms": {"stages": ["seed", "angel"], "most_equity_share": "20.00"},
    },
    "capital_need": {
        "title": "轴承钢中试线融资",
        "body": "建设年产百吨的中试线。",
        "price_to": "3000000.00",
        "terms": {"fund_kind": "equity", "equity_share": "10.00", "use_of_money": "中试线"},
    },
}
#: What an offer of each market offers.
OFFERED = {"technology_offer": "project", "talent_offer": "talent", "capital_offer": "fund"}


class Book:
    """What was asked and answered, by operation, with other ids and days in their places."""

    def __init__(self, document: dict[str, Any]) -> None:
        #: Plain addresses come before those that hold an id, which match them too.
        self.operations = [
            (method.upper(), re.compile(re.sub(r"{\w+}", "[^/]+", path)), each["operationId"])
            for path, item in sorted(document["paths"].items(), key=lambda it: it[0].count("{"))
            for method, each in item.items()
        ]
        self.pages: dict[str, dict[str, Any]] = {}
        self.ids: dict[str, str] = {}
        self.shift = day_of(timezone.now()) - DAY

    def notes(
        self, name: str, method: str, path: str, answer: HttpResponse, request: Any = None
    ) -> None:
        """Keep an example; of an operation that is not about one kind alone, the first."""
        path = "/api/v1" + path.partition("?")[0]
        operation = next(
            operation
            for its_method, pattern, operation in self.operations
            if its_method == method and pattern.fullmatch(path)
        )
        page = self.pages.setdefault(operation, {})
        if page and operation != "listings_create":
            return
        page[name] = {
            "request": self.plain(request),
            "status": answer.status_code,
            "media_type": answer["Content-Type"].partition(";")[0],
            "response": self.plain(said(answer)),
        }

    def plain(self, value: Any, key: str = "") -> Any:
        """Return a value as it is on every run."""
        if isinstance(value, dict):
            return {name: self.plain(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self.plain(each) for each in value]
        if key.endswith("_seconds") and value is not None:
            return type(value)(1)
        return CHANGING.sub(self._other, value) if isinstance(value, str) else value

    def _other(self, match: re.Match[str]) -> str:
        text = match[0]
        match match.lastgroup:
            case "id":
                number = len(self.ids) + 1
                return self.ids.setdefault(text, f"019c0000-0000-7000-8000-{number:012}")
            case "hash":
                return "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
            case "time":
                return TIME
        day = date.fromisoformat(text)
        # What is said of today is said of the other day; what is far off stands.
        return (day - self.shift).isoformat() if abs(day - DAY - self.shift).days < 1500 else text


def said(answer: HttpResponse) -> Any:
    """Return what an answer says: JSON, or the text of a table."""
    if hasattr(answer, "streaming_content"):
        return b"".join(answer.streaming_content).decode("utf-8-sig")
    return answer.json()


class Walk:
    """Somebody who lists things, somebody who reviews them, and the book."""

    def __init__(self, book: Book, owner: Caller, reviewer: Caller) -> None:
        self.book, self.owner, self.reviewer = book, owner, reviewer

    def begins(self, kind: str, path: str, body: dict[str, Any]) -> str:
        """Draft a thing, and return where it is."""
        answer = self.owner.post(path, body)
        assert answer.status_code == 201, answer.content
        self.book.notes(kind, "POST", path, answer, body)
        return f"{path}/{answer.json()['id']}"

    def goes(self, kind: str, place: str, move: str, body: Any = None) -> None:
        """Make a move, by whose it is."""
        by = self.reviewer if move in ("admit", "publish") else self.owner
        answer = by.post(f"{place}/{move}", body, etag=self.owner.get(place)["ETag"])
        assert answer.status_code == 200, answer.content
        self.book.notes(kind, "POST", f"{place}/{move}", answer, body)

    def says(self, kind: str, place: str, body: Any) -> None:
        """Write other words."""
        answer = self.owner.patch(place, body, etag=self.owner.get(place)["ETag"])
        assert answer.status_code == 200, answer.content
        self.book.notes(kind, "PATCH", place, answer, body)

    def reads(self, kind: str, path: str) -> Any:
        """Read something, and return what it says."""
        answer = self.owner.get(path)
        assert answer.status_code == 200, answer.content
        found = said(answer)
        if hasattr(answer, "streaming_content"):
            answer.streaming_content = [found.encode()]
        self.book.notes(kind, "GET", path, answer)
        return found

    def hands_in(self, kind: str, table: str) -> None:
        """Import a table, and see that it says nothing new: the same came back that went out."""
        form = {"kind": kind, "submit": False, "no_state_secret": True, "cleared_by": "韩保密"}
        file = SimpleUploadedFile(f"{kind}.csv", b"\xef\xbb\xbf" + table.encode(), "text/csv")
        answer = self.owner.client.post(
            "/api/v1/imports",
            {**form, "submit": "false", "no_state_secret": "true", "file": file},
            headers={**self.owner.headers, "Idempotency-Key": uuid4().hex},
        )
        assert answer.status_code == 201, answer.content
        self.book.notes(kind, "POST", "/imports", answer, {**form, "file": table})
        place = f"/imports/{answer.json()['id']}"
        self.goes(kind, place, "check")
        exchange.step()
        job = self.owner.get(place).json()
        assert (job["state"], job["faults_total"]) == ("checked", 0), (
            job,
            self.owner.get(f"{place}/faults").json(),
        )
        self.goes(kind, place, "commit")
        exchange.step()
        job = self.reads(kind, place)
        assert (job["state"], job["rows_unchanged"]) == ("done", 1), job


@pytest.fixture
def document(client: Any, db: None) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/schema").json()
    return found


def walked(document: dict[str, Any], owner: Caller, reviewer: Caller) -> dict[str, dict[str, Any]]:
    """Walk with each kind from its draft to its import, and return what is in the book."""
    walk = Walk(Book(document), owner, reviewer)
    entries = {}
    for pool, words in ENTRIES.items():
        place = walk.begins(pool, f"/{pool}s", {**words, "external_reference": "A-1"})
        entries[pool] = place.rpartition("/")[2]
        walk.goes(pool, place, "submit", CLEARANCE)
        walk.goes(pool, place, "admit", CLEARANCE)
        walk.says(pool, place, {"summary": words["summary"] + "可现场验证。"})
        walk.goes(pool, place, "submit_change", AGAIN)
        walk.goes(pool, place, "admit", CLEARANCE)
        walk.reads(pool, f"/{pool}s?field=05")
        walk.reads(pool, place)
        walk.reads(pool, f"{place}/wordings")
        walk.reads(pool, f"{place}/submissions")
        walk.hands_in(pool, walk.reads(pool, f"/exports/{pool}?file_format=csv"))
    for kind, words in LISTINGS.items():
        market, _, side = kind.partition("_")
        body = {"market": market, "side": side, **COMMON, **words, "valid_until": in_days(90)}
        body["external_reference"] = f"L-{kind}"
        if kind in OFFERED:
            body[OFFERED[kind]] = entries[OFFERED[kind]]
        place = walk.begins(kind, "/listings", body)
        walk.goes(kind, place, "submit", CLEARANCE)
        walk.goes(kind, place, "publish", CLEARANCE)
        walk.says(kind, place, {"body": words["body"] + "可现场验证。"})
        walk.goes(kind, place, "submit_change", AGAIN)
        walk.goes(kind, place, "publish", CLEARANCE)
        walk.goes(kind, place, "renew", {"valid_until": in_days(180)})
        found = walk.reads(kind, f"/listings?search={words['title']}")
        assert place.endswith(found["results"][0]["id"])
        walk.reads(kind, "/listings/facets?facet=market,side")
        for route in ("", "/wordings", "/submissions", "/advice"):
            walk.reads(kind, place + route)
        walk.hands_in(kind, walk.reads(kind, f"/exports/{kind}?file_format=csv"))
    return walk.book.pages


def test_what_the_examples_show_is_what_happens(
    document: dict[str, Any], as_manager: Actor, as_reviewer: Actor
):
    pages = walked(document, Caller(as_manager), Caller(as_reviewer))
    if WRITES:
        write(schema.EXAMPLES, pages)
    assert {path.stem for path in schema.EXAMPLES.glob("*.json")} == set(pages)
    for operation, page in pages.items():
        kept = json.loads((schema.EXAMPLES / f"{operation}.json").read_text())
        assert page == kept, f"{operation}: see it change with `make examples`"


def write(folder: Path, pages: dict[str, dict[str, Any]]) -> None:
    """Write the examples anew, and remove those that nobody walks any more."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for operation, page in pages.items():
        text = json.dumps(page, ensure_ascii=False, indent=2)
        (folder / f"{operation}.json").write_text(f"{text}\n")


def test_every_example_is_shown_and_as_the_description_says(document: dict[str, Any]):
    shown = set()
    for item in document["paths"].values():
        for operation in item.values():
            parts = (operation.get("requestBody", {}), *operation["responses"].values())
            contents = [content for part in parts for content in part.get("content", {}).values()]
            for content in contents:
                shape = {**content["schema"], "components": document["components"]}
                for example in content.get("examples", {}).values():
                    Draft202012Validator(shape).validate(example["value"])
                    shown.add(operation["operationId"])
    assert shown == {path.stem for path in schema.EXAMPLES.glob("*.json")}
