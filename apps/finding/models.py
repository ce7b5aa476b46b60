"""Saved searches and what they found, alerts, favourites, and views."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Self
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q

from apps.accounts.models import Organization, User
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.mail.models import Mail
from apps.markets.models import Listing
from marketplace.actors import Actor
from marketplace.finding import LONGEST_NAME, Frequency, last_slot
from marketplace.mail import Language

#: Hits that nobody was told of, and that are still worth telling.
PENDING = Q(alert=None, passed_over_at=None)


# --- searches and what they found --------------------------------------------------------------


class SavedSearchQuerySet(RecordQuerySet["SavedSearch"]):
    """Saved searches."""

    def visible_to(self, actor: Actor) -> Self:
        """Return one's own for the organization acted for; they are nobody else's business."""
        if actor.is_system:
            return self
        if actor.user is None or actor.organization is None:
            return self.none()
        return self.filter(user=actor.user, organization=actor.organization)

    def active(self) -> Self:
        """Return those that were not stopped."""
        return self.filter(stopped_at=None)

    def due(self, now: datetime) -> Self:
        """Return those that found something of which it is time to tell."""
        due = Q()
        for frequency in Frequency:
            hits = Hit.objects.pending().filter(found_at__lte=last_slot(frequency, now))
            due |= Q(Exists(hits.filter(search=OuterRef("pk"))), frequency=frequency)
        waiting = Hit.objects.pending().values("search_id")
        return self.active().filter(due, pk__in=waiting)


class SavedSearch(Record):
    """A search that goes on by itself, and tells a person of what is new."""

    user = models.ForeignKey(User, models.PROTECT, related_name="saved_searches")
    #: For whom the person acts: this decides what may be found.
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    name = models.CharField(max_length=LONGEST_NAME)
    #: The words of the search, as they stand in the address of a list of listings.
    criteria = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    frequency = TermField(Frequency)
    language = TermField(Language)
    #: NULL while it is active.
    stopped_at = models.DateTimeField(null=True)
    #: Stands in every mail, so that one click stops it; it is shown nowhere else.
    stop_key = models.CharField(max_length=43)
    last_alerted_at = models.DateTimeField(null=True)

    objects = SavedSearchQuerySet.as_manager()

    @property
    def is_active(self) -> bool:
        """Say whether it goes on."""
        return self.stopped_at is None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organization", "name"],
                name="saved_search_name_is_once_per_person",
                violation_error_code="name_taken",
                violation_error_message="You have saved a search under this name already.",
            ),
            models.CheckConstraint(
                condition=Q(frequency__in=Frequency.values()),
                name="saved_search_frequency_is_known",
            ),
            models.CheckConstraint(
                condition=Q(language__in=Language.values()), name="saved_search_language_is_known"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_search_has_a_name"),
            models.UniqueConstraint(fields=["stop_key"], name="saved_search_has_its_own_stop_key"),
            models.CheckConstraint(
                condition=Q(stop_key__regex=r"^[A-Za-z0-9_-]{43}$"),
                name="saved_search_stop_key_has_256_bits",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(stopped_at=None), name="saved_search_active"),
        ]

    def __str__(self) -> str:
        return self.name


class News(models.Model):
    """
    A listing that may be news to somebody; a work row, gone when every search was asked.

    There is a row for each piece of news, not for each listing: so whoever tells of it never waits
    for those who are at work, and nothing told meanwhile is lost with a row that is done.
    """

    id = models.BigAutoField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    listing_id = models.UUIDField()
    #: Up to which saved search, in the order of their keys, all were asked.
    asked_until = models.UUIDField(null=True)

    class Meta:
        verbose_name_plural = "news"

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.listing_id}"


class HitQuerySet(models.QuerySet["Hit"]):
    """Hits."""

    def pending(self) -> Self:
        """Return those that nobody was told of, and that are still worth telling."""
        return self.filter(PENDING)

    def find(self, pairs: Iterable[tuple[UUID, UUID]], *, now: datetime) -> int:
        """
        Enter that searches found listings, each pair once for ever; return how many are news.

        One that was passed over, because the listing could not be seen when it was to be told, is
        news again. It waits for whoever is telling of it at the moment; that they look only after
        they hold it makes sure that none falls between the two.
        """
        found = sorted(set(pairs))
        if not found:
            return 0
        table = self.model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} AS hit (search_id, listing_id, found_at)"  # noqa: S608
                " SELECT pair.search, pair.listing, %s"
                " FROM unnest(%s::uuid[], %s::uuid[]) AS pair (search, listing)"
                " JOIN finding_savedsearch kept ON kept.id = pair.search"
                " ORDER BY pair.search, pair.listing FOR KEY SHARE OF kept"
                " ON CONFLICT (search_id, listing_id) DO UPDATE"
                " SET found_at = EXCLUDED.found_at, passed_over_at = NULL"
                " WHERE hit.alert_id IS NULL AND hit.passed_over_at IS NOT NULL",
                [now, [search for search, _ in found], [listing for _, listing in found]],
            )
            return int(cursor.rowcount)

    def visible_to(self, actor: Actor) -> Self:
        """Return those whose listing the actor may know of now."""
        seen = Listing.objects.visible_to(actor)
        return self.filter(Exists(seen.filter(pk=OuterRef("listing"))))


class Hit(models.Model):
    """That a saved search found a listing: told once, in one alert, and never again."""

    id = models.BigAutoField(primary_key=True)
    search = models.ForeignKey(SavedSearch, models.CASCADE, related_name="hits")
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="+")
    found_at = models.DateTimeField()
    #: In which alert it was told.
    alert = models.ForeignKey("Alert", models.CASCADE, null=True, related_name="hits")
    #: When it was to be told, and could not be seen or was no hit any more.
    passed_over_at = models.DateTimeField(null=True)

    objects = HitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["search", "listing"], name="hit_is_once"),
            models.CheckConstraint(
                condition=Q(alert=None) | Q(passed_over_at=None), name="hit_is_told_or_passed_over"
            ),
        ]
        indexes = [
            models.Index(fields=["search", "found_at"], condition=PENDING, name="hit_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.search_id}: {self.listing_id}"


class AlertQuerySet(RecordQuerySet["Alert"]):
    """Alerts."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those of one's own searches in which there is still something to be seen."""
        if actor.is_system:
            return self
        searches = SavedSearch.objects.visible_to(actor)
        left = Hit.objects.visible_to(actor).filter(alert=OuterRef("pk"))
        return self.filter(Exists(searches.filter(pk=OuterRef("search"))), Exists(left))


