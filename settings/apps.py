"""Applications, middleware, templates, static files and language."""

from typing import Any

from settings import environment
from settings.cross_origin import CORS_ALLOWED_ORIGINS
from settings.environment import BASE_DIR, DATA_DIR, json_value, text

VERSION = environment.VERSION

INSTALLED_APPS = [
    "config",
    "api",
    "web",
    "desk.apps.DeskConfig",
    "notices",
    "payments",
    "hooks",
    "reservations",
    "venues",
    "guests",
    # Django's admin, with the desk in it.
    "desk.apps.DeskAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "channels",
    "csp",
    "django_htmx",
    "ninja",
]

MIDDLEWARE = [
    "config.monitoring.request_ids.RequestIds",
    "config.monitoring.request_metrics.RequestMetrics",
    "api.middleware.ProblemDocuments",
    "django.middleware.security.SecurityMiddleware",
    # Before WhiteNoise, so that static files have this header too.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "web.middleware.ContentSecurity",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Before anything that reads a cookie.
    "config.request_values.RequestValues",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "web.middleware.NoStore",
    # After the session, and before everything that writes text.
    "web.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "web.middleware.TooManyLogIns",
]
if CORS_ALLOWED_ORIGINS:
    # Outermost, so that pages of other origins can read refusals too.
    MIDDLEWARE.insert(0, "corsheaders.middleware.CorsMiddleware")

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
_EXPORTS: dict[str, Any] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {
        "location": str(DATA_DIR / "exports"),
        "base_url": None,
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    },
}
_DOCUMENTS: dict[str, Any] = {
    **_EXPORTS,
    "OPTIONS": {**_EXPORTS["OPTIONS"], "location": str(DATA_DIR / "documents")},
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Files that people asked for. No address serves this storage: a view asks whose each is.
    "exports": json_value("EXPORTS_STORAGE", _EXPORTS),
    # PDFs of invoices and receipts, kept until they would look different. Served likewise.
    "documents": json_value("DOCUMENTS_STORAGE", _DOCUMENTS),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = DATA_DIR / "files"

LANGUAGE_CODE = text("LANGUAGE_CODE", "en")
LANGUAGES = [("en", "English"), ("nl", "Nederlands")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "web" / "locale"]
FORMAT_MODULE_PATH = ["spelling.formats"]
