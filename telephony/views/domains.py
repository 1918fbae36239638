"""SIP domains, as pages for staff."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import person_of
from telephony.filters.domains import DomainPageFilter
from telephony.forms.kept import DomainForm, changes_of, values_of
from telephony.models import Domain
from telephony.models.holding import HoldingState
from telephony.services.domains import change_domain, create_domain, delete_domain, has_extensions, listed, why_kept
from telephony.services.gateways import listed as listed_gateways
from telephony.tables.kept import DomainTable
from telephony.views.keeping import attempted, deleted
from telephony.views.staff import staff_only
from web.asking import Question, ask
from web.listing import listing
from web.paging import KeysetPaginator

DOMAINS: Final = KeysetPaginator(ordering=("name", "id"))

DELETE: Final = Question(
    "Delete this domain?", "It has no extensions, no gateways and no calls. It can be made again.", "Delete"
)
DEACTIVATE: Final = Question(
    "Take this domain out of use?",
    "Every switch forgets the phones of all its extensions and ends their calls; nobody registers or calls there, and no call "
    "leaves by its gateways, until it is in use again. Who holds what stays.",
    "Take it out of use",
)


@staff_only
@require_safe
def domain_list(request: HttpRequest) -> HttpResponse:
    """Show the domains by name."""
    context = listing(request, listed(), paginator=DOMAINS, table=DomainTable, filters=DomainPageFilter)
    return render(request, "telephony/domain_list.html", context)


@staff_only
@require_safe
def domain_detail(request: HttpRequest, domain_id: int) -> HttpResponse:
    """Show one domain: its extensions by state, its gateways, which calls are recorded."""
    domain = _find(domain_id)
    states = [
        (state.value, "closed" if state == HoldingState.DISABLED else str(state.label), getattr(domain, f"{state.value}_count"))
        for state in HoldingState
    ]
    gateways = listed_gateways().filter(domain=domain).order_by("priority", "name")
    return render(request, "telephony/domain_detail.html", {"domain": domain, "states": states, "gateways": gateways})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def domain_create(request: HttpRequest) -> HttpResponse:
    """Show the form of a new domain; a POST makes it."""
    form = DomainForm(request.POST or None)
    made = attempted(form, lambda: create_domain(values_of(form), actor=person_of(request)))
    if made:
        messages.success(request, f"{made} is made. On each switch: `sofia profile internal restart`.")
        return redirect("domain-detail", made.pk)
    return render(request, "telephony/domain_form.html", {"form": form})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def domain_edit(request: HttpRequest, domain_id: int) -> HttpResponse:
    """Show the form of a domain; a POST changes it."""
    domain = _find(domain_id)
    own = Domain.objects.get(pk=domain.pk)
    form = DomainForm(request.POST or None, instance=own, is_named=has_extensions(domain))
    if attempted(form, lambda: change_domain(domain, changes_of(form), actor=person_of(request))):
        messages.success(request, "The domain is stored.")
        return redirect("domain-detail", domain.pk)
    return render(request, "telephony/domain_form.html", {"form": form, "domain": domain})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def domain_deactivate(request: HttpRequest, domain_id: int) -> HttpResponse:
    """Ask whether a domain is to be taken out of use; a POST does, and throws its phones out."""
    domain = _find(domain_id)
    page = reverse("domain-detail", args=(domain.pk,))
    if request.method != "POST":
        return ask(request, DEACTIVATE, subject=domain, about=f"{domain.assigned_count} extensions are held", back=page)
    _, taken = change_domain(domain, {"is_active": False}, actor=person_of(request))
    if not domain.is_active:
        messages.info(request, f"{domain} was out of use before.")
    elif all(each.is_done for each in taken):
        messages.success(request, f"{domain} is out of use; {len(taken)} extensions were thrown out.")
    else:
        messages.warning(request, f"{domain} is out of use. A switch could not be told yet; that is repeated by itself.")
    return redirect(page)


@staff_only
@require_POST
def domain_activate(request: HttpRequest, domain_id: int) -> HttpResponse:
    """Bring a domain back into use."""
    domain, _ = change_domain(_find(domain_id), {"is_active": True}, actor=person_of(request))
    messages.success(request, f"{domain} is in use: its phones come back when they register next.")
    return redirect("domain-detail", domain.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def domain_delete(request: HttpRequest, domain_id: int) -> HttpResponse:
    """Ask whether a domain is to be deleted; a POST does where nothing hangs on it."""
    domain = _find(domain_id)
    page = reverse("domain-detail", args=(domain.pk,))
    if request.method != "POST":
        if why := why_kept(domain):
            messages.warning(request, why)
            return redirect(page)
        return ask(request, DELETE, subject=domain, back=page)
    done = deleted(request, lambda: delete_domain(domain, actor=person_of(request)), f"{domain} is deleted.")
    return redirect("domain-list" if done else page)


def _find(domain_id: int) -> Domain:
    return get_object_or_404(listed(), pk=domain_id)
