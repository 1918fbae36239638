"""Invitations: an admin lists, sends and withdraws them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of
from accounts.forms import INVITED, InvitationForm
from accounts.invitations import send_invitation, withdraw_invitation
from accounts.models import Invitation
from accounts.tables import InvitationTable
from web.listing import listing
from web.paging import KeysetPaginator

NEWEST_FIRST = KeysetPaginator(ordering=("-created_at", "-id"))


@login_required
@permission_required(("accounts.view_invitation", "accounts.add_invitation"), raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_list(request: HttpRequest) -> HttpResponse:
    """Show who is invited, newest first; a POST invites somebody."""
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _sent(request, form):
        messages.success(request, f"{form.instance.email} is invited.")
        return redirect("invitation-list")
    invitations = Invitation.objects.select_related("invited_by", "accepted_by")
    context = listing(request, invitations, paginator=NEWEST_FIRST, table=InvitationTable)
    return render(request, "accounts/invitation_list.html", {**context, "form": form})


@login_required
@permission_required("accounts.change_invitation", raise_exception=True)
@require_POST
def invitation_withdraw(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Withdraw an invitation; a second time changes nothing."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    if withdraw_invitation(invitation, actor=actor_of(request)):
        messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
    else:
        messages.info(request, "It was withdrawn before.")
    return redirect("invitation-list")


def _sent(request: HttpRequest, form: InvitationForm) -> bool:
    """Store the invitation; tell the form where another admin was faster."""
    try:
        send_invitation(form.instance, actor=actor_of(request))
    except IntegrityError:
        form.add_error("email", INVITED)
        return False
    return True
