"""Everything that can be wrong with an entry of a pool, without a database."""

from datetime import date
from decimal import Decimal

import pytest

from marketplace.entries import faults
from marketplace.pools import PoolKind, PoolState

TODAY = date(2026, 11, 24)
DRAFT, SUBMITTED = PoolState.DRAFT, PoolState.SUBMITTED

WHOLE: dict[PoolKind, dict[str, object]] = {
    PoolKind.PROJECT: {
        "title": "高韧性轴承钢",
        "summary": "硬度 62 HRC。",
        "field": "05",
        "region": "610100",
        "readiness": 6,
        "readiness_evidence": "中试线连续运行 720 小时。",
        "intellectual_property": "01",
        "is_service_invention": True,
        "owners": [{"name": "西北工程大学", "share": "100.00"}],
    },
    PoolKind.FUND: {
        "title": "硬科技基金",
        "summary": "投早投小。",
        "field": "05",
        "region": "610100",
        "kind": "equity",
        "product": "venture_fund",
        "largest_ticket": Decimal(5),
    },
    PoolKind.TALENT: {
        "title": "材料工程师",
        "summary": "十年热处理经验。",
        "field": "05",
        "region": "610100",
        "kind": "engineer",
        "discipline": "430",
    },
}
INVENTORS = [{"name": "李", "share": "60"}, {"name": "王", "share": "40"}]
BLOCK = {"heading": "工艺", "text": "淬火温度 1050 ℃", "secrecy": "under_nda"}


def found(pool: PoolKind, stage: PoolState = SUBMITTED, **words: object) -> set[tuple[str, str]]:
    terms = WHOLE[pool] | words
    return {(f.field, f.code) for f in faults(pool, terms, stage=stage, today=TODAY)}


@pytest.mark.parametrize("pool", PoolKind)
def test_what_is_whole_has_no_fault(pool):
    assert found(pool) == set()
    assert found(pool, blocks=[BLOCK], external_reference="A-1", dual_use=None) == set()


def test_all_faults_are_told_at_once():
    terms = {"title": "", "kind": None, "smallest_ticket": Decimal(2), "largest_ticket": Decimal(1)}
    told = faults(PoolKind.FUND, terms, stage=DRAFT, today=TODAY)
    assert {(fault.field, fault.code) for fault in told} == {
        ("title", "missing"),
        ("region", "missing"),
        ("kind", "missing"),
        ("smallest_ticket", "band_order"),
    }


@pytest.mark.parametrize(
    ("pool", "words", "fault"),
    [
        (PoolKind.PROJECT, {"title": "长" * 201}, ("title", "too_long")),
        (PoolKind.PROJECT, {"readiness": 10}, ("readiness", "readiness")),
        (PoolKind.PROJECT, {"dual_use": "sideways"}, ("dual_use", "unknown_word")),
        (PoolKind.PROJECT, {"applications": ["a"] * 2}, ("applications.1", "duplicate")),
        (PoolKind.PROJECT, {"chains": ["长" * 41]}, ("chains.0", "too_long")),
        (PoolKind.PROJECT, {"chains": [str(i) for i in range(21)]}, ("chains", "too_many")),
        (PoolKind.PROJECT, {"reforms": ["freedom"]}, ("reforms.0", "unknown_word")),
        (PoolKind.PROJECT, {"indicators": [{"name": "硬度"}]}, ("indicators.0.value", "missing")),
        (PoolKind.PROJECT, {"owners": [{"share": "100"}]}, ("owners.0.name", "missing")),
        (
            PoolKind.PROJECT,
            {"blocks": [{"heading": "", "text": "a", "secrecy": "public"}]},
            ("blocks.0.heading", "missing"),
        ),
        (
            PoolKind.PROJECT,
            {
                "rights": [
                    {
                        "kind": "0201",
                        "number": "ZL200310102344.6",
                        "title": "钢",
                        "status": "granted",
                    }
                ]
            },
            ("rights.0.number", "check_digit"),
        ),
        (
            PoolKind.PROJECT,
            {
                "is_service_invention": False,
                "reforms": ["ownership_granted"],
                "inventors": INVENTORS,
            },
            ("reforms", "no_service_invention"),
        ),
        (PoolKind.FUND, {"product": "prize"}, ("product", "wrong_product")),
        (PoolKind.FUND, {"product": "gift"}, ("product", "unknown_word")),
        (PoolKind.FUND, {"stages": ["birth"]}, ("stages.0", "unknown_word")),
        (PoolKind.FUND, {"quota": Decimal(-1)}, ("quota", "negative_amount")),
        (PoolKind.FUND, {"quota": Decimal(4)}, ("largest_ticket", "ticket_above_quota")),
        (
            PoolKind.FUND,
            {"opens_on": date(2026, 2, 1), "closes_on": date(2026, 1, 31)},
            ("closes_on", "days_order"),
        ),
        (PoolKind.FUND, {"conditions": [{"fact": "hope"}]}, ("conditions.0.fact", "unknown_word")),
        (PoolKind.TALENT, {"languages": ["Chinese"]}, ("languages.0", "no_language")),
        (PoolKind.TALENT, {"available_share": 0}, ("available_share", "share_form")),
        (PoolKind.TALENT, {"members": [{"name": "李"}]}, ("members", "only_a_team")),
        (
            PoolKind.TALENT,
            {"employments": [{"name": "甲", "share_of_time": "101"}]},
            ("employments.0.share_of_time", "share_form"),
        ),
    ],
)
def test_what_is_wrong_is_wrong_in_a_draft_already(pool, words, fault):
    assert fault in found(pool, DRAFT, **words)
    assert fault in found(pool, SUBMITTED, **words)


@pytest.mark.parametrize(
    ("pool", "words", "fault"),
    [
        (PoolKind.PROJECT, {"inventors": [{"name": "李", "share": "60"}]}, "shares_sum"),
        (
            PoolKind.TALENT,
            {"kind": "team", "members": [{"name": "李", "role": "engineer"}]},
            "one_chief",
        ),
        (PoolKind.PROJECT, {"summary": "机密★10年"}, "state_secret_marking"),
        (PoolKind.PROJECT, {"blocks": [BLOCK | {"text": "绝密★"}]}, "state_secret_marking"),
    ],
)
def test_a_draft_need_not_be_whole_but_what_is_submitted_must(pool, words, fault):
    assert fault not in {code for _, code in found(pool, DRAFT, **words)}
    assert fault in {code for _, code in found(pool, SUBMITTED, **words)}
