"""All settings of the portal, read from the environment; `.env.example` describes every variable."""

import os
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.api_schema import schema_settings
from portal.environment import Environment, origin_of
from telephony.switch.esl_address import parse_urls

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

_env = environ.Env()
_env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))
env = Environment(_env)

# -- what it is and who may reach it -----------------------------------------------------------------------------------

DEBUG = env.boolean("DEBUG", default=False)
# Only a debugging portal may run on secrets that everybody knows.
SECRET_KEY = env.secret("SECRET_KEY", "debug-only-" + "s" * 40 if DEBUG else None, least=32)
API_KEY_PEPPER = env.secret("API_KEY_PEPPER", "debug-only-" + "p" * 40 if DEBUG else None, least=32)
CREDENTIALS_KEY = env.secret("CREDENTIALS_KEY", "debug-only-" + "c" * 40 if DEBUG else None, least=32)
MAINTENANCE_TOKEN = env.optional_secret("MAINTENANCE_TOKEN", least=32)

PORT = env.integer("PORT", 8000, least=1, most=65535)
PUBLIC_URL = env.url("PUBLIC_URL", f"http://127.0.0.1:{PORT}", schemes=("http", "https"))
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
# Web apps of other origins may call the API, and nothing else, with a proof that they send themselves: never by a cookie.
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
CORS_ALLOW_HEADERS = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "range",
    "x-mediamagic-key",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (
    "Accept-Ranges", "Content-Range", "ETag", "Idempotent-Replayed", "Link", "RateLimit", "RateLimit-Limit",
    "RateLimit-Policy", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "WWW-Authenticate", "X-Page-Size",
    "X-Request-ID",
)  # fmt: skip
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_filters",
    "django_tables2",
    "corsheaders",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "social_django",
    "axes",
    "web",
    "accounts",
    "webhooks",
    "telephony",
    "portal",
]

MIDDLEWARE = [
    "web.request_context.RequestContextMiddleware",
    "web.request_log.RequestLogMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "web.throttling.RateLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "web.compression.PageCompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "web.private_pages.PrivatePagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.SessionRoleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "web.time_zones.TimeZoneMiddleware",
    "web.read_only.ReadOnlyMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "telephony.views.live.alarms_of_staff",
                "portal.navigation.rail",
            ],
        },
    },
]

# -- database and cache --------------------------------------------------------------------------------------------------

(BASE_DIR / "var").mkdir(exist_ok=True)
DATABASES = {"default": _env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'portal.sqlite3'}")}
DATABASES["default"].setdefault("OPTIONS", {})
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN: two writers queue up instead of failing half-way. A file also for
    # the tests, since threads cannot share a database in memory.
    DATABASES["default"]["OPTIONS"] |= {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(BASE_DIR / "var" / "test.sqlite3")}
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    DATABASES["default"]["OPTIONS"] |= {"connect_timeout": 5}
else:
    raise ImproperlyConfigured("DATABASE_URL must start with sqlite:// or postgres://")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": env.cache("CACHE_URL", "dbcache://portal_cache")}

# -- people ----------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.RoleBackend",
    "accounts.backends.Auth0Backend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "call-list"
LOGOUT_REDIRECT_URL = "login"
STAFF_EMAIL_DOMAINS = [domain.lower() for domain in env.items("STAFF_EMAIL_DOMAINS")]

AUTH0_DOMAIN = env.matching(
    "AUTH0_DOMAIN", "", r"([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?)?", "a host name"
)
AUTH0_CLIENT_ID = env.text("AUTH0_CLIENT_ID")
AUTH0_CLIENT_SECRET = env.text("AUTH0_CLIENT_SECRET")
AUTH0_AUDIENCE = env.text("AUTH0_AUDIENCE")
AUTH0_BASE_URL = env.secure_url("AUTH0_BASE_URL", f"https://{AUTH0_DOMAIN}" if AUTH0_DOMAIN else "").rstrip("/")
# The issuer is part of who somebody is: users made before Auth0 is configured belong to this fixed one.
AUTH0_ISSUER = env.secure_url("AUTH0_ISSUER", f"{AUTH0_BASE_URL}/" if AUTH0_BASE_URL else "https://auth0.invalid/")
AUTH0_JWKS_URL = env.secure_url("AUTH0_JWKS_URL", f"{AUTH0_ISSUER.rstrip('/')}/.well-known/jwks.json")
AUTH0_ROLES_CLAIM = env.text("AUTH0_ROLES_CLAIM", "https://mediamagic.dev/roles")
env.all_or_none(
    "signing in by Auth0",
    AUTH0_DOMAIN=AUTH0_BASE_URL,
    AUTH0_CLIENT_ID=AUTH0_CLIENT_ID,
    AUTH0_CLIENT_SECRET=AUTH0_CLIENT_SECRET,
    AUTH0_AUDIENCE=AUTH0_AUDIENCE,
)
if AUTH0_AUDIENCE and AUTH0_AUDIENCE == AUTH0_CLIENT_ID:
    # The audience alone tells an access token from an ID token, which says who somebody is and opens nothing.
    raise ImproperlyConfigured("AUTH0_AUDIENCE must be the identifier of the API at Auth0, not the client id")

