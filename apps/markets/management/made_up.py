"""A made-up market of any size, the same one each time, for measuring."""

# ruff: noqa: S311, SIM905  (what is made up is no secret; lists of words are read as words)

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import rjieba

from marketplace.listings import CooperationMode
from marketplace.search import filled, tokens

#: What is traded, beside the words of the code lists.
TRADED = """
碳化硅 高温合金 钛合金 航空发动机 涡轮叶片 涂层 等离子喷涂 镍基 碳纤维 复合材料 石墨烯
锂离子电池 固态电解质 光伏 氢能 燃料电池 储能 半导体 芯片 光刻 封装 激光 雷达 无人机 卫星 导航
遥感 图像识别 深度学习 大模型 机器人 传感器 物联网 区块链 云计算 量子 光纤 毫米波 天线 增材制造
数控机床 精密加工 轴承 齿轮 电机 伺服 变频器 阀门 压缩机 换热器 热泵 污水处理 膜分离 催化剂
脱硫脱硝 碳捕集 固废 土壤修复 生物医药 抗体 疫苗 基因编辑 干细胞 医用材料 骨科植入 中药提取
苹果 猕猴桃 小麦育种 节水灌溉 农机 冷链 煤化工 油气开采 页岩气 钻井 地热 矿山安全 智能电网
特高压 变压器 绝缘 稀土 永磁 钕铁硼 镁合金 铝合金 铜箔 靶材 单晶 外延 陶瓷 玻璃 混凝土 隧道
桥梁 轨道交通 新能源汽车 自动驾驶 充电桩 电池管理 轻量化 检测 无损检测 超声 红外 质谱 色谱
""".split()
COMMON = """
技术 系统 方法 装置 材料 设备 制备 应用 高性能 智能 研究 工艺 控制 制造 检测 平台 开发 一种
关键 新型
""".split()
LATIN = """
5G C-19 T800 IGBT GaN SiC LED AI 3D MEMS PLC CNC FPGA BIM GIS RFID PEM TC4 GH4169 H13 coating
catalyst sensor battery
""".split()
GLUE = "，，，、的的的和与及。；，采用具有可实现了"
HAN = re.compile("[\u4e00-\u9fff]+")
#: How many words there are, and how many of them each field uses, in an order of its own.
MOST_WORDS, OF_A_FIELD = 6_000, 3_000
#: How often each field, state and market occurs, in a hundred or so.
FIELDS = {
    **{"01": 18, "02": 12, "03": 9, "04": 14, "05": 10, "06": 13, "07": 4, "0701": 2, "0702": 2},
    **{"08": 6, "09": 5, "10": 3, "11": 2},
}
STATES = {"published": 82, "concluded": 6, "expired": 6, "withdrawn": 3, "draft": 2, "paused": 1}
MARKETS = {"technology": 80, "talent": 13, "capital": 7}
BEGIN, SECONDS = datetime(2021, 1, 1, tzinfo=UTC), 1.6e8


@dataclass(frozen=True, slots=True)
class Stock:
    """What a market is made up from."""

    words: Sequence[str]
    #: The codes of regions: of the city, of its province, and the others.
    regions: tuple[Sequence[str], Sequence[str], Sequence[str]]
    #: The keys of organizations, each with those of a project, a talent and a fund.
    owners: Sequence[tuple[UUID, UUID, UUID, UUID]]
    author: UUID
    reviewer: UUID
    #: Where it comes from.
    name: str


def words_of(names: Sequence[str]) -> list[str]:
    """Return the words that are traded, those of the `names` of code lists among them."""
    found = Counter(
        word
        for name in names
        for piece in HAN.findall(name)
        for word in rjieba.cut(piece, False)
        if len(word) >= 2
    )
    known = {*COMMON, *TRADED}
    listed = [word for word, _ in found.most_common(MOST_WORDS) if word not in known]
    head = [*TRADED, *listed[: 400 - len(TRADED)]]
    random.Random(1).shuffle(head)
    return [*COMMON, *head, *listed[400 - len(TRADED) :]]


def _raised(values: Sequence[float]) -> list[float]:
    return list(accumulate(values))


