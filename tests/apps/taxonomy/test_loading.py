"""Loading code lists: whole, again, changed, and broken."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count

from apps.journal.models import Entry
from apps.taxonomy import actions
from apps.taxonomy.models import Code, Concordance, Edition, Zone
from marketplace.actors import Actor
from marketplace.errors import Invalid, Refused
from tests.build import taxonomy as build

pytestmark = pytest.mark.django_db

CLOCK = Actor.system("test")


def _lines(name: str) -> list[dict[str, str]]:
    with (actions.DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_line_of_every_file_was_loaded() -> None:
    editions = _lines("editions.csv")
    loaded = dict(Edition.objects.annotate(size=Count("codes")).values_list("key", "size"))
    assert loaded == {e["key"]: len(_lines(f"{e['key']}.csv")) for e in editions}
    assert Concordance.objects.count() == len(_lines("concordances.csv"))
    assert Zone.objects.count() == len(_lines("zones.csv"))


@pytest.mark.parametrize(
    ("edition", "levels"),
    [
        # 31 provinces and Taiwan, Hong Kong, Macao; three of 2,978 counties are prefectures.
        ("gbt2260-2024", {1: 34, 2: 342, 3: 2975}),
        ("gbt2260-2015", {1: 1, 2: 10, 3: 107}),
        ("gbt4754-2017", {1: 20, 2: 97, 3: 473, 4: 1381}),
        ("gbt13745-2009", {1: 5, 2: 62, 3: 735, 4: 2740}),
        ("ipc-2026", {1: 8, 2: 132, 3: 651}),
        ("fields-2001", {1: 11, 2: 8}),
        ("gbt24450-2009", {1: 13}),
        ("gbt22900-2009", {1: 9}),
    ],
)
def test_the_lists_have_as_many_codes_on_each_level_as_was_published(
    edition: str, levels: dict[int, int]
) -> None:
    counted = Code.objects.filter(edition=edition).values("level").annotate(size=Count("key"))
    assert {row["level"]: row["size"] for row in counted} == levels


def test_a_district_lies_below_its_city_and_province() -> None:
    district = Code.objects.get(pk="gbt2260-2024:610113")
    assert (district.name_zh, district.level) == ("雁塔区", 3)
    assert district.path == "gbt2260-2024/610000/610100/610113/"
    city = Code.objects.get(pk="gbt2260-2024:610100")
    assert Code.objects.under(city).count() == 14


def test_the_eleven_fields_stand_in_the_order_of_the_registration_system() -> None:
    fields = Code.objects.filter(edition="fields-2001", level=1).order_by("code")
    assert [(f.code, f.name_zh) for f in fields][:3] == [
        ("01", "电子信息"),
        ("02", "航空航天"),
        ("03", "先进制造"),
    ]
    assert fields.last() == Code.objects.get(pk="fields-2001:11")


def test_loading_the_same_again_writes_nothing() -> None:
    before = Entry.objects.count()
    assert actions.load(by=CLOCK) == actions.Loaded(0, 0, 0, 0)
    assert Entry.objects.count() == before


def test_a_new_list_is_loaded_and_written_down(tmp_path: Path) -> None:
    loaded = actions.load(build.lists(tmp_path), by=CLOCK)
    assert loaded == actions.Loaded(editions=1, codes=2, concordances=0, zones=0)
    entry = Entry.objects.latest("id")
    assert (entry.verb, entry.subject_id, entry.actor_task) == ("edition.loaded", "toys-1", "test")
    assert entry.facts["codes"] == 2
    red = Code.objects.get(pk="toys-1:11")
    assert (red.parent_id, red.level, red.certainty) == ("toys-1:1", 2, "found")


def test_a_changed_list_overwrites_and_grows_in_place(tmp_path: Path) -> None:
    actions.load(build.lists(tmp_path), by=CLOCK)
    changed = build.lists(
        tmp_path, "1,,球类,Balls,memory", "11,,红球,Red ball,", "12,1,蓝球,Blue ball,"
    )
    assert actions.load(changed, by=CLOCK).codes == 3
    rows = Code.objects.filter(edition="toys-1").order_by("code")
    assert [(r.code, r.name_zh, r.level, r.certainty) for r in rows] == [
        ("1", "球类", 1, "memory"),
        ("11", "红球", 1, "found"),
        ("12", "蓝球", 2, "found"),
    ]
    assert Edition.objects.get(pk="toys-1").version == 2


def test_a_list_in_another_order_or_with_a_byte_order_mark_is_the_same_list(tmp_path: Path) -> None:
    folder = build.lists(tmp_path, "11,1,红球,Red ball,", "1,,球,Ball,")
    path = folder / "toys-1.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    actions.load(folder, by=CLOCK)
    assert Code.objects.get(pk="toys-1:11").level == 2


def test_concordances_and_zones_are_loaded_once_and_changed_in_place(tmp_path: Path) -> None:
    same = "toys-1,1,gbt2260-2024,610100,same,,inferred"
    zone = "box,盒子,Box,new_town,toys-1:1,,1900-01-01,,a box,found"
    folder = build.lists(tmp_path, concordances=(same,), zones=(zone,))
    assert actions.load(folder, by=CLOCK) == actions.Loaded(1, 2, 1, 1)
    assert actions.load(folder, by=CLOCK) == actions.Loaded(0, 0, 0, 0)
    related = same.replace("same", "broader")
    build.lists(tmp_path, concordances=(related,), zones=(zone.replace("Box", "Great box"),))
    assert actions.load(folder, by=CLOCK) == actions.Loaded(0, 0, 1, 1)
    assert Concordance.objects.get(from_code="toys-1:1").kind == "broader"
    assert Zone.objects.get(pk="box").name_en == "Great box"
    assert list(Entry.objects.order_by("-id").values_list("verb", "subject_id")[:3]) == [
        ("zone.loaded", "box"),
        ("edition.related", "toys-1"),
        ("edition.related", "gbt2260-2024"),
    ]


@pytest.mark.parametrize(
    ("codes", "code", "words"),
    [
        (("1,,球,,", "1,,球,,"), "duplicate_code", "toys-1.csv, line 3: the code 1 came before."),
        (("11,1,球,,",), "unknown_parent", "toys-1.csv, line 2: there is no code 1 to lie below."),
        (("1,2,球,,", "2,1,球,,"), "cycle", "toys-1.csv, line 2: the code 1 lies below itself."),
        (("1,,,Ball,",), "wrong_line", "toys-1.csv, line 2: name_zh is empty."),
        (("1,,球",), "wrong_line", "toys-1.csv, line 2: there must be 5 cells."),
        (("1/2,,球,,",), "wrong_line", "toys-1.csv, line 2: “1/2” is no form of a code."),
        (("1,,球,,guess",), "wrong_line", "toys-1.csv, line 2: “guess” is no word for this."),
    ],
)
def test_a_broken_list_is_refused_by_file_and_line_and_nothing_is_loaded(
    tmp_path: Path, codes: tuple[str, ...], code: str, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        actions.load(build.lists(tmp_path, *codes), by=CLOCK)
    fault = (caught.value.causes or (caught.value,))[0]
    assert (fault.code, str(fault)) == (code, words)
    assert not Edition.objects.filter(key="toys-1").exists()


@pytest.mark.parametrize(
    ("edition", "words"),
    [
        (build.TOYS.replace("purpose", "toy"), "editions.csv, line 2: “toy” is no word for this."),
        (build.TOYS.replace("1910-01-01", "1910"), "editions.csv, line 2: “1910” is no day."),
        (
            build.TOYS.replace("1910-01-01", "1900-01-01"),
            "editions.csv, line 2: it must end after its first day, not on 1900-01-01.",
        ),
        (
            build.TOYS.replace("toys-1", "toys-2"),
            "editions.csv, line 2: there is no file toys-2.csv.",
        ),
        (
            build.TOYS.replace("toys-1", "../1"),
            "editions.csv, line 2: “../1” is no form of a code.",
        ),
        (
            build.TOYS.replace(",no,", ",maybe,"),
            "editions.csv, line 2: “maybe” is no word for this.",
        ),
    ],
)
def test_a_broken_edition_is_refused_by_file_and_line(
    tmp_path: Path, edition: str, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        actions.load(build.lists(tmp_path, editions=(edition,)), by=CLOCK)
    assert str(caught.value) == words


def test_two_lists_of_a_subject_cannot_hold_at_once(tmp_path: Path) -> None:
    second = build.TOYS.replace("toys-1", "toys-2")
    build.lists(tmp_path, editions=(build.TOYS, second), key="toys-2")
    build.lists(tmp_path, editions=(build.TOYS, second))
    with pytest.raises(Invalid) as caught:
        actions.load(tmp_path, by=CLOCK)
    assert [cause.code for cause in caught.value.causes] == ["overlap"]


def test_a_new_list_cannot_hold_at_once_with_one_loaded_before(tmp_path: Path) -> None:
    now = build.TOYS.replace("1910-01-01", "")
    with pytest.raises(Invalid) as caught:
        actions.load(build.lists(tmp_path, editions=(now,)), by=CLOCK)
    assert [cause.code for cause in caught.value.causes] == ["overlap"]
    assert not Edition.objects.filter(key="toys-1").exists()


def test_a_list_never_loses_a_code(tmp_path: Path) -> None:
    actions.load(build.lists(tmp_path), by=CLOCK)
    with pytest.raises(Invalid) as caught:
        actions.load(build.lists(tmp_path, "1,,球,Ball,"), by=CLOCK)
    assert [(c.code, c.facts["given"]) for c in caught.value.causes] == [("code_lost", "11")]
    assert Code.objects.filter(edition="toys-1").count() == 2


@pytest.mark.parametrize(
    ("table", "line", "words"),
    [
        (
            "concordances",
            "toys-1,9,toys-1,1,same,,found",
            "concordances.csv, line 2: there is no code toys-1:9.",
        ),
        (
            "concordances",
            "toys-1,1,toys-1,1,same,,found",
            "concordances.csv, line 2: toys-1:1 cannot become itself.",
        ),
        (
            "zones",
            "box,盒子,Box,new_town,toys-1:9,,1900-01-01,,a box,found",
            "zones.csv, line 2: there is no code toys-1:9.",
        ),
        (
            "zones",
            "box,盒子,Box,new_town,toys-1:1,chest,1900-01-01,,a box,found",
            "zones.csv, line 2: there is no code chest to lie below.",
        ),
        (
            "zones",
            "box,盒子,Box,castle,toys-1:1,,1900-01-01,,a box,found",
            "zones.csv, line 2: “castle” is no word for this.",
        ),
        (
            "zones",
            "box,盒子,Box,new_town,toys-1:1,,1900-01-01,1900-01-01,a box,found",
            "zones.csv, line 2: it must end after its first day, not on 1900-01-01.",
        ),
    ],
)
def test_a_broken_concordance_or_zone_is_refused(
    tmp_path: Path, table: str, line: str, words: str
) -> None:
    folder = build.lists(tmp_path, **{table: (line,)})  # type: ignore[arg-type]
    with pytest.raises(Invalid) as caught:
        actions.load(folder, by=CLOCK)
    fault = (caught.value.causes or (caught.value,))[0]
    assert str(fault) == words
    assert not Edition.objects.filter(key="toys-1").exists()


def test_only_administrators_and_the_clock_may_load(
    as_reviewer: Actor, as_administrator: Actor
) -> None:
    with pytest.raises(Refused):
        actions.load(by=as_reviewer)
    assert actions.load(by=as_administrator).editions == 0


def test_the_command_says_what_it_loaded() -> None:
    out = StringIO()
    call_command("load_codes", stdout=out)
    assert out.getvalue() == "Loaded 0 editions with 0 codes, 0 concordances, 0 zones.\n"


def test_the_command_says_which_file_is_missing_or_wrong(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no file editions\.csv\."):
        call_command("load_codes", str(tmp_path))
    with pytest.raises(CommandError, match=r"toys-1\.csv, line 3: the code 1 came before\."):
        call_command("load_codes", str(build.lists(tmp_path, "1,,球,,", "1,,球,,")))
    (tmp_path / "editions.csv").write_text("key,subject\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"editions\.csv, line 1: the columns must be key"):
        call_command("load_codes", str(tmp_path))
    (tmp_path / "editions.csv").write_bytes(b"key\xff\xfe")
    with pytest.raises(CommandError, match=r"editions\.csv is no text in UTF-8\."):
        call_command("load_codes", str(tmp_path))
