"""When a mail is tried again, and when it is given up."""

from datetime import timedelta

from marketplace.mail import (
    MAIL,
    PAUSES,
    Language,
    MailFailure,
    MailState,
    failure_after,
    pause_after,
)


def test_a_mail_is_tried_more_and_more_rarely_and_then_no_more():
    pauses = [pause_after(attempts) for attempts in range(1, len(PAUSES) + 2)]
    assert pauses == [*sorted(PAUSES), None]
    assert pause_after(1) == timedelta(minutes=2)
    assert pause_after(7) is None


def test_a_mail_that_is_decided_on_stays_so():
    assert [MAIL.moves_from(state) for state in MailState] == [
        ["send", "give_up", "withhold"],
        [],
        [],
        [],
    ]


def test_languages_are_called_as_the_settings_call_them():
    assert Language.values() == ["zh-hans", "en"]


def test_a_mail_is_given_up_for_a_reason():
    assert failure_after(1, is_final=False) is None
    assert failure_after(len(PAUSES), is_final=False) is None
    assert failure_after(len(PAUSES) + 1, is_final=False) is MailFailure.TRIED_OFTEN_ENOUGH
    assert failure_after(1, is_final=True) is MailFailure.REFUSED_FOR_GOOD
