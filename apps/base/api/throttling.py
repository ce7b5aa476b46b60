"""How many requests one caller may send."""

from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    # Django REST framework imports this module while it makes APIView.
    from rest_framework.views import APIView

log = structlog.get_logger("throttle")


class Throttle(SimpleRateThrottle):
    """A rate for those who are known and a lower one for addresses that are not."""

    scope = "known"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self.scope = "anonymous" if request.auth is None else "known"
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        try:
            return super().allow_request(request, view)
        except RedisError as error:
            # Counting is a courtesy to others: without Redis the market stays open.
            log.warning("uncounted", error=repr(error))
            return True

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        caller = self.get_ident(request) if request.auth is None else str(request.auth.user)
        return self.cache_format % {"scope": self.scope, "ident": caller}
