"""What reviewed things share: every wording is kept, and every round of review is a row."""

from apps.reviews.models.attachment import Attachment
from apps.reviews.models.consent import Consent
from apps.reviews.models.reviewed import Reviewed
from apps.reviews.models.submission import Submission
from apps.reviews.models.wording import Wording

__all__ = ["Attachment", "Consent", "Reviewed", "Submission", "Wording"]
