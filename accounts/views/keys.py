"""A person's API keys, as pages; staff see and revoke everybody's."""

import secrets
from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.authentication import API_KEY
from accounts.filters import KeyFilter
from accounts.forms import KeyForm
from accounts.models import ApiKey
from accounts.permissions import SCOPES, person_of
from accounts.services import LowerSessionError, TooManyKeysError, issue_own_key, revoke_key
from accounts.tables import KeyTable
from web.listing import listing
from web.paging import KeysetPaginator

KEYS: Final = KeysetPaginator(ordering=("-created_at", "-id"))
EVERYBODY: Final = "everybody"
# As long as a browser may keep a form that was sent, and send it again.
FORM_REMEMBERED_SECONDS: Final = 7 * 24 * 60 * 60


@login_required
@never_cache
@require_safe
def key_list(request: HttpRequest) -> HttpResponse:
    """Show one's keys, newest first; staff may look at everybody's."""
    if API_KEY.fullmatch(request.GET.get("q", "").strip()):
        return _searched_by_its_beginning(request)
    viewer = person_of(request)
    of_everybody = viewer.is_staff and request.GET.get("of") == EVERYBODY
    visible = ApiKey.objects.visible_to(viewer).for_listing()
    table = partial(KeyTable, of_everybody=of_everybody)
    keys = visible if of_everybody else visible.filter(user=viewer)
    context = listing(request, keys, paginator=KEYS, table=table, filters=KeyFilter)
    return render(request, "accounts/key_list.html", {**context, "of_everybody": of_everybody})


def _searched_by_its_beginning(request: HttpRequest) -> HttpResponse:
    """Take a whole key out of the address, where it must not stay, and look for its beginning."""
    messages.warning(request, "A whole key does not belong in a search: it was looked for by its beginning.")
    query = request.GET.copy()
    query["q"] = request.GET["q"].strip()[:8]
    return redirect(f"{reverse('key-list')}?{query.urlencode()}")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def key_create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it on this one answer; it is kept nowhere, so that no other page can show it."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if not _comes_first(request, form.cleaned_data["form_id"]):
            messages.warning(request, "This form was sent before: the key that came of it was shown then, and cannot be again.")
            return redirect("key-list")
        wanted = form.cleaned_data
        try:
            row, key = issue_own_key(
                person_of(request), wanted["name"], scopes=wanted["scopes"], expires_at=wanted["expires_at"]
            )
        except (TooManyKeysError, LowerSessionError) as error:
            form.add_error(None, str(error))
        else:
            return render(request, "accounts/key_created.html", {"row": row, "key": key})
    return render(request, "accounts/key_form.html", _form_context(form))


def _comes_first(request: HttpRequest, form_id: str) -> bool:
    """Tell whether this form was not sent before."""
    return cache.add(f"accounts.key_form:{person_of(request).pk}:{form_id}", "sent", FORM_REMEMBERED_SECONDS)


def _form_context(form: KeyForm) -> dict[str, Any]:
    ticked = form["scopes"].value() or ()
    choices = [(scope, sentence, scope in ticked) for scope, sentence in SCOPES.items()]
    return {"form": form, "scopes": choices, "form_id": secrets.token_urlsafe(16)}


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Ask whether a key is to be revoked; a POST revokes it from the next request on. A second time is no error."""
    viewer = person_of(request)
    key = get_object_or_404(ApiKey.objects.visible_to(viewer).for_listing(), pk=key_id)
    own = key.user_id == viewer.pk
    back = reverse("key-list") if own else f"{reverse('key-list')}?of={EVERYBODY}"
    if request.method != "POST":
        return render(request, "accounts/key_revoke.html", {"key": key, "own": own, "back": back})
    if revoke_key(key, actor=viewer):
        messages.success(request, f"{key} is revoked: it opens nothing any more.")
    else:
        messages.info(request, f"{key} was revoked before.")
    return redirect(back)
