"""The market under test, on the PostgreSQL and Redis that `make test` starts."""

import atexit
import shutil
import tempfile

from config.settings.base import *  # noqa: F403
from config.settings.base import MIDDLEWARE, REST_FRAMEWORK, STORAGES

SECRET_KEY = "only for tests, on this machine, for a minute"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# A fast hash: what argon2 does is tested by itself.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
]
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"anonymous": "100000/min", "known": "100000/min"}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Nothing is collected for tests, and whitenoise warns of an empty folder.
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise")]
# Files of a test run are gone with it.
DOCUMENTS_ROOT = tempfile.mkdtemp(prefix="documents-")
atexit.register(shutil.rmtree, DOCUMENTS_ROOT, ignore_errors=True)
STORAGES["documents"]["OPTIONS"]["location"] = DOCUMENTS_ROOT
