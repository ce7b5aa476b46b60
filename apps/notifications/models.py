"""What organizations were told, and how people are told of it by mail."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from apps.accounts.models import Organization, User
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.mail.models import Mail
from apps.markets.models import Listing
from marketplace.actors import Actor
from marketplace.mail import Language
from marketplace.notices import DEFAULTS, MailTiming, NoticeGroup

#: Of what organizations are told, and in which words; they are the key of their translation.
SENTENCES: dict[str, str] = {
    "organization.verified": gettext_noop("Your organization was verified."),
    "project.admitted": gettext_noop("Your project was admitted to the pool."),
    "project.sent_back": gettext_noop("Your project was sent back for correction."),
    "project.refused": gettext_noop("Your project was refused by the pool."),
    "project.change_admitted": gettext_noop("The change of your project was admitted."),
    "project.change_sent_back": gettext_noop("The change of your project was sent back."),
    "project.change_refused": gettext_noop("The change of your project was refused."),
    "project.left": gettext_noop("Your project left the pool, as you asked."),
    "project.exit_refused": gettext_noop("Your project stays in the pool: its exit was refused."),
    "project.spilled": gettext_noop("Your project was closed for what it held."),
    "talent.admitted": gettext_noop("Your talent was admitted to the pool."),
    "talent.sent_back": gettext_noop("Your talent was sent back for correction."),
    "talent.refused": gettext_noop("Your talent was refused by the pool."),
    "talent.change_admitted": gettext_noop("The change of your talent was admitted."),
    "talent.change_sent_back": gettext_noop("The change of your talent was sent back."),
    "talent.change_refused": gettext_noop("The change of your talent was refused."),
    "talent.left": gettext_noop("Your talent left the pool, as you asked."),
    "talent.exit_refused": gettext_noop("Your talent stays in the pool: its exit was refused."),
    "talent.spilled": gettext_noop("Your talent was closed for what it held."),
    "fund.admitted": gettext_noop("Your fund was admitted to the pool."),
    "fund.sent_back": gettext_noop("Your fund was sent back for correction."),
    "fund.refused": gettext_noop("Your fund was refused by the pool."),
    "fund.change_admitted": gettext_noop("The change of your fund was admitted."),
    "fund.change_sent_back": gettext_noop("The change of your fund was sent back."),
    "fund.change_refused": gettext_noop("The change of your fund was refused."),
    "fund.left": gettext_noop("Your fund left the pool, as you asked."),
    "fund.exit_refused": gettext_noop("Your fund stays in the pool: its exit was refused."),
    "fund.spilled": gettext_noop("Your fund was closed for what it held."),
    "listing.published": gettext_noop("Your listing was published."),
    "listing.sent_back": gettext_noop("Your listing was sent back for correction."),
    "listing.refused": gettext_noop("Your listing was refused."),
    "listing.change_published": gettext_noop("The change of your listing was published."),
    "listing.change_sent_back": gettext_noop("The change of your listing was sent back."),
    "listing.change_refused": gettext_noop("The change of your listing was refused."),
    "listing.reminded": gettext_noop("Your listing will run out soon. Renew it if it still holds."),
    "listing.outdated": gettext_noop("Your listing has run out and is marked as outdated."),
    "listing.asked": gettext_noop(
        "Nothing was heard of your listing for long. Say whether it still holds."
    ),
    "listing.spilled": gettext_noop("Your listing was closed for what it held."),
    "project.right_lapsed": gettext_noop("A right of your project has run out."),
    "fund.closed": gettext_noop("The last day of your fund has gone by."),
    "commitment.made": gettext_noop("An amount was set aside for you from a fund."),
    "commitment.paid": gettext_noop("An amount that was set aside for you was paid."),
    "commitment.released": gettext_noop("An amount that was set aside for you was released."),
    "listing.expired": gettext_noop("Your listing ran out and was taken off the market."),
    "saved_search.alerted": gettext_noop("A search that you saved found something new."),
    "listing.proposed": gettext_noop("A listing that suits yours was proposed to you."),
    "listing.unproposed": gettext_noop(
        "Your listing was proposed less often than promised; beside it stands why, and what helps."
    ),
    "matches.digested": gettext_noop("There are new matches for your listings."),
    "deal.matches_found": gettext_noop("There are new matches for a listing of this deal."),
    "deal.opened": gettext_noop("Another organization is interested in your listing."),
    "deal.introduced": gettext_noop("A broker introduced another organization to you."),
    "deal.broker_assigned": gettext_noop("A broker was assigned to the deal."),
    "deal.talks_opened": gettext_noop("The other side is ready to talk."),
    "deal.price_proposed": gettext_noop("A price was proposed."),
    "deal.agreed": gettext_noop("The proposed price was agreed to."),
    "deal.reopened": gettext_noop("The agreement was reopened; the price is off the table."),
    "deal.contracted": gettext_noop("A contract was drawn up from the deal."),
    "deal.released": gettext_noop("The contract came to nothing; the deal is agreed as before."),
    "deal.dropped": gettext_noop("The deal was dropped."),
    "relation.declared": gettext_noop("Another organization declared that it is related to yours."),
    "relation.ended": gettext_noop("A declared relation to your organization was ended."),
    "contract.accepted": gettext_noop("The office has accepted your contract for review."),
    "contract.sent_back": gettext_noop("Your contract was sent back for correction."),
    "contract.refused": gettext_noop("The registration of your contract was refused."),
    "contract.registered": gettext_noop("Your contract was registered."),
}

#: Which facts are told beside the sentence.
FACTS: dict[str, tuple[str, ...]] = {
    "listing.proposed": ("match", "proposal"),
    "listing.unproposed": ("shortage",),
    "matches.digested": ("count", "best"),
    "deal.matches_found": ("count", "best"),
}


class NoticeQuerySet(RecordQuerySet["Notice"]):
    """Notices."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the notices of the actor's organization, save those for another person in it."""
        if actor.user is None or actor.organization is None:
            return self.none()
        return self.filter(Q(user=None) | Q(user=actor.user), organization=actor.organization)

    def unread(self) -> Self:
        """Return the notices that nobody has read."""
        return self.filter(read_at=None)


