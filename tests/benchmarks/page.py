"""
Requests per second of an authenticated page of listings, beside the same page as a bare view.

    make benchmark-page

Both are served by the same gunicorn and asked in turn by the same clients on the same machine.
Prints JSON: requests per second and milliseconds of each round, and the ratio of the medians.
"""

import json
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from http.client import HTTPConnection
from itertools import chain
from statistics import median, quantiles

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
os.environ.setdefault("SECRET_KEY", "benchmark")
os.environ["LOG_LEVEL"] = "WARNING"
django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from apps.accounts import actions as accounts  # noqa: E402
from apps.accounts.models import User  # noqa: E402
from apps.markets.models import Listing  # noqa: E402
from apps.reviews import actions as reviews  # noqa: E402
from config import demonstration  # noqa: E402
from marketplace.actors import SCOPES  # noqa: E402
from marketplace.calendar import day_of  # noqa: E402
from marketplace.listings import Market, Side  # noqa: E402

PORT = 8765
ROUNDS = 5
SECONDS = 4.0
CLIENTS = 4
LISTINGS = 300


def prepare() -> str:
    """Fill the market, and return the key of somebody who reads."""
    call_command("migrate", verbosity=0)
    call_command("load_codes", verbosity=0)
    today = day_of(timezone.now())
    if not demonstration.is_loaded():
        demonstration.load(today)
    reader = User.objects.get(username="agent").as_actor()
    reviewer = User.objects.get(username="reviewer").as_actor()
    for number in range(LISTINGS):
        terms = {
            "title": f"求购第 {number} 号轴承检测装置",
            "body": "轴承滚子产线需要在线检测表面微裂纹，检出长度不大于 0.3 毫米。" * 4,
            "keywords": ["轴承", "检测"],
            "field": "03",
            "region": "440300",
            "cooperation_modes": ["development"],
            "valid_until": today + timedelta(days=100),
        }
        listing = reviews.draft(Listing, terms, market=Market.TECHNOLOGY, side=Side.NEED, by=reader)
        listing = reviews.submit(listing, cleared_by="benchmark", by=reader)
        reviews.accept(listing, cleared_by="benchmark", by=reviewer)
    _key, secret = accounts.create_key(
        name="benchmark", scopes=SCOPES, expires_at=timezone.now() + timedelta(days=1), by=reader
    )
    return secret


def ask(path: str, headers: dict[str, str], seconds: float) -> list[float]:
    """Let all clients ask for `path` for some time; return the seconds of every answer."""
    taken: list[float] = []
    end = time.perf_counter() + seconds

    def client() -> None:
        connection = HTTPConnection("127.0.0.1", PORT)
        while (started := time.perf_counter()) < end:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise RuntimeError(body.decode())
            taken.append(time.perf_counter() - started)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def main() -> None:
    """Measure both in turn and print what was seen."""
    key = {"Authorization": f"Bearer {prepare()}"}
    pages = {"market": ("/api/v1/listings", key), "bare": ("/bare/listings", {})}
    command = f"-m gunicorn config.wsgi -b 127.0.0.1:{PORT} -k gthread -w 2 --threads 4"
    server = subprocess.Popen(
        [sys.executable, *command.split(), "--log-level", "warning"],
        env={**os.environ, "DATABASE_POOL": "4"},
    )
    try:
        time.sleep(4)
        for path, headers in pages.values():
            ask(path, headers, 1.0)
        rounds: dict[str, list[list[float]]] = {name: [] for name in pages}
        for _ in range(ROUNDS):
            for name, (path, headers) in pages.items():
                rounds[name].append(ask(path, headers, SECONDS))
    finally:
        server.terminate()
        server.wait()
    every = {name: list(chain.from_iterable(taken)) for name, taken in rounds.items()}
    rates = {name: [len(taken) / SECONDS for taken in all_] for name, all_ in rounds.items()}
    result = {
        name: {
            "requests_per_second": [round(rate, 1) for rate in rates[name]],
            "milliseconds_p50": round(1000 * median(every[name]), 2),
            "milliseconds_p95": round(1000 * quantiles(every[name], n=20)[-1], 2),
        }
        for name in pages
    }
    ratio = median(rates["market"]) / median(rates["bare"])
    print(json.dumps({**result, "ratio": round(ratio, 3), "aim": 0.6}, indent=1))


if __name__ == "__main__":
    main()
