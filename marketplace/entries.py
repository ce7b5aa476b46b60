"""Everything that can be wrong with an entry of a pool, found at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from marketplace.checks import choice_faults, too_many_at
from marketplace.coach import marking_faults
from marketplace.errors import Invalid
from marketplace.funding import (
    FinancingStage,
    FundProduct,
    condition_faults,
    product_faults,
)
from marketplace.pools import (
    LONGEST,
    MOST,
    FundKind,
    PoolKind,
    PoolState,
    Rank,
    Reform,
    TalentKind,
    band_faults,
    missing,
    readiness_faults,
    required_of,
)
from marketplace.rights import right_faults, share_faults, time_faults
from marketplace.secrecy import DualUse, block_faults, indicator_faults
from marketplace.teams import team_faults
from marketplace.vocabulary import Term

Items = Sequence[Mapping[str, object]]

#: Faults of what is not whole yet, which a draft may have.
ONLY_WHOLE = frozenset(
    {"shares_sum", "one_chief", "title_too_low", "team_size", "too_few_engineers"}
)
#: ISO 639-1.
LANGUAGE = re.compile(r"[a-z]{2}")


#: Words that are taken from a vocabulary.
TERMS: dict[str, type[Term]] = {"dual_use": DualUse}
TERMS_OF_POOL: dict[PoolKind, dict[str, type[Term]]] = {
    PoolKind.TALENT: {"kind": TalentKind, "rank": Rank},
    PoolKind.FUND: {"kind": FundKind, "product": FundProduct},
    PoolKind.PROJECT: {},
}


def faults(
    pool: PoolKind, words: Mapping[str, object], *, stage: PoolState, today: date
) -> list[Invalid]:
    """
    Return everything that is wrong with the `words` of an entry that is to reach `stage`.

    Codes are as people write them ("610100"), what is nested is JSON. A draft may be incomplete,
    and its shares need not add up; what is submitted is whole, and carries no marking of state
    secrets:

        faults(PoolKind.FUND, {"title": "F", "region": "610100", "kind": "loan"}, stage=DRAFT, …)
        → none
        faults(PoolKind.PROJECT, {…, "owners": [{"organization": "…", "share": "60"}]}, …)
        → as a draft none, to be submitted a fault of "owners": the shares add up to 60
    """
    found = [
        *missing(words, required_of(pool, words), stage),
        *_length_faults(words),
        *_list_faults(words),
        *_term_faults(pool, words),
        *block_faults(_items(words, "blocks")),
        *OF_POOL[pool](words, today),
    ]
    if stage is PoolState.DRAFT:
        return [fault for fault in found if fault.code not in ONLY_WHOLE]
    return found + marking_faults(words)


def _talent_faults(words: Mapping[str, object], today: date) -> list[Invalid]:
    members = _items(words, "members")
    found = time_faults(_items(words, "employments"))
    if words.get("kind") == TalentKind.TEAM:
        # Where no rules are known for today, any composition is as good as another.
        found += (team_faults(members, on=today) or []) if members else []
    elif members:
        found.append(Invalid("Only a team has members.", code="only_a_team", field="members"))
    share = words.get("available_share")
    if share is not None and not (isinstance(share, int) and 1 <= share <= 100):
        found.append(
            Invalid(
                "A share of the time is a whole number from 1 to 100.",
                code="share_form",
                field="available_share",
            )
        )
    for position, language in enumerate(_texts(words, "languages")):
        if not LANGUAGE.fullmatch(language):
            found.append(
                Invalid(
                    "A language is two small letters (ISO 639-1), such as zh.",
                    code="no_language",
                    field=f"languages.{position}",
                )
            )
    return found


def _fund_faults(words: Mapping[str, object], today: date) -> list[Invalid]:
    found = [
        *band_faults(words, "smallest_ticket", "largest_ticket"),
        *_choices(words, "stages", FinancingStage),
        *condition_faults(_items(words, "conditions")),
    ]
    kind, product = words.get("kind"), words.get("product")
    if kind in FundKind.values() and product in FundProduct.values():
        found += product_faults(FundKind(str(kind)), FundProduct(str(product)))
    quota, ticket = words.get("quota"), words.get("largest_ticket")
    if isinstance(quota, Decimal) and quota < 0:
        found.append(
            Invalid("An amount cannot be negative.", code="negative_amount", field="quota")
        )
    elif isinstance(quota, Decimal) and isinstance(ticket, Decimal) and ticket > quota:
        found.append(
            Invalid(
                "The largest amount given at once is above the quota.",
                code="ticket_above_quota",
                field="largest_ticket",
            )
        )
    opens, closes = words.get("opens_on"), words.get("closes_on")
    if isinstance(opens, date) and isinstance(closes, date) and opens > closes:
        found.append(
            Invalid("The last day is before the first.", code="days_order", field="closes_on")
        )
    return found


def _project_faults(words: Mapping[str, object], today: date) -> list[Invalid]:
    found = [
        *readiness_faults(words),
        *share_faults(_items(words, "owners"), "owners"),
        *share_faults(_items(words, "inventors"), "inventors"),
        *right_faults(_items(words, "rights")),
        *indicator_faults(_items(words, "indicators")),
        *_choices(words, "reforms", Reform),
    ]
    if words.get("reforms") and words.get("is_service_invention") is False:
        found.append(
            Invalid(
                "Only what was made in the course of duty is under a reform.",
                code="no_service_invention",
                field="reforms",
            )
        )
    return found


OF_POOL: dict[PoolKind, Callable[[Mapping[str, object], date], list[Invalid]]] = {
    PoolKind.TALENT: _talent_faults,
    PoolKind.FUND: _fund_faults,
    PoolKind.PROJECT: _project_faults,
}


def _length_faults(words: Mapping[str, object]) -> list[Invalid]:
    return [
        Invalid("At most {length} characters.", code="too_long", field=name, length=length)
        for name, length in LONGEST.items()
        if isinstance(text := words.get(name), str) and len(text) > length
    ]


def _list_faults(words: Mapping[str, object]) -> list[Invalid]:
    found = []
    for name, (most, length) in MOST.items():
        texts = _texts(words, name)
        if len(texts) > most:
            found.append(too_many_at(name, most))
        for position, text in enumerate(texts):
            path = f"{name}.{position}"
            if len(text) > length:
                found.append(
                    Invalid(
                        "At most {length} characters.", code="too_long", field=path, length=length
                    )
                )
            if text in texts[:position]:
                found.append(Invalid("This one came before.", code="duplicate", field=path))
    return found


def _choices(words: Mapping[str, object], name: str, vocabulary: type[Term]) -> list[Invalid]:
    return [
        fault
        for position, word in enumerate(_texts(words, name))
        for fault in choice_faults(word, f"{name}.{position}", vocabulary)
    ]


def _term_faults(pool: PoolKind, words: Mapping[str, object]) -> list[Invalid]:
    return [
        fault
        for name, vocabulary in (TERMS | TERMS_OF_POOL[pool]).items()
        if (word := words.get(name)) not in (None, "")
        for fault in choice_faults(word, name, vocabulary)
    ]


def _items(words: Mapping[str, object], name: str) -> Items:
    found = words.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _texts(words: Mapping[str, object], name: str) -> list[str]:
    found = words.get(name)
    return [str(each) for each in found] if isinstance(found, list) else []
