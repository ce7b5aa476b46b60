"""
Units as people write them, and numbers converted from one to another.

What a unit is worth comes from Pint; how it is written, in Chinese, in symbols and in the trade,
stands here. A text is read by a small grammar of its own, and Pint only ever sees names from the
tables below: what somebody types is never evaluated. A unit that nobody knows here, such as HRC,
compares only with itself. The registry of Pint is built when the first unit is asked for.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import lru_cache

from pint import UnitRegistry

from marketplace.secrecy import LONGEST

#: How many digits are worked with, and to how many an answer is rounded: noise goes, and 25 °C are
#: 77 °F to the last digit. Nothing raises: what is too large comes out as no number.
WORK, ANSWER = Context(prec=60, traps=[]), Context(prec=40, traps=[])

#: What a written unit stands for: how many of what. In brackets are kinds of their own, which Pint
#: lacks or mixes with others (it takes a turn for a number, and apparent power for power).
Meaning = tuple[Decimal, str]

#: Unit and prefixes with which it is used. More would give a second meaning to other symbols: a
#: picohenry is no pH.
SYMBOLS = {
    "m": ("meter", "fpnuμmcdk"),
    "g": ("gram", "pnuμmck"),
    "t": ("metric_ton", "kM"),
    "s": ("second", "fpnuμm"),
    "A": ("ampere", "pnuμmk"),
    "K": ("kelvin", "mk"),
    "mol": ("mole", "nuμmk"),
    "cd": ("candela", "mk"),
    "Hz": ("hertz", "mkMGT"),
    "N": ("newton", "nuμmkM"),
    "Nm": ("newton*meter", "mk"),
    "Pa": ("pascal", "uμmhkMG"),
    "bar": ("bar", "mk"),
    "J": ("joule", "nuμmkMGT"),
    "W": ("watt", "nuμmkMGT"),
    "Wp": ("[peak power]", "kMG"),
    "Wh": ("watt*hour", "mkMGT"),
    "Ah": ("ampere*hour", "mk"),
    "VA": ("[apparent power]", "kMG"),
    "var": ("[reactive power]", "kMG"),
    "V": ("volt", "nuμmkM"),
    "eV": ("electron_volt", "mkMG"),
    "F": ("farad", "pnuμm"),
    "Ω": ("ohm", "uμmkMG"),
    "ohm": ("ohm", "mkMG"),
    "S": ("siemens", "nuμm"),
    "T": ("tesla", "nuμm"),
    "Gs": ("tesla/10000", "mk"),
    "Wb": ("weber", "mu"),
    "H": ("henry", "nuμm"),
    "lm": ("lumen", "k"),
    "lx": ("lux", "k"),
    "Bq": ("[activity]", "mkMGT"),
    "Gy": ("gray", "uμmk"),
    "Sv": ("[equivalent dose]", "nuμm"),
    "L": ("liter", "nuμmcdk"),
    "l": ("liter", "nuμmcdk"),
    "cal": ("calorie", "k"),
    "Da": ("dalton", "kM"),
    "P": ("poise", "c"),
    "St": ("stokes", "c"),
    "tex": ("tex", "dk"),
    "B": ("[byte]", "kMGTP"),
    "byte": ("[byte]", "kMGT"),
    "b": ("[bit]", "kMGT"),
    "bit": ("[bit]", "kMGT"),
    "rad": ("[radian]", "uμm"),
}
PREFIXES = {
    "f": -15, "p": -12, "n": -9, "u": -6, "μ": -6, "m": -3, "c": -2, "d": -1,
    "h": 2, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15,
}  # fmt: skip

#: Chinese units that take the Chinese prefixes.
CHINESE = {
    "米": "m", "克": "g", "秒": "s", "安": "A", "安培": "A", "开尔文": "K", "摩尔": "mol",
    "坎德拉": "cd", "赫": "Hz", "赫兹": "Hz", "牛": "N", "牛顿": "N", "牛米": "Nm", "帕": "Pa",
    "帕斯卡": "Pa", "巴": "bar", "焦": "J", "焦耳": "J", "瓦": "W", "瓦特": "W", "瓦时": "Wh",
    "瓦小时": "Wh", "安时": "Ah", "安小时": "Ah", "伏安": "VA", "乏": "var", "伏": "V",
    "伏特": "V", "电子伏": "eV", "电子伏特": "eV", "法": "F", "法拉": "F", "欧": "Ω",
    "欧姆": "Ω", "西门子": "S", "特斯拉": "T", "高斯": "Gs", "韦伯": "Wb", "亨": "H",
    "亨利": "H", "流明": "lm", "勒克斯": "lx", "贝克勒尔": "Bq", "戈瑞": "Gy", "希沃特": "Sv",
    "希": "Sv", "升": "L", "卡": "cal", "泊": "P", "斯托克斯": "St", "特克斯": "tex",
    "字节": "B", "比特": "bit",
}  # fmt: skip
CHINESE_PREFIXES = {
    "飞": -15, "皮": -12, "纳": -9, "微": -6, "毫": -3, "厘": -2, "分": -1,
    "千": 3, "兆": 6, "吉": 9, "太": 12,
}  # fmt: skip

#: All others: how many, of what, and the ways to write it.
OTHERS = (
    ("1000", "gram", "公斤 kilogram kilograms kgs KG Kg"),
    ("1", "metric_ton", "吨 公吨 ton tons tonne tonnes MT"),
    ("500", "gram", "斤 市斤"),
    ("50", "gram", "两"),
    ("1", "gram", "gram grams"),
    ("1", "pound", "lb lbs 磅"),
    ("1", "ounce", "oz 盎司"),
    ("1000", "meter", "公里 KM"),
    ("1", "meter", "meter meters metre metres"),
    ("0.01", "meter", "公分"),
    ("0.001", "meter", "MM"),
    ("0.000001", "meter", "micron microns"),
    ("0.00001", "meter", "丝"),
    ("1", "angstrom", "Å 埃"),
    ("1", "inch", "in inch inches 英寸"),
    ("1", "foot", "ft 英尺"),
    ("1", "nautical_mile", "海里"),
    ("1", "knot", "节"),
    ("1", "meter**2", "平米 平方"),
    ("1", "hectare", "公顷 ha hectare hectares"),
    ("2000/3", "meter**2", "亩 市亩"),
    ("1", "meter**3", "立方 方"),
    ("1", "centimeter**3", "cc 西西"),
    ("1", "liter", "liter liters litre litres 公升"),
    ("1", "[normal cubic meter]", "标方 标立方米 标准立方米"),
    ("1", "second", "sec second seconds 秒钟"),
    ("1", "minute", "min mins minute minutes 分 分钟"),
    ("1", "hour", "h hr hrs hour hours 时 小时 钟头"),
    ("1", "day", "d day days 天 日"),
    ("7", "day", "week weeks 周 星期"),
    ("1", "month", "mon month months 月 个月"),
    ("3", "month", "季 季度 个季度"),
    ("1", "year", "a yr yrs year years 年"),
    ("1", "degree_Celsius", "°C 摄氏度 degC"),
    ("1", "degree_Fahrenheit", "°F 华氏度 degF"),
    ("1", "kilogram_force", "kgf 公斤力 千克力"),
    ("1000000", "pascal", "Mpa MPA"),
    ("1", "pascal", "PA"),
    ("1", "pascal*second", "帕秒"),
    ("0.001", "pascal*second", "毫帕秒"),
    ("1", "standard_atmosphere", "atm 大气压"),
    ("1", "torr", "Torr 托"),
    ("1", "mmHg", "mmHg 毫米汞柱"),
    ("1", "millimeter_H2O", "毫米水柱"),
    ("1", "psi", "psi"),
    ("1", "metric_horsepower", "马力 PS"),
    ("1", "kilocalorie", "大卡"),
    ("1", "kilowatt*hour", "度电"),
    ("1", "watt", "w watt watts"),
    ("1", "volt", "v volt volts"),
    ("1", "joule", "j joule joules"),
    ("1", "ampere", "amp amps"),
    ("1", "farad", "farad farads"),
    ("1", "candela/meter**2", "nit nits nt 尼特"),
    ("1", "[byte]", "bytes"),
    ("1000", "[byte]", "KB"),
    ("1", "[bit]", "bits"),
    ("0.001", "mole/liter", "mM"),
    ("0.000001", "mole/liter", "μM uM"),
    ("0.000000001", "mole/liter", "nM"),
    ("1", "denier", "旦 旦尼尔 denier"),
    ("1", "[radian]", "弧度"),
    ("1", "[degree]", "° deg 角度"),
    ("1/60", "[degree]", "arcmin 角分"),
    ("1/3600", "[degree]", "arcsec 角秒"),
    ("360", "[degree]", "r rev revs 转 圈"),
    ("0.01", "", "% percent percentage 百分比 百分之 wt% mass% 质量%"),
    ("0.001", "", "‰ 千分之"),
    ("0.000001", "", "ppm"),
    ("0.000000001", "", "ppb"),
    ("1", "", "倍"),
    ("0.01", "[share of volume]", "vol% 体积%"),
    ("0.01", "[share of amount]", "mol% at% 摩尔% 原子%"),
    ("1", "[percentage point]", "百分点 个百分点"),
    ("1", "[dB]", "dB 分贝"),
    ("1", "[HB]", "HB HBW HBS"),
    ("1", "[Shore A]", "HA 邵A 邵氏A"),
    ("1", "[Shore D]", "HD 邵D 邵氏D"),
    ("1", "[yuan]", "元 圆 人民币 人民币元 元人民币 RMB CNY ¥ yuan"),
    ("1", "[dollar]", "美元 美金 USD $"),
    ("1", "[euro]", "欧元 EUR €"),
    ("1", "[times]", "次 循环 times cycle cycles"),
    ("1", "[piece]", "个 pc pcs piece pieces"),
    ("1", "[person]", "人 名 位 person persons people"),
    ("1", "[machine]", "台 台套"),
    ("1", "[working day]", "工作日 个工作日"),
)  # fmt: skip

#: What is no product of units, though it may look like one: written with small letters, without
#: blanks, dots, brackets and hyphens. A lone 分 is a point of a score, no minute.
WHOLE = {
    "": "", "/": "", "无": "", "无量纲": "", "none": "", "n/a": "",
    "rpm": "r/min", "rps": "r/s", "台/套": "台", "分": "分值", "mmh2o": "毫米水柱",
    "wt%": "wt%", "%wt": "wt%", "w/w%": "wt%", "%w/w": "wt%", "vol%": "vol%", "%vol": "vol%",
    "v/v%": "vol%", "%v/v": "vol%", "percent": "%", "%rh": "%", "rh%": "%",
    "shorea": "HA", "shored": "HD",
    "bps": "bit/s", "kbps": "kbit/s", "mbps": "Mbit/s", "gbps": "Gbit/s", "tbps": "Tbit/s",
}  # fmt: skip

#: Kinds of their own that are worth something in each other.
RELATED = {
    "[byte]": (Decimal(8), "[bit]"),
    "[radian]": (
        Decimal("57.2957795130823208767981548141051703324054724665643215491602"),
        "[degree]",
    ),
}

#: Chinese number words before a unit: 万元, 百万吨, 亿千瓦时.
NUMBER_WORDS = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
#: Words before a length.
POWER_WORDS = {"平方": 2, "立方": 3}

DAYS_OF_MONTH, DAYS_OF_YEAR, MONTHS = Decimal(30), Decimal(365), Decimal(12)

RAISED = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
#: One sign for what people write for times, per, minus and degree.
SIGNS = str.maketrans(
    {"º": "°", "˚": "°"} | dict.fromkeys("·∙⋅・•‧×✕∗", "*") | dict.fromkeys("÷∕每", "/")
    | dict.fromkeys("−–‐‑—", "-")
)  # fmt: skip
NOT_IN_WHOLE = re.compile(r"[\s.()\[\]_-]")
#: N·m is written Nm, but Nm³ is a cubic metre at normal pressure.
NORMAL_CUBIC = re.compile(r"(?<![^\W\d_])Nm\^?3(?!\d)")
PER = re.compile(r"\bper\b", re.IGNORECASE)
HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
#: A power of ten, a number, a unit with its power (the 2 of m2, the -1 of s-1), or a sign.
TOKEN = re.compile(
    r"\s*(?:10(?P<ten>\^[+-]?[0-9]{1,2}|[+-][0-9]{1,2})(?![0-9])"
    r"|(?P<number>[1-9][0-9]{0,5})(?![0-9.^])"
    r"|(?P<unit>°[A-Za-z]?|[^\W\d_]+%?|[%‰¥$€])"
    r"(?P<power>\^[+-]?[1-9](?![0-9])|[+-][1-9](?![0-9])|[23](?![0-9]))?"
    r"|(?P<sign>[*/()]))\s*"
)

#: How many texts of units are kept read.
KEPT = 4_096


@dataclass(frozen=True, slots=True)
class _Scale:
    """What a unit is worth in the base units of its kind: `value` × factor + offset."""

    kind: frozenset[tuple[str, Decimal]]
    factor: Decimal
    offset: Decimal = Decimal(0)


#: What is multiplied in a unit: how many, of what, to which power.
_Factors = tuple[tuple[Decimal, str, int], ...]


def converted(value: Decimal, unit: str, to: str, *, is_difference: bool = False) -> Decimal | None:
    """
    Return `value` in another unit, or None where one does not become the other.

        1.2 吨 in kg → 1200    25 ℃ in K → 298.15    38 % in "" → 0.38    1 W/kg in ℃ → None
        62 HRC in HRC → 62     3 万元 in 元 → 30000   60 转/分 in r/s → 1   62 HRC in HV → None

    `is_difference` says that a temperature is no state but a step: 5 ℃ are then 5 K. A month has
    30 days, a year has 365, and 12 months are a year. What comes of no unit at all is None, too,
    such as a text that is too long, or a value that is no number.
    """
    if not value.is_finite() or not (_is_short(unit) and _is_short(to)):
        return None
    if unit == to:
        return value
    by_year = _speaks_of_years(unit) or _speaks_of_years(to)
    source, target = _scale(unit, by_year, is_difference), _scale(to, by_year, is_difference)
    if source.kind != target.kind:
        return None
    if (source.factor, source.offset) == (target.factor, target.offset):
        return value
    based = WORK.fma(value, source.factor, source.offset)
    result = ANSWER.plus(WORK.divide(WORK.subtract(based, target.offset), target.factor))
    return result if result.is_finite() else None


def same_kind(unit: str, other: str) -> bool:
    """
    Say whether numbers in two units can be compared.

        g/cm³ and 千克/立方米 → True    W/(m·K) and W/m·K → True    W/kg and ℃ → False
    """
    if not (_is_short(unit) and _is_short(other)):
        return False
    return _scale(unit, False, False).kind == _scale(other, False, False).kind


def is_bare(unit: str) -> bool:
    """Say whether a unit is none, so that its numbers are bare: of "" and "/" yes, of "%" no."""
    return _is_short(unit) and not _factors(unit)


def _is_short(unit: str) -> bool:
    return len(unit) <= LONGEST["unit"]


@lru_cache(KEPT)
def _scale(unit: str, by_year: bool, is_difference: bool) -> _Scale:
    """Return what a short text is worth, months as twelfths of a year where `by_year`."""
    factors = _factors(unit)
    if not is_difference and len(factors) == 1:
        ((_, name, power),) = factors
        if name.startswith("degree_") and power == 1:
            return _temperature(name)
    worth = Decimal(1)
    powers: dict[str, Decimal] = defaultdict(Decimal)
    for many, name, power in factors:
        one = _worth(name, by_year)
        worth = WORK.multiply(worth, WORK.power(WORK.multiply(many, one.factor), power))
        for dimension, exponent in one.kind:
            powers[dimension] += exponent * power
    return _Scale(frozenset(each for each in powers.items() if each[1]), worth)


@lru_cache(KEPT)
def _worth(name: str, by_year: bool) -> _Scale:
    """Return what one of a name of the tables is worth."""
    if not name:
        return _Scale(frozenset(), Decimal(1))
    if name in RELATED:
        many, name = RELATED[name]
        return _Scale(frozenset({(name, Decimal(1))}), many)
    if name[0] in "['":
        return _Scale(frozenset({(name, Decimal(1))}), Decimal(1))
    days = {
        "year": DAYS_OF_YEAR,
        "month": WORK.divide(DAYS_OF_YEAR, MONTHS) if by_year else DAYS_OF_MONTH,
    }
    if name in days:
        day = _worth("day", by_year)
        return _Scale(day.kind, WORK.multiply(day.factor, days[name]))
    with localcontext(WORK):
        if name.startswith("degree_"):
            name = f"delta_{name}"
        one = _registry().Quantity(Decimal(1), "dimensionless") * _registry().parse_expression(name)
        return _Scale(
            frozenset((str(each), Decimal(power)) for each, power in one.dimensionality.items()),
            Decimal(one.to_root_units().magnitude),
        )


@lru_cache(8)
def _temperature(name: str) -> _Scale:
    """Return what a degree of a scale is worth that does not begin at absolute zero."""
    step = _worth(name, False)
    with localcontext(WORK):
        zero = _registry().Quantity(Decimal(0), name).to("kelvin").magnitude
    return _Scale(step.kind, step.factor, Decimal(zero))


@lru_cache(1)
def _registry() -> UnitRegistry[Decimal]:
    """Return the units of Pint, which take a moment to read."""
    with localcontext(WORK):
        return UnitRegistry(non_int_type=Decimal, cache_folder=None)


@lru_cache(KEPT)
def _speaks_of_years(unit: str) -> bool:
    return any(name == "year" for _, name, _ in _factors(unit))


@lru_cache(KEPT)
def _factors(unit: str) -> _Factors:
    """Read a short text; one that says nothing known is a unit of its own."""
    text = RAISED.sub(lambda found: "^" + found[0].translate(LOWERED), unit)
    text = unicodedata.normalize("NFKC", text.translate(SIGNS)).translate(SIGNS)
    text = text.strip().replace("**", "^")
    whole = NOT_IN_WHOLE.sub("", text.casefold())
    # The brackets of "(%)" say nothing, but "()" is no unit.
    if whole in WHOLE and (whole or not text.strip(" -")):
        text = WHOLE[whole]
    text = PER.sub("/", text)
    text = HYPHEN.sub("*", NORMAL_CUBIC.sub("标方", text))
    read = _product(re.sub("/+", "/", text).removeprefix("*"))
    return ((Decimal(1), f"'{text.casefold()}'", 1),) if read is None else read


def _product(text: str) -> _Factors | None:
    """
    Return what is multiplied in a text, or None if it is not faultless.

    All that follows a stroke is below it, as the trade writes: W/m·K is W/(m·K), J/kg/K J/(kg·K).
    """
    found: list[tuple[Decimal, str, int]] = []
    outer: list[tuple[int, bool]] = []
    side, is_below, is_open, position = 1, False, bool(text), 0
    while position < len(text):
        token = TOKEN.match(text, position)
        if token is None:
            return None
        first, position = position == 0, token.end()
        here = -side if is_below else side
        sign = token["sign"]
        if sign == "(":
            outer.append((side, is_below))
            side, is_below, is_open = here, False, True
        elif sign == ")":
            if is_open or not outer:
                return None
            side, is_below = outer.pop()
        elif sign:
            if is_open and not (first and sign == "/"):
                return None
            is_below, is_open = is_below or sign == "/", True
        elif token["unit"]:
            power = here * int((token["power"] or "1").lstrip("^"))
            found += [(many, name, own * power) for many, name, own in _meaning(token["unit"])]
            is_open = False
        elif not is_open:
            # The 10 of HV10 is no factor.
            return None
        else:
            number = Decimal(token["number"] or 10)
            found.append((number, "", here * int((token["ten"] or "1").lstrip("^"))))
            is_open = False
    return None if is_open or outer else tuple(found)


def _meaning(word: str) -> _Factors:
    """Return what one word means; an unknown one means itself."""
    exact, loose = _vocabulary()
    if word in exact:
        return ((*exact[word], 1),)
    for prefix, power in POWER_WORDS.items():
        length = exact.get(word.removeprefix(prefix))
        if word.startswith(prefix) and length is not None:
            return ((*length, power),)
    if word.casefold() in loose:
        return ((*loose[word.casefold()], 1),)
    if word[0] in NUMBER_WORDS:
        many = (Decimal(1).scaleb(NUMBER_WORDS[word[0]]), "", 1)
        return (many, *_meaning(word[1:])) if word[1:] else (many,)
    return ((Decimal(1), f"'{word.casefold()}'", 1),)


@lru_cache(1)
def _vocabulary() -> tuple[dict[str, Meaning], dict[str, Meaning]]:
    """Return what is written exactly so, and what has one meaning whichever letters are small."""
    exact: dict[str, Meaning] = {}
    for symbol, (name, prefixes) in SYMBOLS.items():
        exact[symbol] = (Decimal(1), name)
        for prefix in prefixes:
            exact[prefix + symbol] = (Decimal(1).scaleb(PREFIXES[prefix]), name)
    for chinese, symbol in CHINESE.items():
        name = SYMBOLS[symbol][0]
        exact[chinese] = (Decimal(1), name)
        for prefix, ten in CHINESE_PREFIXES.items():
            exact[prefix + chinese] = (Decimal(1).scaleb(ten), name)
    for many, name, words in OTHERS:
        over, _, under = many.partition("/")
        number = WORK.divide(Decimal(over), Decimal(under or 1))
        exact |= dict.fromkeys(words.split(), (number, name))
    meanings: dict[str, set[Meaning]] = defaultdict(set)
    for word, meaning in exact.items():
        # Of single letters the size matters: K is a kelvin, k a thousand.
        if len(word) > 1:
            meanings[word.casefold()].add(meaning)
    loose = {word: next(iter(each)) for word, each in meanings.items() if len(each) == 1}
    return exact, loose
