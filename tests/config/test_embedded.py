"""The embedded services: started with no address, safe from kills, stopped without a trace."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import embedded
from config.embedded import Server, Services, home, run, services, services_of_a_run

ROOT = Path(__file__).parents[2]
EXEC = [sys.executable, "-m", "config.embedded", "exec"]
# What the services were given, one per line, and then whatever the test is about.
TELL = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'], flush=True); "
SLEEP = "import time; time.sleep(60)"

# Newer Pythons warn of what a child does before its program begins, when there are threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture(autouse=True)
def _no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """Give a place for data; as root, pytest's own folder cannot be entered by the servers."""
    place = tmp_path / "data"
    yield place
    if place.exists():
        embedded.forget(place)


@pytest.fixture(scope="module")
def running() -> Iterator[Services]:
    """Run one volatile pair of services for the tests that do no harm to it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.delenv("REDIS_URL", raising=False)
        with services(None, durable=False) as running:
            yield running


def connect(services: Services) -> psycopg.Connection:
    assert services.postgres is not None
    return psycopg.connect(
        host=str(services.postgres.sockets),
        user=embedded.NAME,
        password=services.postgres.home.password(),
        dbname=embedded.NAME,
        autocommit=True,
    )


def ask(services: Services, query: str) -> object:
    with connect(services) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def start(*arguments: str, program: str) -> subprocess.Popen[str]:
    command = [*EXEC, *arguments, "--", sys.executable, "-c", program]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)  # fmt: skip


def kill(server: Server | None) -> None:
    assert server is not None
    assert server.pid is not None
    assert server.process is not None
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()


def processes_of(folder: str) -> list[str]:
    """Return the command lines that name a folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if folder in line:
            lines.append(line)
    return lines


def soon(holds: Callable[[], bool], patience: float = 10.0) -> bool:
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def folder_in(address: str) -> str:
    """Return the folder of the servers from the address of their socket."""
    return address.split("@:5432/")[1].rsplit("/sockets/")[0]


def modes_above(path: Path) -> dict[str, tuple[int, int]]:
    above = {}
    for folder in path.resolve().parents:
        status = folder.stat()
        above[str(folder)] = (stat.S_IMODE(status.st_mode), status.st_uid)
    return above


def test_postgresql_is_version_18_and_sorts_by_code_point(running: Services) -> None:
    assert str(ask(running, "SHOW server_version")).startswith("18.")
    query = "SELECT concat(datlocprovider, datlocale, pg_encoding_to_char(encoding)) "
    assert ask(running, query + "FROM pg_database WHERE datname = 'marketplace'") == "bC.UTF-8UTF8"
    with connect(running) as connection:
        connection.execute("CREATE EXTENSION vector")


def test_redis_answers_under_its_one_address(running: Services) -> None:
    with redis.Redis.from_url(running.environment["REDIS_URL"]) as client:
        assert client.ping()


