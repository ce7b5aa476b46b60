"""Files that people hand in: which types there are, how large, and how each is known."""

import codecs
import zipfile
from dataclasses import dataclass
from enum import auto
from pathlib import PurePosixPath
from struct import unpack
from typing import BinaryIO
from unicodedata import category

from marketplace.errors import Invalid
from marketplace.lifecycle import Lifecycle, move
from marketplace.vocabulary import Term


class DocumentState(Term):
    """What has become of a file: handed in, kept because something refers to it, or destroyed."""

    STORED = auto()
    CLAIMED = auto()
    DESTROYED = auto()


#: One file may be claimed by several things.
DOCUMENT = Lifecycle(
    start=DocumentState.STORED,
    moves={
        "claim": move(DocumentState.STORED, DocumentState.CLAIMED, to=DocumentState.CLAIMED),
        "destroy": move(DocumentState.STORED, DocumentState.CLAIMED, to=DocumentState.DESTROYED),
    },
)


class MediaType(Term):
    """The types of files that the market takes."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    #: The fixed-layout format of GB/T 33190-2016 (版式文档).
    OFD = "application/ofd"
    CSV = "text/csv"
    TEXT = "text/plain"

    @property
    def label(self) -> str:
        """Return the name of the format, which is the same in every language."""
        return self.name


@dataclass(frozen=True, slots=True)
class Form:
    """How the names of files of a type end, and how many bytes one may have."""

    suffixes: tuple[str, ...]
    largest: int


MEGABYTE = 1024 * 1024

FORMS = {
    MediaType.PDF: Form((".pdf",), 50 * MEGABYTE),
    MediaType.PNG: Form((".png",), 20 * MEGABYTE),
    MediaType.JPEG: Form((".jpg", ".jpeg"), 20 * MEGABYTE),
    MediaType.DOCX: Form((".docx",), 50 * MEGABYTE),
    MediaType.XLSX: Form((".xlsx",), 50 * MEGABYTE),
    MediaType.PPTX: Form((".pptx",), 50 * MEGABYTE),
    MediaType.OFD: Form((".ofd",), 50 * MEGABYTE),
    MediaType.CSV: Form((".csv",), 20 * MEGABYTE),
    MediaType.TEXT: Form((".txt", ".jsonl"), 20 * MEGABYTE),
}
#: The most bytes that a file of any type may have.
LARGEST = max(form.largest for form in FORMS.values())
#: How long the name of a file may be, and that of the person who cleared it.
LONGEST_NAME, LONGEST_PERSON = 200, 80

SIGNATURES = {
    b"%PDF-": MediaType.PDF,
    b"\x89PNG\r\n\x1a\n": MediaType.PNG,
    b"\xff\xd8\xff": MediaType.JPEG,
}
#: The part that only a package of one type has.
MAIN_PARTS = {
    "word/document.xml": MediaType.DOCX,
    "xl/workbook.xml": MediaType.XLSX,
    "ppt/presentation.xml": MediaType.PPTX,
    "OFD.xml": MediaType.OFD,
}
OFFICE_TYPES = (MediaType.DOCX, MediaType.XLSX, MediaType.PPTX)

#: A package with a longer directory, or one that would unfold to more, is not looked into.
LONGEST_DIRECTORY = MEGABYTE
MOST_PARTS = 10_000
LARGEST_UNFOLDED = 1024 * MEGABYTE

ZIP_START, ZIP_END, ZIP64_LOCATOR = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07"
ZIP_END_SIZE, ZIP64_LOCATOR_SIZE = 22, 20
#: How much of the end of a file is searched for what has been hung on to it.
TAIL = 64 * 1024 + ZIP_END_SIZE
PIECE = 256 * 1024


def name_faults(name: str) -> list[Invalid]:
    """Return what is wrong with the name of a file, which is only ever shown."""
    faults = []
    if not name.strip() or name.strip() != name:
        faults.append(Invalid("Give the file a name.", code="missing", field="name"))
    if len(name) > LONGEST_NAME:
        faults.append(
            Invalid(
                "The name of the file has more than {limit} characters.",
                code="name_too_long",
                field="name",
                limit=LONGEST_NAME,
            )
        )
    # Cc, Cf, Zl and Zp: control characters, and those that turn the direction of what follows.
    if any(category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in name):
        faults.append(
            Invalid(
                "The name of the file holds invisible characters.",
                code="name_unreadable",
                field="name",
            )
        )
    if "/" in name or "\\" in name or name in (".", ".."):
        faults.append(
            Invalid(
                "The name of the file must be without folders.", code="name_has_path", field="name"
            )
        )
    return faults


def must_fit(size: int, largest: int) -> None:
    """Raise Invalid where a file has no bytes, or more than `largest`."""
    if size == 0:
        raise Invalid("The file is empty.", code="file_empty", field="file")
    if size > largest:
        raise Invalid(
            "The file is larger than {limit} bytes.",
            code="file_too_large",
            field="file",
            limit=largest,
        )


def media_type_of(file: BinaryIO, *, name: str) -> MediaType:
    """
    Return of which type `file` is by what it holds, or raise Invalid.

    What it holds decides. The name must agree with it, and only tells a table (.csv) from other
    text. A file that two programs would read as two different things is refused.
    """
    size = file.seek(0, 2)
    must_fit(size, LARGEST)
    file.seek(0)
    head = file.read(16)
    if head.startswith(ZIP_START):
        found = _package_type(file, size)
    else:
        known = [each for mark, each in SIGNATURES.items() if head.startswith(mark)]
        found = known[0] if known else _text_type(file, name)
        if known:
            _must_end_well(file, size, found)
    form = FORMS[found]
    must_fit(size, form.largest)
    if PurePosixPath(name).suffix.lower() not in form.suffixes:
        raise Invalid(
            "This is a file of type {type}: its name must end in {suffix}.",
            code="name_and_content_differ",
            field="file",
            type=found.label,
            suffix=form.suffixes[0],
        )
    return found


def _unknown() -> Invalid:
    return Invalid(
        "The market takes {types} files, and this is none of them.",
        code="file_type_unknown",
        field="file",
        types=", ".join(each.label for each in MediaType),
    )


def _doubtful() -> Invalid:
    return Invalid(
        "The file is damaged, or holds a second file within it.",
        code="file_doubtful",
        field="file",
    )


def _must_end_well(file: BinaryIO, size: int, found: MediaType) -> None:
    """Refuse a file that was cut off, and one at whose end a zip archive hangs."""
    file.seek(max(0, size - TAIL))
    tail = file.read(TAIL)
    place = tail.rfind(ZIP_END)
    # The last record of an archive says how long the comment is that ends the file.
    if 0 <= place <= len(tail) - ZIP_END_SIZE:
        (comment,) = unpack("<H", tail[place + 20 : place + 22])
        if place + ZIP_END_SIZE + comment == len(tail):
            raise _doubtful()
    is_whole = {
        MediaType.PDF: b"%%EOF" in tail[-2048:],
        MediaType.PNG: tail.endswith(b"IEND\xaeB`\x82"),
        # Cameras write on after the picture, so its end mark need not be the last thing.
        MediaType.JPEG: b"\xff\xd9" in tail,
    }
    if not is_whole[found]:
        raise _doubtful()


def _package_type(file: BinaryIO, size: int) -> MediaType:
    """Tell the types that are zip archives by the names in them; nothing is unfolded."""
    _must_be_plain_archive(file, size)
    try:
        with zipfile.ZipFile(file) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise _doubtful() from error
    names = [part.filename for part in parts]
    if (
        min((part.header_offset for part in parts), default=0) != 0
        or len(set(names)) < len(names)
        or any(each.startswith("/") or "\\" in each or ".." in each.split("/") for each in names)
        or sum(part.file_size for part in parts) > LARGEST_UNFOLDED
    ):
        raise _doubtful()
    found = [MAIN_PARTS[each] for each in names if each in MAIN_PARTS]
    if len(found) != 1 or (found[0] in OFFICE_TYPES and "[Content_Types].xml" not in names):
        raise _unknown()
    if any(each.rpartition("/")[2].lower() == "vbaproject.bin" for each in names):
        raise Invalid(
            "The file holds macros. Save it without them.", code="file_has_macros", field="file"
        )
    return found[0]


def _must_be_plain_archive(file: BinaryIO, size: int) -> None:
    """
    Refuse an archive whose directory could not be read in little memory.

    That is judged by the record at its very end, before any library reads the directory.
    """
    file.seek(max(0, size - ZIP_END_SIZE - ZIP64_LOCATOR_SIZE))
    tail = file.read()
    end = tail[-ZIP_END_SIZE:]
    if len(end) < ZIP_END_SIZE or not end.startswith(ZIP_END) or tail.startswith(ZIP64_LOCATOR):
        raise _doubtful()
    count, length, start, comment = unpack("<10xHIIH", end)
    if (
        count > MOST_PARTS
        or length > LONGEST_DIRECTORY
        or start + length + ZIP_END_SIZE != size
        or comment
    ):
        raise _doubtful()


def _text_type(file: BinaryIO, name: str) -> MediaType:
    """Tell text by reading all of it: UTF-8 or GB 18030, no control characters, no markup."""
    if not (_is_text(file, "utf-8") or _is_text(file, "gb18030")):
        raise _unknown()
    file.seek(0)
    start = file.read(64).removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith((b"<", b"#!")):
        raise _unknown()
    return MediaType.CSV if name.lower().endswith(".csv") else MediaType.TEXT


def _is_text(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while piece := file.read(PIECE):
            decoder.decode(piece)
            if piece.translate(None, PRINTED) != b"":
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


#: All bytes save the control characters that no text holds; in both encodings they are themselves.
PRINTED = bytes(byte for byte in range(256) if byte in (9, 10, 12, 13) or 31 < byte != 127)
