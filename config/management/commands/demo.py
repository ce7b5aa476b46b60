"""Walk over HTTP from an achievement and a need to a registered contract and its figure."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.demonstration import PASSWORD
from marketplace.calendar import day_of

#: Seconds that the clockwork may take to find a match, or to fold a figure.
PATIENCE = 60.0
#: The declaration that goes with every submission and every decision to let something in.
CLEARED = {"clearance": {"no_state_secret": True, "cleared_by": "韩冰（保密办）"}}
SCOPES = ["pools", "listings", "matches", "deals", "contracts", "statistics", "journal"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the market answered."""

    status: int
    etag: str
    body: Json


class Person:
    """Somebody of the demonstration at work with an API key of one's own."""

    def __init__(self, base: str, username: str) -> None:
        self.base = urlsplit(base)
        self.headers = {"Content-Type": "application/json", "Accept-Language": "zh-Hans"}
        session = self.call("POST", "/session", {"username": username, "password": PASSWORD})
        self.headers["X-CSRFToken"] = session.body["csrf_token"]
        key = self.call(
            "POST",
            "/api-keys",
            {
                "name": "demo",
                "scopes": [f"{kind}:{deed}" for kind in SCOPES for deed in ("read", "write")],
                "expires_at": (timezone.now() + timedelta(hours=1)).isoformat(),
            },
        )
        del self.headers["Cookie"], self.headers["X-CSRFToken"]
        self.headers["Authorization"] = f"Bearer {key.body['key']}"

    def call(self, method: str, path: str, body: Json | None = None, etag: str = "") -> Answer:
        """Send a request; anything but success ends the demonstration with what the market said."""
        headers = self.headers | ({"If-Match": etag} if etag else {})
        if method == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        connection = HTTPConnection(self.base.hostname or "", self.base.port or 80, timeout=30)
        try:
            content = None if method == "GET" else json.dumps(body or {}).encode()
            connection.request(method, f"/api/v1{path}", content, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException) as error:
            raise CommandError(
                f"The market does not answer at {self.base.geturl()} ({error}): start it with `make run`."
            ) from error
        finally:
            connection.close()
        if response.status >= 400:
            raise CommandError(f"{method} {path} → {response.status}\n{text}")
        cookies = [c.split(";")[0] for c in response.headers.get_all("Set-Cookie") or []]
        if cookies:
            self.headers["Cookie"] = "; ".join(cookies)
        return Answer(
            response.status, response.headers.get("ETag", ""), json.loads(text) if text else {}
        )

    def get(self, path: str, **query: str) -> Answer:
        """Read."""
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Json | None = None) -> Answer:
        """Make something."""
        return self.call("POST", path, body)

    def move(self, path: str, name: str, body: Json | None = None) -> Answer:
        """Make a move on the version that is current."""
        return self.call("POST", f"{path}/{name}", body, self.get(path).etag)


