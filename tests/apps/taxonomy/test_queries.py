"""Which code is meant on which day."""

from datetime import date

import pytest
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries

from apps.taxonomy import queries
from apps.taxonomy.models import Code, Concordance, Edition
from marketplace.errors import Invalid
from marketplace.taxonomy import Certainty, Relation, Subject

pytestmark = pytest.mark.django_db

TODAY = date(2026, 1, 1)


def test_a_code_is_resolved_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        code = queries.resolve(Subject.REGION, "610100", on=TODAY, field="region")
    assert code.key == "gbt2260-2024:610100"


@pytest.mark.parametrize(
    ("day", "given", "key"),
    [
        (date(2016, 11, 23), "610125", "gbt2260-2015:610125"),
        (date(2016, 11, 24), "610118", "gbt2260-2024:610118"),
    ],
)
def test_the_list_of_the_day_counts(day: date, given: str, key: str) -> None:
    assert queries.resolve(Subject.REGION, given, on=day, field="region").key == key


@pytest.mark.parametrize(
    ("subject", "given", "day"),
    [
        (Subject.REGION, "610125", date(2016, 11, 24)),
        (Subject.REGION, "610118", date(2016, 11, 23)),
        (Subject.REGION, "999999", TODAY),
        (Subject.REGION, "", TODAY),
        (Subject.REGION, "gbt2260-2024:610100", TODAY),
        (Subject.INDUSTRY, "610100", TODAY),
        (Subject.REGION, "610100", date(1949, 1, 1)),
    ],
)
def test_what_is_no_code_of_the_day_is_blamed_on_its_field(
    subject: Subject, given: str, day: date
) -> None:
    with pytest.raises(Invalid) as caught:
        queries.resolve(subject, given, on=day, field="parties.0.region")
    assert (caught.value.code, caught.value.field) == ("unknown_code", "parties.0.region")


def test_nothing_given_resolves_to_nothing() -> None:
    assert queries.resolve_optional(Subject.REGION, None, on=TODAY, field="region") is None
    assert queries.resolve_optional(Subject.REGION, "", on=TODAY, field="region") is None
    found = queries.resolve_optional(Subject.TECHNOLOGY_FIELD, "07", on=TODAY, field="field")
    assert found is not None
    assert found.name_zh == "环境保护与资源综合利用"


def test_a_branch_holds_the_code_itself_and_all_below() -> None:
    branch = queries.under(Subject.TECHNOLOGY_FIELD, "07", on=TODAY, field="field")
    assert sorted(branch.values_list("code", flat=True)) == ["07"] + [
        f"070{n}" for n in range(1, 9)
    ]


def test_a_branch_does_not_hold_what_only_begins_alike() -> None:
    branch = queries.under(Subject.PLAN_SOURCE, "5", on=TODAY, field="plan")
    assert list(branch.values_list("code", flat=True)) == ["5"]


def test_the_ancestors_stand_from_the_top_down() -> None:
    code = queries.resolve(Subject.INDUSTRY, "0190", on=TODAY, field="industry")
    assert [above.code for above in queries.ancestors(code)] == ["A", "01", "019"]


def test_hu_county_became_huyi_district() -> None:
    change = Concordance.objects.get(from_code="gbt2260-2015:610125")
    assert (change.to_code_id, change.kind) == ("gbt2260-2024:610118", Relation.RENAMED)
    assert change.changed_on == date(2016, 11, 24)


def test_every_code_of_the_earlier_regions_leads_to_a_later_one() -> None:
    lost = Code.objects.filter(edition="gbt2260-2015", concordances_onward=None)
    assert not lost.exists()


def test_no_code_becomes_itself() -> None:
    with pytest.raises(IntegrityError, match="concordance_has_two_sides"):
        Concordance.objects.create(
            from_code_id="payment:1",
            to_code_id="payment:1",
            kind=Relation.SAME,
            certainty=Certainty.FOUND,
        )


def test_an_edition_ends_after_its_start() -> None:
    edition = Edition.objects.get(pk="payment")
    edition.valid_until = edition.valid_from
    with pytest.raises(IntegrityError, match="edition_ends_after_its_start"):
        edition.save()


def test_a_code_below_another_is_not_on_the_top_level() -> None:
    code = Code.objects.get(pk="fields-2001:0701")
    code.level = 1
    with pytest.raises(IntegrityError, match="code_is_on_top_or_has_a_parent"):
        code.save()
