"""How bodies are read, and in which form answers are written."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class StrictJSONParser(JSONParser):
    """JSON whose texts PostgreSQL can hold: no NUL, no half of a surrogate pair, no NaN."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            text = json.dumps(data, ensure_ascii=False)
            text.encode()
        except UnicodeEncodeError as error:
            raise ParseError("The text holds half of a surrogate pair.") from error
        except (RecursionError, UnicodeDecodeError) as error:
            raise ParseError("The body is not readable JSON.") from error
        if "\\u0000" in text:
            raise ParseError("The text holds a NUL character.")
        return data


class AlwaysJSON(DefaultContentNegotiation):
    """Answer in the view's first form, whatever is asked for: there is one form per address."""

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)
