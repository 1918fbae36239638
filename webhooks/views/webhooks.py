"""Webhooks, as pages: one's own; staff look at everybody's, and may disable and delete them."""

import secrets
from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import person_of
from web.asking import Question, ask
from web.listing import listing
from web.paging import KeysetPaginator
from webhooks import services
from webhooks.forms import WebhookForm
from webhooks.models import Subscription
from webhooks.tables import WebhookTable
from webhooks.views.access import EVERYBODY, find, signed_in
from webhooks.views.deliveries import log_of

WEBHOOKS: Final = KeysetPaginator(ordering=("-created_at", "-id"))
# As long as a browser may keep a form that was sent, and send it again.
FORM_REMEMBERED_SECONDS: Final = 7 * 24 * 60 * 60

DELETE: Final = Question(
    "Delete this webhook?",
    "Nothing is sent to it any more, what waits for it is lost, and so is the log of what it was sent.",
    "Delete it",
    "Keep it",
)
ROTATE: Final = Question(
    "Give this webhook a new secret?",
    "It is shown once. For 24 hours messages are signed with the old one as well, so that the receiver can change over "
    "without missing any; an older one that was still good is not any more.",
    "Make a new secret",
)


@signed_in
@require_safe
def webhook_list(request: HttpRequest) -> HttpResponse:
    """Show one's webhooks, newest first; staff may look at everybody's."""
    person = person_of(request)
    of_everybody = person.is_staff and request.GET.get("of") == EVERYBODY
    visible = Subscription.objects.visible_to(person).for_listing()
    table = partial(WebhookTable, of_everybody=of_everybody)
    context = listing(request, visible if of_everybody else visible.of(person), paginator=WEBHOOKS, table=table)
    disabled = Subscription.objects.of(person).exclude(disabled_reason="")
    return render(request, "webhooks/webhook_list.html", {**context, "of_everybody": of_everybody, "disabled": disabled})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_create(request: HttpRequest) -> HttpResponse:
    """Make a webhook, and show its secret on this one answer."""
    form = WebhookForm(person_of(request), request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if not _comes_first(request, form.cleaned_data["form_id"]):
            messages.warning(request, "This form was sent before: the secret that came of it was shown then.")
            return redirect("webhook-list")
        try:
            webhook, secret = services.create(person_of(request), **form.cleaned_data["wanted"])
        except services.TooManyWebhooksError as error:
            form.add_error(None, str(error))
        else:
            return render(request, "webhooks/webhook_secret.html", {"webhook": webhook, "secret": secret, "is_new": True})
    return render(request, "webhooks/webhook_form.html", _form_context(form))


def _comes_first(request: HttpRequest, form_id: str) -> bool:
    """Tell whether this form was not sent before."""
    return cache.add(f"webhooks.form:{person_of(request).pk}:{form_id}", "sent", FORM_REMEMBERED_SECONDS)


def _form_context(form: WebhookForm, webhook: Subscription | None = None) -> dict[str, Any]:
    return {"form": form, "webhook": webhook, "form_id": secrets.token_urlsafe(16)}


@signed_in
@require_safe
def webhook_detail(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Show a webhook and what it was sent."""
    webhook = find(request, webhook_id)
    own = webhook.user_id == person_of(request).pk
    return render(request, "webhooks/webhook_detail.html", {"webhook": webhook, "own": own, **log_of(request, webhook)})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_edit(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Change a webhook of one's own."""
    person, webhook = person_of(request), find(request, webhook_id, own=True)
    form = WebhookForm(person, request.POST if request.method == "POST" else None, webhook=webhook)
    if form.is_bound and form.is_valid():
        services.change(webhook, actor=person, **form.cleaned_data["wanted"])
        messages.success(request, "It is changed.")
        return redirect("webhook-detail", webhook.pk)
    return render(request, "webhooks/webhook_form.html", _form_context(form, webhook))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_rotate(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Ask whether a webhook of one's own is to get a new secret; a POST makes it and shows it on this one answer."""
    webhook = find(request, webhook_id, own=True)
    if request.method != "POST":
        return _ask(request, webhook, ROTATE)
    secret = services.rotate_secret(webhook, actor=person_of(request))
    return render(request, "webhooks/webhook_secret.html", {"webhook": webhook, "secret": secret, "is_new": False})


@signed_in
@require_POST
def webhook_enable(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Have it told of things again."""
    webhook = services.change(find(request, webhook_id), actor=person_of(request), is_active=True)
    messages.success(request, "It is enabled: it is told of what happens from now on. What it missed can be redelivered.")
    return redirect("webhook-detail", webhook.pk)


@signed_in
@require_POST
def webhook_disable(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Have nothing sent to it until it is enabled again."""
    webhook = services.change(find(request, webhook_id), actor=person_of(request), is_active=False)
    messages.success(request, "It is disabled: nothing is sent to it.")
    return redirect("webhook-detail", webhook.pk)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_delete(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Ask whether a webhook is to be deleted; a POST deletes it."""
    webhook = find(request, webhook_id)
    if request.method != "POST":
        return _ask(request, webhook, DELETE)
    own = webhook.user_id == person_of(request).pk
    services.delete(webhook, actor=person_of(request))
    messages.success(request, "The webhook is deleted.")
    return redirect(reverse("webhook-list") + ("" if own else f"?of={EVERYBODY}"))


def _ask(request: HttpRequest, webhook: Subscription, question: Question) -> HttpResponse:
    back = reverse("webhook-detail", args=(webhook.pk,))
    return ask(request, question, subject=webhook.description or webhook.host, about=webhook.url, back=back)
