"""The market on one machine, as `make run` starts it: plain HTTP on loopback."""

import secrets

from config.settings.base import *  # noqa: F403
from config.settings.base import env

# Commands typed by hand need no lasting secret; `make run` keeps one with its data.
SECRET_KEY = env.str("SECRET_KEY", default="") or secrets.token_hex(32)
DEMONSTRATION = True
