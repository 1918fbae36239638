"""What is kept encrypted at rest, and under which key."""

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def cipher() -> MultiFernet:
    """Return the cipher of CREDENTIALS_KEY: of several, separated by commas, the first encrypts and all decrypt."""
    keys = (part.strip() for part in settings.CREDENTIALS_KEY.split(","))
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys if key])
