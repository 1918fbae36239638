"""The settings of the tests: the project's own, over an environment in which nothing is left to the machine."""

import os
import tempfile
from pathlib import Path

_RECORDINGS = tempfile.mkdtemp(prefix="portal-test-recordings-")
os.environ |= {
    "ENV_FILE": os.devnull,
    "DEBUG": "false",
    "SECRET_KEY": "test-secret-key-canary-0000000000000000000000",
    "API_KEY_PEPPER": "test-pepper-canary-00000000000000000000000000",
    "CREDENTIALS_KEY": "test-credentials-key-canary-0000000000000000",
    "MAINTENANCE_TOKEN": "test-maintenance-token-canary-00000000000000",
    "FREESWITCH_HTTP_USER": "switch",
    "FREESWITCH_HTTP_PASSWORD": "test-switch-password-canary",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "RECORDINGS_URL": f"file://{_RECORDINGS}",
}

from portal.settings import *  # noqa: E402, F403

STATIC_ROOT = Path(tempfile.mkdtemp(prefix="portal-test-static-"))
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Pages render without a collectstatic first.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