class Notice(Record):
    """Something that happened, as told to one of the organizations concerned."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="notices")
    #: Whom it is for, where it is not for everybody in the organization.
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="notices")
    verb = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=80)
    #: The journal entry that it tells of, and what of its facts is told.
    entry_id = models.BigIntegerField()
    facts = models.JSONField(default=dict, db_default={})
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "entry_id"], name="notice_is_told_once_to_an_organization"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="notice_of_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_id}"


class DigestQuerySet(models.QuerySet["Digest"]):
    """Digests."""

    def due(self, slot: datetime) -> "models.QuerySet[Organization]":
        """Return the organizations on the market that were not told since `slot`."""
        told = self.filter(organization=OuterRef("pk"), until__gte=slot)
        listings = Listing.objects.published().filter(organization=OuterRef("pk"))
        return Organization.objects.filter(~Exists(told), Exists(listings)).order_by("pk")


class Digest(models.Model):
    """Until when an organization was told of new matches; they are told once a day, all at once."""

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="+"
    )
    until = models.DateTimeField()

    objects = DigestQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.until}"


class PostboxQuerySet(RecordQuerySet["Postbox"]):
    """Postboxes."""

    def visible_to(self, actor: Actor) -> Self:
        """Return one's own."""
        if actor.is_system:
            return self
        return self.filter(user=actor.user) if actor.user else self.none()


class Postbox(Record):
    """How a person is told of notices by mail; who has none yet is told as the rules say."""

    user = models.OneToOneField(User, models.PROTECT, related_name="postbox")
    language = TermField(Language, default=Language.CHINESE)
    # How soon each group of notices is told.
    matches = TermField(MailTiming, default=DEFAULTS[NoticeGroup.MATCHES])
    deals = TermField(MailTiming, default=DEFAULTS[NoticeGroup.DEALS])
    contracts = TermField(MailTiming, default=DEFAULTS[NoticeGroup.CONTRACTS])
    to_answer = TermField(MailTiming, default=DEFAULTS[NoticeGroup.TO_ANSWER])
    other_news = TermField(MailTiming, default=DEFAULTS[NoticeGroup.OTHER_NEWS])
    #: Stands in every mail, so that one click stops its kind; it is shown nowhere else.
    stop_key = models.CharField(max_length=43)
    #: When the last daily digest was queued.
    digested_at = models.DateTimeField(null=True)

    objects = PostboxQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(language__in=Language.values()), name="postbox_language_is_known"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{group}__in": MailTiming.values()}),
                    name=f"postbox_{group}_is_known",
                )
                for group in NoticeGroup.values()
            ),
            models.UniqueConstraint(fields=["stop_key"], name="postbox_has_its_own_stop_key"),
            models.CheckConstraint(
                condition=Q(stop_key__regex=r"^[A-Za-z0-9_-]{43}$"),
                name="postbox_stop_key_has_256_bits",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user_id)

    def timing_of(self, group: NoticeGroup) -> MailTiming:
        """Return how soon a group of notices is told."""
        return MailTiming(getattr(self, group))

    @property
    def daily(self) -> list[NoticeGroup]:
        """Return the groups that come in the daily digest."""
        return [group for group in NoticeGroup if self.timing_of(group) is MailTiming.DAILY]


class PostingQuerySet(models.QuerySet["Posting"]):
    """Postings."""

    def due(self, now: datetime) -> Self:
        """Return those that are to go into a mail."""
        return self.filter(mail=None, due_at__lte=now)


class Posting(models.Model):
    """That a notice is to be told to a person by mail, and in which mail it is."""

    id = models.BigAutoField(primary_key=True)
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="postings")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    timing = TermField(MailTiming)
    due_at = models.DateTimeField()
    mail = models.ForeignKey(Mail, models.PROTECT, null=True, related_name="postings")

    objects = PostingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "user"], name="posting_is_once_per_person"),
            models.CheckConstraint(
                condition=Q(timing__in=["at_once", "daily"]), name="posting_timing_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "due_at"], condition=Q(mail=None), name="posting_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} to {self.user_id}"
