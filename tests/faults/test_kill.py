"""Worker, PostgreSQL, Redis killed in the middle of folding: nothing is lost or counted twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest
from celery import Celery

from config import embedded
from config.embedded import Server, Services, follow_parent, services

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
#: How many entries a step takes. What a test writes is no multiple of it, so that the last step of
#: a run is known by its size, and no further one can meet what the next test writes.
LIMIT = 100

pytestmark = [
    # One house for all of them, also where tests run on several workers (--dist loadgroup).
    pytest.mark.xdist_group("faults"),
    # Newer Pythons warn of what a child does before its program begins, when there are threads.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

WORKER = [
    *(sys.executable, "-m", "celery", "-A", "config", "--quiet", "worker"),
    *("--concurrency", "1", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
]


class House:
    """The market's own processes on servers of their own, which can be killed."""

    def __init__(self, running: Services, log: IO[bytes], stack: ExitStack) -> None:
        assert running.postgres is not None
        assert running.redis is not None
        self.postgres = running.postgres
        self.redis = running.redis
        self.log = log
        self.environment = {
            **os.environ,
            **running.environment,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
        }
        self.written = 0
        self.worker: subprocess.Popen[bytes] | None = None
        stack.callback(self.kill_worker)
        feeder = [sys.executable, "-m", "tests.faults.feeder"]
        self.feeder = stack.enter_context(
            self.start(feeder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
        stack.callback(self.feeder.kill)

    def start(self, command: list[str], **pipes: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stderr=self.log,
            # A group of its own, so that the signal reaches the pool of the worker as well.
            start_new_session=True,
            preexec_fn=follow_parent(signal.SIGKILL),
            **pipes,
        )

    def order(self, what: object) -> Any:
        """Have the feeder do something, and return its answer."""
        assert self.feeder.stdin is not None
        assert self.feeder.stdout is not None
        self.feeder.stdin.write(f"{json.dumps(what)}\n".encode())
        self.feeder.stdin.flush()
        return json.loads(self.feeder.stdout.readline())

    def write(self, count: int) -> None:
        """Write `count` entries into the ledger."""
        self.order(count)
        self.written += count

    def start_worker(self) -> None:
        self.worker = self.start(WORKER, stdin=subprocess.DEVNULL, stdout=self.log)

    def kill_worker(self) -> None:
        if self.worker is not None:
            os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait()
            self.worker = None

    def send_fold(self, limit: int = LIMIT) -> None:
        """Do what the beat does."""
        with Celery(broker=self.environment["REDIS_URL"], set_as_current=False) as beat:
            beat.send_task("statistics.fold", kwargs={"limit": limit}, ignore_result=True)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.postgres.sockets),
            user=embedded.NAME,
            password=self.postgres.home.password(),
            dbname=embedded.NAME,
        )

    def ask(self, query: str) -> Any:
        with self.connect() as connection:
            row = connection.execute(query.encode()).fetchone()
        connection.close()
        assert row is not None
        return row[0]

    def waiting(self) -> int:
        return int(self.ask("SELECT count(*) FROM contracts_unfolded"))

    def counted(self) -> int:
        return int(self.ask("SELECT coalesce(sum(count), 0) FROM statistics_figure"))

    def known(self) -> int:
        """Return how many entries are counted or wait, at one moment: the worker may go on."""
        return int(
            self.ask(
                "SELECT (SELECT coalesce(sum(count), 0) FROM statistics_figure)"
                " + (SELECT count(*) FROM contracts_unfolded)"
            )
        )

    def is_held(self) -> bool:
        """Say whether the worker has taken entries and waits for a figure that is held."""
        return bool(
            self.ask(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND query LIKE '%statistics_figure%'"
            )
        )

    @contextmanager
    def folding(self) -> Iterator[None]:
        """Keep the worker in the middle of a step: entries taken, some figures not yet written."""
        with suppress(psycopg.OperationalError), self.connect() as holder:
            # The last in the order of writing.
            holder.execute("SELECT FROM statistics_figure WHERE month = '2026-12-01' FOR UPDATE")
            self.send_fold()
            until(self.is_held)
            yield
        holder.close()

    def fold_the_rest(self) -> None:
        """Let the clock come round until nothing waits, and prove the figures."""
        # No more often than needed: a message left over would fold what the next test writes.
        for _ in range(4):
            self.send_fold()
            with suppress(TimeoutError):
                until(lambda: self.waiting() == 0, PATIENCE / 4)
                break
        assert self.counted() == self.written
        words = self.order("verify")
        assert words.startswith("0 differences between "), words
        assert f" and {self.written} ledger entries; 0 entries wait" in words


def until(holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for something that must come to hold."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


def kill(server: Server) -> None:
    assert server.pid is not None
    assert server.process is not None
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a house with a worker, and figures for every month that the feeder writes to."""
    log = tmp_path_factory.mktemp("faults") / "log"
    with pytest.MonkeyPatch.context() as monkeypatch, ExitStack() as stack:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.delenv("REDIS_URL", raising=False)
        running = stack.enter_context(services(None, durable=True))
        house = House(running, stack.enter_context(log.open("wb")), stack)
        house.start_worker()
        house.write(330)
        house.fold_the_rest()
        yield house


def test_a_worker_killed_in_the_middle_of_a_step_has_not_begun_it(house: House) -> None:
    counted = house.counted()
    house.write(250)
    with house.folding():
        house.kill_worker()
        assert (house.waiting(), house.counted()) == (250, counted)
    until(lambda: not house.is_held())
    assert (house.waiting(), house.counted()) == (250, counted)
    house.start_worker()
    house.fold_the_rest()


def test_postgresql_killed_in_the_middle_of_a_step_forgets_the_step(house: House) -> None:
    counted = house.counted()
    house.write(250)
    with house.folding():
        kill(house.postgres)
    house.postgres.start()
    assert (house.waiting(), house.counted()) == (250, counted)
    # The worker was not killed: it finds the new server by itself.
    house.fold_the_rest()


def test_redis_killed_in_the_middle_of_a_step_does_not_repeat_it(house: House) -> None:
    counted = house.counted()
    house.write(250)
    with house.folding():
        kill(house.redis)
        assert (house.waiting(), house.counted()) == (250, counted)
    # The step needs no Redis to end.
    until(lambda: house.waiting() == 0)
    house.write(50)
    house.redis.start()
    house.fold_the_rest()


@pytest.mark.long
def test_a_hundred_kills_at_random_points_lose_nothing(house: House) -> None:
    chance = random.Random(7)  # noqa: S311
    for number in range(100):
        house.write(chance.randrange(100, 400))
        waiting = house.waiting()
        if house.worker is None:
            house.start_worker()
        house.send_fold(limit=chance.randrange(1, 30))
        until(lambda waiting=waiting: house.waiting() < waiting)  # type: ignore[misc]
        time.sleep(chance.random() * 0.2)
        if number % 10 == 9:
            kill(house.postgres)
            house.postgres.start()
        elif number % 10 == 4:
            kill(house.redis)
            house.redis.start()
        else:
            house.kill_worker()
        assert house.known() == house.written
    if house.worker is None:
        house.start_worker()
    house.fold_the_rest()