class Command(BaseCommand):
    """`manage.py demo`: the whole chain over HTTP, each step with its result and its address."""

    help = "Walk from an achievement to a published figure, over HTTP, in the market that runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default="http://127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        self.base: str = options["base_url"].rstrip("/")
        self.steps = 0
        today = day_of(timezone.now())
        offer = self.achievement(today)
        need = self.need(today)
        deal = self.deal(offer, need)
        self.contract(deal, today)

    def say(self, title: str, path: str, result: str) -> None:
        """Print one step, its result and where it can be looked at."""
        self.steps += 1
        self.stdout.write(
            f"{self.steps:2}. {title}\n      {result}\n      {self.base}/api/v1{path}"
        )

    def achievement(self, today: date) -> str:
        """A researcher pools an achievement and offers it; manager and reviewer agree to both."""
        researcher, reviewer = Person(self.base, "researcher"), Person(self.base, "reviewer")
        manager = Person(self.base, "manager")
        words = {
            "title": "轴承滚子表面微裂纹的涡流与视觉复合检测装置",
            "field": "03",
            "region": "610100",
            "readiness": 7,
        }
        text = (
            "涡流与线扫描视觉同步检测轴承滚子，长度 0.2 毫米、深度 0.05 毫米的微裂纹检出率 99.5%，"
            "每分钟 240 件，已在两条产线连续运行六个月。"
        )
        project = researcher.post(
            "/projects",
            {
                **words,
                "summary": text,
                "readiness_evidence": "两条产线连续运行六个月的记录。",
                "intellectual_property": "0201",
                "rights": [
                    {
                        "kind": "0201",
                        "number": "ZL200310102344.5",
                        "title": "一种轴承滚子表面微裂纹检测方法",
                        "status": "granted",
                        "expires_on": "2043-05-31",
                    }
                ],
            },
        ).body
        path = f"/projects/{project['id']}"
        manager.move(path, "consent")
        researcher.move(path, "submit", CLEARED)
        admitted = reviewer.move(path, "admit", CLEARED)
        self.say(
            "科研人员将职务成果登入项目池，单位同意，审核员准予入池",
            path,
            f"{words['title']}：{admitted.body['state']}",
        )
        listing = researcher.post(
            "/listings",
            {
                **words,
                "market": "technology",
                "side": "offer",
                "project": project["id"],
                "body": text,
                "keywords": ["轴承", "涡流检测", "微裂纹"],
                "cooperation_modes": ["development"],
                "price_from": "900000.00",
                "price_to": "1600000.00",
                "valid_until": str(today + timedelta(days=180)),
                "confidential": "探头阵列参数须签署保密协议后提供。",
                "indicators": [
                    {
                        "name": "微裂纹检出率",
                        "relation": "at_least",
                        "value": "99.5",
                        "unit": "%",
                        "condition": "长度 0.2 毫米，深度 0.05 毫米",
                        "competing": "单一视觉检测",
                        "secrecy": "signed_in",
                    }
                ],
            },
        ).body
        manager.move(f"/listings/{listing['id']}", "consent")
        return self.published(researcher, reviewer, listing["id"], "成果在科技大市场挂牌")

    def need(self, today: date) -> str:
        """A company posts a need; a reviewer publishes it."""
        agent, reviewer = Person(self.base, "agent"), Person(self.base, "reviewer")
        listing = agent.post(
            "/listings",
            {
                "market": "technology",
                "side": "need",
                "title": "轴承滚子微裂纹在线检测",
                "body": "轴承滚子产线需要在线检测表面微裂纹，检出长度不大于 0.3 毫米，节拍每分钟 200 件以上。",
                "keywords": ["轴承", "微裂纹", "在线检测"],
                "field": "03",
                "region": "440300",
                "readiness": 6,
                "cooperation_modes": ["development"],
                "price_from": "800000.00",
                "price_to": "1500000.00",
                "valid_until": str(today + timedelta(days=120)),
            },
        ).body
        return self.published(agent, reviewer, listing["id"], "企业需求在科技大市场发布")

    def published(self, author: Person, reviewer: Person, listing: str, title: str) -> str:
        """Submit a listing and publish it."""
        path = f"/listings/{listing}"
        author.move(path, "submit", CLEARED)
        answer = reviewer.move(path, "publish", CLEARED).body
        self.say(title, path, f"{answer['title']}：{answer['state']}")
        return listing

    def deal(self, offer: str, need: str) -> str:
        """The clockwork matches the two; a broker introduces them, and they agree on a price."""
        researcher, agent = Person(self.base, "researcher"), Person(self.base, "agent")
        broker = Person(self.base, "broker")
        path = f"/listings/{need}/matches"

        def found() -> Json | None:
            results = agent.get(path).body["results"]
            return next((m for m in results if m["counterpart"]["id"] == offer), None)

        match = self.awaited(found, "The clockwork finds no match. Do worker and beat run?")
        reasons = "；".join(reason["text"] for reason in match["reasons"])
        self.say("供需匹配，说明理由", path, f"得分 {match['score']}：{reasons}")
        deal: str = broker.post("/deals", {"offer": offer, "need": need}).body["id"]
        path = f"/deals/{deal}"
        self.say("技术经理人撮合双方", path, "interest")
        researcher.move(path, "open_talks")
        agent.move(path, "propose_price", {"amount": "1200000.00", "currency": "CNY"})
        agreed = researcher.move(path, "agree").body
        self.say("洽谈、报价、达成一致", path, f"{agreed['state']}，{agreed['price_amount']} 元")
        return deal

    def contract(self, deal: str, today: date) -> None:
        """The contract is drawn up, reviewed by two, registered, and becomes a figure."""
        researcher, statistician = (
            Person(self.base, "researcher"),
            Person(self.base, "statistician"),
        )
        reviewers = Person(self.base, "reviewer"), Person(self.base, "second_reviewer")
        drawn = researcher.post(
            "/contracts/draw_up",
            {
                "deal": deal,
                "contract_type": "development",
                "title": "轴承滚子微裂纹在线检测装置委托开发合同",
                "deduction_amount": "200000.00",
                "field": "03",
                "signed_on": str(today),
                "starts_on": str(today),
                "ends_on": str(today + timedelta(days=365)),
            },
        ).body
        path = f"/contracts/{drawn['id']}"
        self.say("由洽谈结果拟定技术合同", path, f"成交额 {drawn['total_amount']} 元")
        researcher.move(path, "submit", {"holds_no_state_secret": True})
        reviewers[0].move(path, "accept")
        reviewers[0].move(path, "review", {"recognised_amount": "1000000.00"})
        cell = {
            "month_from": str(today)[:7],
            "month_to": str(today)[:7],
            "contract_type": "development",
            "field": "03",
            "seller_region": drawn["sellers"][0]["region"],
            "buyer_region": drawn["buyers"][0]["region"],
        }
        before = self.figure(statistician, cell)
        registered = reviewers[1].move(path, "register").body
        recognised = Decimal(registered["recognised_amount"])
        self.say(
            "两名审核员先后审核，认定登记",
            path,
            f"登记编号 {registered['number']}，核定技术交易额 {recognised} 元",
        )

        def risen() -> Decimal | None:
            figure = self.figure(statistician, cell)
            return figure if figure != before else None

        after = self.awaited(risen, "The clockwork folds no figure. Do worker and beat run?")
        self.say(
            "统计任务计入当月指标",
            f"/figures?{urlencode(cell)}",
            f"技术交易额 {before} → {after} 元，增加 {after - before} 元",
        )
        if after - before != recognised:
            raise CommandError(f"The figure rose by {after - before}, not by {recognised}.")
        self.stdout.write("\n    指标增量与合同核定技术交易额一致。")

    def figure(self, statistician: Person, cell: Json) -> Decimal:
        """Return the recognised value of one cell."""
        rows = statistician.get("/figures", **cell).body["results"]
        return sum((Decimal(row["recognised_value"]) for row in rows), Decimal("0.00"))

    def awaited(self, look: Callable[[], Any], otherwise: str) -> Any:
        """Look again until there is something to see."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if (found := look()) is not None:
                return found
            time.sleep(0.3)
        raise CommandError(otherwise)
