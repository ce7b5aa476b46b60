"""
Tables that go in and out: which columns there are per kind, and how a cell is read and written.

A cell of several things has one per line. A thing of several parts has them in the order that its
note says, with "|" in between; what is empty at the end is left out:

    能量密度 | ≥ | 300 | W·h/kg | 25 ℃ 0.5C | 三元锂 260 | public

Within a part "|" is written with a backslash before it, a line end as backslash n, and a backslash
twice. Reading gives back exactly what was written.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import auto
from typing import Any, ClassVar

from marketplace.coach import DraftKind
from marketplace.errors import Invalid, MarketError
from marketplace.funding import TYPES, Comparison, Fact, FactType, FinancingStage, FundProduct
from marketplace.lifecycle import Lifecycle, move
from marketplace.listings import (
    LONGEST,
    LONGEST_KEYWORD,
    MOST_KEYWORDS,
    RANGES,
    CooperationMode,
    Engagement,
    Exclusivity,
    ListingState,
    Market,
    PriceWay,
    Side,
    required_of,
    words_of_kind,
)
from marketplace.money import LARGEST
from marketplace.pools import LONGEST as LONGEST_OF_ENTRY
from marketplace.pools import MOST as MOST_OF_ENTRY
from marketplace.pools import (
    WORDS_OF,
    FundKind,
    PoolKind,
    PoolState,
    Rank,
    Reform,
    TalentKind,
)
from marketplace.rights import RightStatus
from marketplace.secrecy import DualUse, IndicatorRelation, Secrecy, Shown
from marketplace.taxonomy import Subject
from marketplace.teams import TeamRole, TitleGrade
from marketplace.vocabulary import Term

#: How large a table may be that comes in.
MOST_ROWS, MOST_COLUMNS = 50_000, 200
#: How many characters a cell of a spreadsheet can have, and one of another file.
LONGEST_CELL, LONGEST_TEXT = 32_767, 400_000
#: How many faults of one file are told.
MOST_FAULTS = 10_000


class ImportState(Term):
    """How far a file has come that is to be taken in."""

    UPLOADED = auto()
    CHECKING = auto()
    CHECKED = auto()
    COMMITTING = auto()
    DONE = auto()
    FAILED = auto()
    CANCELLED = auto()


IMPORT = Lifecycle(
    start=ImportState.UPLOADED,
    moves={
        "check": move(ImportState.UPLOADED, ImportState.CHECKED, to=ImportState.CHECKING),
        "finish_check": move(ImportState.CHECKING, to=ImportState.CHECKED),
        "commit": move(ImportState.CHECKED, to=ImportState.COMMITTING),
        "finish": move(ImportState.COMMITTING, to=ImportState.DONE),
        "fail": move(ImportState.CHECKING, ImportState.COMMITTING, to=ImportState.FAILED),
        "cancel": move(
            ImportState.UPLOADED,
            ImportState.CHECKING,
            ImportState.CHECKED,
            ImportState.COMMITTING,
            ImportState.FAILED,
            to=ImportState.CANCELLED,
        ),
        "resume": move(ImportState.FAILED, ImportState.CANCELLED, to=ImportState.CHECKING),
        "resume_commit": move(ImportState.FAILED, ImportState.CANCELLED, to=ImportState.COMMITTING),
    },
)
#: What nobody asks for by name: the work itself brings it about.
BY_ITSELF = frozenset({"finish_check", "finish", "fail", "resume_commit"})
#: In these states there is work to be done.
RUNNING = frozenset({ImportState.CHECKING, ImportState.COMMITTING})


class FileFormat(Term):
    """How a table is written."""

    XLSX = auto()
    CSV = auto()
    JSONL = auto()

    @property
    def label(self) -> str:
        """Return the name of the format, which is the same in every language."""
        return self.name


#: Which market and side each kind of listing is in, and which pool each kind of entry.
PLACES: Mapping[DraftKind, tuple[Market, Side]] = {
    DraftKind(f"{market}_{side}"): (market, side) for market in Market for side in Side
}
POOLS: Mapping[DraftKind, PoolKind] = {DraftKind(pool.value): pool for pool in PoolKind}


# --- how a cell is read and written -----------------------------------------------------------


def _english(vocabulary: type[Term], text: str) -> Term | None:
    return next((term for term in vocabulary if term.label.casefold() == text), None)


@dataclass(frozen=True)
class Labels:
    """
    How words and codes are called where a table is read or written.

    `said` and `titled` are what stands behind a word and a code, as in "licence 许可" and "610100
    西安市"; `known` is what finds the word that a label, in small letters, stands for.
    """

    said: Callable[[Term], str] = lambda term: ""
    titled: Callable[[Subject, str], str] = lambda subject, code: ""
    known: Callable[[type[Term], str], Term | None] = _english

    def word(self, vocabulary: type[Term], text: str) -> Term | None:
        """Return the word that a text begins with, or whose label it is, or None."""
        first = text.split(None, 1)[0].casefold() if text.strip() else ""
        if first in vocabulary.values():
            return vocabulary(first)
        return self.known(vocabulary, text.strip().casefold())


@dataclass(frozen=True)
class Cell:
    """How one thing is written in a cell; empty cells are never read."""

    #: What an empty cell means.
    empty: ClassVar[object] = None

    def read(self, given: object, labels: Labels) -> Any:
        """Return what a cell means, or raise Invalid."""
        raise NotImplementedError

    def write(self, value: Any, labels: Labels) -> object:
        """Return what stands in the cell for `value`, which is not empty."""
        return value

    def revived(self, kept: Any) -> Any:
        """Return the value that was kept as JSON."""
        return kept


@dataclass(frozen=True)
class Text(Cell):
    """Words of at most so many characters."""

    longest: int
    empty: ClassVar[object] = ""

    def read(self, given: object, labels: Labels) -> str:
        text = text_of(given)
        if len(text) > self.longest:
            raise Invalid("At most {length} characters.", code="too_long", length=self.longest)
        return text


@dataclass(frozen=True)
class Texts(Cell):
    """Several short texts: one per line, or with semicolons in between."""

    longest: int
    most: int
    empty: ClassVar[object] = ()

    def read(self, given: object, labels: Labels) -> list[str]:
        parts = given if isinstance(given, list) else split(text_of(given), ";；\n")
        found = [text for part in parts if (text := text_of(part))]
        if len(found) > self.most:
            raise Invalid("At most {most} of these.", code="too_many", most=self.most)
        if any(len(text) > self.longest for text in found):
            raise Invalid("At most {length} characters.", code="too_long", length=self.longest)
        return found

    def write(self, value: Sequence[str], labels: Labels) -> str:
        return "\n".join(escaped(text, ";；") for text in value)


@dataclass(frozen=True)
class Choice(Cell):
    """A word of a vocabulary, with or without its label."""

    vocabulary: type[Term]

    def read(self, given: object, labels: Labels) -> Term:
        term = labels.word(self.vocabulary, text_of(given))
        if term is None:
            raise _unknown_word(self.vocabulary)
        return term

    def write(self, value: str, labels: Labels) -> str:
        return _with(str(value), labels.said(self.vocabulary(value)))

    def revived(self, kept: Any) -> Any:
        return self.vocabulary(kept)


@dataclass(frozen=True)
class Choices(Cell):
    """Several words of a vocabulary."""

    vocabulary: type[Term]
    empty: ClassVar[object] = ()

    def read(self, given: object, labels: Labels) -> list[Term]:
        parts = given if isinstance(given, list) else split(text_of(given), ";；,，、\n")
        found = []
        for text in filter(None, map(text_of, parts)):
            term = labels.word(self.vocabulary, text)
            if term is None:
                raise _unknown_word(self.vocabulary)
            if term not in found:
                found.append(term)
        return found

    def write(self, value: Sequence[str], labels: Labels) -> str:
        return "\n".join(_with(str(word), labels.said(self.vocabulary(word))) for word in value)

    def revived(self, kept: Any) -> Any:
        return [self.vocabulary(word) for word in kept]


@dataclass(frozen=True)
class Code(Cell):
    """A code of a list, with or without its title."""

    subject: Subject

    def read(self, given: object, labels: Labels) -> str:
        return code_of(self.subject, text_of(given))

    def write(self, value: str, labels: Labels) -> str:
        return _with(value, labels.titled(self.subject, value))


@dataclass(frozen=True)
class Codes(Cell):
    """Several codes of a list."""

    subject: Subject
    empty: ClassVar[object] = ()

    def read(self, given: object, labels: Labels) -> list[str]:
        parts = given if isinstance(given, list) else split(text_of(given), ";；\n")
        return [code_of(self.subject, text) for part in parts if (text := text_of(part))]

    def write(self, value: Sequence[str], labels: Labels) -> str:
        return "\n".join(_with(code, labels.titled(self.subject, code)) for code in value)


@dataclass(frozen=True)
class Number(Cell):
    """A number between two ends, both within, with at most so many digits after the point."""

    least: Decimal
    most: Decimal
    digits: int

    def read(self, given: object, labels: Labels) -> Decimal | int:
        number = number_of(given)
        if number is None:
            raise Invalid("Write a number in digits.", code="no_number")
        if not self.least <= number <= self.most:
            raise Invalid(
                "This goes from {least} to {most}.",
                code="out_of_range",
                least=f"{self.least:f}",
                most=f"{self.most:f}",
            )
        rounded = round(number, self.digits)
        if rounded != number:
            raise Invalid(
                "At most {digits} digits after the point; round it yourself.",
                code="too_exact",
                digits=self.digits,
            )
        return rounded if self.digits else int(number)

    def revived(self, kept: Any) -> Any:
        return Decimal(kept) if self.digits else kept


@dataclass(frozen=True)
class Day(Cell):
    """A day: a real date, or 2027-12-31."""

    def read(self, given: object, labels: Labels) -> date:
        if isinstance(given, datetime):
            if given.time() != time():
                raise Invalid("Write a day without a time.", code="no_day")
            return given.date()
        if isinstance(given, date):
            return given
        found = DAY.fullmatch(given.strip()) if isinstance(given, str) else None
        try:
            if found:
                return date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            pass
        raise Invalid("Write a day as 2027-12-31.", code="no_day")

    def revived(self, kept: Any) -> Any:
        return date.fromisoformat(kept)


@dataclass(frozen=True)
class YesOrNo(Cell):
    """Yes or no."""

    def read(self, given: object, labels: Labels) -> bool:
        if isinstance(given, bool):
            return given
        word = text_of(given).casefold()
        if word not in YES_OR_NO:
            raise Invalid("Write yes or no.", code="yes_or_no")
        return YES_OR_NO[word]


@dataclass(frozen=True)
class Part:
    """
    One part of a thing in a cell; of two keys both ends, with "~" in between.

    Where there are `choices`, it is a word of them, which may be written as one of `signs`.
    """

    keys: tuple[str, ...]
    choices: type[Term] | None = None
    signs: Mapping[str, Term] | None = None
    #: Whether what it holds depends on the fact of a condition.
    depends: bool = False


@dataclass(frozen=True)
class Items(Cell):
    """Several things, one per line, of several parts each."""

    parts: tuple[Part, ...]
    most: int
    empty: ClassVar[object] = ()

    def read(self, given: object, labels: Labels) -> list[dict[str, Any]]:
        if isinstance(given, list):
            return [self._object(each) for each in given]
        lines = split(text_of(given), "\n", keep=True)
        found = [self._item(line, labels) for line in lines if line.strip()]
        if len(found) > self.most:
            raise Invalid("At most {most} of these.", code="too_many", most=self.most)
        return [item for item in found if item]

    def write(self, value: Sequence[Mapping[str, Any]], labels: Labels) -> str:
        return "\n".join(self._line(item) for item in value)

    def _object(self, given: object) -> dict[str, Any]:
        """Return a thing as JSON gives it."""
        known = {key for part in self.parts for key in part.keys}
        if not isinstance(given, dict) or not given.keys() <= known:
            raise Invalid("The parts are: {parts}.", code="parts", parts=", ".join(sorted(known)))
        return plain_item({key: _plain(value) for key, value in given.items()})

    def _item(self, line: str, labels: Labels) -> dict[str, Any]:
        texts = split(line, "|｜", keep=True)
        if len(texts) > len(self.parts):
            raise Invalid(
                "A line has {count} parts at most; write a backslash before “|” in a part.",
                code="too_many_parts",
                count=len(self.parts),
            )
        item: dict[str, Any] = {}
        for part, text in zip(self.parts, texts, strict=False):
            if WITHHELD.fullmatch(text.strip(" \t")):
                raise Invalid("This was withheld; write the value itself.", code="withheld")
            item |= _read_part(part, text, item, labels)
        return plain_item(item)

    def _line(self, item: Mapping[str, Any]) -> str:
        texts = [_write_part(part, item) for part in self.parts]
        while texts and not texts[-1]:
            texts.pop()
        return " | ".join(texts).strip(" ") if texts else ""


#: A day as people and spreadsheets write it: the year comes first.
DAY = re.compile(r"(?P<year>[0-9]{4})([-/.])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})")
YES_OR_NO = {
    **dict.fromkeys(["yes", "true", "是", "1", "y"], True),
    **dict.fromkeys(["no", "false", "否", "0", "n"], False),
}
#: What stands for a value that the reader may not read: its band, or nothing of it.
WITHHELD = re.compile(r"\[.*\]")
#: How these are written shorter.
RELATIONS: Mapping[str, Term] = {
    "=": IndicatorRelation.EQUAL,
    "≥": IndicatorRelation.AT_LEAST,
    ">=": IndicatorRelation.AT_LEAST,
    "≤": IndicatorRelation.AT_MOST,
    "<=": IndicatorRelation.AT_MOST,
    "~": IndicatorRelation.BETWEEN,
    "～": IndicatorRelation.BETWEEN,
}
COMPARISONS: Mapping[str, Term] = {
    "=": Comparison.EQUAL,
    "≥": Comparison.AT_LEAST,
    ">=": Comparison.AT_LEAST,
    "≤": Comparison.AT_MOST,
    "<=": Comparison.AT_MOST,
}
#: Technology fields and kinds of rights have codes of an even number of digits, from which
#: spreadsheets like to drop the nought in front.
EVEN = frozenset({Subject.TECHNOLOGY_FIELD, Subject.INTELLECTUAL_PROPERTY})


def text_of(given: object) -> str:
    """
    Return the text that stands in a cell, or raise Invalid.

    A whole number that a spreadsheet keeps as 610100.0 is "610100"; a truth is no text.
    """
    if isinstance(given, str):
        text = given.replace("\r\n", "\n").strip()
        if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise Invalid("This holds unreadable characters.", code="unreadable_text")
        return text
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal):
        raise Invalid("Write text.", code="no_text")
    number = number_of(given)
    if number is None:
        raise Invalid("Write text.", code="no_text")
    return f"{number:f}"


def number_of(given: object) -> Decimal | None:
    """
    Return the exact number that is meant, or None; no number is rounded.

    Of a number of a spreadsheet the shortest digits are meant that give it again: 0.1 is 0.1, and
    0.1 + 0.2, which it keeps as 0.30000000000000004, is that. A comma parts thousands in "1,234.5".
    """
    if isinstance(given, bool):
        return None
    if isinstance(given, str):
        text = given.strip()
        text = text.replace(",", "") if THOUSANDS.fullmatch(text) else text
        if not PLAIN.fullmatch(text):
            return None
        return _whole(Decimal(text))
    if isinstance(given, int | float | Decimal):
        try:
            number = Decimal(repr(given)) if isinstance(given, float) else Decimal(given)
        except (InvalidOperation, ValueError):
            return None
        return _whole(number) if number.is_finite() and abs(number.adjusted()) < 40 else None
    return None


PLAIN = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?")
THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")


def code_of(subject: Subject, text: str) -> str:
    """
    Return the code that a text begins with: of "610100 西安市" 610100.

    Where the nought in front went missing, it is put back: the field 5 is "05".
    """
    first = text.split(None, 1)[0] if text else ""
    if subject in EVEN and first.isascii() and first.isdigit() and len(first) % 2:
        first = f"0{first}"
    if len(first) > 40:
        raise Invalid("This is no code.", code="no_code")
    return first


def escaped(text: str, separators: str) -> str:
    """Return a text as it stands between `separators`, on one line."""
    for letter in ("\\", *separators):
        text = text.replace(letter, f"\\{letter}")
    text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if text[:1].isspace():
        text = f"\\u{ord(text[0]):04x}{text[1:]}"
    elif text.startswith("["):
        text = f"\\{text}"
    if text[-1:].isspace():
        text = f"{text[:-1]}\\u{ord(text[-1]):04x}"
    return text


def split(text: str, separators: str, *, keep: bool = False) -> list[str]:
    """
    Return what stands between `separators`, save those after a backslash.

    With `keep` the backslashes stay, for the parts are to be split again.
    """
    if "\\" not in text:
        return re.split(f"[{re.escape(separators)}]", text)
    found, part = [], ""
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            part += letter + next(letters, "")
        elif letter in separators:
            found.append(part)
            part = ""
        else:
            part += letter
    found.append(part)
    return found if keep else [unescaped(each) for each in found]


def unescaped(text: str) -> str:
    """Return what was meant by a text between separators."""
    text = text.strip(" \t")
    if "\\" not in text:
        return text
    return ESCAPE.sub(_letter, text)


ESCAPE = re.compile(r"\\(?:u(?P<number>[0-9a-f]{4})|(?P<letter>.?))", re.DOTALL)
LETTERS = {"n": "\n", "r": "\r", "t": "\t", "": "\\"}


def _letter(found: re.Match[str]) -> str:
    if found["number"]:
        return chr(int(found["number"], 16))
    return LETTERS.get(found["letter"], found["letter"])


def plain_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a thing without the parts that are empty, for those mean nothing."""
    return {key: value for key, value in item.items() if value not in (None, "", [])}


