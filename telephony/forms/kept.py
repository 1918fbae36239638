"""The forms of domains, providers, gateways and people: what they may hold their models know."""

from typing import Any, Final

from django import forms
from django.utils.text import capfirst

from accounts.models import User
from telephony.models import Domain, Gateway, Provider
from telephony.services.gateways import validate_password

_CLASSES: Final[dict[type[forms.Widget], str]] = {forms.Select: "form-select", forms.CheckboxInput: "form-check-input"}


def changes_of(form: "forms.ModelForm[Any]") -> dict[str, Any]:
    """Return what whoever sent a form has changed: the model's own fields alone."""
    return {name: value for name, value in values_of(form).items() if name in form.changed_data}


def values_of(form: "forms.ModelForm[Any]") -> dict[str, Any]:
    """Return all that a form says of its model."""
    own = {field.name for field in form._meta.model._meta.concrete_fields}
    return {name: value for name, value in form.cleaned_data.items() if name in own}


class KeptForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of the console: each field in the look of the console."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", _CLASSES.get(type(field.widget), "form-control"))
            field.widget.attrs.setdefault("autocomplete", "off")
            field.widget.attrs.setdefault("spellcheck", "false")
            if isinstance(field, forms.ModelChoiceField):
                field.empty_label = "Choose one" if field.required else "None"
            elif isinstance(field, forms.TypedChoiceField):
                choices: Any = field.choices
                field.choices = [(value, capfirst(label)) for value, label in choices]


class DomainForm(KeptForm):
    """A domain; whether it is in use is asked for by itself."""

    class Meta:
        model = Domain
        fields = ("name", "recording", "recording_notice")
        labels = {"name": "Name", "recording": "Which calls are recorded", "recording_notice": "A tone before the recording"}
        help_texts = {"name": "As phones and their addresses have it: pbx.example.com. Fixed once there are extensions."}

    def __init__(self, *args: Any, is_named: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_named:
            self.fields["name"].disabled = True


class ProviderForm(KeptForm):
    """A provider."""

    class Meta:
        model = Provider
        fields = ("name",)
        labels = {"name": "Name"}
        help_texts = {"name": "The company from which you have numbers, or to which calls are sent."}


class PersonForm(KeptForm):
    """What a person is called."""

    class Meta:
        model = User
        fields = ("name",)
        labels = {"name": "Name"}
        help_texts = {
            "name": "As the console shows it. Where Auth0 tells another one, that takes its place at the next sign-in."
        }


class GatewayFields(forms.ModelForm):  # type: ignore[type-arg]
    """A trunk; its password goes in and never comes out again."""

    password = forms.CharField(
        required=False,
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        validators=[validate_password],
        help_text="What the carrier gave. It is never shown; left blank it stays as it is.",
    )

    class Meta:
        model = Gateway
        fields = (
            "name", "domain", "provider", "priority", "is_active", "proxy", "username", "password", "register",
            "ping_seconds", "networks",
        )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        """Ask for what a registration needs: the switch leaves a gateway out that cannot register."""
        cleaned = super().clean() or {}
        if cleaned.get("register") and not (cleaned.get("username") and self._will_have_password(cleaned)):
            raise forms.ValidationError("To register, a gateway needs a user name and a password.")
        return cleaned

    def _will_have_password(self, cleaned: dict[str, Any]) -> bool:
        kept = bool(self.instance.encrypted_password) and not cleaned.get("forget_password")
        return bool(cleaned.get("password")) or kept

    @property
    def password_given(self) -> str | None:
        """The password for the services: None leaves it as it is, "" is forgotten."""
        if self.cleaned_data.get("password"):
            return str(self.cleaned_data["password"])
        return "" if self.cleaned_data.get("forget_password") else None


class GatewayForm(GatewayFields, KeptForm):
    """The same on the console, where a password can be forgotten as well."""

    forget_password = forms.BooleanField(required=False, label="Forget the password that is set")

    class Meta(GatewayFields.Meta):
        labels = {
            "name": "Name", "priority": "Priority", "is_active": "In use", "proxy": "Carrier's host", "username": "User name",
            "register": "The switch registers with the carrier", "ping_seconds": "Ask whether it is there, every … seconds",
            "networks": "Calls come from",
        }  # fmt: skip
        help_texts = {"priority": "Of several gateways of a domain the one with the lowest number is tried first."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(GatewayFields.base_fields)
        self.order_fields([*names[: names.index("password") + 1], "forget_password"])
        if not self.instance.encrypted_password:
            del self.fields["forget_password"]
        self.fields["password"].label = "Password (one is set)" if self.instance.encrypted_password else "Password"
        self.fields["networks"].widget.attrs["placeholder"] = "192.0.2.0/24, 198.51.100.7"
        self.fields["proxy"].widget.attrs["placeholder"] = "sip.example.net:5060;transport=udp"
