"""Relations that both sides declare, or end, at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from apps.matching.models import Relation
from tests.build.pools import manager_of
from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds):
    """Do all deeds at the same moment, each on a connection of its own; return what each gives."""
    gate = threading.Barrier(len(deeds))

    def run(deed):
        try:
            gate.wait()
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def test_of_two_who_declare_the_same_one_does_and_the_other_learns_of_it(
    as_manager, institute, works
):
    here, there = Caller(as_manager), Caller(manager_of(works.pk))
    given = {"kind": "shareholding"}
    answers = at_once(
        lambda: here.post("/relations", given | {"organization": str(works.pk)}),
        lambda: there.post("/relations", given | {"organization": str(institute.pk)}),
        lambda: here.post("/relations", given | {"organization": str(works.pk)}),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"relation_declared"}
    assert Relation.objects.count() == 1


def test_of_two_who_end_it_one_does(as_manager, works):
    manager = Caller(as_manager)
    body = {"organization": str(works.pk), "kind": "family"}
    answer = manager.post("/relations", body)
    place, etag = f"/relations/{answer.json()['id']}/end", answer["ETag"]
    answers = at_once(
        lambda: manager.post(place, etag=etag), lambda: manager.post(place, etag=etag)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