def test_nobody_comes_in_without_the_password(running: Services) -> None:
    assert running.postgres is not None
    assert running.redis is not None
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=str(running.postgres.sockets), user="marketplace", password="guess")
    with (
        redis.Redis(port=running.redis.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        stranger.ping()


def test_the_socket_and_the_data_open_to_one_user_only(running: Services) -> None:
    assert running.postgres is not None
    assert running.redis is not None
    for folder in (running.postgres.sockets, running.postgres.room, running.redis.room):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("password", "redis.conf", "postgresql.log", "redis.log"):
        path = running.postgres.home.folder / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ask(running, "SHOW listen_addresses") == ""


def test_both_are_durable_unless_told_otherwise(running: Services, data: Path) -> None:
    assert ask(running, "SHOW fsync") == "off"
    with services(data) as durable:
        assert ask(durable, "SHOW fsync") == "on"
        assert ask(durable, "SHOW synchronous_commit") == "on"
        assert ask(durable, "SHOW full_page_writes") == "on"
        with redis.Redis.from_url(durable.environment["REDIS_URL"]) as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_what_was_committed_is_there_after_kill_nine_of_both(data: Path) -> None:
    with services(data) as running:
        with connect(running) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id")
        with redis.Redis.from_url(running.environment["REDIS_URL"]) as client:
            client.set("kept", "yes")
        kill(running.postgres)
        kill(running.redis)
        for server in running.servers:
            server.start()
        assert ask(running, "SELECT count(*) FROM kept") == 1000
        with redis.Redis.from_url(running.environment["REDIS_URL"]) as client:
            assert client.get("kept") == b"yes"


def test_a_number_that_went_to_a_stranger_does_not_prevent_the_start(data: Path) -> None:
    with services(data) as running:
        assert running.postgres is not None
        pid_file = running.postgres.data / "postmaster.pid"
        noted = pid_file.read_text()
        kill(running.postgres)
        # As after a restart of the machine: the number is ours now.
        pid_file.write_text(noted.replace(noted.split()[0], str(os.getpid()), 1))
        running.postgres.start()
        assert ask(running, "SELECT 1") == 1


def test_a_second_start_on_the_same_data_is_refused_in_one_line(data: Path) -> None:
    with services(data):
        second = start("--data", str(data), program="print('never')")
        output, errors = second.communicate(timeout=20)
    assert (second.returncode, output) == (1, "")
    assert errors == f"Another run uses the data in {data}: stop it first.\n"


def test_a_command_can_join_the_run_that_goes_on(data: Path) -> None:
    with services(data) as running:
        with services_of_a_run(data) as joined:
            assert joined.environment == running.environment
            assert joined.servers == []
        assert running.postgres is not None
        assert running.postgres.pid is not None


def test_no_permission_of_an_existing_folder_is_changed(data: Path, tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o700)
    before = modes_above(data)
    with services(data, durable=False) as running:
        assert ask(running, "SELECT 1") == 1
    assert modes_above(data) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its servers an account")
def test_as_root_the_servers_run_under_an_account_of_their_own(data: Path) -> None:
    with services(data, durable=False) as running:
        for server in running.servers:
            owner = Path(f"/proc/{server.pid}").stat().st_uid
            assert owner not in {0, os.geteuid()}
        assert running.postgres is not None
        assert running.postgres.home.folder.parent == embedded.ACCOUNT_DATA


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its servers an account")
def test_programs_that_the_account_cannot_reach_are_copied_to_it(
    data: Path, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    package = hidden / "a_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copyfile("/bin/true", package / "program")
    (package / "program").chmod(0o700)
    with home(data) as place, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(hidden))
        copy = place.program("a_package", "program", folders=["a_package"])
        assert copy.parents[2] == place.folder
        subprocess.run([copy], check=True, cwd="/", **place.as_account)
        assert place.program("a_package", "program", folders=["a_package"]) == copy


def test_a_long_path_of_the_checkout_does_not_matter(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["a-long-name-for-a-folder"] * 6)
    try:
        with services(deep, durable=False) as running:
            assert ask(running, "SELECT 1") == 1
            assert running.postgres is not None
            sockets = running.postgres.sockets
        assert sockets.parent == running.postgres.home.folder or not sockets.exists()
    finally:
        embedded.forget(deep)


def test_the_exit_status_and_the_signal_of_a_command_are_handed_on() -> None:
    program = TELL + "import sys; sys.exit(7)"
    status = start("--volatile", program=program)
    signalled = start(
        "--volatile",
        program="import signal, sys, time; "
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9)); print('on', flush=True); "
        "time.sleep(60)",
    )
    output, _ = status.communicate(timeout=30)
    assert status.returncode == 7
    folder = folder_in(output.split()[0])
    assert processes_of(folder) == []
    assert not Path(folder).exists()
    assert signalled.stdout is not None
    assert signalled.stdout.readline() == "on\n"
    signalled.terminate()
    signalled.communicate(timeout=30)
    assert signalled.returncode == 9


def test_when_we_are_killed_all_that_we_started_ends_too(data: Path) -> None:
    killed = start("--data", str(data), program=TELL + SLEEP)
    assert killed.stdout is not None
    folder = folder_in(killed.stdout.readline().split()[0])
    assert processes_of(folder)
    killed.kill()
    killed.communicate(timeout=10)
    assert soon(lambda: processes_of(folder) == [])
    # And the next start finds the data in order.
    with services(data) as running:
        assert ask(running, "SELECT 1") == 1


def test_given_addresses_are_taken_and_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": "postgres://else.where/market", "REDIS_URL": "redis://else.where/0"}
    for name, address in given.items():
        monkeypatch.setenv(name, address)
    with services(tmp_path / "unused") as running:
        assert running.environment == given
        assert running.servers == []
    assert not (tmp_path / "unused").exists()


def test_a_command_that_is_not_there_is_said_in_one_line() -> None:
    with pytest.raises(embedded.ServiceFailed, match=r"^/no/such/program: No such file"):
        run(["/no/such/program"], {})
