"""What holds wherever the market runs; the rest comes from the environment."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
import structlog
from django.utils.translation import gettext_lazy as _

import marketplace
from config.storage import s3_storage
from marketplace.vectors import origin_of
from marketplace.vocabulary import Term

django_stubs_ext.monkeypatch()

ROOT = Path(__file__).parents[2]
env = environ.Env()  # type: ignore[no-untyped-call]

#: Whether made-up people with known passwords may be loaded.
DEMONSTRATION = False
SECRET_KEY = env.str("SECRET_KEY", default="")
DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "axes",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "rest_framework",
    "apps.base",
    "apps.journal",
    "apps.taxonomy",
    "apps.accounts",
    "apps.documents",
    "apps.mail",
    "apps.reviews",
    "apps.pools",
    "apps.markets",
    "apps.finding",
    "apps.exchange",
    "apps.retrieval",
    "apps.matching",
    "apps.deals",
    "apps.contracts",
    "apps.statistics",
    "apps.notifications",
    "config",
]

MIDDLEWARE = [
    "apps.base.api.middleware.request_identity",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "apps.base.api.middleware.request_bounds",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- data -------------------------------------------------------------------------------------
#: Web processes keep a pool; Celery keeps one connection per process and must not inherit a pool.
DATABASE_POOL = env.int("DATABASE_POOL", default=0)
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db("DATABASE_URL", default="postgres:///marketplace")
}
DATABASES["default"] |= {
    "ATOMIC_REQUESTS": False,
    "CONN_MAX_AGE": 0 if DATABASE_POOL else 60,
    "OPTIONS": {"pool": {"min_size": 1, "max_size": DATABASE_POOL}} if DATABASE_POOL else {},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A Redis that hangs must not hold up requests, which only count themselves in it.
        "OPTIONS": {"socket_timeout": 0.5},
    }
}

# --- people -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "apps.accounts.api.authentication.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
SESSION_COOKIE_HTTPONLY = True
LOGIN_URL = "/console/login/"
LOGIN_REDIRECT_URL = "/console/"
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Technology market console"),
    "SITE_HEADER": _("Technology market"),
    "SITE_SUBHEADER": _("Officers' console"),
    "SITE_SYMBOL": "handshake",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SIDEBAR": {"navigation": "config.console.navigation"},
    "STYLES": ["config.console.style"],
    "DASHBOARD_CALLBACK": "config.console.waiting",
}

# --- language and time ------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [ROOT / "config" / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_THOUSAND_SEPARATOR = True
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(ROOT / ".data" / "static"))
#: The largest body of a request, in bytes; where a file is handed in, its bytes come on top.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 1
#: A file that comes in goes to disk as it comes (in TMPDIR), never into memory.
FILE_UPLOAD_HANDLERS = ["apps.base.api.parsers.DiskUploadHandler"]

#: Where documents are kept: a private folder that web and worker share, or a bucket of any store
#: that speaks S3 (then requirements/s3.txt is installed too). What is not given of the address and
#: the key is found as boto3 finds it: AWS_ACCESS_KEY_ID and so on.
DOCUMENTS_ROOT = env.str("DOCUMENTS_ROOT", default=str(ROOT / ".data" / "documents"))
DOCUMENTS_S3_BUCKET = env.str("DOCUMENTS_S3_BUCKET", default="")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "documents": s3_storage(
        DOCUMENTS_S3_BUCKET,
        endpoint=env.str("DOCUMENTS_S3_ENDPOINT", default=""),
        region=env.str("DOCUMENTS_S3_REGION", default=""),
        access_key=env.str("DOCUMENTS_S3_ACCESS_KEY", default=""),
        secret_key=env.str("DOCUMENTS_S3_SECRET_KEY", default=""),
        prefix=env.str("DOCUMENTS_S3_PREFIX", default=""),
        addressing=env.str("DOCUMENTS_S3_ADDRESSING", default=""),
    )
    if DOCUMENTS_S3_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DOCUMENTS_ROOT,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

# --- API --------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.ApiKeyAuthentication",
        "apps.accounts.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.accounts.api.authentication.SignedIn"],
    "DEFAULT_PARSER_CLASSES": ["apps.base.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.base.api.parsers.AlwaysJSON",
    "DEFAULT_FILTER_BACKENDS": ["apps.base.api.filters.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "apps.base.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "apps.base.api.schema.MarketSchema",
    "DEFAULT_THROTTLE_CLASSES": ["apps.base.api.throttling.Throttle"],
    "DEFAULT_THROTTLE_RATES": {
        "anonymous": env.str("RATE_ANONYMOUS", default="120/min"),
        "known": env.str("RATE_KNOWN", default="1200/min"),
    },
    "EXCEPTION_HANDLER": "apps.base.api.errors.problem",
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# So that every vocabulary is known to Python, and by its own name in the schema.
for _module in pkgutil.walk_packages(marketplace.__path__, "marketplace."):
    importlib.import_module(_module.name)
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "ENUM_NAME_OVERRIDES": {term.__name__: term.choices() for term in Term.__subclasses__()},
    "TITLE": "Technology market API 技术市场接口",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.base.api.schema.add_problems",
        "apps.base.api.schema.add_examples",
    ],
}

# --- matching ---------------------------------------------------------------------------------
#: Where the vectors of texts come from: without it they are learned from the texts of the market.
#: "https://host/v1#model" is an endpoint that speaks as OpenAI's does, "file:///folder" a folder
#: with vocabulary.txt and vectors.npy (see apps/retrieval/clients/folder.py), "none" none at all.
EMBEDDINGS = env.str("EMBEDDINGS", default="")
#: The key that the endpoint asks for.
EMBEDDINGS_KEY = env.str("EMBEDDINGS_KEY", default="")
origin_of(EMBEDDINGS)  # One that cannot be read fails at the start.

# --- reviews ----------------------------------------------------------------------------------
#: What sets each kind of reviewed thing apart from the others: kind → class.
REVIEWED: dict[str, str] = {
    "talent": "apps.pools.actions.EntryRules",
    "fund": "apps.pools.actions.EntryRules",
    "project": "apps.pools.actions.EntryRules",
    "listing": "apps.markets.actions.ListingRules",
}

# --- news and clock ---------------------------------------------------------------------------
#: Every reaction of the house to something that happened: reader name → function.
JOURNAL_READERS: dict[str, str] = {
    "chain": "apps.journal.readers.take",
    "markets": "apps.markets.readers.take",
    "matching": "apps.matching.readers.take",
    "finding": "apps.finding.readers.take",
    "deals": "apps.deals.readers.take",
    "notifications": "apps.notifications.readers.take",
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
#: Long steps have workers of their own, so that they never hold up the news and the figures.
CELERY_TASK_ROUTES = {
    "matching.*": {"queue": "matching"},
    "retrieval.*": {"queue": "matching"},
    "exchange.*": {"queue": "matching"},
    "finding.*": {"queue": "matching"},
    "mail.*": {"queue": "matching"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = TIME_ZONE

# --- mail -------------------------------------------------------------------------------------
#: Who writes each kind of mail, at the moment it is sent: kind → function.
LETTERS: dict[str, str] = {
    "alert": "apps.finding.letters.alert",
    "notices": "apps.notifications.letters.notices",
    "digest": "apps.notifications.letters.digest",
}
#: Where people reach the market, for addresses in mails.
PUBLIC_ADDRESS = env.str("PUBLIC_ADDRESS", default="http://127.0.0.1:8000")
#: As smtp+tls://user:password@host:587, or smtp+ssl://…:465; without one, mails go nowhere.
EMAIL: dict[str, Any] = env.email_url("EMAIL_URL", default="dummymail://")
EMAIL_BACKEND = EMAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = EMAIL["EMAIL_HOST"] or "localhost", EMAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="market@localhost")

# --- log --------------------------------------------------------------------------------------
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
