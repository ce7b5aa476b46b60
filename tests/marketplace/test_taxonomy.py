"""The tree that the rows of a code list make, and the time of the lists."""

from datetime import date

import pytest

from marketplace.errors import Invalid
from marketplace.taxonomy import Period, Row, Subject, must_not_overlap, tree


def test_a_path_leads_from_the_top_down_whatever_the_order_of_the_rows() -> None:
    rows = [Row(2, "610113", "610100"), Row(3, "610000"), Row(4, "610100", "610000")]
    assert tree(rows) == {
        "610000": ("610000",),
        "610100": ("610000", "610100"),
        "610113": ("610000", "610100", "610113"),
    }


def test_no_rows_make_no_tree() -> None:
    assert tree([]) == {}


@pytest.mark.parametrize(
    ("rows", "code", "line"),
    [
        ([Row(2, "1"), Row(3, "1")], "duplicate_code", 3),
        ([Row(2, "1"), Row(3, "21", "2")], "unknown_parent", 3),
        ([Row(2, "1", "1")], "cycle", 2),
        ([Row(2, "1"), Row(3, "2", "3"), Row(4, "3", "2")], "cycle", 3),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(rows: list[Row], code: str, line: int) -> None:
    with pytest.raises(Invalid) as caught:
        tree(rows, file="toys.csv")
    cause = caught.value.causes[0]
    assert (cause.code, cause.field) == (code, f"toys.csv.{line}")
    assert str(cause).startswith(f"toys.csv, line {line}: ")


def test_every_wrong_row_is_named() -> None:
    rows = [Row(2, "1"), Row(3, "1"), Row(4, "2", "9"), Row(5, "3", "3")]
    with pytest.raises(Invalid) as caught:
        tree(rows)
    assert [cause.code for cause in caught.value.causes] == [
        "duplicate_code",
        "unknown_parent",
        "cycle",
    ]


def test_what_hangs_on_a_missing_parent_is_not_blamed_itself() -> None:
    with pytest.raises(Invalid) as caught:
        tree([Row(2, "1", "9"), Row(3, "11", "1")])
    assert [cause.facts["line"] for cause in caught.value.causes] == [2]


def test_a_tree_may_be_deeper_than_python_can_recurse() -> None:
    rows = [Row(n, str(n), str(n - 1) if n else "") for n in range(3000)]
    assert len(tree(reversed(rows))["2999"]) == 3000


def _period(line: int, start: str, until: str | None, subject: Subject = Subject.REGION) -> Period:
    return Period(
        line, subject, date.fromisoformat(start), date.fromisoformat(until) if until else None
    )


def test_a_list_may_begin_on_the_day_on_which_another_ends() -> None:
    must_not_overlap([_period(2, "2016-11-24", None), _period(3, "2016-01-01", "2016-11-24")])


def test_lists_of_two_subjects_may_be_valid_at_once() -> None:
    must_not_overlap(
        [_period(2, "2001-01-01", None), _period(3, "2001-01-01", None, Subject.INDUSTRY)]
    )


@pytest.mark.parametrize("until", [None, "2016-11-25"])
def test_two_lists_of_one_subject_cannot_be_valid_at_once(until: str | None) -> None:
    with pytest.raises(Invalid) as caught:
        must_not_overlap(
            [_period(2, "2016-01-01", until), _period(3, "2016-11-24", None)], file="editions.csv"
        )
    assert [cause.code for cause in caught.value.causes] == ["overlap"]
    assert caught.value.causes[0].field == "editions.csv.3"


def test_a_long_list_overlaps_also_the_second_after_it() -> None:
    with pytest.raises(Invalid) as caught:
        must_not_overlap(
            [
                _period(2, "2001-01-01", None),
                _period(3, "2002-01-01", "2003-01-01"),
                _period(4, "2004-01-01", None),
            ]
        )
    assert [cause.facts["line"] for cause in caught.value.causes] == [3, 4]
