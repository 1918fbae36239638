"""What the pages of Django's admin have in common."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

MOST_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that may be too long to be counted: it is counted, and paged, up to 10,000 rows."""

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most 10,000, at a cost that does not grow beyond."""
        return self.object_list[:MOST_COUNTED].count()


class KeptAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that hang together with history: never deleted here."""

    show_full_result_count = False
    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let nobody delete."""
        return False


class ReadOnlyAdmin(KeptAdmin):
    """Rows that a person may look at and nothing else."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let nobody change."""
        return False


class RecordAdmin(ReadOnlyAdmin):
    """Read-only rows that come by the million: newest first, and no order or count that would read all of them."""

    paginator = CappedPaginator
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    sortable_by: ClassVar[tuple[str, ...]] = ()


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows shown with what they belong to, and nothing else."""

    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Let nobody add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let nobody change."""
        return False
