"""Which files the market takes, and how it knows them."""

import io
from struct import pack

import pytest

from marketplace.documents import (
    FORMS,
    LARGEST,
    LONGEST_DIRECTORY,
    MOST_PARTS,
    MediaType,
    media_type_of,
    name_faults,
)
from marketplace.errors import Invalid
from tests.apps.documents.files import CSV, DOCX, JPEG, OFD, PDF, PNG, PPTX, TEXT, XLSX, package

EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + b"\0" * 200


def kind(data: bytes, name: str) -> MediaType:
    return media_type_of(io.BytesIO(data), name=name)


def fault(data: bytes, name: str) -> str:
    with pytest.raises(Invalid) as caught:
        kind(data, name)
    assert caught.value.field == "file"
    assert str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (PDF, "报告.pdf", MediaType.PDF),
        (PDF, "REPORT.PDF", MediaType.PDF),
        (PNG, "a.png", MediaType.PNG),
        (JPEG, "a.jpg", MediaType.JPEG),
        (JPEG + b"\0" * 900, "a.jpeg", MediaType.JPEG),
        (DOCX, "a.docx", MediaType.DOCX),
        (XLSX, "a.xlsx", MediaType.XLSX),
        (PPTX, "a.pptx", MediaType.PPTX),
        (OFD, "公文.ofd", MediaType.OFD),
        (CSV, "a.csv", MediaType.CSV),
        (b"\xef\xbb\xbf" + CSV, "a.csv", MediaType.CSV),
        (CSV, "a.txt", MediaType.TEXT),
        (TEXT, "说明.txt", MediaType.TEXT),
    ],
)
def test_a_file_is_known_by_what_it_holds(data: bytes, name: str, media_type: MediaType) -> None:
    assert kind(data, name) is media_type


def test_a_character_that_two_pieces_share_is_read_whole() -> None:
    assert kind(b"a" + "技".encode() * 200_000, "a.txt") is MediaType.TEXT
    assert kind(b"a" + "技".encode("gb18030") * 200_000, "a.txt") is MediaType.TEXT


@pytest.mark.parametrize(
    ("data", "name"),
    [(PNG, "a.pdf"), (PDF, "a.png"), (DOCX, "a.xlsx"), (OFD, "a.zip"), (PDF, "a"), (CSV, "a.html")],
)
def test_the_name_must_agree_with_it(data: bytes, name: str) -> None:
    assert fault(data, name) == "name_and_content_differ"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (EXE, "a.pdf"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 100, "a.txt"),
        (b"<!DOCTYPE html><script>1</script>", "a.txt"),
        (b"\xef\xbb\xbf \n<svg xmlns='http://www.w3.org/2000/svg'/>", "a.csv"),
        (b"#!/bin/sh\nid\n", "a.txt"),
        (b"GIF89a\x01\x00\x01\x00", "a.png"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.docx"),
        ("说明".encode("utf-16"), "a.txt"),
        (b"\xff\xfe\xfd", "a.txt"),
        (package("a.txt"), "a.docx"),
        (package("word/document.xml"), "a.docx"),
        (package("[Content_Types].xml", "word/document.xml", "xl/workbook.xml"), "a.docx"),
        (package("[Content_Types].xml", "xl/workbook.bin"), "a.xlsx"),
    ],
)
def test_what_is_none_of_our_types_is_refused(data: bytes, name: str) -> None:
    assert fault(data, name) == "file_type_unknown"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (PDF[:40], "a.pdf"),
        (PNG[:-8], "a.png"),
        (PNG + b"<script>1</script>", "a.png"),
        (PDF + package("evil.exe") + b"", "a.pdf"),
        (JPEG + DOCX, "a.jpg"),
        (DOCX[:-30], "a.docx"),
        (DOCX + PDF, "a.docx"),
        (DOCX[:30] + DOCX, "a.docx"),
        (package("[Content_Types].xml", "word/document.xml", "../../evil"), "a.docx"),
        (b"PK\x03\x04", "a.docx"),
    ],
)
def test_what_is_cut_off_or_holds_a_second_file_is_refused(data: bytes, name: str) -> None:
    assert fault(data, name) == "file_doubtful"


def test_macros_are_refused() -> None:
    names = ("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")
    assert fault(package(*names), "a.docx") == "file_has_macros"


def test_a_package_that_would_unfold_to_more_than_a_gigabyte_is_refused_unopened() -> None:
    data = bytearray(DOCX)
    place = data.find(b"PK\x01\x02")
    data[place + 24 : place + 28] = pack("<I", 0xF0000000)
    assert fault(bytes(data), "a.docx") == "file_doubtful"


@pytest.mark.parametrize(
    ("place", "value"),
    [(10, pack("<H", MOST_PARTS + 1)), (12, pack("<I", LONGEST_DIRECTORY + 1)), (20, b"\1\0")],
)
def test_a_package_with_a_vast_directory_is_refused_unread(place: int, value: bytes) -> None:
    data = bytearray(DOCX)
    end = len(data) - 22 + place
    data[end : end + len(value)] = value
    assert fault(bytes(data), "a.docx") == "file_doubtful"


def test_a_package_with_a_directory_for_more_than_four_gigabytes_is_refused() -> None:
    locator = b"PK\x06\x07" + b"\0" * 16
    assert fault(DOCX[:-22] + locator + DOCX[-22:], "a.docx") == "file_doubtful"


class Sparse(io.BytesIO):
    """A file of any size that takes no room."""

    def __init__(self, start: bytes, size: int, end: bytes = b"") -> None:
        super().__init__(start)
        self.size, self.end, self.place = size, end, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self.place = offset + (self.size if whence == 2 else 0)
        return self.place

    def read(self, count: int | None = -1) -> bytes:
        whole = self.size - self.place if count is None or count < 0 else count
        whole = max(0, min(whole, self.size - self.place))
        start = self.getvalue()[self.place : self.place + whole]
        piece = start + b"\0" * (whole - len(start))
        if self.end and self.place + whole == self.size:
            piece = piece[: -len(self.end)] + self.end
        self.place += whole
        return piece


def test_each_type_has_a_size_of_its_own() -> None:
    largest = FORMS[MediaType.PNG].largest
    end = b"IEND\xaeB`\x82"
    assert media_type_of(Sparse(PNG[:16], largest, end), name="a.png") is MediaType.PNG
    for size, code in [(largest + 1, "file_too_large"), (LARGEST + 1, "file_too_large")]:
        with pytest.raises(Invalid) as caught:
            media_type_of(Sparse(PNG[:16], size, end), name="a.png")
        assert caught.value.code == code
    assert fault(b"", "a.txt") == "file_empty"


@pytest.mark.parametrize("name", ["报告.pdf", "a b (1).pdf", "é.txt", "x" * 196 + ".pdf"])
def test_a_name_may_be_in_any_script(name: str) -> None:
    assert name_faults(name) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "missing"),
        ("  ", "missing"),
        (" a.pdf", "missing"),
        ("x" * 197 + ".pdf", "name_too_long"),
        ("../a.pdf", "name_has_path"),
        ("c:\\a.pdf", "name_has_path"),
        ("..", "name_has_path"),
        ("a\u202efdp.exe", "name_unreadable"),
        ("a\u2066b.pdf", "name_unreadable"),
        ("a\x00.pdf", "name_unreadable"),
        ("a\n.pdf", "name_unreadable"),
        ("a\u200b.pdf", "name_unreadable"),
    ],
)
def test_a_name_is_for_people_to_read(name: str, code: str) -> None:
    assert [each.code for each in name_faults(name)] == [code]
