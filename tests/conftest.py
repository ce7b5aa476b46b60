"""The cast, and a database of its own for every worker."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from apps.accounts import actions as accounts
from apps.accounts.models import Membership, Organization, User
from marketplace.actors import Actor, Role
from marketplace.organizations import CHARACTERS, OrganizationKind, check_character
from tests.callers import Caller

ROOT = Path(__file__).parents[1]

hypothesis_settings.register_profile(
    "small",
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
hypothesis_settings.register_profile(
    "long",
    max_examples=500,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def pytest_configure(config: pytest.Config) -> None:
    """Take the small profile of the property tests unless another is asked for."""
    hypothesis_settings.load_profile(config.getoption("--hypothesis-profile") or "small")


# --- the database -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest, worker_id: str) -> Iterator[None]:
    """
    Clone a template database for this worker; the first worker to come makes the template.

    The template holds the tables and the code lists, and is kept as long as migrations and lists
    stay the same.
    """
    template = f"template_{_fingerprint()}"
    mine = f"test_{worker_id}"
    database = settings.DATABASES["default"]
    address = {
        "host": database["HOST"],
        "port": database["PORT"] or None,
        "user": database["USER"],
        "password": database["PASSWORD"],
        "dbname": "postgres",
    }
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        psycopg.connect(**address, autocommit=True) as cluster,
    ):
        cluster.execute("SELECT pg_advisory_lock(20010718)")
        known = cluster.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [template]
        ).fetchone()
        if not known:
            cluster.execute(f'DROP DATABASE IF EXISTS "{mine}" WITH (FORCE)')
            cluster.execute(f'CREATE DATABASE "{mine}" TEMPLATE template0')
            _use(mine)
            call_command("migrate", verbosity=0)
            call_command("load_codes", verbosity=0)
            with connection.cursor() as cursor:  # A test counts the entries of its own deeds.
                cursor.execute("TRUNCATE journal_entry, journal_untold RESTART IDENTITY")
            connection.close()
            cluster.execute(f'ALTER DATABASE "{mine}" RENAME TO "{template}"')
        cluster.execute(f'DROP DATABASE IF EXISTS "{mine}" WITH (FORCE)')
        cluster.execute(f'CREATE DATABASE "{mine}" TEMPLATE "{template}"')
        cluster.execute("SELECT pg_advisory_unlock(20010718)")
        _use(mine)
        yield
        connections.close_all()
        cluster.execute(f'DROP DATABASE IF EXISTS "{mine}" WITH (FORCE)')


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted([*ROOT.glob("apps/*/migrations/*.py"), *ROOT.glob("apps/taxonomy/data/*")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session", autouse=True)
def _flush_all_but_code_lists() -> None:
    """After a test that really commits, empty every table save those the template filled."""
    kept = {"taxonomy", "contenttypes", "auth"}

    def empty(self: object) -> None:
        tables = [
            f'"{model._meta.db_table}"'
            for model in apps.get_models(include_auto_created=True)
            if model._meta.app_label not in kept and model._meta.managed
        ]
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")

    TransactionTestCase._fixture_teardown = empty  # type: ignore[method-assign]


# --- the cast ---------------------------------------------------------------------------------


def credit_code_of(number: int) -> str:
    """Return the valid credit code that a small number stands for."""
    body = f"9161013{number % 10}MA{number:07d}"
    assert len(body) == 17
    assert set(body) <= set(CHARACTERS)
    return body + check_character(body)


def _person(username: str, name: str) -> User:
    return User.objects.create(username=username, name=name, password="!")


def _organization(number: int, name: str, kind: OrganizationKind, region: str) -> Organization:
    """Enter a verified organization, as its administrators would have done."""
    administrator = User.objects.filter(username="administrator").first() or _person(
        "administrator", "赵主任"
    )
    return Organization.objects.create(
        name=name,
        kind=kind,
        credit_code=credit_code_of(number),
        region_id=f"gbt2260-2024:{region}",
        verified_at="2026-01-01T00:00:00Z",
        verified_by=administrator,
    )


def _join(user: User, organization: Organization, *roles: Role) -> Actor:
    for role in roles:
        Membership.objects.get_or_create(user=user, organization=organization, role=role)
    return user.as_actor(organization=organization.pk, request_id="test")


@pytest.fixture
def institute(db: None) -> Organization:
    return _organization(1, "西北工程大学", OrganizationKind.UNIVERSITY, "610100")


@pytest.fixture
def works(db: None) -> Organization:
    return _organization(2, "深圳智造公司", OrganizationKind.COMPANY, "440300")


@pytest.fixture
def other_works(db: None) -> Organization:
    return _organization(3, "咸阳机械厂", OrganizationKind.COMPANY, "610400")


@pytest.fixture
def agency(db: None) -> Organization:
    return _organization(4, "西安技术经理人事务所", OrganizationKind.BROKERAGE, "610100")


@pytest.fixture
def office(db: None) -> Organization:
    return _organization(5, "西安市技术合同登记处", OrganizationKind.OFFICE, "610100")


@pytest.fixture
def researcher(db: None) -> User:
    return _person("researcher", "李研究员")


@pytest.fixture
def manager(db: None) -> User:
    return _person("manager", "王处长")


@pytest.fixture
def agent(db: None) -> User:
    return _person("agent", "陈经理")


@pytest.fixture
def broker(db: None) -> User:
    return _person("broker", "周经理人")


@pytest.fixture
def reviewer(db: None) -> User:
    return _person("reviewer", "孙审核")


@pytest.fixture
def second_reviewer(db: None) -> User:
    return _person("second_reviewer", "钱复核")


@pytest.fixture
def statistician(db: None) -> User:
    return _person("statistician", "吴统计")


@pytest.fixture
def administrator(db: None) -> User:
    found = User.objects.filter(username="administrator").first()
    return found or _person("administrator", "赵主任")


@pytest.fixture
def secrecy_officer(db: None) -> User:
    return _person("secrecy_officer", "韩保密")


@pytest.fixture
def stranger(db: None) -> User:
    return _person("stranger", "郑某")


@pytest.fixture
def as_researcher(researcher: User, institute: Organization) -> Actor:
    return _join(researcher, institute, Role.RESEARCHER)


@pytest.fixture
def as_manager(manager: User, institute: Organization) -> Actor:
    return _join(manager, institute, Role.ORGANIZATION_MANAGER)


@pytest.fixture
def as_agent(agent: User, works: Organization) -> Actor:
    return _join(agent, works, Role.COMPANY_AGENT)


@pytest.fixture
def as_broker(broker: User, agency: Organization) -> Actor:
    return _join(broker, agency, Role.BROKER)


@pytest.fixture
def as_reviewer(reviewer: User, office: Organization) -> Actor:
    return _join(reviewer, office, Role.REVIEWER)


@pytest.fixture
def as_second_reviewer(second_reviewer: User, office: Organization) -> Actor:
    return _join(second_reviewer, office, Role.REVIEWER)


@pytest.fixture
def third_reviewer(office: Organization) -> Actor:
    return _join(_person("third_reviewer", "冯初审"), office, Role.REVIEWER)


@pytest.fixture
def as_statistician(statistician: User, office: Organization) -> Actor:
    return _join(statistician, office, Role.STATISTICIAN)


@pytest.fixture
def as_administrator(administrator: User, office: Organization) -> Actor:
    return _join(administrator, office, Role.ADMINISTRATOR)


@pytest.fixture
def as_secrecy_officer(secrecy_officer: User, office: Organization) -> Actor:
    return _join(secrecy_officer, office, Role.SECRECY_OFFICER)


@pytest.fixture
def vetted_works(works: Organization, as_secrecy_officer: Actor) -> Organization:
    return accounts.vet(works, by=as_secrecy_officer)


@pytest.fixture
def as_vetted_agent(agent: User, vetted_works: Organization) -> Actor:
    return _join(agent, vetted_works, Role.COMPANY_AGENT)


@pytest.fixture
def as_vetted_reviewer(reviewer: User, office: Organization, as_secrecy_officer: Actor) -> Actor:
    accounts.vet(office, by=as_secrecy_officer)
    return _join(reviewer, office, Role.REVIEWER)


@pytest.fixture
def as_stranger(stranger: User, other_works: Organization) -> Actor:
    return _join(stranger, other_works, Role.COMPANY_AGENT)


@pytest.fixture
def as_anonymous() -> Actor:
    return Actor.anonymous("test")


@pytest.fixture
def caller() -> Callable[[Actor], Caller]:
    """Return what makes a program that acts as somebody."""
    return Caller
