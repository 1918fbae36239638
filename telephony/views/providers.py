"""Providers, as pages for staff."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import person_of
from telephony.filters.providers import ProviderFilter
from telephony.forms.kept import ProviderForm
from telephony.models import Provider
from telephony.services.providers import create_provider, delete_provider, listed, rename_provider, uses_of
from telephony.tables.kept import ProviderTable
from telephony.views.keeping import attempted, deleted
from telephony.views.staff import staff_only
from web.asking import Question, ask
from web.listing import listing
from web.paging import KeysetPaginator

PROVIDERS: Final = KeysetPaginator(ordering=("name", "id"))

DELETE: Final = Question(
    "Delete this provider?", "It has no numbers, no gateways and no calls. It can be made again.", "Delete"
)


@staff_only
@require_safe
def provider_list(request: HttpRequest) -> HttpResponse:
    """Show the providers by name."""
    context = listing(request, listed(), paginator=PROVIDERS, table=ProviderTable, filters=ProviderFilter)
    return render(request, "telephony/provider_list.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def provider_create(request: HttpRequest) -> HttpResponse:
    """Show the form of a new provider; a POST makes it."""
    form = ProviderForm(request.POST or None)
    made = attempted(form, lambda: create_provider(form.cleaned_data["name"], actor=person_of(request)))
    if made:
        messages.success(request, f"{made} is made.")
        return redirect("provider-list")
    return render(request, "telephony/provider_form.html", {"form": form})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def provider_edit(request: HttpRequest, provider_id: int) -> HttpResponse:
    """Show what a provider is called and what is its; a POST renames it."""
    provider = get_object_or_404(listed(), pk=provider_id)
    form = ProviderForm(request.POST or None, instance=Provider(pk=provider.pk, name=provider.name))
    if attempted(form, lambda: rename_provider(provider, form.cleaned_data["name"], actor=person_of(request))):
        messages.success(request, "The name is stored.")
        return redirect("provider-list")
    return render(request, "telephony/provider_form.html", {"form": form, "provider": provider, "uses": uses_of(provider)})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def provider_delete(request: HttpRequest, provider_id: int) -> HttpResponse:
    """Ask whether a provider is to be deleted; a POST does where nothing is its."""
    provider = get_object_or_404(listed(), pk=provider_id)
    page = reverse("provider-edit", args=(provider.pk,))
    if request.method != "POST":
        if why := uses_of(provider).sentence:
            messages.warning(request, why)
            return redirect(page)
        return ask(request, DELETE, subject=provider, back=page)
    done = deleted(request, lambda: delete_provider(provider, actor=person_of(request)), f"{provider} is deleted.")
    return redirect("provider-list" if done else page)
