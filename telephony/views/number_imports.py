"""Importing numbers from a file, as pages: upload, what it would do, and how far it is. An import is its uploader's alone."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import person_of
from telephony.forms.numbers import ImportForm
from telephony.models import NumberImport
from telephony.services import number_imports
from telephony.services.number_files import NumberFileError
from telephony.services.undertakings import NotNowError
from telephony.views.staff import staff_only

SHOWN_AT_MOST = 100


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def number_import(request: HttpRequest) -> HttpResponse:
    """Show the form for a file; a POST takes it, and leads to what importing it would do."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file, given = form.cleaned_data["file"], form.cleaned_data
        try:
            imported = number_imports.upload(
                person_of(request), file.name, file.read(), provider=given["provider"], column=given["column"]
            )
        except NumberFileError as error:
            form.add_error("file", str(error))
        else:
            return redirect("number-import-detail", imported.pk)
    mine = NumberImport.objects.of(person_of(request)).defer("content", "wrong_lines", "passed_over")[:5]
    return render(request, "telephony/number_import.html", {"form": form, "mine": mine})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def number_import_detail(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show what an import would do, how far it is, or what it did; a POST says yes to it."""
    imported = _find(request, import_id)
    if request.method == "POST":
        try:
            number_imports.confirm(imported)
        except NotNowError:
            messages.info(request, "Nothing was begun: it is not ready yet, or was begun before.")
        return redirect("number-import-detail", imported.pk)
    context = {
        "undertaking": imported, "wrong_lines": imported.wrong_lines[:SHOWN_AT_MOST],
        "more_wrong": max(0, imported.wrong - SHOWN_AT_MOST),
    }  # fmt: skip
    return render(request, "telephony/number_import_detail.html", context)


@staff_only
@require_safe
def number_import_wrong(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """Send the wrong lines of an import as a CSV, which can be corrected and imported itself."""
    lines = number_imports.wrong_lines_file(_find(request, import_id))
    response = StreamingHttpResponse(lines if request.method == "GET" else iter(()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="wrong-lines.csv"'
    return response


def _find(request: HttpRequest, import_id: int) -> NumberImport:
    mine: NumberImport = get_object_or_404(NumberImport.objects.of(person_of(request)).defer("content"), pk=import_id)
    return mine
