"""The shape in which notices travel."""

from django.utils.translation import gettext
from rest_framework import serializers

from apps.base.api.serializers import Input, TermChoice
from apps.notifications.models import SENTENCES, Notice
from marketplace.mail import Language
from marketplace.notices import MailTiming


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """A notice, in the language of its reader."""

    verb = serializers.ChoiceField(choices=sorted(SENTENCES), read_only=True)
    text = serializers.SerializerMethodField()
    facts = serializers.DictField(
        child=serializers.JSONField(),
        read_only=True,
        help_text="What is told beside the words, such as how many.",
    )

    class Meta:
        model = Notice
        fields = [
            "id",
            "version",
            "verb",
            "text",
            "facts",
            "subject_type",
            "subject_id",
            "read_at",
            "created_at",
        ]
        read_only_fields = fields

    def get_text(self, notice: Notice) -> str:
        return gettext(SENTENCES[notice.verb])


class NoticePreferences(Input):
    """In which language, and how soon, a person is told of each group of notices by mail."""

    language = TermChoice(Language)
    matches = TermChoice(MailTiming)
    deals = TermChoice(MailTiming)
    contracts = TermChoice(MailTiming)
    to_answer = TermChoice(MailTiming)
    other_news = TermChoice(MailTiming)
