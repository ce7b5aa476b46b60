"""Measure how fast listings are found, published and taken in, in a made-up market of any size."""

# ruff: noqa: S311  (what is made up is no secret)

import json
import os
import random
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode

import rjieba
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts import actions as accounts
from apps.accounts.models import Membership, Organization, User
from apps.base.api.throttling import Throttle
from apps.markets import search
from apps.markets.management.made_up import FIELDS, HAN, Maker, Stock, chunk, prepare, words_of
from apps.markets.models import Findable, Listing
from apps.markets.models.shelf import shelved
from apps.markets.search import Criteria
from apps.pools.models import Fund, PoolEntry, Project, Talent
from apps.reviews import actions as reviews
from apps.taxonomy.models import Code
from marketplace.actors import SCOPES, Actor, Role
from marketplace.calendar import day_of
from marketplace.listings import CooperationMode, Market, Side
from marketplace.organizations import OrganizationKind, check_character
from marketplace.pools import FundKind, PoolState, TalentKind
from marketplace.search import Facet, query

#: From where all of it is said to come.
NAME = "benchmark_search"
#: How many listings each organization has, about; and how many there are at most.
PER_OWNER, MOST_OWNERS = 300, 3_000
CHUNK = 2_000
#: From this many new ones on, the indexes are built after them.
BULK = 50_000
#: How many listings are taken in at once, as an import does.
BATCH = 500
KIND = {"market": Market.TECHNOLOGY, "side": Side.NEED}
CLEARED = "benchmark"
#: The code lists whose names give words.
LISTS = ("gbt13745-2009", "gbt4754-2017", "ipc-2026")
WEB_REQUESTS = 100
#: The limit of requests is counted as ever, and never reached.
RATE = "10000000/min"


