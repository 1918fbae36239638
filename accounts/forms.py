"""Forms of the console and of Django's admin."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils import timezone

from accounts.api.serializers import TokenRequestSerializer
from accounts.models import Invitation, Role, User
from accounts.permissions import SCOPES

INVITED: Final = "This address is invited already: withdraw that first."


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom to invite, and to what."""

    role = forms.ChoiceField(choices=[choice for choice in Role.choices if choice[0] != Role.USER], initial=Role.STAFF)

    class Meta:
        model = Invitation
        fields = ("email", "role")

    def clean_email(self) -> str:
        """Refuse a second invitation of the same address, and one that no address that Auth0 verified could match."""
        email = str(self.cleaned_data["email"])
        # Before it is folded: lower case makes a plain `k` of the Kelvin sign.
        if not email.isascii():
            raise forms.ValidationError("Write the domain in its ASCII form (xn--…).")
        email = email.lower()
        # The model's own constraint has columns that this form lacks, so Django leaves it to the database.
        if Invitation.objects.standing().to(email).exists():
            raise forms.ValidationError(INVITED, code="invited")
        return email


class CodeForm(forms.Form):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(max_length=40, strip=True)


class PasswordForm(forms.Form):
    """The password of who is signed in, once more; wrong ones count like those of the sign-in page."""

    password = forms.CharField(max_length=4096, strip=False)

    def __init__(self, request: HttpRequest, person: User, data: Any = None) -> None:
        super().__init__(data)
        self._request = request
        self._person = person

    def clean_password(self) -> str:
        """Refuse a wrong password."""
        password = str(self.cleaned_data["password"])
        if authenticate(self._request, username=self._person.username, password=password) != self._person:
            raise forms.ValidationError("This is not your password.")
        return password


# -- keys ---------------------------------------------------------------------------------------------------------------

EVERYTHING, NARROWED = "everything", "narrowed"
ON_A_DAY: Final = "day"
# No calendar that anybody plans by goes further, and some hours further no time can be told.
LAST_DAY: Final = date(9000, 12, 31)


def _in_days(days: int) -> Callable[[date | None], datetime | None]:
    return lambda _: timezone.now() + timedelta(days=days)


def _after(day: date | None) -> datetime | None:
    """Return the end of a day, in UTC as all times are kept."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC) if day else None


# How long a key is good for, by the name of the choice: what it is called, and when that is over.
LIFETIMES: Final[Mapping[str, tuple[str, Callable[[date | None], datetime | None]]]] = {
    "30": ("30 days", _in_days(30)),
    "90": ("90 days", _in_days(90)),
    "365": ("A year", _in_days(365)),
    ON_A_DAY: ("Until a day of your choice", _after),
    "never": ("For ever, until it is revoked", lambda _: None),
}


class KeyForm(forms.Form):
    """What a new API key is to be; whether it can be so is for the API to say, which makes the same keys."""

    name = forms.CharField(max_length=100, strip=True)
    reach = forms.ChoiceField(choices=((NARROWED, ""), (EVERYTHING, "")), initial=NARROWED)
    scopes = forms.MultipleChoiceField(choices=[(scope, scope) for scope in SCOPES], required=False)
    lifetime = forms.ChoiceField(choices=[(value, label) for value, (label, _) in LIFETIMES.items()], initial="90")
    last_day = forms.DateField(required=False)
    # The same form sent twice, as by loading its answer anew, makes one key.
    form_id = forms.RegexField(r"\A[A-Za-z0-9_-]{22}\Z")

    def clean(self) -> dict[str, Any] | None:
        """Ask the API's own rules, and put into the cleaned data what they make of it: `scopes` and `expires_at`."""
        cleaned = super().clean()
        self._check_choices()
        if cleaned is None or self.errors:
            return cleaned
        everything = cleaned["reach"] == EVERYTHING
        expires_at = LIFETIMES[cleaned["lifetime"]][1](cleaned["last_day"])
        wanted = TokenRequestSerializer(
            data={
                "name": cleaned["name"],
                "scopes": [] if everything else cleaned["scopes"],
                "expires_at": expires_at.isoformat() if expires_at else None,
            }
        )
        if not wanted.is_valid():
            for name, sentences in wanted.errors.items():
                self.add_error("last_day" if name == "expires_at" else name, [str(sentence) for sentence in sentences])
        return cleaned | dict(wanted.validated_data)

    def _check_choices(self) -> None:
        """Refuse a choice of something that was then not named: nothing ticked must not come to mean everything."""
        given = self.cleaned_data
        if given.get("reach") == NARROWED and not given.get("scopes") and "scopes" not in self.errors:
            self.add_error("scopes", "Tick what the key is to open, or let it do all that you may do.")
        if given.get("lifetime") != ON_A_DAY or "last_day" in self.errors:
            return
        if not given.get("last_day") or given["last_day"] > LAST_DAY:
            self.add_error("last_day", "Give the last day on which the key opens something.")