def _read_part(part: Part, text: str, item: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    if len(part.keys) == 2:
        ends = [unescaped(each) for each in split(text, "~～", keep=True)]
        if len(ends) > 2:
            raise Invalid("Write both ends as 35~38.2.", code="two_ends")
        return dict(zip(part.keys, ends, strict=False))
    key, word = part.keys[0], unescaped(text)
    if part.choices is not None and word:
        term = (part.signs or {}).get(word) or labels.word(part.choices, word)
        if term is None:
            raise _unknown_word(part.choices)
        return {key: term.value}
    if part.depends:
        return {key: _condition_value(item.get("fact"), text)}
    return {key: word}


def _write_part(part: Part, item: Mapping[str, Any]) -> str:
    if isinstance(item.get(part.keys[0]), Withheld):
        return str(item[part.keys[0]])
    if len(part.keys) == 2:
        return "~".join(
            escaped(str(item[key]), "|｜~～")
            for key in part.keys
            if item.get(key) not in (None, "")
        )
    value = item.get(part.keys[0])
    if value in (None, "", []):
        return ""
    if part.choices is not None:
        shorter = (sign for sign, term in (part.signs or {}).items() if term == value)
        return next(shorter, str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(escaped(str(each), "|｜,，") for each in value)
    return escaped(str(value), "|｜")


def _condition_value(fact: object, text: str) -> object:
    """Return the value of a condition in the form that its fact has."""
    if fact not in Fact.values():
        return unescaped(text)
    match TYPES[Fact(str(fact))]:
        case FactType.YES_OR_NO:
            word = unescaped(text).casefold()
            return YES_OR_NO.get(word, word)
        case FactType.CODE | FactType.STAGE:
            parts = split(text, ",，", keep=True)
            return [words[0] for part in parts if (words := unescaped(part).split())]
        case _:
            return unescaped(text)


def _plain(value: Any) -> Any:
    """Return a part of a thing that came as JSON; numbers are texts there."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    return text_of(value)


def _whole(number: Decimal) -> Decimal:
    return number.to_integral_value() if number == number.to_integral_value() else number


def _with(word: str, title: str) -> str:
    return f"{word} {title}" if title and title != word else word


def _unknown_word(vocabulary: type[Term]) -> Invalid:
    return Invalid(
        "Choose one of: {choices}.",
        code="unknown_word",
        choices=", ".join(vocabulary.values()),
    )


# --- which columns there are ------------------------------------------------------------------


@dataclass(frozen=True)
class Heading:
    """What stands over a column and beside it, where it is not the key itself in English."""

    zh: str
    cell: Cell
    note_zh: str = ""
    note_en: str = ""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the table of one kind of thing."""

    key: str
    heading: Heading
    #: From which stage on a thing needs it.
    required_from: Term | None = None
    #: Whether it is one of the further terms of a listing.
    is_term: bool = False
    #: Whether it is said of the project that is drafted for an offer without one.
    of_project: bool = False

    @property
    def en(self) -> str:
        """Return the heading in English: the key as words."""
        return self.key.replace("_", " ").capitalize()

    @property
    def cell(self) -> Cell:
        """Return how it is read and written."""
        return self.heading.cell

    @property
    def is_needed(self) -> bool:
        """Say whether even a draft needs it."""
        return self.required_from in (ListingState.DRAFT, PoolState.DRAFT) or self.key == REFERENCE

    def titles(self) -> set[str]:
        """Return by which headings it is known, in small letters."""
        return {self.key, self.en.casefold(), self.heading.zh}


REFERENCE = "external_reference"
#: Where an empty cell means what is usual, not that there is nothing.
USUAL = frozenset({"is_service_invention", "price_way", "owners"})

_AMOUNT = Number(Decimal(0), LARGEST, 2)
_PER_CENT = Number(Decimal(1), Decimal(100), 0)


def _texts(word: str) -> Texts:
    most, longest = MOST_OF_ENTRY[word]
    return Texts(longest, most)


_SECRECY = Part(("secrecy",), Secrecy)
_SHARES = (Part(("name",)), Part(("organization",)), Part(("share",)))
_SECRECY_ZH = "公开范围:public 公开,signed_in 登录可见,under_nda 签保密协议后可见"
_SECRECY_EN = "secrecy: public, signed_in or under_nda"

#: Every column there is. Those of one kind differ only where `OF_KIND` says so.
HEADINGS: dict[str, Heading] = {
    REFERENCE: Heading(
        "外部编号",
        Text(LONGEST["external_reference"]),
        "本单位自己的编号,每行唯一;再次导入时凭它识别",
        "What your organization calls it, once in a file; by it a row is known again.",
    ),
    "title": Heading("名称", Text(LONGEST["title"]), "写明是什么", "Say what it is."),
    "body": Heading(
        "正文", Text(LONGEST["body"]), "所有人可见,勿写联系方式", "Everybody reads it."
    ),
    "summary": Heading(
        "简介", Text(LONGEST_OF_ENTRY["summary"]), "所有人可见", "Everybody reads it."
    ),
    "keywords": Heading(
        "关键词",
        Texts(LONGEST_KEYWORD, MOST_KEYWORDS),
        "用分号或换行分隔,最多 20 个",
        "At most 20, with semicolons or line ends in between.",
    ),
    "field": Heading("技术领域", Code(Subject.TECHNOLOGY_FIELD), "从下拉列表选", "From the list."),
    "region": Heading(
        "地区", Code(Subject.REGION), "六位行政区划代码(GB/T 2260)", "Six digits (GB/T 2260)."
    ),
    "cooperation_modes": Heading(
        "合作方式", Choices(CooperationMode), "可多个,用分号或换行分隔", "One or more."
    ),
    "readiness": Heading(
        "技术成熟度",
        Number(Decimal(1), Decimal(9), 0),
        "1 至 9(GB/T 22900)",
        "1 to 9 (GB/T 22900).",
    ),
    "price_way": Heading(
        "定价方式", Choice(PriceWay), "不填为面议", "Negotiated, where it is left empty."
    ),
    "price_from": Heading(
        "价格下限", _AMOUNT, "元,最多两位小数;空为不设", "Yuan, at most two digits after the point."
    ),
    "price_to": Heading("价格上限", _AMOUNT, "元,最多两位小数", "Yuan, as above."),
    "confidential": Heading(
        "保密内容",
        Text(LONGEST["confidential"]),
        "仅本单位和审核人员可见;国家秘密不得填写",
        "Only your organization and reviewers read it. Never a state secret.",
    ),
    "blocks": Heading(
        "补充段落",
        Items((Part(("heading",)), Part(("text",)), _SECRECY), 20),
        f"每行一段:标题 | 内容 | 公开范围。{_SECRECY_ZH}",
        f"One per line: heading | text | secrecy. {_SECRECY_EN}.",
    ),
    "indicators": Heading(
        "指标",
        Items(
            (
                Part(("name",)),
                Part(("relation",), IndicatorRelation, RELATIONS),
                Part(("value", "value_to")),
                Part(("unit",)),
                Part(("condition",)),
                Part(("competing",)),
                _SECRECY,
                Part(("band_from", "band_to")),
            ),
            40,
        ),
        "每行一项:名称 | 关系(= ≥ ≤ ~)| 数值(区间写 35~38.2)| 单位 | 测试条件 | 竞争方案 | "
        f"公开范围 | 对外区间(可空)。{_SECRECY_ZH}",
        "One per line: name | relation (= ≥ ≤ ~) | value (both ends as 35~38.2) | unit | test "
        f"condition | competing solution | secrecy | band shown to others (may be left out). "
        f"{_SECRECY_EN}.",
    ),
    "dual_use": Heading(
        "军民两用",
        Choice(DualUse),
        "一般不填;填写后仅审定单位可见",
        "Seldom. Only vetted see it then.",
    ),
    "valid_until": Heading(
        "有效期至", Day(), "有效的最后一天,如 2027-12-31", "The last day, such as 2027-12-31."
    ),
    "project": Heading(
        "项目",
        Text(80),
        "项目库条目的外部编号或 ID",
        "External reference or id of the entry in the project pool.",
    ),
    "talent": Heading(
        "人才", Text(80), "人才库条目的外部编号或 ID", "Reference or id in the talent pool."
    ),
    "fund": Heading(
        "资金", Text(80), "资金库条目的外部编号或 ID", "Reference or id in the fund pool."
    ),
    # Terms of single markets.
    "exclusivity": Heading("许可方式", Choice(Exclusivity)),
    "free_months": Heading(
        "先用后转月数",
        Number(*RANGES["terms.free_months"], 0),
        "先免费使用几个月",
        "Free at first for so long.",
    ),
    "equity_share": Heading(
        "股权比例",
        Number(*RANGES["terms.equity_share"], 2),
        "百分比,如 12.5",
        "Per cent, such as 12.5.",
    ),
    "support": Heading("配套服务", Text(1000), "培训、中试、后续开发等", "Training, pilot runs …"),
    "needed_by": Heading("需求时限", Day()),
    "present_solution": Heading("现有方案", Text(2000)),
    "acceptance": Heading("验收标准", Text(2000)),
    "engagement": Heading("用工方式", Choice(Engagement)),
    "share_of_time": Heading(
        "投入时间占比",
        Number(*RANGES["terms.share_of_time"], 0),
        "百分比,1 至 100",
        "Per cent, 1 to 100.",
    ),
    "available_from": Heading("可到岗日期", Day()),
    "starts_on": Heading("到岗日期", Day()),
    "headcount": Heading("人数", Number(*RANGES["terms.headcount"], 0)),
    "talent_kind": Heading("所需人才类别", Choice(TalentKind)),
    "discipline": Heading(
        "学科", Code(Subject.DISCIPLINE), "学科代码(GB/T 13745)", "Code of GB/T 13745."
    ),
    "duties": Heading("岗位职责", Text(2000)),
    "stages": Heading("融资阶段", Choices(FinancingStage), "可多个", "One or more."),
    "stage": Heading("所处阶段", Choice(FinancingStage)),
    "most_equity_share": Heading(
        "最高持股比例", Number(*RANGES["terms.most_equity_share"], 2), "百分比", "Per cent."
    ),
    "term_months": Heading("期限(月)", Number(*RANGES["terms.term_months"], 0)),
    "fund_kind": Heading("所需资金类别", Choice(FundKind)),
    "use_of_money": Heading("资金用途", Text(2000)),
    "security": Heading("担保", Text(1000), "专利、订单、保证等", "Patents, orders, a guarantee …"),
    # The pools.
    "kind": Heading("类别", Choice(TalentKind)),
    "professional_title": Heading(
        "职称",
        Text(LONGEST_OF_ENTRY["professional_title"]),
        "如 教授、正高级工程师",
        "As it is called.",
    ),
    "rank": Heading("级别", Choice(Rank)),
    "certificate": Heading("证书", Text(LONGEST_OF_ENTRY["certificate"])),
    "specialities": Heading(
        "专长", _texts("specialities"), "用分号或换行分隔", "With semicolons between."
    ),
    "achievements": Heading("主要业绩", Text(LONGEST_OF_ENTRY["achievements"])),
    "languages": Heading(
        "语言", _texts("languages"), "两位代码,如 zh;en", "Two letters, such as zh;en."
    ),
    "employments": Heading(
        "任职",
        Items((Part(("name",)), Part(("organization",)), Part(("share_of_time",))), 50),
        "每行一个:单位名称 | 单位 ID(可空)| 时间占比",
        "One per line: name | id of the organization (may be empty) | share of time.",
    ),
    "available_share": Heading("可投入占比", _PER_CENT, "百分比,1 至 100", "Per cent, 1 to 100."),
    "members": Heading(
        "队伍成员",
        Items(
            (
                Part(("name",)),
                Part(("role",), TeamRole),
                Part(("title",), TitleGrade),
                Part(("talent",)),
            ),
            100,
        ),
        f"每行一人:姓名 | 角色({'、'.join(TeamRole.values())})| 职称级别 | 人才 ID(可空)",
        f"One per line: name | role ({', '.join(TeamRole.values())}) | grade of the title | id of "
        "the talent (may be left out).",
    ),
    "product": Heading("资金产品", Choice(FundProduct)),
    "smallest_ticket": Heading("单笔下限", _AMOUNT, "元", "Yuan."),
    "largest_ticket": Heading("单笔上限", _AMOUNT, "元", "Yuan."),
    "quota": Heading("总额度", _AMOUNT, "元", "Yuan."),
    "fields": Heading(
        "支持领域", Codes(Subject.TECHNOLOGY_FIELD), "不填为全部;用分号分隔", "All, if left empty."
    ),
    "regions": Heading(
        "支持地区", Codes(Subject.REGION), "不填为全部;用分号分隔", "All, if left empty."
    ),
    "conditions": Heading(
        "条件",
        Items(
            (
                Part(("fact",), Fact),
                Part(("relation",), Comparison, COMPARISONS),
                Part(("value",), depends=True),
            ),
            30,
        ),
        "每行一条:事项 | 关系(= ≥ ≤ one_of under)| 值(多个用逗号)",
        "One per line: fact | relation (= ≥ ≤ one_of under) | value (several with commas).",
    ),
    "opens_on": Heading("开放日期", Day()),
    "closes_on": Heading("截止日期", Day()),
    "readiness_evidence": Heading("成熟度依据", Text(LONGEST_OF_ENTRY["readiness_evidence"])),
    "intellectual_property": Heading(
        "知识产权类型", Code(Subject.INTELLECTUAL_PROPERTY), "从下拉列表选", "From the list."
    ),
    "is_service_invention": Heading(
        "职务成果", YesOrNo(), "是或否;不填为是", "Yes or no; yes, where it is left empty."
    ),
    "owners": Heading(
        "权利人",
        Items(_SHARES, 50),
        "每行一个:名称 | 单位 ID(可空)| 份额,合计 100",
        "One per line: name | id of the organization (may be empty) | share; 100 in all.",
    ),
    "inventors": Heading(
        "完成人",
        Items(_SHARES, 50),
        "每行一人:姓名 | 单位 ID(可空)| 份额,合计 100",
        "One per line: name | id of the organization (may be empty) | share; 100 in all.",
    ),
    "rights": Heading(
        "知识产权清单",
        Items(
            (
                Part(("kind",)),
                Part(("number",)),
                Part(("title",)),
                Part(("status",), RightStatus),
                Part(("expires_on",)),
            ),
            100,
        ),
        f"每行一项:类型代码 | 号码 | 名称 | 状态({'、'.join(RightStatus.values())})| 到期日",
        f"One per line: code of the kind | number | title | status "
        f"({', '.join(RightStatus.values())}) | last day.",
    ),
    "applications": Heading(
        "应用场景", _texts("applications"), "用分号或换行分隔", "One per line."
    ),
    "reforms": Heading("改革试点", Choices(Reform), "可多个", "One or more."),
    "chains": Heading("产业链", _texts("chains"), "用分号或换行分隔", "One per line."),
}

#: What a column of one kind is, where it is another thing than in the other kinds.
OF_KIND: dict[tuple[DraftKind, str], Heading] = {
    (DraftKind.FUND, "kind"): Heading("类别", Choice(FundKind)),
}
#: What is also said of an offer of technology, whose project is drafted from it.
OF_PROJECT = ("intellectual_property", "is_service_invention")


def columns_of(kind: DraftKind) -> tuple[Column, ...]:
    """
    Return the columns of the table of `kind`, the reference first.

    They are the words that a thing of this kind can have, so a word that a rule adds without a
    heading here is missed at once.
    """
    return COLUMNS[kind]


def _columns(kind: DraftKind) -> Iterator[Column]:
    if kind in POOLS:
        words: dict[str, Term | None] = dict(WORDS_OF[POOLS[kind]])
    else:
        required = required_of(*PLACES[kind])
        words = {word: required.get(word) for word in words_of_kind(*PLACES[kind])}
    for word in [REFERENCE, *(word for word in words if word != REFERENCE)]:
        name = word.removeprefix("terms.")
        heading = OF_KIND.get((kind, name)) or HEADINGS[name]
        yield Column(name, heading, words[word], is_term=word != name)
    if kind is DraftKind.TECHNOLOGY_OFFER:
        for name in OF_PROJECT:
            yield Column(name, HEADINGS[name], of_project=True)


COLUMNS = {kind: tuple(_columns(kind)) for kind in DraftKind}


def header_of(
    cells: Sequence[object], kind: DraftKind
) -> tuple[list[Column | None], list[Invalid]]:
    """
    Return which column each cell of the first row stands over, and what is wrong with it.

    A heading is known in Chinese, in English and by its key, with or without the "*" of what is
    needed. Over an empty one stands nothing. The `field` of a fault is the heading as it is given.
    """
    known = {title: column for column in columns_of(kind) for title in column.titles()}
    found: list[Column | None] = []
    faults: list[Invalid] = []
    for given in cells:
        heading = str(given).strip() if given is not None else ""
        column = known.get(heading.removesuffix("*").strip().casefold())
        if heading and column is None:
            faults.append(
                Invalid("There is no such column.", code="unknown_column", field=heading[:80])
            )
        elif column is not None and column in found:
            faults.append(
                Invalid("This column came before.", code="repeated_column", field=column.key)
            )
            column = None
        found.append(column)
    faults += [
        Invalid("This column is needed.", code="missing_column", field=column.key)
        for column in columns_of(kind)
        if column.is_needed and column not in found
    ]
    return found, faults


def blamed(fault: MarketError, field: str) -> Invalid:
    """Return `fault` as one of `field`."""
    facts: dict[str, Any] = dict(fault.facts)
    return Invalid(fault.message, code=fault.code, field=field, **facts)


def read_row(
    cells: Mapping[Column, object], labels: Labels
) -> tuple[dict[str, Any], list[Invalid]]:
    """
    Return what a row says, by key, and everything in it that cannot be read.

    A column that is not there says nothing; an empty cell says that there is nothing. What cannot
    be read is left out.
    """
    words: dict[str, Any] = {}
    faults: list[Invalid] = []
    for column, given in cells.items():
        if given is None or given == [] or (isinstance(given, str) and not given.strip()):
            if column.is_needed:
                faults.append(Invalid("This is needed.", code="missing", field=column.key))
            elif column.key not in USUAL:
                empty = column.cell.empty
                words[column.key] = [] if empty == () else empty
            continue
        try:
            if isinstance(given, str) and len(given) > LONGEST_TEXT:
                raise Invalid("At most {length} characters.", code="too_long", length=LONGEST_TEXT)
            words[column.key] = column.cell.read(given, labels)
        except Invalid as error:
            faults.append(blamed(error, column.key))
    return words, faults


# --- harmless cells ---------------------------------------------------------------------------

#: What a spreadsheet takes for the beginning of a formula, full-width forms too.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def harmless(text: str) -> str:
    """
    Return a text of a CSV file that no spreadsheet takes for a formula: with "'" before it.

        harmless("=1+1") → "'=1+1"    harmless("'=1+1") → "''=1+1"    harmless("轴承") → "轴承"
    """
    return f"'{text}" if FORMULA.match(text) else text


def meant(text: str) -> str:
    """Return the text that was made harmless, exactly; any other text as it is."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


# --- what a reader is not shown ---------------------------------------------------------------


def withheld_indicator(shown: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return an indicator that its reader is not shown in full, ready to be written.

    Instead of the value stands the band in brackets, or only that there is one; neither can be read
    in again, for nobody must take it for the value.
    """
    if shown.get("shown") == Shown.EXACT:
        return {key: value for key, value in shown.items() if key != "shown"}
    band = "…"
    if shown.get("shown") == Shown.BAND:
        band = f"{shown['band_from']}~{shown['band_to']}"
    return {
        "name": shown["name"],
        "relation": shown.get("relation"),
        "unit": shown.get("unit"),
        "secrecy": shown["secrecy"],
        "value": Withheld(f"[{band}]"),
    }


def withheld_block(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block of text that its reader is not shown, ready to be written."""
    if not shown.get("is_withheld"):
        return {key: value for key, value in shown.items() if key != "is_withheld"}
    return {
        "heading": shown["heading"],
        "text": Withheld("[…]"),
        "secrecy": shown["secrecy"],
    }


class Withheld(str):
    """What stands in the place of a value; it is written as it is."""


# --- examples ---------------------------------------------------------------------------------

#: What stands on the sheet of notes, never in the table: nothing made up is to be taken in.
EXAMPLES: Mapping[str, str] = {
    REFERENCE: "XT-2027-001",
    "keywords": "轴承钢;真空脱气",
    "field": "05",
    "region": "610100",
    "fields": "05;07",
    "regions": "610100;610400",
    "discipline": "430",
    "intellectual_property": "0201",
    "blocks": "工艺 | 真空脱气后控轧控冷 | signed_in\n用途 | 高速铁路轴承 | public",
    "indicators": "能量密度 | ≥ | 300 | W·h/kg | 25 ℃ 0.5C | 三元锂 260 | public\n"
    "效率 | ~ | 35~38.2 | % | AM1.5G | 26 | under_nda | 30~40",
    "owners": "西北工程大学 |  | 60\n某研究院 |  | 40",
    "inventors": "李某 |  | 70\n王某 |  | 30",
    "employments": "西北工程大学 |  | 60\n某公司 |  | 40",
    "rights": "0201 | ZL200310102344.5 | 一种轴承钢 | granted | 2043-05-31",
    "members": "李某 | chief_scientist | senior\n陈某 | chief_engineer | intermediate",
    "conditions": "readiness | ≥ | 4\nregion | under | 610100, 610400\nhas_granted_patent | = | "
    "yes",
    "languages": "zh;en",
    "project": "XM-001",
    "talent": "RC-001",
    "fund": "ZJ-001",
    "readiness": "6",
}


def example_of(column: Column, labels: Labels) -> str:
    """Return what could stand in a column; empty where any text could."""
    cell = column.cell
    if column.key in EXAMPLES:
        return EXAMPLES[column.key]
    match cell:
        case Choice() | Choices():
            return str(Choice(cell.vocabulary).write(next(iter(cell.vocabulary)), labels))
        case Number():
            return "12.50" if cell.digits else f"{cell.least:f}"
        case Day():
            return "2027-12-31"
        case YesOrNo():
            return "yes"
    return ""
