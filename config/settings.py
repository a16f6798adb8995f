"""All settings, in one file; every value that differs between installations comes through `env`.

`.env.example` explains each variable. The system checks in `checks.py` refuse unsafe combinations.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.env import Env, SettingsError, field_keys, kept_key
from config.logs import logging_settings

# Databases, caught mails and logs hold customers' data and sessions: for the owner's eyes only.
os.umask(0o077)
BASE_DIR = Path(__file__).resolve().parent.parent
env = Env.load(Path(os.environ.get("ENV_FILE") or BASE_DIR / ".env"))
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))

# --- Keys and hosts -------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
_may_generate = DEBUG or env.flag("LOCAL_KEYS")
SECRET_KEY = kept_key(env, "SECRET_KEY", directory=VAR_DIR / "keys", may_generate=_may_generate)
FIELD_KEYS = field_keys(env, directory=VAR_DIR / "keys", may_generate=_may_generate)
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", " ".join(LOOPBACK_HOSTS))
PORT = env.number("PORT", 8000, least=1, most=65535)
# Reached only from this machine: plain HTTP is fine. Any other host name means TLS in front of us.
IS_LOCAL = set(ALLOWED_HOSTS) <= set(LOOPBACK_HOSTS)
# What links in mails begin with; without it they are only paths.
PUBLIC_URL = env.url("PUBLIC_URL", f"http://127.0.0.1:{PORT}" if IS_LOCAL else "")
if not IS_LOCAL:
    if DEBUG:
        raise SettingsError("DEBUG must be 0 where ALLOWED_HOSTS names other hosts than this machine.")
    if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
        raise SettingsError("SECRET_KEY must have 50 random characters or more: it signs sessions and jobs.")

# --- SuperOffice ----------------------------------------------------------------------------------------
SUPEROFFICE_LOGIN_URLS = {
    "sod": "https://sod.superoffice.com",
    "stage": "https://qaonline.superoffice.com",
    "online": "https://online.superoffice.com",
}
_SO_NAMES = (
    "SO_CLIENT_ID",
    "SO_CLIENT_SECRET",
    "SO_REDIRECT_URI",
    "SO_CONTEXT_IDENTIFIER",
)


def _superoffice() -> dict[str, Any] | None:
    """The tenant named by the environment; None when it names none."""
    if not any(env.has(name) for name in (*_SO_NAMES, "SO_ENVIRONMENT", "SO_REFRESH_TOKEN")):
        return None
    choices = {
        "sod": "sod",
        "dev": "sod",
        "stage": "stage",
        "qaonline": "stage",
        "online": "online",
        "prod": "online",
    }
    environment = env.choice("SO_ENVIRONMENT", choices)
    values = {name.removeprefix("SO_").lower(): env.text(name) for name in _SO_NAMES}
    # Without it an administrator signs in with SuperOffice in the browser.
    values["refresh_token"] = env.text("SO_REFRESH_TOKEN", "")
    if not values["context_identifier"].isalnum():
        raise SettingsError("SO_CONTEXT_IDENTIFIER must be the tenant's name, like Cust12345.")
    env.url("SO_REDIRECT_URI")
    login_url = env.url("SO_LOGIN_URL", SUPEROFFICE_LOGIN_URLS[environment])
    return {**values, "environment": environment, "login_url": login_url}


SUPEROFFICE = _superoffice()
SUPEROFFICE_CALLS_PER_SECOND = env.number(
    "SO_CALLS_PER_SECOND", 10, least=1, most=1000
)  # SuperOffice's own rule

# Hosts of SuperOffice installations of our own. Only these may be entered as an address, because the server
# asks them with a password; empty: SuperOffice Online only.
SUPEROFFICE_ONSITE_HOSTS = [host.lower() for host in env.words("SO_ONSITE_HOSTS", "")]
CALL_LOG_DAYS = 90  # SuperOffice asks for three months

# --- Mail server ----------------------------------------------------------------------------------------
_SMTP_NAMES = ("SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_SECURITY", "SMTP_FROM")


def _mail_server() -> dict[str, Any] | None:
    """The mailbox named by the environment; None when it names none."""
    if not any(env.has(name) for name in _SMTP_NAMES):
        return None
    security = env.choice("SMTP_SECURITY", {"starttls": "starttls", "tls": "tls", "none": "none"}, "starttls")
    if env.has("SMTP_USER") != env.has("SMTP_PASSWORD"):
        missing = "SMTP_PASSWORD" if env.has("SMTP_USER") else "SMTP_USER"
        raise SettingsError(f"{missing} is missing: a user name and a password go together.")
    sender = env.text("SMTP_FROM")
    if sender.count("@") != 1 or any(mark in sender for mark in " ,;<>"):
        raise SettingsError("SMTP_FROM must be one plain e-mail address, like sales@company.example.")
    return {
        "host": env.text("SMTP_HOST"),
        "port": env.number("SMTP_PORT", 465 if security == "tls" else 587, least=1, most=65535),
        "username": env.text("SMTP_USER", ""),
        "password": env.text("SMTP_PASSWORD", ""),
        "security": security,
        "from_address": sender,
    }


MAIL_SERVER = _mail_server()
# Which parts are stand-ins ("tenant", "mail"); `manage.py run` sets it for its children.
DEMO_PARTS = env.words("DEMO_PARTS", "")

# --- Sending: times in seconds --------------------------------------------------------------------------
APPROVAL_HOLD = env.number("APPROVAL_HOLD", 20, most=3600)  # the undo window
SMTP_ANSWER_TIMEOUT = env.number("SMTP_ANSWER_TIMEOUT", 300, least=1, most=3600)
MESSAGE_LEASE = env.number("MESSAGE_LEASE", 420, least=2, most=7200)
UNCERTAIN_WAIT = 15 * 60  # longer than any server keeps a silent session: before that nobody may decide
DISPATCH_SLICE = 50  # a job gives its worker back after this
WATCHDOG_SECONDS = env.number("WATCHDOG_SECONDS", 40, least=5, most=600)

# --- Database -------------------------------------------------------------------------------------------
_SQLITE = f"sqlite:///{VAR_DIR / 'sales-desk.sqlite3'}"
try:
    _database: dict[str, Any] = {**dj_database_url.parse(env.text("DATABASE_URL", _SQLITE))}
except (ValueError, KeyError, dj_database_url.ParseError) as error:
    raise SettingsError("DATABASE_URL must look like postgresql://user:password@host:5432/name.") from error
DATABASES = {"default": _database}
IS_SQLITE = _database["ENGINE"].endswith("sqlite3")
# A worker keeps its connection: with 0 it would open five a second. Web threads likewise, but briefly.
_database.update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True, ATOMIC_REQUESTS=False)
if IS_SQLITE:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    _database["OPTIONS"] = {
        # IMMEDIATE: a transaction waits for its turn at BEGIN instead of failing in the middle.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: the mark "committing" must survive a power cut.
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA journal_size_limit=67108864;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Jobs -----------------------------------------------------------------------------------------------


def retry_seconds(timeout: int, workers: int) -> int:
    """Long enough that a task waiting in its cluster's own queue is never handed out a second time.

    queue_limit equals workers and bulk is 1, see `checks.py`.
    """
    return timeout * 2 + timeout // workers + 61


_JOB_TIMEOUT, _MAIL_TIMEOUT, _WORKERS = 120, MESSAGE_LEASE + 60, 2
Q_CLUSTER: dict[str, Any] = {
    "name": "sales-desk",
    "orm": "default",
    "workers": _WORKERS,
    "queue_limit": _WORKERS,
    "bulk": 1,
    "timeout": _JOB_TIMEOUT,
    "retry": retry_seconds(_JOB_TIMEOUT, _WORKERS),
    "ack_failures": True,
    "max_attempts": 1,  # retries belong to the rows that jobs work on, not to the queue
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.5,
    "guard_cycle": 0.5,
    "recycle": 200,
    "max_rss": 400_000,  # kB
    "cache": "clusters",
    "ALT_CLUSTERS": {
        "reports": {"timeout": _JOB_TIMEOUT, "retry": retry_seconds(_JOB_TIMEOUT, _WORKERS)},
        "mail": {"timeout": _MAIL_TIMEOUT, "retry": retry_seconds(_MAIL_TIMEOUT, _WORKERS)},
    },
}
# Jobs that cannot be cut into slices, and their seconds. Their rows give signs of life; handed out again, they find
# them claimed.
LONG_JOBS = {"reports.tasks.work_on_download": 900}
CLUSTERS: tuple[str, ...] = tuple(Q_CLUSTER["ALT_CLUSTERS"])
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Shared by processes, or a cluster would be invisible to the pages that ask for it.
    "clusters": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(VAR_DIR / "cache"),
    },
}

# --- Applications and middleware ------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "outreach",
    "reports",
    "connector",
    "config.apps.DeskAdminConfig",  # django.contrib.admin with a site of our own
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "django_q",
]
MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.SessionLimitMiddleware",
    "config.middleware.ActingUserMiddleware",
    "config.middleware.NoStoreMiddleware",
    # Every view needs a login unless config/urls.py lists it as public.
    "config.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "config.middleware.NotAllowedMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "config.frame.frame",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Sign-in --------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "config.backends.DeskBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "config.passwords.PublishedPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "config.client_address.client_address"
AXES_SENSITIVE_PARAMETERS = ["password"]  # who tried from where is what the log is for
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- Sessions, cookies, headers -------------------------------------------------------------------------
SESSION_COOKIE_AGE = 8 * 3600  # seconds; a working day
SESSION_IDLE_SECONDS = 60 * 60
_secure = not IS_LOCAL
_prefix = "__Host-" if _secure else ""
SESSION_COOKIE_NAME = f"{_prefix}desk-session"
CSRF_COOKIE_NAME = f"{_prefix}desk-csrf"
LANGUAGE_COOKIE_NAME = f"{_prefix}desk-language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.pages.csrf_failure"
SECURE_SSL_REDIRECT = _secure
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _secure else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- Language and time ----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Berlin"
USE_I18N = USE_TZ = True
USE_THOUSAND_SEPARATOR = True

# --- Files ----------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# --- Logs -----------------------------------------------------------------------------------------------
LOGGING = logging_settings(as_text=DEBUG and sys.stderr.isatty())
DEFAULT_EXCEPTION_REPORTER = "config.error_report.ErrorReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_report.HidingFilter"