class Command(BaseCommand):
    """Makes up what is missing of a market, measures, and prints what was seen."""

    help = (
        "Make a market of --listings made-up listings, once, in a database of its own, and measure "
        "searching, publishing and taking in; JSON output."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--listings", type=int, default=100_000)
        parser.add_argument(
            "--seconds", type=float, default=20.0, help="for how long each thing is measured"
        )
        parser.add_argument("--skip-web", action="store_true", help="do not start a web process")
        parser.add_argument("--json", action="store_true", help="on one line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make, measure and print."""
        if Listing.objects.exclude(imported_from=NAME).exclude(author__username=NAME).exists():
            raise CommandError("There are listings of others here: use a database of its own.")
        figures: dict[str, Any] = {"listings": options["listings"]}
        figures["made"] = made(options["listings"])
        figures |= measured(options["seconds"], with_web=not options["skip_web"])
        layout: dict[str, Any] = {} if options["json"] else {"indent": 1}
        self.stdout.write(json.dumps(figures, ensure_ascii=False, **layout))


# --- making -----------------------------------------------------------------------------------


def made(wanted: int) -> dict[str, Any]:
    """Make up what is missing of a market with so many listings."""
    started = time.monotonic()
    there = Listing.objects.filter(imported_from=NAME).count()
    if there >= wanted:
        return {"listings": 0, "seconds": 0}
    stock = _stock(wanted)
    is_bulk = wanted - there >= BULK
    with transaction.atomic(), connection.schema_editor() as editor:
        indexes = Findable._meta.indexes if is_bulk else []
        for index in indexes:
            editor.remove_index(Findable, index)
        _copy(stock, there, wanted)
        editor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for index in indexes:
            editor.add_index(Findable, index)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE markets_listing")
        # A walk along an index alone needs to know which pages everybody sees.
        vacuum = "" if connection.in_atomic_block else "VACUUM "
        cursor.execute(f"{vacuum}ANALYZE markets_findable")
    return {"listings": wanted - there, "seconds": round(time.monotonic() - started, 1)}


def _copy(stock: Stock, first: int, last: int) -> None:
    """Copy listings in, with their narrow rows and words at once; the trigger would take longer."""
    columns, select = shelved("listing")
    chunks = [(at, min(at + CHUNK, last), last) for at in range(first, last, CHUNK)]
    workers = min(os.cpu_count() or 1, len(chunks))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE given (id uuid PRIMARY KEY, words text) ON COMMIT DROP")
        cursor.execute("ALTER TABLE markets_listing DISABLE TRIGGER USER")
        with ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=prepare, initargs=(stock,)
        ) as pool:
            for rows, words in pool.map(chunk, chunks):
                names = ", ".join(Maker.COLUMNS)
                with cursor.copy(f"COPY markets_listing ({names}) FROM STDIN") as copy:
                    copy.write(rows)
                with cursor.copy("COPY given FROM STDIN") as copy:
                    copy.write(words)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # No table is altered with checks pending.
        cursor.execute("ALTER TABLE markets_listing ENABLE TRIGGER USER")
        cursor.execute(
            f"INSERT INTO markets_findable (words, {', '.join(columns)})"  # noqa: S608
            f" SELECT given.words::tsvector, narrow.* FROM given"
            f" JOIN markets_listing listing ON listing.id = given.id"
            f" CROSS JOIN LATERAL ({select}) narrow ORDER BY listing.id"
        )


def _stock(wanted: int) -> Stock:
    owners = min(max(wanted // PER_OWNER, 10), MOST_OWNERS)
    author, reviewer = (_person(name) for name in (NAME, f"{NAME}_reviewer"))
    have = list(Organization.objects.filter(name__startswith=NAME).order_by("id"))
    have += _entered(Organization, [_organization(n, reviewer) for n in range(len(have), owners)])
    entries = [
        _entries(Project, have, author, reviewer, owners=[], inventors=[]),
        _entries(Talent, have, author, reviewer, kind=TalentKind.SCIENTIST),
        _entries(Fund, have, author, reviewer, kind=FundKind.EQUITY),
    ]
    names = Code.objects.filter(edition__in=LISTS).order_by("key").values_list("name_zh", flat=True)
    codes = list(
        Code.objects.filter(edition="gbt2260-2024").order_by("key").values_list("code", flat=True)
    )
    others = [code for code in codes if not code.startswith("61")]
    random.Random(3).shuffle(others)
    return Stock(
        words=words_of(list(names)),
        regions=(
            [code for code in codes if code.startswith("6101")],
            [code for code in codes if code.startswith("61") and code != "610000"],
            others,
        ),
        owners=[
            (organization.pk, *(keys[organization.pk] for keys in entries)) for organization in have
        ],
        author=author.pk,
        reviewer=reviewer.pk,
        name=NAME,
    )


def acting(name: str, role: Role, place: int) -> Actor:
    """Return somebody of the organization with this number."""
    organization = Organization.objects.get(name=f"{NAME} {place}")
    user = _person(name)
    Membership.objects.get_or_create(user=user, organization=organization, role=role)
    return user.as_actor()


def _person(name: str) -> User:
    return User.objects.get_or_create(username=name, defaults={"name": name, "password": "!"})[0]


def _organization(number: int, reviewer: User) -> Organization:
    body = f"91610132MB{number:07d}"
    return Organization(
        name=f"{NAME} {number}",
        kind=OrganizationKind.COMPANY if number else OrganizationKind.OFFICE,
        credit_code=body + check_character(body),
        region_id="gbt2260-2024:610100",
        verified_at=timezone.now(),
        verified_by=reviewer,
    )


def _entries(
    table: type[PoolEntry],
    organizations: Sequence[Organization],
    author: User,
    reviewer: User,
    **words: Any,
) -> dict[Any, Any]:
    """Return for each organization the key of its entry of a pool, made where there is none."""
    rows: Any = table._default_manager
    there = dict(rows.filter(imported_from=NAME).values_list("organization_id", "pk"))
    new = [
        table(
            organization=organization,
            author=author,
            title=f"{NAME} {table.__name__}",
            summary=NAME,
            field_id="fields-2001:05",
            region_id="gbt2260-2024:610100",
            state=PoolState.ADMITTED,
            admitted_on=day_of(timezone.now()),
            imported_from=NAME,
            reviewed_by=reviewer,
            **words,
        )
        for organization in organizations
        if organization.pk not in there
    ]
    return there | {row.organization_id: row.pk for row in _entered(table, new)}


def _entered(table: type[Model], rows: list[Any]) -> list[Any]:
    return list(table._default_manager.bulk_create(rows, batch_size=1000))


# --- measuring --------------------------------------------------------------------------------


def measured(seconds: float, *, with_web: bool) -> dict[str, Any]:
    """Measure each thing for some seconds, and the size of it all."""
    Throttle.THROTTLE_RATES = {"anonymous": RATE, "known": RATE}
    reader = acting(f"{NAME}_reader", Role.INVESTOR, 1)
    author = acting(NAME, Role.COMPANY_AGENT, 2)
    _key, secret = accounts.create_key(
        name=NAME, scopes=SCOPES, expires_at=timezone.now() + timedelta(days=1), by=reader
    )
    ask = partial(
        _ask, Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {secret}"})
    )
    chance = random.Random(7)
    pairs, narrowings = _pairs(chance, 400), [_narrowing(chance) for _ in range(400)]
    facets = f"{Facet.MARKET},{Facet.FIELD},{Facet.REGION}"

    def search_page(number: int) -> None:
        ask("", search=pairs[number % len(pairs)])

    def count_facets(number: int) -> None:
        ask("/facets", search=pairs[number % len(pairs)], facet=facets)

    def search_with_facets(number: int) -> None:
        search_page(number)
        count_facets(number)

    figures: dict[str, Any] = {
        "search with three facets": _timed(search_with_facets, seconds),
        "search, page alone": _timed(search_page, seconds / 2),
        "search, facets alone": _timed(count_facets, seconds / 2),
        "search, newest first": _timed(
            lambda number: ask("", search=pairs[number % len(pairs)], sort="date"), seconds / 2
        ),
        "filters": _timed(lambda number: ask("", **narrowings[number % 400]), seconds),
        "filters, healthiest first": _timed(
            lambda number: ask("", sort="health", **narrowings[number % 400]), seconds / 2
        ),
        "first page": _timed(lambda number: ask(""), seconds / 4),
    }
    figures["queries"] = {
        name: _queries(partial(deed, 0))
        for name, deed in (("page", search_page), ("facets", count_facets))
    }
    figures["hits"] = _hits(pairs[:100], by=reader)
    figures["publishing, until it is found"] = _publishing(ask, seconds, by=author)
    figures["taking in"] = _taking_in(seconds, by=author)
    figures["peer"] = _peer(pairs, seconds, figures)
    figures["sizes"] = _sizes()
    figures["memory of this process, MB"] = _memory(os.getpid())
    if with_web:
        figures["web process, MB"] = _web(secret, pairs, narrowings)
    return figures


def _ask(client: Client, path: str, **words: Any) -> Any:
    response = client.get(f"/api/v1/listings{path}", words)
    if response.status_code != 200:
        raise CommandError(response.content.decode())
    return response


def _timed(deed: Callable[[int], Any], seconds: float, least: int = 10) -> dict[str, Any]:
    """
    Do something again and again, and return how long it took.

    On a machine that others use too, the time of the processor is the surer figure.
    """
    for number in range(3):
        deed(number)
    taken: list[float] = []
    worked: list[float] = []
    end = time.perf_counter() + seconds
    for number in count():
        begun, started = _processor(), time.perf_counter()
        if number >= least and started > end:
            break
        deed(number)
        taken.append(1000 * (time.perf_counter() - started))
        worked.append(1000 * (_processor() - begun))
    return _spread(taken) | {"p95 of processor time": _spread(worked)["p95"]}


def _processor() -> float:
    """Return for how many seconds this process and its database process have been at work."""
    with suppress(OSError):
        backend = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
        return time.process_time() + int(backend.split()[0]) / 1e9
    return time.process_time()


def _spread(taken: list[float]) -> dict[str, Any]:
    steps = quantiles(taken, n=100, method="inclusive")
    return {
        "p50": round(steps[49], 1),
        "p95": round(steps[94], 1),
        "p99": round(steps[98], 1),
        "per second": round(1000 * len(taken) / sum(taken), 1),
        "times": len(taken),
    }


def _pairs(chance: random.Random, number: int) -> list[str]:
    """Return searches for two Chinese words each, which stand together in some title."""
    keys = list(
        Listing.objects.filter(imported_from=NAME).order_by("id").values_list("pk")[:50_000]
    )
    titles = Listing.objects.filter(
        pk__in=[key for (key,) in chance.sample(keys, min(2000, len(keys)))]
    )
    found = []
    for title in titles.order_by("id").values_list("title", flat=True):
        words = {
            word
            for piece in HAN.findall(title)
            for word in rjieba.cut(piece, False)
            if len(word) >= 2
        }
        if len(words) >= 2:
            found.append(" ".join(chance.sample(sorted(words), 2)))
    return found[:number]


def _narrowing(chance: random.Random) -> dict[str, str]:
    """Return filters of one kind and another, rarely none and rarely many."""
    words: dict[str, str] = {}
    if chance.random() < 0.6:
        words["market"] = chance.choice(
            ["technology", "technology", "technology", "talent", "capital"]
        )
    if chance.random() < 0.5:
        words["side"] = chance.choice(Side.values())
    if chance.random() < 0.6:
        words["field"] = chance.choice(list(FIELDS))
    if chance.random() < 0.7:
        words["region"] = chance.choice(
            [
                "610000",
                "610100",
                "610100",
                "610113",
                "610400",
                "440000",
                "440300",
                "320500",
                "110108",
            ]
        )
    if chance.random() < 0.2:
        words["readiness_from"] = str(chance.randint(3, 9))
    if chance.random() < 0.2:
        words["price_to"] = f"{10 ** chance.uniform(3.6, 7):.2f}"
    return words or {"market": "technology"}


def _queries(deed: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        deed()
    return len(queries)


def _hits(pairs: Sequence[str], *, by: Actor) -> dict[str, Any]:
    """Return how many the searches find."""
    found = sorted(search.facets(Criteria(words=pair), [], by=by).total for pair in pairs)
    return {"median": median(found), "p95": found[len(found) * 95 // 100], "most": found[-1]}


def made_up_need(number: int) -> dict[str, Any]:
    """Return the words of a need that a search for its number finds."""
    return {
        "title": f"求购高温合金涡轮叶片检测装置 Q{number:09d}",
        "body": "产线需要在线检测叶片表面的微裂纹，检出长度不大于 0.3 毫米，节拍不长于 4 秒。" * 6,
        "keywords": ["叶片", "无损检测"],
        "field": "03",
        "region": "610113",
        "cooperation_modes": [CooperationMode.DEVELOPMENT],
        "readiness": 6,
        "valid_until": day_of(timezone.now()) + timedelta(days=100),
    }


def _publishing(ask: Callable[..., Any], seconds: float, *, by: Actor) -> dict[str, Any]:
    """Publish listings, and find each by a search right after."""
    reviewer = acting(f"{NAME}_reviewer", Role.REVIEWER, 0)
    deciding: list[float] = []
    until: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(until) < 10:
        number = time.time_ns() % 10**9
        listing = reviews.draft(
            Listing, made_up_need(number), market=Market.TECHNOLOGY, side=Side.NEED, by=by
        )
        listing = reviews.submit(listing, cleared_by=CLEARED, by=by)
        started = time.perf_counter()
        reviews.accept(listing, cleared_by=CLEARED, by=reviewer)
        deciding.append(1000 * (time.perf_counter() - started))
        results = ask("", search=f"Q{number:09d}").json()["results"]
        until.append(1000 * (time.perf_counter() - started))
        if str(listing.pk) not in [result["id"] for result in results]:
            raise CommandError("What was published is not found.")
    return {**_spread(until), "decision alone": _spread(deciding)}


def _taking_in(seconds: float, *, by: Actor) -> dict[str, Any]:
    """Take batches of drafts in."""
    rows, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds or not rows:
        base = time.time_ns() % 10**8
        batch = [made_up_need(base + number) for number in range(BATCH)]
        reviews.draft_many(Listing, batch, market=Market.TECHNOLOGY, side=Side.NEED, by=by)
        rows += len(batch)
    return {"rows": rows, "per second": round(rows / (time.perf_counter() - started), 1)}


def _peer(pairs: Sequence[str], seconds: float, figures: dict[str, Any]) -> dict[str, Any]:
    """Search for the same words as one does without an index of words, and compare."""

    def look(number: int) -> None:
        first, second = pairs[number % len(pairs)].split()
        rows = Listing.objects.published().filter(dual_use=None)
        for word in (first, second):
            rows = rows.filter(title__icontains=word) | rows.filter(body__icontains=word)
        list(rows.order_by("-listed_at", "-id")[:51])

    def bare(number: int) -> None:
        words = query(pairs[number % len(pairs)]).words
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM markets_findable WHERE is_public AND words @@ %s::tsquery",
                [words],
            )
            cursor.fetchall()

    naive, counted = _timed(look, seconds / 4, least=5), _timed(bare, seconds / 4)
    ours = figures["search, newest first"]
    return {
        "ILIKE, page of the newest": naive,
        "times as long as ours, p95": round(naive["p95"] / ours["p95"], 1),
        "bare SQL, count alone": counted,
    }


def _sizes() -> dict[str, Any]:
    """Return how large tables and indexes are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, round(pg_relation_size(oid) / 1048576.0, 1) FROM pg_class"
            " WHERE relname ~ '^(findable_|markets_findable|markets_listing$)'"
            " UNION ALL SELECT 'words', round(pg_total_relation_size(reltoastrelid) / 1048576.0, 1)"
            " FROM pg_class WHERE relname = 'markets_findable' ORDER BY 2 DESC"
        )
        sizes = {f"{name}, MB": float(size) for name, size in cursor.fetchall()}
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name IN ('shared_buffers')")
        return sizes | {f"{name}, pages of 8 kB": value for name, value in cursor.fetchall()}


def _memory(process: int) -> float | None:
    """Return how much memory a process holds, where the system tells."""
    with suppress(OSError, StopIteration):
        status = Path(f"/proc/{process}/status").read_text().splitlines()
        line = next(line for line in status if line.startswith("VmRSS:"))
        return round(int(line.split()[1]) / 1024, 1)
    return None


def _web(secret: str, pairs: Sequence[str], narrowings: Sequence[dict[str, str]]) -> float | None:
    """Return how much memory a web process holds once it has answered."""
    port = 8766
    command = f"-m gunicorn config.wsgi -b 127.0.0.1:{port} -k gthread -w 1 --threads 4"
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, *command.split(), "--log-level", "warning"],
        env={**os.environ, "DATABASE_POOL": "4", "LOG_LEVEL": "WARNING", "RATE_KNOWN": RATE},
    )
    try:
        time.sleep(5)
        web = HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(WEB_REQUESTS):
            words = {"search": pairs[number % len(pairs)]} if number % 2 else narrowings[number]
            web.request(
                "GET",
                f"/api/v1/listings?{urlencode(words)}",
                headers={"Authorization": f"Bearer {secret}"},
            )
            response = web.getresponse()
            response.read()
            if response.status != 200:
                raise CommandError(f"The web process answers {response.status}.")
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
        workers = children.read_text().split() if children.exists() else []
        found = [memory for worker in workers if (memory := _memory(int(worker)))]
        return max(found, default=None)
    finally:
        server.terminate()
        server.wait()
