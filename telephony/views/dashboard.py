"""The dashboard: the figures of a period, and how things stand, for staff."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from telephony.forms.dashboard import PeriodForm
from telephony.services.dashboard.figures import statistics
from telephony.services.dashboard.periods import NAMED
from telephony.services.dashboard.standing import standing
from telephony.views.dashboard_parts import Drawn
from telephony.views.staff import staff_only

PERIODS: Final = [(slug, label) for slug, (label, _) in NAMED.items()]


@staff_only
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the figures of the period asked for."""
    form = PeriodForm(request.GET)
    drawn = Drawn(statistics(form.chosen))
    return render(
        request,
        "telephony/dashboard.html",
        {"form": form, "periods": PERIODS, "drawn": drawn, "chart": drawn.chart(), "standing": standing()},
    )


@staff_only
@require_safe
def dashboard_now(request: HttpRequest) -> HttpResponse:
    """Show anew how things stand, as the part of the page that asks again and again."""
    return render(request, "telephony/partials/dashboard_now.html", {"standing": standing()})
