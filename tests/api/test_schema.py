"""The API does what its schema says: no answer that it does not name, and no 500."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.accounts.models import Membership
from config.wsgi import application
from marketplace.actors import Role
from tests.callers import Caller

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Somebody who may do as much as one person can, so that many requests get past the door.
ROLES = [Role.RESEARCHER, Role.BROKER, Role.ORGANIZATION_MANAGER]


LONG = bool(os.environ.get("MARKETPLACE_LONG"))


def closing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer and be done with the request, as a server is: its uploaded files are closed."""
    answer: Any = application(environ, start_response)
    try:
        return list(answer)
    finally:
        answer.close()


schema = schemathesis.openapi.from_wsgi("/api/schema", closing)
# Every edge of every parameter, one by one: hundreds of requests for an address.
schema.config.phases.coverage.enabled = LONG


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Let the application run in this test's transaction."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(max_examples=60 if LONG else 4)
def test_every_answer_is_one_that_the_schema_names(case, researcher, institute):
    for role in ROLES:
        Membership.objects.get_or_create(user=researcher, organization=institute, role=role)
    caller = Caller(researcher.as_actor())
    case.headers = {**(case.headers or {}), "Authorization": caller.headers["Authorization"]}
    case.call_and_validate(checks=CHECKS)
