"""Notices: in which few groups they come, and how soon each group is told by mail."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import auto

from marketplace.finding import Frequency, last_slot
from marketplace.vocabulary import Term


class NoticeGroup(Term):
    """What a notice is about, as far as people choose how they are told of it."""

    #: New matches for one's listings, and what is proposed to them.
    MATCHES = auto()
    DEALS = auto()
    CONTRACTS = auto()
    #: Something of one's own waits for one's answer: sent back, about to run out, doubtful.
    TO_ANSWER = auto()
    #: Everything else.
    OTHER_NEWS = auto()


class MailTiming(Term):
    """How soon a notice is told by mail; in the house it is told at once in any case."""

    AT_ONCE = auto()
    DAILY = auto()
    NEVER = auto()


#: How somebody is told who has chosen nothing: at once of what needs an answer within days.
DEFAULTS: Mapping[NoticeGroup, MailTiming] = {
    NoticeGroup.MATCHES: MailTiming.DAILY,
    NoticeGroup.DEALS: MailTiming.AT_ONCE,
    NoticeGroup.CONTRACTS: MailTiming.AT_ONCE,
    NoticeGroup.TO_ANSWER: MailTiming.AT_ONCE,
    NoticeGroup.OTHER_NEWS: MailTiming.DAILY,
}

#: Groups of single kinds, which go before what follows.
KINDS = {
    "deal.matches_found": NoticeGroup.MATCHES,
    "listing.proposed": NoticeGroup.MATCHES,
    "listing.unproposed": NoticeGroup.MATCHES,
}
#: Groups by what a notice is about.
NOUNS = {
    "matches": NoticeGroup.MATCHES,
    "deal": NoticeGroup.DEALS,
    "contract": NoticeGroup.CONTRACTS,
}
#: What was done to something of one's own that now waits for an answer.
TO_ANSWER = frozenset({"sent_back", "change_sent_back", "reminded", "asked", "outdated"})
#: These go by a mail of their own.
MAILED_OTHERWISE = frozenset({"saved_search.alerted"})

#: How long before the mails new matches are counted, so that they stand in those of the same day.
AHEAD = timedelta(hours=1)


def group_of(verb: str) -> NoticeGroup | None:
    """
    Return the group of a notice; None for what goes by a mail of its own.

        group_of("deal.agreed")          → DEALS
        group_of("deal.matches_found")   → MATCHES
        group_of("listing.sent_back")    → TO_ANSWER
        group_of("contract.sent_back")   → CONTRACTS
        group_of("project.admitted")     → OTHER_NEWS
        group_of("saved_search.alerted") → None
    """
    if verb in MAILED_OTHERWISE:
        return None
    noun, _, deed = verb.partition(".")
    if deed in TO_ANSWER:
        return NOUNS.get(noun, NoticeGroup.TO_ANSWER)
    return KINDS.get(verb) or NOUNS.get(noun, NoticeGroup.OTHER_NEWS)


def matches_slot(now: datetime) -> datetime:
    """
    Return the last time up to `now` at which new matches were to be counted.

    In Asia/Shanghai, on Wednesday 2026-07-01:

        matches_slot(06:59:59) → Tuesday 2026-06-30 07:00
        matches_slot(07:00)    → Wednesday 2026-07-01 07:00
    """
    return last_slot(Frequency.DAILY, now + AHEAD) - AHEAD
