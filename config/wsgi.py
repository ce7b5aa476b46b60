"""The web application, as a WSGI server calls it."""

import os
from collections.abc import Mapping
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")


class Request(WSGIRequest):
    """
    A request whose address is in UTF-8, whatever charset its body claims.

    Django would read the query in that charset before any middleware can refuse it, and fail where
    it is no charset of texts, such as zlib.
    """

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(
            meta.get("CONTENT_TYPE", "")
        )


class Application(WSGIHandler):
    """The handler of such requests."""

    request_class = Request


django.setup(set_prefix=False)
application = Application()
