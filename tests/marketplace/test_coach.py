"""What the draft coach misses in a draft, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.coach import (
    AdviceCode,
    DraftKind,
    advice,
    duplicates,
    lacks_object,
    likeness,
    marking_faults,
    praises,
    unitless,
)

WHOLE = {
    "title": "碳化硅衬底的快速剥离工艺",
    "body": "激光在碳化硅晶锭内部形成改质层，再以超声剥离出晶片。"
    "6 英寸衬底的单片损耗为 85 μm，传统线切割为 210 μm。"
    "剥离时间 12 min，翘曲小于 30 μm，已在两条中试线上连续运行 8 个月，"
    "适用于功率器件的衬底生产。寻求许可或作价入股。",
    "applications": ["功率器件"],
    "indicators": [
        {
            "name": "单片损耗",
            "value": "85",
            "unit": "μm",
            "condition": "6 英寸，350 μm 厚",
            "competing": "线切割 210 μm",
        }
    ],
}


def given_advice(words: dict[str, object], kind: DraftKind = DraftKind.PROJECT):
    return [(each.code, each.field) for each in advice(words, kind=kind)]


def codes(words: dict[str, object], kind: DraftKind = DraftKind.PROJECT) -> set[AdviceCode]:
    return {code for code, _ in given_advice(words, kind)}


@pytest.mark.parametrize("kind", DraftKind)
def test_a_draft_that_tells_all_gets_no_advice(kind):
    assert given_advice(WHOLE, kind) == []


def test_a_draft_that_tells_nothing_gets_all_of_it():
    words = {"title": "一种新技术", "summary": "该设备效率高，成本低。"}
    assert given_advice(words) == [
        (AdviceCode.VAGUE_PRAISE, "summary"),
        (AdviceCode.NO_INDICATOR, "indicators"),
        (AdviceCode.NO_COMPETING_SOLUTION, "indicators"),
        (AdviceCode.NO_APPLICATION, "applications"),
        (AdviceCode.NO_OBJECT, "title"),
        (AdviceCode.TOO_SHORT, "summary"),
    ]


def test_the_advice_on_praise_names_it():
    [found] = [
        each
        for each in advice({"body": "效率高。High efficiency, low cost."}, kind=DraftKind.TALENT)
        if each.code is AdviceCode.VAGUE_PRAISE
    ]
    assert found.facts == {"phrases": "效率高, High efficiency, low cost"}
    assert "{phrases}" in found.message


def test_only_what_shows_a_technology_is_asked_for_indicators_and_use():
    words = {"title": "招聘", "body": "招聘。"}
    for kind in (DraftKind.TALENT, DraftKind.FUND, DraftKind.TALENT_NEED, DraftKind.CAPITAL_OFFER):
        assert codes(words, kind) == {AdviceCode.TOO_SHORT}
    assert codes(words, DraftKind.TECHNOLOGY_NEED) == {AdviceCode.TOO_SHORT, AdviceCode.NO_OBJECT}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("效率高。成本低于 20 元/kg，寿命长。", ["效率高"]),
        ("性能优异，国际领先，填补国内空白。", ["性能优异", "国际领先", "填补国内空白"]),
        ("能够大幅提高产量，显著降低能耗！", ["大幅提高", "显著降低"]),
        ("采用高效节能设计；使用寿命长", ["高效", "寿命长"]),
        ("前景十分广阔", ["前景十分广阔"]),
        ("效率高，达 ３８.２％", []),
        ("成本低，每吨 1.2万元", []),
        ("精度高：0.5 μm", []),
        ("提高效率、降低成本、提高精度", []),
        ("用高效液相色谱测定高强度钢", []),
        ("具有独创性", []),
        (
            "State-of-the-art, low cost. Significantly improved yield.",
            ["State-of-the-art", "low cost", "Significantly improved"],
        ),
        ("High efficiency: 38.2 % at 25 °C", []),
        ("第3代产品，性能优异", ["性能优异"]),
        ("", []),
    ],
)
def test_praise_counts_only_with_a_number_and_its_unit_in_the_same_sentence(text, found):
    assert praises(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("效率达到 38.2，温度低于 80 ℃", ["38.2"]),
        ("转化率不低于95。", ["95"]),
        ("An efficiency of up to 38.2.", ["38.2"]),
        ("相关系数达到 0.95，折射率大于 1.5", []),
        ("超过 200 株，达到 4.5 万 hm2，高达 1000 r/min", []),
        ("提高 18.0、10.3 和 11.5 个百分点", []),
        ("More than 10 samples", []),
    ],
)
def test_a_number_that_is_reached_has_a_unit(text, found):
    assert unitless(text) == found


@pytest.mark.parametrize(
    "title",
    [
        "一种新技术",
        "创新成果",
        "关于若干问题的研究",
        "先进设备",
        "寻求技术合作",
        "New technology",
        "Graphene",
        "",
    ],
)
def test_a_title_without_an_object(title):
    assert lacks_object(title)


@pytest.mark.parametrize(
    "title",
    [
        "碳化硅衬底制备技术",
        "关于碳化硅衬底剥离的研究",
        "LED 封装",
        "SiC 技术",
        "寻求废旧锂电池回收技术",
        "Silicon carbide wafers",
        "New method for graphene",
    ],
)
def test_a_title_with_an_object(title):
    assert not lacks_object(title)


def test_an_indicator_has_a_unit_and_a_test_condition():
    words = WHOLE | {"indicators": [*WHOLE["indicators"], {"name": "效率", "value": "38.2"}]}
    assert given_advice(words) == [
        (AdviceCode.NO_UNIT, "indicators.1.unit"),
        (AdviceCode.NO_CONDITION, "indicators.1.condition"),
    ]


def test_a_competing_solution_and_a_use_may_stand_in_the_text_or_in_their_fields():
    bare = {"title": WHOLE["title"], "body": "激光剥离。" * 20, "indicators": WHOLE["indicators"]}
    assert codes(bare) == {AdviceCode.NO_APPLICATION}
    assert codes(bare | {"applications": ["功率器件"]}) == set()
    without = {**WHOLE["indicators"][0], "competing": ""}
    lonely = bare | {"applications": ["功率器件"], "indicators": [without]}
    assert codes(lonely) == {AdviceCode.NO_COMPETING_SOLUTION}
    assert codes(lonely | {"body": "与传统线切割相比" + "激光剥离。" * 20}) == set()


def test_blocks_count_to_the_length_and_are_read_too():
    words = WHOLE | {"body": "短", "blocks": [{"heading": "用途", "text": WHOLE["body"]}]}
    assert codes(words) == set()
    words = WHOLE | {"blocks": [{"heading": "用途", "text": "性能优异。"}]}
    assert given_advice(words) == [(AdviceCode.VAGUE_PRAISE, "blocks.0.text")]


@pytest.mark.parametrize(
    "text",
    [
        "请致电 138 1234 5678",
        "电话：029-88886666",
        "电话：１３８１２３４５６７８",
        "+8613812345678",
        "400-123-4567",
        "mail to li.wei@example.com.",
        "加微信详谈",
        "WeChat ID: liwei",
        "QQ：123456789",
    ],
)
def test_contact_data_is_found_in_what_others_read_and_not_repeated(text):
    [found] = advice(WHOLE | {"keywords": [text]}, kind=DraftKind.PROJECT)
    assert (found.code, found.field) == (AdviceCode.CONTACT_DATA, "keywords.0")
    assert found.facts == {}


@pytest.mark.parametrize(
    "text", ["ZL201310123456.7", "1385.25 万元", "2023SR1381234567", "微信小程序", "0.13812345678"]
)
def test_other_numbers_are_no_telephones(text):
    assert codes(WHOLE | {"body": WHOLE["body"] + text}) == set()


def test_contact_data_in_a_confidential_part_is_between_its_readers():
    words = WHOLE | {
        "confidential": "li.wei@example.com",
        "blocks": [{"heading": "A", "text": "li.wei@example.com", "secrecy": "under_nda"}],
    }
    assert codes(words) == set()


@pytest.mark.parametrize(
    "text",
    [
        "机密★10年",
        "绝密 ★",
        "前文\n 【秘密】 \n后文",
        "密级：机密",
        "TOP SECRET",
        "秘密☆",
        "ＮＯＦＯＲＮ",
    ],
)
@pytest.mark.parametrize("field", ["body", "confidential"])
def test_a_marking_of_state_secrets_is_refused_wherever_it_stands(text, field):
    words = WHOLE | {field: text}
    [fault] = marking_faults(words)
    assert (fault.code, fault.field) == ("state_secret_marking", field)
    assert (AdviceCode.STATE_SECRET_MARKING, field) in given_advice(words)


@pytest.mark.parametrize(
    "text",
    ["内部资料，注意保密", "涉及国家秘密", "CONFIDENTIAL", "某机密文件", "Strictly confidential"],
)
def test_what_may_be_a_marking_is_advice_only(text):
    words = WHOLE | {"body": WHOLE["body"] + text}
    assert codes(words) == {AdviceCode.STATE_SECRET_MARKING}
    assert marking_faults(words) == []


@pytest.mark.parametrize(
    "text",
    [
        "数据机密性",
        "技术秘密★★★",
        "商业秘密保护",
        "不涉及国家秘密",
        "confidential computing",
        "秘密共享",
        "★10年质保",
    ],
)
def test_words_of_the_trade_are_no_markings(text):
    words = WHOLE | {"body": WHOLE["body"] + text}
    assert codes(words) == set()
    assert marking_faults(words) == []


def test_the_likeness_of_two_texts_is_that_of_their_pairs_of_letters():
    assert likeness("碳化硅衬底", "碳化硅外延") == pytest.approx(2 / 6)
    assert likeness("ＳｉＣ 衬底!", "sic衬底") == 1
    assert likeness("", "") == likeness("碳", "") == likeness("碳化", "衬底") == 0
    assert likeness("碳", "碳") == 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_goes_both_ways_from_0_to_1(a, b):
    assert 0 <= likeness(a, b) == likeness(b, a) <= 1


def test_duplicates_come_with_the_most_alike_first():
    assert likeness("碳化硅衬底制备方法", "碳化硅衬底的制备方法") == pytest.approx(7 / 10)
    words = {"title": "碳化硅衬底制备方法", "body": "激光剥离"}
    others = [
        (1, "碳化硅衬底的制备方法", "超声"),
        (2, "氮化镓外延", "激光剥离"),
        (3, "碳化硅衬底制备方法", ""),
    ]
    assert duplicates(words, others) == [(3, 1.0), (1, pytest.approx(7 / 10))]
    assert [found for found, _ in duplicates(words, [(i, *others[2][1:]) for i in range(9)])] == [
        *range(5)
    ]


def test_a_text_that_is_all_digits_and_commas_takes_no_time():
    for text in ("1," * 10_000, "达到1," * 5_000, "达到" + " " * 20_000, "\n" * 20_000):
        assert advice({"title": "x", "body": text}, kind=DraftKind.PROJECT)


@given(
    st.dictionaries(
        st.sampled_from(["title", "body", "summary", "keywords", "blocks", "indicators", "field"]),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(),
            st.lists(st.text()),
            st.lists(st.dictionaries(st.sampled_from(["text", "unit", "secrecy"]), st.text())),
        ),
    ),
    st.sampled_from(DraftKind),
)
def test_whatever_is_written_the_coach_answers(words, kind):
    assert {each.code for each in advice(words, kind=kind)} <= set(AdviceCode)
    assert len(marking_faults(words)) <= len(advice(words, kind=kind))