# Never by e-mail, and no token is stored: neither `associate_by_email` nor `load_extra_data` is among these.
SOCIAL_AUTH_PIPELINE = (
    "accounts.pipeline.require_verified_email",
    "social_core.pipeline.social_auth.social_details",
    "social_core.pipeline.social_auth.social_uid",
    "social_core.pipeline.social_auth.auth_allowed",
    "social_core.pipeline.social_auth.social_user",
    "accounts.pipeline.know_person",
    "social_core.pipeline.social_auth.associate_user",
    "accounts.pipeline.admit_person",
)
# An issuer, a blank and a subject.
SOCIAL_AUTH_UID_LENGTH = 511

# The password form: after five wrong ones a name is refused from this address for a quarter of an hour.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.address_of"
AXES_HANDLER = "accounts.lockout.QuietHandler"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
# Whoever goes on knocking does not lock out for longer whoever knows the password.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# The audit log says who came in; what was typed is kept nowhere.
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "next", "csrfmiddlewaretoken"]
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# -- telephony -------------------------------------------------------------------------------------------------------------

HOME_COUNTRY = env.matching("HOME_COUNTRY", "US", r"[A-Z]{2}", "a two-letter country code such as US")
NUMBER_COOLDOWN_DAYS = env.integer("NUMBER_COOLDOWN_DAYS", 30, least=0, most=3650)
EXTENSION_RANGE = env.number_range("EXTENSION_RANGE", "1000-9999")
SIP_DOMAIN = env.matching("SIP_DOMAIN", "pbx.example.com", r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "a lower-case host name")
SIP_GATEWAY = env.matching("SIP_GATEWAY", "carrier", r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "a gateway name")
EMERGENCY_GATEWAY = env.matching("EMERGENCY_GATEWAY", "", r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})?", "a gateway name")
# Toll fraud lives from what is not limited: which countries may be called, and how much by one person.
DIALING_COUNTRIES = frozenset(env.countries("DIALING_COUNTRIES", HOME_COUNTRY))
CALL_LINKS_AT_ONCE = env.integer("CALL_LINKS_AT_ONCE", 2, least=1, most=1000)
CALL_LINKS_AN_HOUR = env.integer("CALL_LINKS_AN_HOUR", 30, least=1, most=100_000)
CALL_LINK_MINUTES_A_DAY = env.integer("CALL_LINK_MINUTES_A_DAY", 240, least=1, most=100_000)
CALL_LINK_MINUTES_LONGEST = env.integer("CALL_LINK_MINUTES_LONGEST", 60, least=1, most=1440)

# The same for what one person's phones call outside.
CALLS_AT_ONCE = env.integer("CALLS_AT_ONCE", 2, least=1, most=1000)
CALLS_AN_HOUR = env.integer("CALLS_AN_HOUR", 30, least=1, most=10_000)
CALL_MINUTES_A_DAY = env.integer("CALL_MINUTES_A_DAY", 240, least=1, most=100_000)
CALL_MINUTES_LONGEST = env.integer("CALL_MINUTES_LONGEST", 60, least=1, most=1440)

# Whoever fails to prove himself to the switch so often within so many minutes is not listened to for a while. A phone with an
# old password tries once or twice a minute: some of them behind one address stay below.
BAN_AFTER_FAILURES = env.integer("BAN_AFTER_FAILURES", 30, least=3, most=1_000_000)
BAN_WINDOW_MINUTES = env.integer("BAN_WINDOW_MINUTES", 5, least=1, most=1440)
BAN_MINUTES = env.integer("BAN_MINUTES", 60, least=1, most=525_600)
# Never banned; nor are the carriers' networks, TRUSTED_PROXIES and FREESWITCH_ALLOWED_CIDRS.
BAN_NEVER_CIDRS = env.networks("BAN_NEVER_CIDRS", "127.0.0.0/8,::1/128")