class Maker:
    """Makes the listings of a stock up; the one of a number is always the same."""

    COLUMNS = (
        *("id", "version", "created_at", "updated_at", "organization_id", "author_id", "wording"),
        *("imported_from", "reviewed_by_id", "review_note", "market", "side", "project_id"),
        *("talent_id", "fund_id", "title", "body", "keywords", "field_id", "region_id"),
        *("cooperation_modes", "readiness", "price_way", "price_from", "price_to", "confidential"),
        *("blocks", "indicators", "valid_until", "state", "published_on", "published_at"),
        *("listed_at", "last_sign_at", "health", "external_reference", "dual_use"),
    )

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        words = list(stock.words)
        self.all = words, _raised([1 / (place + 2) for place in range(len(words))])
        own = words[len(COMMON) :]
        self.of_field: dict[str, list[str]] = {}
        for number, field in enumerate(FIELDS):
            part = own[:OF_A_FIELD]
            random.Random(number + 10).shuffle(part)
            self.of_field[field] = part
        self.weights = _raised([1 / (place + 5) for place in range(min(OF_A_FIELD, len(own)))])
        self.of_owner = _raised([1 / (place + 30) for place in range(len(stock.owners))])
        self.elsewhere = _raised([1 / (place + 20) for place in range(len(stock.regions[2]))])

    def rows(self, first: int, last: int, of: int) -> Iterator[tuple[list[Any], str]]:
        """Return the listings from number `first` to before `last`, with their tokens."""
        for number in range(first, last):
            yield self.row(number, of)

    def row(self, number: int, of: int) -> tuple[list[Any], str]:
        """Return one listing, and its tokens."""
        chance = random.Random(number)
        field = chance.choices(list(FIELDS), list(FIELDS.values()))[0]
        title_words = self._text(chance, field, chance.randint(5, 9))
        title = "".join(title_words)[:40]
        keywords = list(dict.fromkeys([chance.choice(title_words), *self._text(chance, field, 2)]))
        body = self._body(chance, field, title_words[0])
        market = chance.choices(list(MARKETS), list(MARKETS.values()))[0]
        side = "offer" if chance.random() < 0.65 else "need"
        state = chance.choices(list(STATES), list(STATES.values()))[0]
        at = BEGIN + timedelta(seconds=SECONDS * (number + chance.random()) / of)
        stamp = int(at.timestamp() * 1000)
        key = UUID(
            int=stamp << 80
            | 7 << 76
            | chance.getrandbits(12) << 64
            | 2 << 62
            | chance.getrandbits(62)
        )
        owner, project, talent, fund = chance.choices(self.stock.owners, cum_weights=self.of_owner)[
            0
        ]
        pointed = {"technology": project, "talent": talent, "capital": fund}[market]
        is_technology = market == "technology"
        low = round(10 ** chance.uniform(3.5, 7.5), 2) if chance.random() < 0.5 else None
        modes = chance.sample(CooperationMode.values(), chance.choice((1, 1, 1, 2)))
        was_published = state != "draft"
        row = {
            "id": key,
            "version": 3,
            "created_at": at,
            "updated_at": at,
            "organization_id": owner,
            "author_id": self.stock.author,
            "wording": 1,
            "imported_from": self.stock.name,
            "reviewed_by_id": self.stock.reviewer if was_published else None,
            "market": market,
            "side": side,
            **dict.fromkeys(("project_id", "talent_id", "fund_id")),
            "title": title,
            "body": body,
            "keywords": _array(keywords),
            "field_id": f"fields-2001:{field}",
            "region_id": f"gbt2260-2024:{self._region(chance)}",
            "cooperation_modes": _array(modes if is_technology else []),
            "readiness": chance.randint(1, 9) if is_technology else None,
            "price_way": "negotiated" if low is None else chance.choice(("negotiated", "auction")),
            "price_from": low,
            "price_to": None if low is None or chance.random() < 0.1 else round(low * 2, 2),
            "blocks": "[]",
            "indicators": "[]",
            "valid_until": (at + timedelta(days=3650)).date(),
            "state": state,
            "published_on": at.date() if was_published else None,
            "published_at": at if was_published else None,
            "listed_at": at,
            "last_sign_at": at,
            "health": chance.randint(0, 20) * 5,
            "dual_use": "military_to_civil" if chance.random() < 0.02 else None,
        }
        if side == "offer":
            row[f"{_pool(market)}_id"] = pointed
        row |= dict.fromkeys(("review_note", "confidential", "external_reference"), "")
        return [row[name] for name in self.COLUMNS], filled(tokens(title, keywords, body))

    def _text(self, chance: random.Random, field: str, count: int) -> list[str]:
        words, weights = self.all
        return [
            chance.choices(self.of_field[field], cum_weights=self.weights)[0]
            if chance.random() < 0.55
            else chance.choices(words, cum_weights=weights)[0]
            for _ in range(count)
        ]

    def _body(self, chance: random.Random, field: str, first: str) -> str:
        pieces = [first]
        for word in self._text(chance, field, chance.randint(60, 110)):
            pieces.append(word)
            if chance.random() < 0.3:
                pieces.append(chance.choice(GLUE))
            if chance.random() < 0.02:
                pieces.append(f" {chance.choice(LATIN)} ")
        return "".join(pieces)[: chance.randint(170, 330)]

    def _region(self, chance: random.Random) -> str:
        city, province, others = self.stock.regions
        place = chance.random()
        if place < 0.5:
            return chance.choice(city)
        if place < 0.78:
            return chance.choice(province)
        return chance.choices(others, cum_weights=self.elsewhere)[0]


#: What a process of its own makes listings with.
_makers: list[Maker] = []


def prepare(stock: Stock) -> None:
    """Make this process ready to make up chunks."""
    _makers.append(Maker(stock))


def chunk(span: tuple[int, int, int]) -> tuple[str, str]:
    """Return some listings, and the keys with the tokens of each, as PostgreSQL copies text."""
    rows = list(_makers[-1].rows(*span))
    return (
        "".join(copied(values) for values, _ in rows),
        "".join(copied([values[0], words]) for values, words in rows),
    )


def copied(values: Sequence[Any]) -> str:
    """Return a row in the form in which PostgreSQL copies text."""
    return "\t".join(map(_copied, values)) + "\n"


def _copied(value: Any) -> str:
    if value is None:
        return "\\N"
    text = str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _array(values: Sequence[str]) -> str:
    return "{" + ",".join(f'"{value}"' for value in values) + "}"


def _pool(market: str) -> str:
    return {"technology": "project", "talent": "talent", "capital": "fund"}[market]
