"""The icon where browsers look for it by themselves: on pages that name none, Django's admin for one."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
@cache_control(public=True, max_age=24 * 60 * 60)
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead to the icon."""
    return HttpResponseRedirect(static("console/favicon.svg"))
