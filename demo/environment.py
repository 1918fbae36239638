"""What a laptop needs to run the portal: an `.env` with secrets of its own, and people to sign in as."""

import json
import os
import secrets
from pathlib import Path

SECRETS = ("SECRET_KEY", "API_KEY_PEPPER", "CREDENTIALS_KEY", "MAINTENANCE_TOKEN", "FREESWITCH_HTTP_PASSWORD")
HEADER = "# Made by `make run` for this machine. It is yours to change; it is never overwritten. See .env.example.\n"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def make_env_file(path: Path) -> bool:
    """Write an `.env` with new secrets where there is none; tell whether it did."""
    if path.exists():
        return False
    lines = [f"{name}={secrets.token_urlsafe(36)}\n" for name in SECRETS]
    write_private(path, HEADER + "".join(lines))
    return True


def remembered(path: Path) -> dict[str, str]:
    """Return what an earlier run wrote down; nothing where it did not, or where the file is damaged."""
    try:
        known = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(value) for name, value in known.items()} if isinstance(known, dict) else {}


def new_password() -> str:
    """Return a password that nobody guesses and anybody can type."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
