"""Files over HTTP, through the smallest floor that takes and sends them."""

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from apps.accounts.models import Organization, User
from apps.base.models import StoredAnswer
from apps.documents import actions
from apps.documents.models import Document
from apps.journal.models import Entry
from marketplace.actors import Actor
from marketplace.documents import LARGEST
from tests.apps.documents.files import CSV, PDF, PNG
from tests.callers import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.apps.documents.addresses")]

GIVEN = {"no_state_secret": "true", "cleared_by": "王处长"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    """Keep documents, and what is coming in, in folders of the test's own."""
    place = tmp_path / "documents"
    (tmp_path / "incoming").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "incoming")
    documents = settings.STORAGES["documents"]
    options = {**documents["OPTIONS"], "location": str(place)}
    settings.STORAGES = {**settings.STORAGES, "documents": {**documents, "OPTIONS": options}}
    return place


def files(folder: Path) -> list[Path]:
    """Return what lies in the store, and what of uploads was left behind."""
    return sorted(path for path in folder.parent.rglob("*") if path.is_file())


def hand_in(
    program: Caller,
    data: bytes = PDF,
    file_name: str = "报告.pdf",
    *,
    key: str = "",
    without: str = "",
    **fields: Any,
) -> Any:
    form = {**GIVEN, "file": SimpleUploadedFile(file_name, data), **fields}
    form.pop(without, None)
    headers = {**program.headers, "Idempotency-Key": key or uuid4().hex}
    return program.client.post("/api/v1/papers", form, headers=headers)


@pytest.fixture
def program(as_researcher: Actor) -> Caller:
    return Caller(as_researcher)


def test_a_file_is_handed_in_and_read_again(program: Caller, folder: Path) -> None:
    answer = hand_in(program)
    assert answer.status_code == 201, answer.content
    document = Document.objects.get()
    assert answer.json() == {
        "id": str(document.pk),
        "name": "报告.pdf",
        "media_type": "application/pdf",
        "size": len(PDF),
        "sha256": document.sha256,
    }
    assert files(folder) == [folder / document.place]
    read = program.get(f"/papers/{document.pk}")
    assert read.status_code == 200
    assert b"".join(read.streaming_content) == PDF
    assert dict(read.items()) | {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(PDF)),
        "Content-Disposition": "attachment; filename*=utf-8''%E6%8A%A5%E5%91%8A.pdf",
        "ETag": f'"{document.sha256}"',
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    } == dict(read.items())
    assert Entry.objects.filter(verb="document.opened").count() == 1


def test_a_stranger_reads_nothing(program: Caller, as_stranger: Actor) -> None:
    path = f"/papers/{hand_in(program).json()['id']}"
    assert Caller(as_stranger).get(path).status_code == 404
    assert not Entry.objects.filter(verb="document.opened").exists()


def test_a_destroyed_file_is_not_there(program: Caller, as_researcher: Actor) -> None:
    document = Document.objects.get(pk=hand_in(program).json()["id"])
    actions.destroy(document, by=as_researcher)
    assert program.get(f"/papers/{document.pk}").status_code == 404


def test_a_name_of_its_own_may_be_given(program: Caller) -> None:
    assert hand_in(program, file_name="x.bin", name="检测报告.pdf").status_code == 201
    assert Document.objects.get().name == "检测报告.pdf"


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"without": "cleared_by"}, 400, "invalid_input", "/cleared_by"),
        ({"without": "file"}, 400, "invalid_input", "/file"),
        ({"without": "no_state_secret"}, 422, "not_cleared", "/no_state_secret"),
        ({"no_state_secret": "false"}, 422, "not_cleared", "/no_state_secret"),
        ({"cleared_by": " "}, 400, "invalid_input", "/cleared_by"),
        ({"unheard_of": "1"}, 400, "invalid_input", "/unheard_of"),
        ({"data": b"MZ\0\0"}, 422, "file_type_unknown", "/file"),
        ({"data": b""}, 422, "file_empty", "/file"),
        ({"data": PNG}, 422, "name_and_content_differ", "/file"),
        ({"cleared_by": ["a", "b"]}, 400, "unreadable", None),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_wrong_is_said_and_nothing_is_kept(
    change: dict[str, Any],
    status: int,
    code: str,
    pointer: str | None,
    language: str,
    as_researcher: Actor,
    folder: Path,
) -> None:
    answer = hand_in(Caller(as_researcher, language), **change)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    if pointer is not None:
        assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert files(folder) == []
    assert not Document.objects.exists()
    assert not StoredAnswer.objects.exists()