# Unset, the portal cannot place calls; all else works.
FREESWITCH_ESL_ALL = env.optional("FREESWITCH_ESL_URL", parse_urls) or ()
# The one that is preferred: where calls are placed while it can be reached.
FREESWITCH_ESL = FREESWITCH_ESL_ALL[0] if FREESWITCH_ESL_ALL else None
# Where, on the switch, talks are recorded before they are put here; unset, they are not recorded.
FREESWITCH_RECORDINGS_DIR = env.matching(
    "FREESWITCH_RECORDINGS_DIR", "", r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", "an absolute path"
)
# What our own parties press during a talk to have silence recorded, and to go on; None: keys do nothing.
RECORDING_CODES = env.codes(("RECORDING_PAUSE_CODE", "*7"), ("RECORDING_RESUME_CODE", "*8"))
# Where the switch listens for phones and for carriers, in the sofia.conf that it is given; empty leaves the address to it.
FREESWITCH_SIP_ADDRESS = env.matching("FREESWITCH_SIP_ADDRESS", "", r"([0-9A-Fa-f.:]{2,45})?", "an IP address")
FREESWITCH_SIP_PUBLIC_ADDRESS = env.matching("FREESWITCH_SIP_PUBLIC_ADDRESS", "", r"([0-9A-Fa-f.:]{2,45})?", "an IP address")
FREESWITCH_SIP_PORT = env.integer("FREESWITCH_SIP_PORT", 5060, least=1, most=65535)
FREESWITCH_CARRIER_PORT = env.integer("FREESWITCH_CARRIER_PORT", 5080, least=1, most=65535)
# The folder on the switch with its certificate; unset, phones and carriers cannot come by TLS.
FREESWITCH_TLS_DIR = env.matching("FREESWITCH_TLS_DIR", "", r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", "an absolute path")
# Whether voice between the switch and phones is encrypted.
FREESWITCH_SRTP = env.matching("FREESWITCH_SRTP", "off", "off|optional|mandatory", "off, optional or mandatory")
FREESWITCH_HTTP_USER = env.matching("FREESWITCH_HTTP_USER", "switch", r"[!-9;-~]{1,64}", "a user name without a colon")
FREESWITCH_HTTP_PASSWORD = env.secret("FREESWITCH_HTTP_PASSWORD", "debug-only-switch" if DEBUG else None, least=16)
FREESWITCH_ALLOWED_CIDRS = env.networks("FREESWITCH_ALLOWED_CIDRS", "127.0.0.0/8,::1/128")
RECORDINGS_URL = env.url("RECORDINGS_URL", f"file://{BASE_DIR / 'var' / 'recordings'}", schemes=("file",))
RECORDINGS_ROOT = Path(RECORDINGS_URL.removeprefix("file://"))

# -- webhooks --------------------------------------------------------------------------------------------------------------

# Networks besides the public ones that webhooks may reach; whoever may make one reaches them.
WEBHOOK_ALLOWED_CIDRS = env.networks("WEBHOOK_ALLOWED_CIDRS")

# -- files -----------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "var" / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Uploads to the API are JSON of a few kilobytes; what the switch sends is streamed past this cap and has its own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# -- hardening -------------------------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", default=False)
# The switch and the health checks come from inside, often without TLS; a redirect would lose their request.
SECURE_REDIRECT_EXEMPT = [r"^freeswitch/", r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31536000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "accounts.views.refusals.form_refused"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        # Signing in and out are forms whose answers lead to Auth0 and back to PUBLIC_URL: browsers hold redirects to this, too.
        "form-action": [SELF, *([origin_of(PUBLIC_URL), origin_of(AUTH0_BASE_URL)] if AUTH0_BASE_URL else [])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

# -- API -------------------------------------------------------------------------------------------------------------------

# For a user or a key; for an address where nobody is known.
API_RATE_PER_MINUTE = env.integer("API_RATE_PER_MINUTE", 600, least=1, most=1_000_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.IsActiveUser"],
    "DEFAULT_RENDERER_CLASSES": ["web.negotiation.JSONRenderer", "web.negotiation.MediaMagicRenderer"],
    "DEFAULT_PARSER_CLASSES": ["web.negotiation.JSONParser", "web.negotiation.MediaMagicParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "web.negotiation.ContentNegotiation",
    "DEFAULT_SCHEMA_CLASS": "web.schema.inspecting.AutoSchema",
    "EXCEPTION_HANDLER": "web.errors.problem_handler",
    "DATETIME_FORMAT": "iso-8601",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = schema_settings(VERSION)

# -- metrics ---------------------------------------------------------------------------------------------------------------

# From where /metrics may be read without the operator's token; with neither there is no such address.
METRICS_ALLOWED_CIDRS = env.networks("METRICS_ALLOWED_CIDRS")
# Where the worker processes of a server count requests together: see portal/metrics_files.py.
METRICS_DIR = Path(env.text("METRICS_DIR", str(BASE_DIR / "var" / "metrics")))
HAS_METRICS = bool(MAINTENANCE_TOKEN or METRICS_ALLOWED_CIDRS)
PROMETHEUS_LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, float("inf"))
if HAS_METRICS:
    MIDDLEWARE = [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        *MIDDLEWARE,
        "portal.counting.CountingMiddleware",
    ]

# -- language, time, logs --------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "web.request_context.RequestIdFilter"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id"]}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    # Our own request log has one line a request, with its id; Django's would repeat it.
    "loggers": {
        # While debugging Django has a handler of its own, which would write everything a second time, proofs and all.
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": [], "propagate": False},
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "axes": {"level": "WARNING"},
    },
}
