"""Folders of code lists as a publisher would hand them over."""

from pathlib import Path

EDITION = (
    "key,subject,name_zh,name_en,source,valid_from,valid_until,certainty,is_partial,note_zh,note_en"
)
CONCORDANCE = "from_edition,from_code,to_edition,to_code,kind,changed_on,certainty"
ZONE = "key,name_zh,name_en,kind,region,parent,valid_from,valid_until,source,certainty"
CODE = "code,parent,name_zh,name_en,certainty"

TOYS = "toys-1,purpose,玩具,Toys,a box,1900-01-01,1910-01-01,found,no,,"


def lists(
    folder: Path,
    *codes: str,
    editions: tuple[str, ...] = (TOYS,),
    concordances: tuple[str, ...] = (),
    zones: tuple[str, ...] = (),
    key: str = "toys-1",
) -> Path:
    """Write one edition, with `codes` as its lines, and what else a folder must hold."""
    _write(folder / "editions.csv", EDITION, editions)
    _write(folder / "concordances.csv", CONCORDANCE, concordances)
    _write(folder / "zones.csv", ZONE, zones)
    _write(folder / f"{key}.csv", CODE, codes or ("1,,球,Ball,", "11,1,红球,Red ball,"))
    return folder


def _write(path: Path, header: str, lines: tuple[str, ...]) -> None:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
