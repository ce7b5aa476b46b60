"""The whole market on one machine: services, tables, codes, demonstration; web, worker, beat."""

# ruff: noqa: S603  (every command line here is our own)
# mypy: disallow_untyped_calls=False
# (honcho has no annotations)

import http.client
import multiprocessing
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import honcho.manager
from honcho.manager import Manager
from honcho.process import Popen, Process

from config.embedded import (
    DATA,
    ServiceFailed,
    Services,
    follow_parent,
    ignore_signals,
    services,
    stop_at_first_signal,
)

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
THREADS = 4
#: Each may be run again at any time: it finds what it did before.
STEPS = (
    ("migrate", "--noinput", "--verbosity=0"),
    ("collectstatic", "--noinput", "--verbosity=0"),
    ("load_codes",),
    ("load_demo",),
)
#: Seconds that a task in hand is given to end when all is stopped.
honcho.manager.KILL_WAIT = 20


class Program(Popen):
    """A program that is told to end when its go-between has died."""

    def __init__(self, command: str, **options: Any) -> None:
        super().__init__(command, preexec_fn=follow_parent(signal.SIGTERM), **options)


class Member(Process):
    """A go-between that runs a program and reads its output, and dies with the supervisor."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._child_ctor = Program  # type: ignore[assignment]
        self._follow = follow_parent(signal.SIGKILL)

    def run(self, *arguments: Any, **options: Any) -> None:
        self._follow()
        super().run(*arguments, **options)


class Supervisor(Manager):
    """Web, worker and beat: one ends, or a server below them ends, and all are stopped."""

    def __init__(self, running: Services, port: int, logins: str) -> None:
        super().__init__()
        self._process_ctor = Member
        self._running = running
        self._port = port
        self._logins = logins
        self._is_wanted = True

    def terminate(self) -> None:
        """Stop all; what has not reported its start yet is stopped when it has."""
        self._is_wanted = False
        if self._all_started():
            super().terminate()

    def loop(self) -> None:
        """Run them until one of them ends or we are told to end."""
        # A lost terminal is a wish to end like any other.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        try:
            super().loop()
        except BaseException:
            # Our output is closed, say. Without their go-betweens, the programs end as well.
            for member in self._processes.values():
                if "process" in member:
                    member["process"].kill()
                    member["process"].join()
            raise

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        is_announced = False
        while not self._terminating:
            time.sleep(0.2)
            for server in self._running.servers:
                if self._is_wanted and server.pid is None:
                    say(f"{server.title} has ended; stopping. Its log ends:\n{server.last_words()}")
                    self.returncode = 1
                    self._is_wanted = False
            if not self._is_wanted:
                self.terminate()
            elif not is_announced and is_alive(self._port):
                is_announced = True
                announce(self._port, self._logins, self._running)


def say(text: str) -> None:
    """Write to the person at the terminal, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def announce(port: int, logins: str, running: Services) -> None:
    """Say where everything is, and who may come in."""
    site = f"http://{HOST}:{port}"
    data = {str(server.home.folder) for server in running.servers} or {"at the addresses given"}
    say(
        f"\nThe market is open; Ctrl-C closes it.\n\n"
        f"  site           {site}/\n"
        f"  API documents  {site}/api/docs\n"
        f"  staff console  {site}/console/\n"
        f"  data           {data.pop()}\n\n{logins}"
    )


def is_alive(port: int) -> bool:
    """Ask the web process whether it serves."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def secret_key() -> str:
    """Return the secret of this checkout, made at the first call."""
    path = DATA / "secret_key"
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(token_urlsafe(48))
    return path.read_text()


def prepare(environment: dict[str, str]) -> str:
    """Bring tables, codes and demonstration up to date; return what the last step has to say."""
    words = ""
    for step in STEPS:
        say(f"{step[0]} …")
        command = [sys.executable, str(ROOT / "manage.py"), *step]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            preexec_fn=follow_parent(signal.SIGTERM),
        )
        words = done.stdout
        if done.returncode != 0:
            raise ServiceFailed(f"{words}manage.py {step[0]} failed.")
    return words


def supervise(running: Services, environment: dict[str, str], port: int, logins: str) -> int:
    """Run web, worker and beat until one of them ends or somebody stops us."""
    # Only a forked go-between is our own child, which is what `follow_parent` needs.
    multiprocessing.set_start_method("fork")
    supervisor = Supervisor(running, port, logins)
    celery = ("celery", "-A", "config", "--quiet")
    quiet = ("--loglevel", "WARNING", "--without-gossip", "--without-mingle")
    clock = ("--loglevel", "WARNING", "--schedule", str(DATA / "beat"), "--pidfile=")
    web = shlex.split(
        f"gunicorn config.wsgi --bind {HOST}:{port} --log-level warning "
        f"--worker-class gthread --workers 2 --threads {THREADS}"
    )
    members: dict[str, Sequence[str]] = {
        "web": web,
        "worker": (*celery, "worker", "--concurrency", "1", *quiet),
        "matcher": (
            *(*celery, "worker", "--concurrency", "1", *quiet),
            *("--queues", "matching", "--hostname", "matcher@%h"),
        ),
        "beat": (*celery, "beat", *clock),
    }
    for name, command in members.items():
        # Only web keeps a pool of connections: Celery's children would inherit it.
        own = {"DATABASE_POOL": str(THREADS)} if name == "web" else {}
        supervisor.add_process(
            name,
            f"exec {shlex.join((sys.executable, '-m', *command))}",
            env=environment | own,
            cwd=str(ROOT),
        )
    supervisor.loop()
    ignore_signals()
    # Being stopped from outside is how this is meant to end.
    return 0 if supervisor.returncode in {128 + 2, 128 + 15} else int(supervisor.returncode or 0)


def main() -> int:
    """Run it all; the services are stopped last."""
    port = int(os.environ.get("PORT") or 8000)
    stop_at_first_signal()
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
    except OSError:
        say(f"Port {port} is taken: stop what uses it, or choose another: make run PORT=8001")
        return 1
    try:
        with services(DATA) as running:
            DATA.mkdir(exist_ok=True)
            own = {"PYTHONUNBUFFERED": "1", "SECRET_KEY": os.environ.get("SECRET_KEY", "")}
            environment = os.environ | running.environment | own
            environment["SECRET_KEY"] = environment["SECRET_KEY"] or secret_key()
            logins = prepare(environment)
            return supervise(running, environment, port, logins)
    except ServiceFailed as failed:
        say(str(failed))
        return 1


if __name__ == "__main__":
    sys.exit(main())
