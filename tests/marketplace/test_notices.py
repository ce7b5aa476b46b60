"""In which group a notice comes, and when matches are counted."""

from datetime import datetime

import pytest

from marketplace.calendar import SHANGHAI
from marketplace.notices import DEFAULTS, MailTiming, NoticeGroup, group_of, matches_slot


@pytest.mark.parametrize(
    ("verb", "group"),
    [
        ("matches.digested", NoticeGroup.MATCHES),
        ("deal.matches_found", NoticeGroup.MATCHES),
        ("listing.proposed", NoticeGroup.MATCHES),
        ("listing.unproposed", NoticeGroup.MATCHES),
        ("deal.opened", NoticeGroup.DEALS),
        ("deal.dropped", NoticeGroup.DEALS),
        ("contract.sent_back", NoticeGroup.CONTRACTS),
        ("contract.registered", NoticeGroup.CONTRACTS),
        ("listing.sent_back", NoticeGroup.TO_ANSWER),
        ("project.change_sent_back", NoticeGroup.TO_ANSWER),
        ("listing.reminded", NoticeGroup.TO_ANSWER),
        ("listing.asked", NoticeGroup.TO_ANSWER),
        ("listing.outdated", NoticeGroup.TO_ANSWER),
        ("project.admitted", NoticeGroup.OTHER_NEWS),
        ("listing.published", NoticeGroup.OTHER_NEWS),
        ("something.new", NoticeGroup.OTHER_NEWS),
        ("saved_search.alerted", None),
    ],
)
def test_the_group_of_a_notice(verb, group):
    assert group_of(verb) is group


def test_what_needs_an_answer_is_told_at_once_and_matches_daily():
    assert set(DEFAULTS) == set(NoticeGroup)
    daily = {group for group, timing in DEFAULTS.items() if timing is MailTiming.DAILY}
    assert daily == {NoticeGroup.MATCHES, NoticeGroup.OTHER_NEWS}
    assert MailTiming.NEVER not in DEFAULTS.values()


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        ("2026-07-01 06:59:59", "2026-06-30 07:00"),
        ("2026-07-01 07:00", "2026-07-01 07:00"),
        ("2026-07-01 08:00", "2026-07-01 07:00"),
        ("2026-07-02 00:00", "2026-07-01 07:00"),
    ],
)
def test_matches_are_counted_before_the_mails_go(now, slot):
    now, slot = (datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) for text in (now, slot))
    assert matches_slot(now) == slot
