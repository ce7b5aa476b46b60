"""The market as it runs on one machine, with a bare view beside it to compare with."""

from config.settings.local import *  # noqa: F403
from config.settings.local import REST_FRAMEWORK

ROOT_URLCONF = "tests.benchmarks.urls"
# The limit of requests is counted as ever, and never reached.
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"anonymous": "10000000/min", "known": "10000000/min"}
