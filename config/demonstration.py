"""A small made-up market to look at: its people, organizations, pools, listings and contracts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.accounts import actions as accounts
from apps.accounts.models import Organization, User
from apps.contracts import actions as contracts
from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.pools.models import Fund, PoolEntry, Project, Talent
from apps.reviews import actions as reviews
from marketplace.actors import Actor, Role
from marketplace.contracts import ContractType
from marketplace.funding import FinancingStage, FundProduct
from marketplace.listings import (
    CooperationMode,
    Engagement,
    Exclusivity,
    Market,
    PriceWay,
    Side,
)
from marketplace.organizations import OrganizationKind, check_character
from marketplace.pools import FundKind, TalentKind
from marketplace.secrecy import IndicatorRelation, Secrecy

#: The one password of everybody in the demonstration; the market refuses to load it elsewhere.
PASSWORD = "tech-market-2026"  # noqa: S105

OFFICE = "西安市技术合同登记处（演示）"


@dataclass(frozen=True)
class Person:
    """Somebody in the demonstration."""

    username: str
    name: str
    role: Role
    organization: str


@dataclass(frozen=True)
class Firm:
    """An organization in the demonstration; its credit code is made from the number."""

    number: int
    kind: OrganizationKind
    region: str

    @property
    def credit_code(self) -> str:
        body = f"91610131MA{self.number:07d}"
        return body + check_character(body)


FIRMS = {
    "秦岭理工大学（演示）": Firm(1, OrganizationKind.UNIVERSITY, "610113"),
    "渭水光电研究所（演示）": Firm(2, OrganizationKind.INSTITUTE, "610100"),
    "深圳鹏城智造有限公司（演示）": Firm(3, OrganizationKind.COMPANY, "440300"),
    "宝鸡陈仓阀门有限公司（演示）": Firm(4, OrganizationKind.COMPANY, "610300"),
    "长安技术转移事务所（演示）": Firm(5, OrganizationKind.BROKERAGE, "610100"),
    "硬科技创业投资基金（演示）": Firm(6, OrganizationKind.FUND, "610100"),
}

PEOPLE = [
    Person("administrator", "赵立新", Role.ADMINISTRATOR, OFFICE),
    Person("reviewer", "孙敏", Role.REVIEWER, OFFICE),
    Person("second_reviewer", "钱卫东", Role.REVIEWER, OFFICE),
    Person("statistician", "吴丹", Role.STATISTICIAN, OFFICE),
    Person("secrecy_officer", "韩冰", Role.SECRECY_OFFICER, OFFICE),
    Person("manager", "王海涛", Role.ORGANIZATION_MANAGER, "秦岭理工大学（演示）"),
    Person("researcher", "李文博", Role.RESEARCHER, "秦岭理工大学（演示）"),
    Person("optics_manager", "冯岩", Role.ORGANIZATION_MANAGER, "渭水光电研究所（演示）"),
    Person("optics_researcher", "何青", Role.RESEARCHER, "渭水光电研究所（演示）"),
    Person("agent", "陈晓明", Role.COMPANY_AGENT, "深圳鹏城智造有限公司（演示）"),
    Person("valve_agent", "郑伟", Role.COMPANY_AGENT, "宝鸡陈仓阀门有限公司（演示）"),
    Person("broker", "周静", Role.BROKER, "长安技术转移事务所（演示）"),
    Person("investor", "许诺", Role.INVESTOR, "硬科技创业投资基金（演示）"),
]

#: Who cleared that nothing here holds a state secret (国家秘密).
CLEARED: dict[str, Any] = {"cleared_by": "韩冰（保密办）"}

#: A figure of the first achievement, exact only under an NDA, and the same figure for everybody.
INDICATORS: list[dict[str, Any]] = [
    {
        "name": "最小缺陷检出率",
        "relation": IndicatorRelation.AT_LEAST,
        "value": "99.2",
        "unit": "%",
        "condition": "0.1 毫米划痕，走带速度 80 米每分钟",
        "competing": "进口线阵检测设备，98%",
        "secrecy": Secrecy.UNDER_NDA,
    },
    {
        "name": "连续运行时间",
        "relation": IndicatorRelation.AT_LEAST,
        "value": "2000",
        "unit": "h",
        "condition": "中试线",
        "secrecy": Secrecy.PUBLIC,
    },
]
BLOCKS: list[dict[str, Any]] = [
    {
        "heading": "应用场景",
        "text": "锂电池极片、铜箔与隔膜的在线检测。",
        "secrecy": Secrecy.PUBLIC,
    },
    {
        "heading": "光源布置",
        "text": "双侧低角度条形光源与同轴光源分时曝光，光源角度与曝光时序须签署保密协议后提供。",
        "secrecy": Secrecy.UNDER_NDA,
    },
]

#: Who offers it, title, summary, technology field, readiness, keywords, price band, cooperation.
ACHIEVEMENTS: list[tuple[str, str, str, str, int, list[str], tuple[str, str], CooperationMode]] = [
    (
        "researcher",
        "面向电池极片的在线视觉缺陷检测系统",
        "采用高速线阵相机与轻量化神经网络，检测锂电池极片的划痕、露箔与褶皱。走带速度 80 米每分钟时，"
        "0.1 毫米缺陷检出率 99.2%，误报率低于 0.5%，已在中试线连续运行 2000 小时。",
        "03",
        7,
        ["机器视觉", "缺陷检测", "锂电池"],
        ("800000", "1500000"),
        CooperationMode.DEVELOPMENT,
    ),
    (
        "researcher",
        "高强韧钛合金阀体的激光增材修复工艺",
        "针对钛合金阀体密封面磨损，提出激光熔覆与在线测温闭环控制工艺，修复层硬度 420 HV，"
        "结合强度不低于母材的 95%，单件修复时间由 6 小时缩短到 1.5 小时。",
        "03",
        6,
        ["增材制造", "钛合金", "激光熔覆", "阀门"],
        ("500000", "900000"),
        CooperationMode.TRANSFER,
    ),
    (
        "researcher",
        "工业废水中高盐有机物的电化学氧化装置",
        "以掺硼金刚石为阳极，处理含盐 8% 的有机废水，化学需氧量去除率 93%，吨水电耗 12 千瓦时，"
        "模块化设计，单模块处理量每天 20 吨。",
        "07",
        6,
        ["废水处理", "电化学", "高盐"],
        ("600000", "1200000"),
        CooperationMode.LICENCE,
    ),
    (
        "researcher",
        "苹果采后品质的近红外无损分级方法",
        "用便携近红外光谱仪测定苹果的糖度与霉心病，糖度均方根误差 0.45 度，霉心病判别正确率 94%，"
        "适用于每小时 3 吨的分选线。",
        "09",
        7,
        ["近红外", "无损检测", "苹果"],
        ("200000", "450000"),
        CooperationMode.LICENCE,
    ),
    (
        "optics_researcher",
        "面向激光雷达的 1550 纳米窄线宽光源",
        "外腔半导体激光器线宽小于 5 千赫，输出功率 60 毫瓦，工作温度零下 20 度至 70 度，"
        "可用于调频连续波激光雷达测距。",
        "01",
        6,
        ["激光雷达", "窄线宽激光器"],
        ("1500000", "3000000"),
        CooperationMode.LICENCE,
    ),
    (
        "optics_researcher",
        "光纤传感的输油管道泄漏定位技术",
        "利用分布式光纤声波传感，在 40 公里管道上定位泄漏与第三方开挖，定位误差小于 5 米，"
        "报警延迟小于 3 秒。",
        "11",
        8,
        ["光纤传感", "管道", "泄漏检测"],
        ("900000", "2000000"),
        CooperationMode.DEVELOPMENT,
    ),
    (
        "optics_researcher",
        "晶圆表面颗粒的暗场散射检测模块",
        "对 12 英寸晶圆进行暗场激光散射扫描，最小可检颗粒 60 纳米，每小时 40 片，"
        "提供缺陷分类图谱与接口。",
        "01",
        5,
        ["晶圆", "缺陷检测", "激光散射"],
        ("3000000", "6000000"),
        CooperationMode.DEVELOPMENT,
    ),
]

#: Who needs it, title, body, technology field, wanted readiness, keywords, budget.
NEEDS: list[tuple[str, str, str, str, int, list[str], tuple[str, str]]] = [
    (
        "agent",
        "动力电池极片生产线的表面缺陷视觉检测",
        "我公司新建动力电池极片生产线，走带速度 60 米每分钟，要求在线检测露箔、划痕等缺陷，"
        "0.1 毫米缺陷检出率不低于 99%，误报率低于 1%，希望合作开发并提供验收数据。",
        "03",
        6,
        ["极片", "缺陷检测", "机器视觉"],
        ("700000", "1600000"),
    ),
    (
        "agent",
        "移动机器人用调频连续波激光雷达的窄线宽光源",
        "为仓储移动机器人开发测距 100 米的激光雷达，需要 1550 纳米窄线宽激光光源，线宽小于 10 千赫，"
        "要求零下 10 度可靠启动。",
        "01",
        5,
        ["激光雷达", "激光光源", "窄线宽"],
        ("1000000", "2500000"),
    ),
    (
        "valve_agent",
        "钛合金阀门密封面修复与再制造",
        "公司每年约有 800 件钛合金阀体因密封面磨损报废，希望引进修复工艺，修复后硬度不低于 400 HV，"
        "并培训操作人员。",
        "03",
        6,
        ["阀门", "钛合金", "修复"],
        ("300000", "800000"),
    ),
    (
        "valve_agent",
        "酸洗车间高盐废水的达标处理",
        "酸洗车间每天排放高盐有机废水 60 吨，现有生化工艺不能稳定达标，需要占地小、可模块化的处理装置，"
        "吨水电耗不高于 15 千瓦时。",
        "07",
        6,
        ["废水处理", "高盐", "酸洗"],
        ("800000", "2000000"),
    ),
]


#: What single achievements have besides, by their place in the list.
EXTRAS: dict[int, dict[str, Any]] = {
    0: {"indicators": INDICATORS, "blocks": BLOCKS},
    2: {
        "price_way": PriceWay.FREE_FIRST,
        "terms": {"free_months": 12, "exclusivity": Exclusivity.NON_EXCLUSIVE},
    },
    3: {
        "price_way": PriceWay.LISTED_PRICE,
        "terms": {"exclusivity": Exclusivity.SOLE, "support": "培训与一年现场支持"},
    },
}


def demonstration_logins() -> list[tuple[str, str, str, str]]:
    """Return user name, password, role and organization of everybody in the demonstration."""
    return [(p.username, PASSWORD, p.role.label, p.organization) for p in PEOPLE]


def is_loaded() -> bool:
    """Say whether the demonstration is in the database."""
    return Organization.objects.filter(name=OFFICE).exists()


@transaction.atomic
def load(today: date) -> None:
    """Bring the whole demonstration about, through the same actions that people use."""
    clock = Actor.system("demonstration")
    users = {p.username: _sign_up(p, clock) for p in PEOPLE}
    office = accounts.found_office(
        name=OFFICE,
        credit_code_text=Firm(9, OrganizationKind.OFFICE, "610100").credit_code,
        region="610100",
        administrator=users["administrator"],
        by=clock,
    )
    organizations = {OFFICE: office}
    administrator = users["administrator"].as_actor(organization=office.pk)
    for name, firm in FIRMS.items():
        first = next(p for p in PEOPLE if p.organization == name)
        organization = accounts.register_organization(
            name=name,
            kind=firm.kind,
            credit_code_text=firm.credit_code,
            region=firm.region,
            by=users[first.username].as_actor(),
        )
        organizations[name] = accounts.verify(organization, by=administrator)
    actors = {}
    for person in PEOPLE:
        user, organization = users[person.username], organizations[person.organization]
        actor = user.as_actor()
        if person.role not in actor.roles:
            accounts.grant(user, organization, role=person.role, by=administrator)
        actors[person.username] = user.as_actor(organization=organization.pk)
    contracts.open_office(office, region="610100", point="01", by=administrator)
    _list_achievements(actors, today)
    _list_needs(actors, today)
    _list_talent_and_money(actors, today)
    _register_contracts(actors, organizations, today)


def _sign_up(person: Person, clock: Actor) -> User:
    return accounts.sign_up(username=person.username, name=person.name, password=PASSWORD, by=clock)


def _pooled(
    table: type[PoolEntry], terms: Mapping[str, Any], author: Actor, reviewer: Actor
) -> PoolEntry:
    entry = reviews.draft(table, terms, by=author)
    return reviews.accept(reviews.submit(entry, **CLEARED, by=author), **CLEARED, by=reviewer)


def _published(
    terms: Mapping[str, Any],
    market: Market,
    side: Side,
    author: Actor,
    reviewer: Actor,
    consenting: Actor | None = None,
) -> Listing:
    listing = reviews.draft(Listing, terms, market=market, side=side, by=author)
    if consenting:
        reviews.consent(listing, by=consenting)
    listing = reviews.submit(listing, **CLEARED, by=author)
    return reviews.accept(listing, **CLEARED, by=reviewer)


def _list_achievements(actors: Mapping[str, Actor], today: date) -> None:
    """List what is offered, to which the managers of its owners consent (职务成果)."""
    reviewer = actors["reviewer"]
    listed = []
    for number, (who, title, body, field, readiness, keywords, band, mode) in enumerate(
        ACHIEVEMENTS
    ):
        manager = actors["manager" if who == "researcher" else "optics_manager"]
        words = {"title": title, "field": field, "region": "610100", "readiness": readiness}
        project = reviews.draft(
            Project,
            {
                **words,
                "summary": body,
                "readiness_evidence": "第三方检测报告与试运行记录。",
                "intellectual_property": "0201",
                "is_service_invention": True,
                "rights": [_patent(number, title)],
            },
            by=actors[who],
        )
        reviews.consent(project, by=manager)
        project = reviews.submit(project, **CLEARED, by=actors[who])
        project = reviews.accept(project, **CLEARED, by=reviewer)
        terms = {
            **words,
            "body": body,
            "keywords": keywords,
            "cooperation_modes": [mode],
            "price_from": Decimal(band[0]),
            "price_to": Decimal(band[1]),
            "valid_until": today + timedelta(days=300),
            "project": project.pk,
            "confidential": "详细参数与试验报告可在签署保密协议后查阅。",
            **EXTRAS.get(number, {}),
        }
        listed.append(
            _published(terms, Market.TECHNOLOGY, Side.OFFER, actors[who], reviewer, manager)
        )
    markets.renew(listed[1], valid_until=today + timedelta(days=600), by=actors["researcher"])
    change = reviews.change(
        listed[3], {"body": f"{listed[3].body}新增梨与猕猴桃的标定模型。"}, by=actors["researcher"]
    )
    reviews.consent(change, by=actors["manager"])
    reviews.submit_change(
        change, **CLEARED, what_changed="新增两种水果的标定模型", by=actors["researcher"]
    )


def _patent(number: int, title: str) -> dict[str, Any]:
    """Return a patent whose number has the right check digit (ZC 0006-2003)."""
    body = f"2023101{23400 + number:05d}"
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    rest = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return {
        "kind": "0201",
        "number": f"ZL{body}.{'X' if rest == 10 else rest}",
        "title": title,
        "status": "granted",
        "expires_on": "2043-05-31",
    }


def _list_needs(actors: Mapping[str, Actor], today: date) -> None:
    for who, title, body, field, readiness, keywords, (low, high) in NEEDS:
        terms = {
            "title": title,
            "body": body,
            "field": field,
            "region": "440300" if who == "agent" else "610300",
            "readiness": readiness,
            "keywords": keywords,
            "cooperation_modes": [CooperationMode.DEVELOPMENT],
            "price_from": Decimal(low),
            "price_to": Decimal(high),
            "valid_until": today + timedelta(days=200),
        }
        _published(terms, Market.TECHNOLOGY, Side.NEED, actors[who], actors["reviewer"])


def _list_talent_and_money(actors: Mapping[str, Actor], today: date) -> None:
    reviewer = actors["reviewer"]
    until = today + timedelta(days=250)
    talent = _pooled(
        Talent,
        {
            "title": "机器视觉与光学检测方向副教授",
            "summary": "十二年工业视觉项目经验，可兼任企业首席工程师，每周两天。",
            "kind": TalentKind.SCIENTIST,
            "discipline": "510",
            "field": "01",
            "region": "610100",
        },
        actors["researcher"],
        reviewer,
    )
    engineer = {"field": "01", "region": "610100", "valid_until": until}
    _published(
        {
            **engineer,
            "title": "机器视觉专家兼职（校招共用）",
            "body": "可为企业提供视觉检测方案设计与团队培养，每周两天，聘期一年。",
            "talent": talent.pk,
            "terms": {"engagement": Engagement.JOINT_APPOINTMENT, "share_of_time": 40},
        },
        Market.TALENT,
        Side.OFFER,
        actors["researcher"],
        reviewer,
    )
    _published(
        {
            **engineer,
            "region": "440300",
            "title": "招聘机器视觉首席工程师",
            "body": "负责电池产线视觉检测系统的方案与落地，可与高校共用，年薪面议。",
            "terms": {
                "engagement": Engagement.JOINT_APPOINTMENT,
                "talent_kind": TalentKind.ENGINEER,
                "headcount": 1,
                "duties": "方案设计、设备选型、现场验收与团队培养。",
            },
        },
        Market.TALENT,
        Side.NEED,
        actors["agent"],
        reviewer,
    )
    fund = _pooled(
        Fund,
        {
            "title": "硬科技天使基金",
            "summary": "投资光电、装备与新材料方向的早期项目，单笔一百万元至八百万元。",
            "kind": FundKind.EQUITY,
            "product": FundProduct.ANGEL_FUND,
            "field": "01",
            "region": "610100",
            "smallest_ticket": Decimal(1000000),
            "largest_ticket": Decimal(8000000),
        },
        actors["investor"],
        reviewer,
    )
    money = {"field": "01", "region": "610100", "valid_until": until}
    _published(
        {
            **money,
            "title": "光电与装备早期项目股权投资",
            "body": "寻找成熟度五级以上的光电检测与激光项目，先投后股，单笔一百万元至八百万元。",
            "price_from": Decimal(1000000),
            "price_to": Decimal(8000000),
            "fund": fund.pk,
            "terms": {
                "stages": [FinancingStage.SEED, FinancingStage.ANGEL],
                "most_equity_share": Decimal(20),
            },
        },
        Market.CAPITAL,
        Side.OFFER,
        actors["investor"],
        reviewer,
    )
    _published(
        {
            **money,
            "title": "晶圆检测模块中试融资",
            "body": "晶圆暗场检测模块进入中试，计划融资五百万元用于样机与可靠性试验。",
            "price_from": Decimal(4000000),
            "price_to": Decimal(6000000),
            "terms": {
                "fund_kind": FundKind.EQUITY,
                "stage": FinancingStage.ANGEL,
                "equity_share": Decimal(12),
                "use_of_money": "样机两台与可靠性试验。",
            },
        },
        Market.CAPITAL,
        Side.NEED,
        actors["optics_researcher"],
        reviewer,
    )


def _register_contracts(
    actors: Mapping[str, Actor], organizations: Mapping[str, Organization], today: date
) -> None:
    """Register two contracts, so that there are figures on the first day."""
    university = organizations["秦岭理工大学（演示）"]
    valves = organizations["宝鸡陈仓阀门有限公司（演示）"]
    for kind, title, total, deduction, field in [
        (ContractType.SERVICE, "阀门密封试验台测试服务", "360000.00", "60000.00", "03"),
        (ContractType.CONSULTING, "酸洗废水治理方案论证", "80000.00", "0.00", "07"),
    ]:
        contract = contracts.draft(
            title=title,
            contract_type=kind,
            total_amount=Decimal(total),
            deduction_amount=Decimal(deduction),
            field=field,
            signed_on=today - timedelta(days=20),
            starts_on=today - timedelta(days=20),
            ends_on=today + timedelta(days=160),
            sellers=[{"organization": university.pk}],
            buyers=[{"organization": valves.pk}],
            by=actors["researcher"],
        )
        contract = contracts.submit(contract, holds_no_state_secret=True, by=actors["researcher"])
        contract = contracts.accept(contract, by=actors["reviewer"])
        recognised = Decimal(total) - Decimal(deduction)
        contract = contracts.review(contract, recognised_amount=recognised, by=actors["reviewer"])
        contracts.register(contract, by=actors["second_reviewer"])
