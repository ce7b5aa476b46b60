"""Files hang on things, and each is for whom its secrecy allows."""

from io import BytesIO

import pytest

from apps.documents import actions as documents
from apps.documents.models import Document
from apps.journal.models import Entry
from apps.pools.models import Project
from apps.reviews import actions, queries
from apps.reviews.models import Attachment
from marketplace.actors import Actor
from marketplace.documents import DocumentState
from marketplace.errors import Conflict, Missing, Refused
from marketplace.pools import PoolState
from marketplace.reviews import AttachmentPurpose
from marketplace.secrecy import Secrecy
from tests.build import pools as build_pools
from tests.build import reviews as build
from tests.callers import Caller, read_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(as_researcher: Actor, as_reviewer: Actor) -> Project:
    return build_pools.project(by=as_researcher, reviewer=as_reviewer)


@pytest.mark.parametrize(
    ("secrecy", "reads"),
    [
        (Secrecy.PUBLIC, {"anonymous", "stranger", "researcher", "reviewer"}),
        (Secrecy.SIGNED_IN, {"stranger", "researcher", "reviewer"}),
        (Secrecy.UNDER_NDA, {"researcher", "reviewer"}),
    ],
)
def test_a_file_is_for_whom_its_secrecy_allows(
    project: Project,
    secrecy: Secrecy,
    reads: set[str],
    as_researcher: Actor,
    request: pytest.FixtureRequest,
) -> None:
    attachment = build.file(project, by=as_researcher, secrecy=secrecy)
    for name in ("anonymous", "stranger", "researcher", "reviewer"):
        caller = Caller(request.getfixturevalue(f"as_{name}"))
        listed = caller.get(f"/projects/{project.pk}/files").json()["results"]
        answer = caller.get(f"/projects/{project.pk}/files/{attachment.pk}")
        read_out(answer)
        assert len(listed) == (name in reads), name
        assert answer.status_code == (200 if name in reads else 404), name


def test_the_bytes_come_back_and_who_opened_them_is_written_down(
    project: Project, as_researcher: Actor, as_reviewer: Actor
) -> None:
    attachment = build.file(project, by=as_researcher)
    answer = Caller(as_reviewer).get(f"/projects/{project.pk}/files/{attachment.pk}")
    assert read_out(answer) == build.TEXT
    entry = Entry.objects.filter(verb="document.opened").latest("id")
    assert entry.actor_user == as_reviewer.user


def test_an_upload_needs_a_clearance_and_an_own_thing(
    project: Project, as_researcher: Actor, as_stranger: Actor
) -> None:
    with pytest.raises(Refused):
        build.file(project, by=as_stranger)
    assert not Attachment.objects.exists()


def test_one_does_not_attach_the_file_of_another_organization(
    project: Project, as_researcher: Actor, as_stranger: Actor
) -> None:
    foreign = documents.store(BytesIO(build.TEXT), name="a.txt", cleared_by="甲", by=as_stranger)
    with pytest.raises(Missing):
        actions.attach(
            project,
            foreign,
            purpose=AttachmentPurpose.OTHER,
            secrecy=Secrecy.PUBLIC,
            by=as_researcher,
        )


def test_a_file_taken_off_is_destroyed(project: Project, as_researcher: Actor) -> None:
    attachment = build.file(project, by=as_researcher)
    caller = Caller(as_researcher)
    assert caller.delete(f"/projects/{project.pk}/files/{attachment.pk}").status_code == 204
    assert caller.get(f"/projects/{project.pk}/files/{attachment.pk}").status_code == 404
    assert Document.objects.get().state is DocumentState.DESTROYED
    with pytest.raises(Missing):
        actions.detach(attachment, project, by=as_researcher)


def test_nothing_is_attached_to_what_is_over(as_researcher: Actor, as_reviewer: Actor) -> None:
    left = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.LEFT)
    with pytest.raises(Conflict):
        build.file(left, by=as_researcher)


def test_there_is_an_end_to_the_number_of_files(
    project: Project, as_researcher: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_FILES", 1)
    build.file(project, by=as_researcher)
    with pytest.raises(Conflict) as caught:
        build.file(project, by=as_researcher)
    assert caught.value.code == "too_many_files"
