"""Addresses."""

from typing import Any

from rest_framework.routers import SimpleRouter

from apps.exchange.api.filters import filter_of
from apps.exchange.api.views import ExportViewSet, ImportViewSet, TemplateViewSet
from marketplace.coach import DraftKind

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("imports", ImportViewSet, "import")
for kind in DraftKind:
    # Each kind has an address of its own, for it has filters of its own.
    own: dict[str, Any] = {"kind": kind}
    exports = type("ExportViewSet", (ExportViewSet,), own | {"filterset_class": filter_of(kind)})
    router.register(f"exports/{kind}", exports, f"export-{kind}")
    templates = type("TemplateViewSet", (TemplateViewSet,), own)
    router.register(f"templates/{kind}", templates, f"template-{kind}")

urlpatterns = router.urls
