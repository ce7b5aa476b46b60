"""Files in a store that speaks S3, through the libraries that production uses."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pgtrigger
import pytest

from apps.documents import actions, tasks
from apps.documents.models import Document
from config.storage import PIECE, s3_storage
from marketplace.actors import Actor
from tests.apps.documents.files import PDF
from tests.callers import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.apps.documents.addresses")]


class Bucket(ThreadingHTTPServer):
    """A bucket in memory that knows what the market asks of one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[int, bytes] = {}
        self.asked: list[str] = []
        self.is_broken = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    """What the bucket answers."""

    protocol_version = "HTTP/1.1"
    server: Bucket

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def parse_request(self) -> bool:
        is_good = super().parse_request()
        if is_good:
            parts = urlsplit(self.path)
            self.key = unquote(parts.path).removeprefix("/papers").removeprefix("/")
            self.query = {
                name: values[0]
                for name, values in parse_qs(parts.query, keep_blank_values=True).items()
            }
            self.server.asked.append(f"{self.command} {' '.join(sorted(self.query))}".strip())
            assert "Credential=its-name/" in self.headers["Authorization"]
        return is_good

    def answer(
        self, status: int, body: bytes = b"", *, size: int | None = None, **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if size is None else size))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_PUT(self) -> None:
        data = self.body()
        if self.server.is_broken:
            return self.answer(503)
        if "partNumber" in self.query:
            self.server.parts[int(self.query["partNumber"])] = data
        else:
            self.server.objects[self.key] = data
        return self.answer(200, ETag=f'"{md5(data, usedforsecurity=False).hexdigest()}"')

    def do_POST(self) -> None:
        self.body()
        if "uploads" in self.query:
            names = f"<Bucket>papers</Bucket><Key>{self.key}</Key><UploadId>1</UploadId>"
            text = f"<InitiateMultipartUploadResult>{names}</InitiateMultipartUploadResult>"
        else:
            parts = self.server.parts
            self.server.objects[self.key] = b"".join(parts[number] for number in sorted(parts))
            whole = "CompleteMultipartUploadResult"
            text = f"<{whole}><Key>{self.key}</Key></{whole}>"
        self.answer(200, text.encode())

    def do_HEAD(self) -> None:
        data = self.server.objects.get(self.key)
        if data is None:
            return self.answer(404)
        return self.answer(200, size=len(data), ETag='"x"')

    def do_GET(self) -> None:
        if self.key == "":
            return self.answer(200, self._list().encode())
        data = self.server.objects.get(self.key)
        if data is None:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        named = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if named is None:
            return self.answer(200, data, ETag='"x"')
        start, end = int(named[1]), int(named[2] or len(data) - 1)
        span = {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
        return self.answer(206, data[start : end + 1], ETag='"x"', **span)

    def do_DELETE(self) -> None:
        if self.server.is_broken:
            return self.answer(503)
        self.server.objects.pop(self.key, None)
        return self.answer(204)

    def _list(self) -> str:
        prefix = self.query.get("prefix", "")
        keys = sorted(key for key in self.server.objects if key.startswith(prefix))
        contents = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
        return (
            f"<ListBucketResult><Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>"
            f"{contents}</ListBucketResult>"
        )


@pytest.fixture
def bucket(settings: Any) -> Iterator[Bucket]:
    """Keep documents in a bucket."""
    pytest.importorskip("boto3")
    server = Bucket()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    documents = s3_storage(
        "papers",
        endpoint=server.address,
        region="cn-northwest-1",
        access_key="its-name",
        secret_key="its secret",
        prefix="market",
    )
    settings.STORAGES = {**settings.STORAGES, "documents": documents}
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def stored(by: Actor, data: bytes = PDF, name: str = "报告.pdf") -> Document:
    return actions.store(io.BytesIO(data), name=name, cleared_by="王处长", by=by)


def test_a_file_lies_in_the_bucket_under_a_random_name(
    bucket: Bucket, as_researcher: Actor, settings: Any
) -> None:
    before = list(Path(settings.DOCUMENTS_ROOT).rglob("*"))
    document = stored(as_researcher)
    assert bucket.objects == {f"market/{document.place}": PDF}
    assert list(Path(settings.DOCUMENTS_ROOT).rglob("*")) == before


def test_a_file_is_sent_from_the_bucket(bucket: Bucket, as_researcher: Actor) -> None:
    document = stored(as_researcher)
    read = Caller(as_researcher).get(f"/papers/{document.pk}")
    assert (read.status_code, read["Content-Length"]) == (200, str(len(PDF)))
    assert b"".join(read.streaming_content) == PDF


def test_a_large_file_goes_in_pieces(bucket: Bucket, as_researcher: Actor) -> None:
    data = b"0123456789abcde\n" * (PIECE // 16) + b"end"
    document = stored(as_researcher, data, "a.csv")
    assert "PUT partNumber uploadId" in bucket.asked
    [kept] = bucket.objects.values()
    assert sha256(kept).hexdigest() == document.sha256
    read = Caller(as_researcher).get(f"/papers/{document.pk}")
    assert b"".join(read.streaming_content) == data


def test_a_destroyed_file_leaves_the_bucket(bucket: Bucket, as_researcher: Actor) -> None:
    actions.destroy(stored(as_researcher), by=as_researcher)
    bucket.is_broken = True
    assert tasks.sweep() == 0
    bucket.is_broken = False
    assert tasks.sweep() == 1
    assert bucket.objects == {}
    assert tasks.sweep() == 0


def test_a_bucket_that_takes_nothing_leaves_no_row(bucket: Bucket, as_researcher: Actor) -> None:
    bucket.is_broken = True
    with pytest.raises(Exception, match="503"):
        stored(as_researcher)
    assert not Document.objects.exists()


def test_bytes_without_a_row_are_found_in_the_bucket(bucket: Bucket, as_researcher: Actor) -> None:
    document = stored(as_researcher)
    day = f"{datetime.now(UTC).date() - timedelta(days=3):%Y-%m-%d}"
    bucket.objects = {f"market/{day}/known": PDF, f"market/{day}/orphan": PDF}
    with pgtrigger.ignore("documents.Document:document_bytes_stay"):
        Document.objects.filter(pk=document.pk).update(place=f"{day}/known")
    assert tasks.sweep_orphans() == 1
    assert list(bucket.objects) == [f"market/{day}/known"]
    assert all(key.startswith("market/") for key in bucket.objects)