class Alert(Record):
    """What a saved search had to tell at one time: in the house at once, and then by mail."""

    search = models.ForeignKey(SavedSearch, models.CASCADE, related_name="alerts")
    mail = models.OneToOneField(Mail, models.PROTECT, related_name="alert")

    objects = AlertQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.search_id}, {self.created_at}"


# --- favourites and views ----------------------------------------------------------------------


class FavouriteQuerySet(RecordQuerySet["Favourite"]):
    """Favourites."""

    def visible_to(self, actor: Actor) -> Self:
        """Return one's own whose listing one may still know of."""
        if actor.is_system:
            return self
        if actor.user is None:
            return self.none()
        seen = Listing.objects.visible_to(actor)
        return self.filter(Exists(seen.filter(pk=OuterRef("listing"))), user=actor.user)


class Favourite(Record):
    """A listing that a person wants to find again."""

    user = models.ForeignKey(User, models.PROTECT, related_name="favourites")
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="favourites")

    objects = FavouriteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "listing"], name="favourite_is_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.listing_id}"


class ViewsQuerySet(models.QuerySet["Views"]):
    """Views."""

    def count_one(self, listing: UUID, day: date) -> None:
        """Count one view more, in one statement: readers at the same moment lose none."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {self.model._meta.db_table} AS seen"  # noqa: S608
                " (listing_id, day, count) VALUES (%s, %s, 1)"
                " ON CONFLICT (listing_id, day) DO UPDATE SET count = seen.count + 1",
                [listing, day],
            )


class Views(models.Model):
    """How often a listing was looked at on one day; who did is known to nobody."""

    id = models.BigAutoField(primary_key=True)
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="views")
    #: The business day in Asia/Shanghai.
    day = models.DateField()
    count = models.PositiveIntegerField()

    objects = ViewsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "views"
        constraints = [
            models.UniqueConstraint(fields=["listing", "day"], name="views_are_once_per_day"),
            models.CheckConstraint(condition=Q(count__gte=1), name="views_are_counted"),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id}, {self.day}: {self.count}"
