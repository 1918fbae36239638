"""`numbers/imports`: numbers from a file, for staff: rehearsed first, then, told to, taken into the pool."""

from typing import Any, Final, cast

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictCharField, StrictSerializer, printable
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.models import NumberImport
from telephony.services import number_imports
from telephony.services.number_files import LONGEST_PROVIDER, NumberFileError
from telephony.services.undertakings import NotNowError
from web.entity_tags import tagged_file
from web.errors import Problem
from web.idempotency import idempotent
from web.negotiation import (
    CsvRenderer,
    JSONParser,
    JSONRenderer,
    MediaMagicParser,
    MediaMagicRenderer,
    MultiPartParser,
    SentFile,
)
from web.schema.describing import described

SHOWN_AT_MOST: Final = 100
CSV: Final = {"type": "string", "contentMediaType": "text/csv"}


@extend_schema_field(CSV)
class NumberFileField(serializers.Field[SentFile, Any, Any, Any]):
    """A file, as a form brings it or as its text."""

    default_error_messages = {"invalid": "Send a file, or its text."}

    def to_internal_value(self, data: Any) -> SentFile:
        """Return the file."""
        if isinstance(data, SentFile):
            return data
        if not isinstance(data, str):
            self.fail("invalid")
        return SentFile("", data.encode())


class NewNumberImportSerializer(StrictSerializer):
    """A file of numbers, whose they are where it does not say so, and how it calls their column."""

    file = NumberFileField()
    provider = StrictCharField(max_length=LONGEST_PROVIDER, validators=[printable], allow_blank=True, default="")
    column = StrictCharField(max_length=100, validators=[printable], default="number")


class ImportLineSerializer(serializers.Serializer[Any]):
    """A line of the file that is not taken in, and why."""

    line = serializers.IntegerField()
    number = serializers.CharField(allow_blank=True)
    provider = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    error = serializers.CharField()


class ImportSampleSerializer(serializers.Serializer[Any]):
    """How a line of the file is read."""

    line = serializers.IntegerField()
    text = serializers.CharField()
    number = serializers.CharField()


def _named(serializer: type[serializers.Serializer[Any]], rows: list[list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(serializer().fields, row, strict=True)) for row in rows[:SHOWN_AT_MOST]]


class NumberImportSerializer(serializers.ModelSerializer[NumberImport]):
    """What an import would do while it is `asked`, and has done once it is `done`; `position` of `total` lines are through."""

    stalled = serializers.BooleanField(source="is_stalled")
    new_providers = serializers.ListField(child=serializers.CharField())
    samples = serializers.SerializerMethodField()
    wrong_lines = serializers.SerializerMethodField()
    passed_over = serializers.SerializerMethodField()

    class Meta:
        model = NumberImport
        fields = (
            "id", "file_name", "provider", "column", "state", "total", "position", "added", "known", "kept_elsewhere", "wrong",
            "new_providers", "samples", "wrong_lines", "passed_over", "stalled", "created_at", "updated_at", "expires_at",
        )  # fmt: skip

    @extend_schema_field(ImportSampleSerializer(many=True))
    def get_samples(self, imported: NumberImport) -> list[dict[str, Any]]:
        """Return how some of the lines are read."""
        return _named(ImportSampleSerializer, imported.samples)

    @extend_schema_field(ImportLineSerializer(many=True))
    def get_wrong_lines(self, imported: NumberImport) -> list[dict[str, Any]]:
        """Return the first hundred that are wrong."""
        return _named(ImportLineSerializer, imported.wrong_lines)

    @extend_schema_field(ImportLineSerializer(many=True))
    def get_passed_over(self, imported: NumberImport) -> list[dict[str, Any]]:
        """Return the first of those that are in the pool already, or given more than once."""
        return _named(ImportLineSerializer, imported.passed_over)


def _find(request: Request, import_id: int) -> NumberImport:
    """Return an import of one's own. Raises Http404."""
    mine = NumberImport.objects.of(person_of(request)).defer("content")
    return cast(NumberImport, get_object_or_404(mine, pk=import_id))


def _answer(imported: NumberImport, done: int) -> Response:
    """Return an import as it is: `done`, or 202 while a worker is to go on."""
    return Response(NumberImportSerializer(imported).data, status=202 if imported.is_under_way else done)


class NumberImports(StaffView):
    """POST takes a file, and says what importing it would do."""

    parser_classes = (JSONParser, MediaMagicParser, MultiPartParser)

    @described(
        "uploadNumbers",
        {201: NumberImportSerializer, 202: NumberImportSerializer},
        body=NewNumberImportSerializer,
        sends={"file": "number,country\n+1 703 687 9447,US\n", "provider": "Carrier Ltd"},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Upload a file of numbers and rehearse its import: nothing of it is in the pool yet.

        As a form of up to 16 MB, or in JSON of up to 1 MB as the text of the file. Up to 1,000 lines are rehearsed with the
        answer, a 201; more are left to a worker, a 202.
        """
        body = NewNumberImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        file: SentFile = given["file"]
        try:
            imported = number_imports.upload(
                person_of(request), file.name, file.content, provider=given["provider"], column=given["column"]
            )
        except NumberFileError as error:
            raise serializers.ValidationError({"file": [str(error)]}) from None
        return _answer(imported, 201)


class NumberImportDetail(StaffView):
    """GET what an import of one's own would do, how far it is, or what it did."""

    @described("getNumberImport", NumberImportSerializer)
    def get(self, request: Request, import_id: int) -> Response:
        """Show what an import of one's own would do, or has done; for a day."""
        return Response(NumberImportSerializer(_find(request, import_id)).data)


class NumberImportConfirm(StaffView):
    """POST says yes to an import."""

    @described(
        "confirmNumberImport",
        {200: NumberImportSerializer, 202: NumberImportSerializer},
        body=StrictSerializer,
        refuses={409: ("not_waiting",)},
    )
    @idempotent()
    def post(self, request: Request, import_id: int) -> Response:
        """Take the numbers of a rehearsed file into the pool.

        Up to 1,000 lines are through with the answer, a 200; more are left to a worker, a 202.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        imported = _find(request, import_id)
        try:
            number_imports.confirm(imported)
        except NotNowError:
            raise Problem(409, "not_waiting", "Nothing was begun: it is not ready yet, or was begun before.") from None
        return _answer(imported, 200)


class NumberImportWrongLines(StaffView):
    """GET the wrong lines of an import of one's own as a file."""

    renderer_classes = (JSONRenderer, MediaMagicRenderer, CsvRenderer)

    @described("getWrongLines", CSV, media_type="text/csv")
    def get(self, request: Request, import_id: int) -> HttpResponse:
        """Send the first thousand wrong lines as a CSV, which can be corrected and imported itself."""
        content = "".join(number_imports.wrong_lines_file(_find(request, import_id))).encode()
        return tagged_file(request, content, "wrong-lines.csv", "text/csv; charset=utf-8")
