"""Small files of every type, as the programs that make them would write them."""

import io
import zipfile
import zlib
from struct import pack

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer <<>>\nstartxref\n0\n%%EOF\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    + b"\0" * 60
    + b"\xff\xd9"
)


def package(*names: str, text: str = "<a/>") -> bytes:
    """Return a zip archive of parts with these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, text)
    return file.getvalue()


DOCX = package("[Content_Types].xml", "_rels/.rels", "word/document.xml")
XLSX = package("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml")
PPTX = package("[Content_Types].xml", "_rels/.rels", "ppt/presentation.xml")
OFD = package("OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml")
CSV = "名称,金额\n甲,1.00\n".encode()
TEXT = "这是一份说明。\n第二行\n".encode("gb18030")
