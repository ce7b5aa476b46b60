"""What is said of a match, and what it counts."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.actors import Actor, Role
from marketplace.verdicts import (
    LEAST_SHOWN,
    LONGEST_NOTE,
    WORST_FIRST,
    Cell,
    Judgement,
    Said,
    VerdictReason,
    Voice,
    cells,
    heard,
    months_before,
    months_between,
    total,
    verdict_faults,
    voice_of,
)

INSTITUTE, WORKS, AGENCY = (UUID(int=number) for number in (1, 2, 3))
GOOD, WEAK, WRONG = Judgement.GOOD, Judgement.WEAK, Judgement.WRONG
MARCH, APRIL, MAY = date(2026, 3, 5), date(2026, 4, 2), date(2026, 5, 1)


def said(
    judgement: Judgement,
    voice: Voice = Voice.BROKER,
    on: date = MARCH,
    reason: VerdictReason | None = None,
) -> Said:
    return Said(voice, judgement, on, reason)


# --- who speaks, and what he must say ----------------------------------------------------------


@pytest.mark.parametrize(
    ("organization", "roles", "voice"),
    [
        (INSTITUTE, [Role.RESEARCHER], Voice.OFFERING_PARTY),
        (WORKS, [Role.COMPANY_AGENT], Voice.NEEDING_PARTY),
        (AGENCY, [Role.BROKER], Voice.BROKER),
        (WORKS, [Role.BROKER], Voice.NEEDING_PARTY),
        (AGENCY, [Role.RESEARCHER], None),
        (AGENCY, [Role.REVIEWER], None),
        (AGENCY, [Role.ADMINISTRATOR], None),
        (None, [Role.BROKER], Voice.BROKER),
        (None, [], None),
    ],
)
def test_a_voice_follows_from_who_speaks(organization, roles, voice):
    actor = Actor(UUID(int=9), organization, frozenset(roles))
    assert voice_of(actor, offering=INSTITUTE, needing=WORKS) is voice


@pytest.mark.parametrize(
    ("judgement", "reason", "faults"),
    [
        ("good", None, []),
        ("good", "price", []),
        ("weak", "price", []),
        ("wrong", "no_longer_there", []),
        ("weak", None, [("reason", "reason_needed")]),
        ("wrong", None, [("reason", "reason_needed")]),
        ("weak", "ugly", [("reason", "unknown_word")]),
        ("weak", "", [("reason", "unknown_word")]),
        ("fine", None, [("judgement", "unknown_word")]),
        ("fine", "ugly", [("judgement", "unknown_word"), ("reason", "unknown_word")]),
    ],
)
def test_what_is_not_good_says_why_in_a_word_of_the_list(judgement, reason, faults):
    found = verdict_faults(judgement, reason, "x" * LONGEST_NOTE)
    assert [(fault.field, fault.code) for fault in found] == faults


def test_a_note_is_not_too_long():
    [fault] = verdict_faults("good", None, "长" * (LONGEST_NOTE + 1))
    assert (fault.field, fault.code, fault.facts) == ("note", "too_long", {"length": LONGEST_NOTE})


# --- what a match counts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "judgement", "on"),
    [
        ([said(GOOD)], GOOD, MARCH),
        (
            [
                said(GOOD, Voice.OFFERING_PARTY, MARCH),
                said(WEAK, Voice.NEEDING_PARTY, APRIL),
            ],
            WEAK,
            APRIL,
        ),
        ([said(GOOD, Voice.BROKER, APRIL), said(WEAK, Voice.NEEDING_PARTY, MARCH)], GOOD, APRIL),
        ([said(GOOD, on=MARCH), said(WRONG, on=APRIL)], WRONG, APRIL),
        ([said(WEAK, on=APRIL), said(WEAK, on=MARCH)], WEAK, MARCH),
        ([said(WRONG, on=MAY), said(WRONG, on=APRIL), said(WEAK, on=MARCH)], WRONG, APRIL),
    ],
)
def test_a_broker_is_heard_first_and_then_the_worse(verdicts, judgement, on):
    counted = heard(verdicts)[0]
    assert (counted.judgement, counted.on) == (judgement, on)


def test_where_nobody_spoke_nothing_is_heard():
    assert heard([]) == []


SAID = st.builds(
    Said,
    voice=st.sampled_from(Voice),
    judgement=st.sampled_from(Judgement),
    on=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    reason=st.none() | st.sampled_from(VerdictReason),
)


@given(st.lists(SAID, min_size=1, max_size=6), st.randoms())
def test_what_counts_does_not_depend_on_the_order_and_is_never_kinder(verdicts, random):
    mixed = random.sample(verdicts, len(verdicts))
    first = heard(verdicts)[0]
    assert heard(mixed)[0] == first
    same = [each for each in verdicts if each.voice is first.voice]
    worst = min(WORST_FIRST.index(each.judgement) for each in same)
    assert WORST_FIRST.index(first.judgement) == worst


def test_precision_is_the_share_of_good_ones():
    cell = Cell()
    for judgement in [GOOD] * 5 + [WEAK, WRONG]:
        cell.take([said(judgement)])
    assert (cell.matches, cell.precision) == (7, Decimal("0.7143"))
    assert Cell().precision is None


def test_a_reason_is_counted_once_a_match_and_of_those_who_are_heard():
    cell = Cell()
    cell.take(
        [
            said(WEAK, reason=VerdictReason.PRICE),
            said(WEAK, reason=VerdictReason.PRICE),
            said(WEAK, reason=VerdictReason.TOO_FAR),
            said(WRONG, Voice.NEEDING_PARTY, reason=VerdictReason.CONFLICT),
        ]
    )
    cell.take([said(GOOD, reason=VerdictReason.KNOWN_ALREADY)])
    assert cell.reasons == {VerdictReason.PRICE: 1, VerdictReason.TOO_FAR: 1}
    assert (cell.verdicts, cell.matches) == (5, 2)


def test_months_are_half_open():
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 1)]
    found = cells(
        [("technology", "05", [said(GOOD, on=day)]) for day in days],
        since=date(2026, 1, 1),
        until=date(2026, 3, 1),
    )
    assert [(place, cell.matches) for place, cell in found.items()] == [
        ((date(2026, 1, 1), "technology", "05"), 1),
        ((date(2026, 2, 1), "technology", "05"), 1),
    ]


def test_a_match_is_in_the_month_of_what_counts_and_in_no_other():
    verdicts = [said(GOOD, Voice.NEEDING_PARTY, MARCH), said(WEAK, Voice.BROKER, APRIL)]
    given_ = [("technology", "05", verdicts)]
    assert not cells(given_, since=date(2026, 3, 1), until=date(2026, 4, 1))
    [(place, cell)] = cells(given_, since=date(2026, 1, 1), until=date(2027, 1, 1)).items()
    assert (place[0], cell.verdicts, cell.matches) == (date(2026, 4, 1), 2, 1)


def test_small_cells_are_in_no_total_of_those_who_do_not_see_them():
    judged = [("technology", "05", [said(GOOD)])] * 7 + [("technology", "06", [said(WEAK)])] * 3
    found = cells(judged, since=date(2026, 1, 1), until=date(2027, 1, 1))
    assert [cell.is_small for cell in found.values()] == [False, True]
    assert total(found, shows_small=False).matches == 7
    assert total(found, shows_small=True).matches == 10


@given(st.integers(0, 3 * LEAST_SHOWN))
def test_a_cell_is_small_below_five(count):
    cell = Cell()
    for _each in range(count):
        cell.take([said(GOOD)])
    assert cell.is_small == (count < LEAST_SHOWN)


def test_months_are_counted_over_the_turn_of_a_year():
    assert months_between(date(2025, 11, 1), date(2026, 2, 1)) == 3
    assert months_before(date(2026, 12, 1), 12) == date(2025, 12, 1)
    assert months_before(date(2026, 1, 1), 1) == date(2025, 12, 1)
    assert months_before(date(2026, 12, 1), -1) == date(2027, 1, 1)
