"""The measurement of the ranking, on judged pairs made up for it."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.matching.management.commands.evaluate_matching import area


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    def lines(*rows: dict[str, str]) -> str:
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)

    (tmp_path / "needs.jsonl").write_text(
        lines({"need": "n1", "title": "轴承钢", "body": "求热处理工艺"})
    )
    (tmp_path / "offers.jsonl").write_text(
        lines(
            {"offer": "a", "title_words": "轴承 钢"},
            {"offer": "b", "title_words": "热处理 炉"},
            {"offer": "c", "title_words": "石墨烯"},
        )
    )
    (tmp_path / "judgements.tsv").write_text("need\toffer\tlevel\nn1\ta\t4\nn1\tb\t3\nn1\tc\t1\n")
    return tmp_path


def test_a_perfect_order_measures_one(folder: Path) -> None:
    out = StringIO()
    call_command("evaluate_matching", str(folder), "--json", stdout=out)
    figures = json.loads(out.getvalue())
    assert (figures["ndcg_at_10"], figures["auc"]) == (1.0, 1.0)
    assert (figures["needs"], figures["offers"], figures["judgements"]) == (1, 3, 3)
    assert 0 < figures["random"]["ndcg_at_10"] < 1


def test_it_can_be_read_by_people(folder: Path) -> None:
    out = StringIO()
    call_command("evaluate_matching", str(folder), stdout=out)
    assert "ndcg_at_10: 1.0" in out.getvalue()


def test_a_folder_without_judgements_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("evaluate_matching", str(tmp_path))


def test_area_by_hand() -> None:
    assert area([3, 1], [2, 1]) == 0.625
