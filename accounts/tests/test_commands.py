"""The operator's commands for people and keys."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, AuditEntry, Role, User, api_key_digest

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def test_createapikey_prints_the_key_alone() -> None:
    key = run("createapikey", "demo|x", "laptop", "--role", "staff")
    row = ApiKey.objects.get()
    assert row.digest == api_key_digest(key)
    assert (row.user.subject, row.user.role) == ("demo|x", "staff")
    assert AuditEntry.objects.get().actor_label == "command line"


@pytest.mark.parametrize("arguments", [("a b", "x"), ("a", " "), ("a", "x" * 101)])
def test_createapikey_refuses_what_the_api_refuses(arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        run("createapikey", *arguments)
    assert not User.objects.exists()


def test_makesuperuser_makes_one_and_renews_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_PASSWORD", "first password")
    run("makesuperuser", "admin")
    monkeypatch.setenv("PORTAL_PASSWORD", "second password")
    run("makesuperuser", "admin")
    user = User.objects.get()
    assert user.check_password("second password")
    assert (user.role, user.is_superuser) == (Role.ADMIN, True)


def test_makesuperuser_raises_nobody_and_takes_no_short_password(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("anna", "some password")
    monkeypatch.setenv("PORTAL_PASSWORD", "another password")
    with pytest.raises(CommandError, match="no superuser"):
        run("makesuperuser", "anna")
    monkeypatch.setenv("PORTAL_PASSWORD", "short")
    with pytest.raises(CommandError, match="at least 12"):
        run("makesuperuser", "admin")
    assert not User.objects.filter(is_superuser=True).exists()
