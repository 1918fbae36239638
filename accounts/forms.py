"""Forms of the console and of Django's admin."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from accounts.models import Invitation, Role, User


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
            raise forms.ValidationError("This address is invited already: withdraw that first.")
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
