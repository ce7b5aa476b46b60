"""Files that hang on things, attached by the actions themselves."""

from io import BytesIO

from apps.documents import actions as documents
from apps.reviews import actions
from apps.reviews.models import Attachment, Reviewed
from marketplace.actors import Actor
from marketplace.reviews import AttachmentPurpose
from marketplace.secrecy import Secrecy

TEXT = "检测报告:硬度 62 HRC。\n".encode()


def file(
    subject: Reviewed,
    *,
    by: Actor,
    secrecy: Secrecy = Secrecy.SIGNED_IN,
    purpose: AttachmentPurpose = AttachmentPurpose.TEST_REPORT,
    content: bytes = TEXT,
    name: str = "检测报告.txt",
) -> Attachment:
    """Return a file that hangs on `subject`."""
    document = documents.store(BytesIO(content), name=name, cleared_by="韩保密", by=by)
    return actions.attach(subject, document, purpose=purpose, secrecy=secrecy, by=by)