def test_the_form_must_be_a_form(program: Caller) -> None:
    answer = program.post("/papers", {"cleared_by": "王处长"})
    assert (answer.status_code, answer.json()["code"]) == (415, "multipart_required")
    headers = {**program.headers, "Idempotency-Key": "k"}
    answer = program.client.post("/api/v1/projects", GIVEN, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_content_type")


@pytest.mark.parametrize("data", [b"", b"--x", b"--x\r\nbroken", b"nothing at all"])
def test_a_broken_form_is_unreadable(data: bytes, program: Caller) -> None:
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data"):
        answer = program.client.generic(
            "POST",
            "/api/v1/papers",
            data,
            content_type=kind,
            headers={**program.headers, "Idempotency-Key": uuid4().hex},
        )
        assert answer.status_code in (400, 415), answer.content
        assert answer["Content-Type"] == "application/problem+json"


def test_one_address_may_list_and_take_files(program: Caller) -> None:
    status, _answer = send(Body(4 * 1024 * 1024), program, "/papers/pile")
    assert status == 201
    assert program.get("/papers/pile").json() == 1


def test_two_files_are_one_too_many(program: Caller, folder: Path) -> None:
    answer = hand_in(program, second=SimpleUploadedFile("b.pdf", PDF))
    assert answer.status_code == 400
    assert files(folder) == []


def test_a_person_in_a_browser_hands_a_file_in(
    as_researcher: Actor, researcher: User, folder: Path
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(researcher)
    form = {**GIVEN, "file": SimpleUploadedFile("a.csv", CSV)}
    headers = {"Idempotency-Key": "k"}
    assert client.post("/api/v1/papers", form, headers=headers).status_code == 403
    client.cookies["csrftoken"] = token = "a" * 32
    form["file"] = SimpleUploadedFile("a.csv", CSV)
    headers["X-CSRFToken"] = token
    answer = client.post("/api/v1/papers", form, headers=headers)
    assert answer.status_code == 201, answer.content
    assert files(folder) == [folder / Document.objects.get().place]


def test_the_schema_says_that_a_form_is_taken_and_a_file_sent() -> None:
    generator = SchemaGenerator(urlconf="tests.apps.documents.addresses")
    schema = generator.get_schema(public=True)
    taken = schema["paths"]["/api/v1/papers"]["post"]["requestBody"]["content"]
    assert list(taken) == ["multipart/form-data"]
    properties = schema["components"]["schemas"]["PaperInputRequest"]["properties"]
    assert properties["file"]["format"] == "binary"
    assert sorted(properties) == ["cleared_by", "file", "name", "no_state_secret", "note"]
    read = schema["paths"]["/api/v1/papers/{id}"]["get"]["responses"]["200"]["content"]
    assert read["application/octet-stream"]["schema"]["format"] == "binary"


# --- the same request again -------------------------------------------------------------------


def test_the_same_file_with_the_same_key_is_handed_in_once(program: Caller, folder: Path) -> None:
    first, second = (hand_in(program, key="k") for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["ETag"] == second["ETag"]
    assert Document.objects.count() == len(files(folder)) == 1


@pytest.mark.parametrize(
    "change", [{"data": PDF + b"%%EOF"}, {"file_name": "b.pdf"}, {"cleared_by": "李处长"}]
)
def test_another_file_with_the_same_key_is_refused(
    change: dict[str, Any], program: Caller, folder: Path
) -> None:
    assert hand_in(program, key="k").status_code == 201
    answer = hand_in(program, key="k", **change)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Document.objects.count() == len(files(folder)) == 1


def test_a_refusal_is_not_remembered(program: Caller) -> None:
    assert hand_in(program, b"MZ\0\0", key="k").status_code == 422
    assert hand_in(program, key="k").status_code == 201


# --- large bodies -----------------------------------------------------------------------------


class Body:
    """The body of a request that is made as it is read, and counts how far it was read."""

    def __init__(self, size: int, *, start: bytes = b"") -> None:
        fields = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in GIVEN.items()
        )
        file = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        self.before = (fields + file).encode() + start
        self.after = b"\r\n--x--\r\n"
        self.size = size
        self.length = len(self.before) + size + len(self.after)
        self.told = 0
        self._pieces = self._made()
        self._rest = b""

    def _made(self) -> Iterator[bytes]:
        yield self.before
        piece = b"0123456789abcde\n" * 4096
        left = self.size
        while left:
            yield piece[:left]
            left -= min(left, len(piece))
        yield self.after

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        given, self._rest = self._rest[:size], self._rest[size:]
        self.told += len(given)
        return given

    def readline(self, size: int = -1) -> bytes:
        raise NotImplementedError


def send(body: Body, program: Caller, path: str = "/papers", **more: Any) -> tuple[int, Any]:
    """Hand a request to the web process as its server would, and return the answer."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/api/v1{path}",
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "CONTENT_LENGTH": str(body.length),
        "HTTP_AUTHORIZATION": program.headers.get("Authorization", ""),
        "HTTP_ACCEPT_LANGUAGE": program.headers["Accept-Language"],
        "HTTP_IDEMPOTENCY_KEY": uuid4().hex,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **more,
    }
    statuses: list[int] = []

    def start(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        statuses.append(int(status[:3]))
        return lambda data: None

    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # The test's transaction goes on.
    try:
        answer = WSGIHandler()(environ, start)
        content = b"".join(answer)
        answer.close()
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return statuses[0], json.loads(content)


@pytest.fixture
def larger_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let text be as large as any file, for text is what a test makes without memory."""
    from marketplace import documents

    forms = {kind: documents.Form(form.suffixes, LARGEST) for kind, form in documents.FORMS.items()}
    monkeypatch.setattr(documents, "FORMS", forms)


def test_thirty_megabytes_come_and_go_without_being_held(
    program: Caller, larger_text: None, folder: Path
) -> None:
    send(Body(1000), program)  # What is imported at the first request is not counted.
    size = 30 * 1024 * 1024
    tracemalloc.start()
    try:
        status, answer = send(Body(size), program)
        assert (status, answer.get("size")) == (201, size), answer
        _now, peak = tracemalloc.get_traced_memory()
        assert peak < 8 * 1024 * 1024, peak
        tracemalloc.reset_peak()
        read = program.get(f"/papers/{answer['id']}")
        assert sum(len(piece) for piece in read.streaming_content) == size
        _now, peak = tracemalloc.get_traced_memory()
        assert peak < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("language", "word"), [("en", "larger than"), ("zh-hans", "超过")])
def test_a_body_past_every_limit_is_refused_unread(
    language: str, word: str, as_researcher: Actor, folder: Path
) -> None:
    body = Body(LARGEST + 2 * 1024 * 1024)
    status, answer = send(body, Caller(as_researcher, language))
    assert (status, answer["code"]) == (413, "too_large")
    assert word in answer["title"]
    assert body.told <= 9 * 1024 * 1024
    assert files(folder) == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_file_past_every_limit_is_given_up_while_it_comes(
    language: str, as_researcher: Actor, folder: Path
) -> None:
    status, answer = send(Body(LARGEST + 1), Caller(as_researcher, language))
    assert (status, answer["code"]) == (413, "too_large")
    assert files(folder) == []
    assert not Document.objects.exists()


def test_a_file_larger_than_its_type_may_be_is_refused(program: Caller, folder: Path) -> None:
    status, answer = send(Body(21 * 1024 * 1024), program)
    assert (status, answer["code"]) == (422, "file_too_large")
    assert files(folder) == []


def test_without_a_length_nothing_is_read(program: Caller) -> None:
    body = Body(100)
    status, answer = send(body, program, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert (status, answer["code"]) == (411, "length_required")
    assert body.told == 0


def test_only_routes_that_take_files_take_large_bodies(program: Caller) -> None:
    for path, method in [("/projects", "POST"), ("/papers", "PUT"), ("/nowhere", "POST")]:
        status, answer = send(Body(2 * 1024 * 1024), program, path, REQUEST_METHOD=method)
        assert (status, answer["code"]) == (413, "too_large"), path


def test_who_did_not_sign_in_is_not_listened_to(as_anonymous: Actor, folder: Path) -> None:
    body = Body(20 * 1024 * 1024)
    status, _answer = send(body, Caller(as_anonymous))
    assert status == 401
    assert body.told == 0
    assert files(folder) == []


def test_administrators_see_that_there_are_files_but_nothing_of_them(
    program: Caller, as_administrator: Actor, institute: Organization
) -> None:
    document = Document.objects.get(pk=hand_in(program).json()["id"])
    User.objects.filter(pk=as_administrator.user).update(is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=as_administrator.user))
    place = "/console/documents/document/"
    assert institute.name in client.get(place).content.decode()
    page = client.get(f"{place}{document.pk}/change/").content.decode()
    assert document.sha256 in page
    assert document.place not in page
    assert client.post(f"{place}{document.pk}/change/", {"name": "x"}).status_code == 403
