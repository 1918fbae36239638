"""Find a person among thousands by what one knows of them."""

from typing import Final

from django.db.models import Case, Q, QuerySet, Value, When

from accounts.models import User

MOST_FOUND: Final = 8


def people_matching(text: str) -> QuerySet[User]:
    """Return the active people who have this in name, e-mail address or Auth0 id; names that begin with it come first."""
    begins = Case(When(name__istartswith=text, then=Value(0)), default=Value(1))
    return User.objects.called(text).filter(is_active=True).order_by(begins, "name", "pk")


def people_called(text: str) -> list[User]:
    """Return whoever is called exactly so, by Auth0 id, e-mail address or name: at most two, which is one too many."""
    exactly = Q(subject=text) | Q(email__iexact=text) | Q(name__iexact=text) | Q(username__iexact=text)
    return list(User.objects.filter(exactly, is_active=True).order_by("pk")[:2])
