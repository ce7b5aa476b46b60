"""What people said of matches."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from apps.accounts.models import Organization, User
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.markets.models import Listing
from apps.matching.models.match import SEES_ALL, Match
from marketplace.actors import Actor
from marketplace.verdicts import LONGEST_NOTE, PARTIES, Judgement, VerdictReason, Voice


class VerdictQuerySet(RecordQuerySet["Verdict"]):
    """Verdicts."""

    def visible_to(self, actor: Actor) -> Self:
        """
        Return those on matches one may know of: of one's own house, and to those who broker all.

        Of a match that one's own house takes part in, nobody hears what the others said of it.
        """
        seen = self.filter(match__in=Match.objects.all_visible_to(actor).values("pk"))
        if actor.is_system:
            return seen
        if actor.organization is None:
            return self.none()
        own = Q(organization=actor.organization)
        if actor.has(*SEES_ALL):
            listings = Listing.objects.filter(organization=actor.organization)
            own |= ~Exists(listings.filter(pk=OuterRef("match__offer"))) & ~Exists(
                listings.filter(pk=OuterRef("match__need"))
            )
        return seen.filter(own)

    def against(self, actor: Actor) -> Self:
        """Return those by which the actor's own house, as a party, turned a match down."""
        if actor.organization is None:
            return self.none()
        return self.filter(
            organization=actor.organization, voice__in=PARTIES, judgement=Judgement.WRONG
        )


class Verdict(Record):
    """What one person says of one match; said again it is replaced, and the journal keeps both."""

    match = models.ForeignKey(Match, models.PROTECT, related_name="verdicts")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    #: As whose voice it counts: the offering party's, the needing party's, or a broker's.
    voice = TermField(Voice)
    judgement = TermField(Judgement)
    reason: TermField[VerdictReason | None] = TermField(VerdictReason, null=True)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    #: The business day, and what the match came to when it was judged.
    given_on = models.DateField()
    score = models.DecimalField(max_digits=9, decimal_places=6)
    method = models.CharField(max_length=40)
    #: What each part gave to that score; no words of the listings: {part: contribution}.
    contributions = models.JSONField(default=dict)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["match", "user"], name="verdict_is_one_per_person"),
            models.CheckConstraint(
                condition=Q(voice__in=Voice.values()), name="verdict_voice_is_known"
            ),
            models.CheckConstraint(
                condition=Q(judgement__in=Judgement.values()), name="verdict_judgement_is_known"
            ),
            models.CheckConstraint(
                condition=Q(reason=None) | Q(reason__in=VerdictReason.values()),
                name="verdict_reason_is_known",
            ),
            models.CheckConstraint(
                condition=Q(judgement="good") | Q(reason__isnull=False),
                name="verdict_that_is_not_good_says_why",
            ),
        ]
        indexes = [models.Index(fields=["given_on"], name="verdict_by_day")]

    def __str__(self) -> str:
        return f"{self.judgement}: {self.match_id}"
