"""
Intellectual property of an achievement: its numbers, how it stands, and the shares in it.

What is checked is the form of a number, not that it was given to anybody.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import auto
from typing import Any

from marketplace.checks import (
    choice_faults,
    day_of_text,
    missing_at,
    no_number_at,
    number_of,
    too_many_at,
    word_faults,
)
from marketplace.errors import Invalid
from marketplace.registration.certainty import Certainty
from marketplace.vocabulary import Term

#: How many rights and shares one achievement can have.
MOST_RIGHTS, MOST_SHARES = 100, 50
LONGEST = {"kind": 20, "number": 40, "title": 200}
LONGEST_OF_SHARE = {"name": 80, "organization": 36}
#: The code of patents, below which lie their kinds.
PATENTS = "02"
#: The weights of the digits of a Chinese patent application number (ZC 0006-2003).
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9)
ELEVEN = 11

WHOLE = Decimal(100)
CENT = Decimal("0.01")


class RightStatus(Term):
    """How an intellectual property right stands (法律状态)."""

    APPLIED = auto()
    GRANTED = auto()
    TRANSFERRED = auto()
    LAPSED = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Form:
    """How the numbers of a kind of right are written."""

    pattern: re.Pattern[str]
    example: str
    certainty: Certainty
    source: str
    #: What is right about the digits beside their form.
    holds: Callable[[re.Match[str]], bool] = bool


def check_digit(digits: str) -> str:
    """
    Return the check digit of a Chinese patent application number of 8 or 12 digits.

    Of 200310102344 the digits times 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5 add up to 82; divided by 11
    that leaves 5. Of 85100001, the first Chinese application, they add up to 44, which leaves 0. A
    remainder of 10 is written X.
    """
    total = sum(int(digit) * WEIGHTS[i % len(WEIGHTS)] for i, digit in enumerate(digits))
    return "X" if total % ELEVEN == 10 else str(total % ELEVEN)


def _is_checked(found: re.Match[str]) -> bool:
    return check_digit(found["digits"]) == found["check"]


def _chinese(kinds: str) -> Form:
    """Return the form of Chinese application numbers whose digit of the kind is one of `kinds`."""
    digits = f"2003{kinds[0]}0102344"
    return Form(
        re.compile(
            rf"(?:ZL|CN)?(?P<digits>20(?:0[3-9]|[1-9][0-9])[{kinds}][0-9]{{7}}"
            rf"|(?:8[5-9]|9[0-9]|0[0-3])[{kinds}][0-9]{{5}})\.(?P<check>[0-9X])"
        ),
        f"ZL{digits}.{check_digit(digits)}",
        Certainty.REMEMBERED,
        "ZC 0006-2003 专利申请号标准",
        _is_checked,
    )


PUBLICATION = Form(
    re.compile(r"CN(?:[0-9]{7}|[0-9]{9})[A-CSUY][0-9]?"),
    "CN103123456A",
    Certainty.REMEMBERED,
    "ZC 0007-2012 中国专利文献号",
)
INTERNATIONAL = Form(
    re.compile(r"PCT/[A-Z]{2}(?:[0-9]{4}/[0-9]{6}|[0-9]{2}/[0-9]{5})"),
    "PCT/CN2023/123456",
    Certainty.REMEMBERED,
    "PCT Administrative Instructions, Section 307",
)
FOREIGN = Form(
    re.compile(r"(?!CN|ZL)[A-Z]{2}[0-9]{4,13}(?:[A-Z][0-9]?)?"),
    "US10123456B2",
    Certainty.REMEMBERED,
    "WIPO ST.3, ST.16",
)

#: Kind of the code list → the forms its numbers may have. The digit of the kind in a Chinese
#: number is 1 or 8 for an invention, 2 or 9 for a utility model, 3 for a design.
FORMS: Mapping[str, tuple[Form, ...]] = {
    "02": (_chinese("12389"), PUBLICATION, INTERNATIONAL, FOREIGN),
    "0201": (_chinese("18"), PUBLICATION, INTERNATIONAL, FOREIGN),
    "0202": (_chinese("29"), PUBLICATION, INTERNATIONAL, FOREIGN),
    "0203": (_chinese("3"), PUBLICATION, FOREIGN),
    "03": (
        Form(
            re.compile(r"(?:19|20)[0-9]{2}SR[0-9]{6,7}"),
            "2023SR1234567",
            Certainty.REMEMBERED,
            "计算机软件著作权登记证书",
        ),
    ),
    "04": (
        Form(
            re.compile(r"CNA(?:[0-9]{8}\.[0-9X]|[0-9]{10,11})"),
            "CNA20150001.1",
            Certainty.REMEMBERED,
            "农业植物新品种权公告",
        ),
        Form(re.compile(r"[0-9]{8}"), "20150001", Certainty.REMEMBERED, "林业植物新品种权公告"),
    ),
    "05": (
        Form(
            re.compile(r"BS\.?[0-9]{8,9}"),
            "BS.235001234",
            Certainty.REMEMBERED,
            "集成电路布图设计登记公告",
        ),
    ),
}
#: What the number of any other right is made of.
ANY_NUMBER = re.compile(r"[\w./()〔〕\[\]第号 -]*")
#: What people write before a number.
LABELS = re.compile(r"^(?:专利|申请|登记|授权|公告|公开|品种权)+号?[::]?|^NO[.:]")


def normalised(number: str) -> str:
    """
    Return a number as it is kept: capitals, no spaces, no words before it, a dot before the check.

        normalised("专利号: zl 2003 1 0102344.5") → "ZL200310102344.5"
        normalised("ZL2003101023445") → "ZL200310102344.5"
    """
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", number)).upper()
    plain = LABELS.sub("", plain)
    whole = re.fullmatch(r"(ZL|CN)?([0-9]{12}|[0-9]{8})([0-9X])", plain)
    return f"{whole[1] or ''}{whole[2]}.{whole[3]}" if whole else plain


def right_faults(items: Sequence[Mapping[str, object]], field: str = "rights") -> list[Invalid]:
    """
    Return everything that is wrong with a list of intellectual property rights.

    A right is a mapping of kind (a code), number, status, expires_on ("2043-05-31" or None) and
    title. An invention patent "ZL200310102344.6" in the first place has a wrong check digit, which
    is a fault of "rights.0.number". Kinds without a known form, such as technical secrets, need no
    number.
    """
    if len(items) > MOST_RIGHTS:
        return [too_many_at(field, MOST_RIGHTS)]
    found: list[Invalid] = []
    seen: set[str] = set()
    for position, item in enumerate(items):
        path = f"{field}.{position}"
        wrong = word_faults(item, path, LONGEST, needed=("kind", "title"))
        found += wrong + choice_faults(item.get("status"), f"{path}.status", RightStatus)
        ends = item.get("expires_on")
        if ends is not None and day_of_text(ends) is None:
            found.append(
                Invalid("Write a day as 2030-12-31.", code="day_form", field=f"{path}.expires_on")
            )
        if wrong:
            continue
        number = normalised(str(item.get("number") or ""))
        found += number_faults(str(item["kind"]), number, f"{path}.number")
        if number and number in seen:
            found.append(
                Invalid("This number came before.", code="duplicate", field=f"{path}.number")
            )
        seen.add(number)
    return found


def number_faults(kind: str, number: str, field: str = "number") -> list[Invalid]:
    """
    Return what is wrong with the `number`, as it is kept, of a right of `kind`.

        number_faults("0201", "ZL200310102344.5") → none
        number_faults("0202", "ZL200310102344.5") → a fault: the fifth digit is that of inventions
        number_faults("03", "2023SR1234567") → none
    """
    forms = FORMS.get(kind)
    if forms is None:
        if ANY_NUMBER.fullmatch(number):
            return []
        return [Invalid("This is no number.", code="number_form", field=field)]
    if not number:
        return [missing_at(field)]
    matches = [
        (form, match) for form in forms if (match := form.pattern.fullmatch(number)) is not None
    ]
    if not matches:
        return [
            Invalid(
                "Numbers of this kind look like {example}.",
                code="number_form",
                field=field,
                example=", ".join(form.example for form in forms),
            )
        ]
    if any(form.holds(match) for form, match in matches):
        return []
    return [
        Invalid(
            "The check digit after the dot does not fit the number.",
            code="check_digit",
            field=field,
        )
    ]


def lapsed(items: Iterable[Mapping[str, object]], today: date) -> list[Mapping[str, object]]:
    """
    Return the rights that no longer hold: lapsed or refused, or beyond their last day.

    On 2025-06-01 a patent until 2025-05-31 has lapsed; on 2025-05-31 it has not.
    """
    return [
        item
        for item in items
        if item.get("status") in (RightStatus.LAPSED, RightStatus.REFUSED)
        or ((last := day_of_text(item.get("expires_on"))) is not None and last < today)
    ]


def has_granted_patent(rights: Iterable[Mapping[str, Any]], today: date) -> bool:
    """
    Say whether one of some rights is a patent that is granted and holds on a day.

    A granted patent until 2043-05-31 is one in 2026; a granted copyright (03) is none, and neither
    is a patent that was applied for, or whose last day has gone by.
    """
    patents = [right for right in rights if str(right.get("kind", "")).startswith(PATENTS)]
    over = lapsed(patents, today)
    return any(
        right.get("status") == RightStatus.GRANTED and right not in over for right in patents
    )


def share_faults(
    items: Sequence[Mapping[str, object]], field: str, total: Decimal = WHOLE
) -> list[Invalid]:
    """
    Return what is wrong with the shares of owners or inventors, which add up to `total` exactly.

    An owner is a mapping of organization and share, an inventor of name, perhaps an organization,
    and share. "33.33", "33.33" and "33.34" add up; three times "33.33" make 99.99, which is a fault
    of the whole list. Where nobody is named nothing is wrong yet.
    """
    found = _share_faults(items, field, "share")
    given = _sum(items, "share")
    if items and not found and given != total:
        found.append(
            Invalid(
                "The shares add up to {given}, and must add up to {total}.",
                code="shares_sum",
                field=field,
                given=f"{given:f}",
                total=f"{total:f}",
            )
        )
    return found


def time_faults(items: Sequence[Mapping[str, object]], field: str = "employments") -> list[Invalid]:
    """
    Return what is wrong with the employments of a talent, whose shares of time are 100 at most.

    An employment is a mapping of organization or None, name and share_of_time. "60" and "40" fill
    the time, "60" and "40.01" are more than there is.
    """
    found = _share_faults(items, field, "share_of_time")
    given = _sum(items, "share_of_time")
    if not found and given > WHOLE:
        found.append(
            Invalid(
                "The shares of time add up to {given}, and there are only {total}.",
                code="shares_sum",
                field=field,
                given=f"{given:f}",
                total=f"{WHOLE:f}",
            )
        )
    return found


def _share_faults(items: Sequence[Mapping[str, object]], field: str, key: str) -> list[Invalid]:
    """Find shares that are none, that nobody holds, and that somebody holds twice."""
    if len(items) > MOST_SHARES:
        return [too_many_at(field, MOST_SHARES)]
    found: list[Invalid] = []
    seen: set[tuple[object, object]] = set()
    for position, item in enumerate(items):
        path = f"{field}.{position}"
        holder = item.get("organization") or None, item.get("name") or None
        wrong = word_faults(item, path, LONGEST_OF_SHARE)
        share = number_of(item.get(key))
        if share is None:
            wrong.append(no_number_at(f"{path}.{key}"))
        elif not 0 < share <= WHOLE or share != share.quantize(CENT):
            wrong.append(
                Invalid(
                    "A share is above 0 and at most 100, with two digits after the point.",
                    code="share_form",
                    field=f"{path}.{key}",
                )
            )
        if holder == (None, None):
            wrong.append(missing_at(f"{path}.name"))
        elif not wrong and holder in seen:
            wrong.append(Invalid("This one came before.", code="duplicate", field=path))
        found += wrong
        if not wrong:
            seen.add(holder)
    return found


def _sum(items: Sequence[Mapping[str, object]], key: str) -> Decimal:
    return sum((number_of(item.get(key)) or Decimal(0) for item in items), Decimal(0))
