"""What the pages of Django's admin have in common."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

MOST_COUNTED = 10_000
_ID = re.compile(r"[0-9]{1,18}")


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that may be too long to be counted: it is counted, and paged, up to 10,000 rows."""

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most 10,000, at a cost that does not grow beyond."""
        return self.object_list[:MOST_COUNTED].count()


class ChosenSelect(AutocompleteSelect):
    """A choice among very many; what cannot be a row's id is shown as no choice, and left to the field to refuse."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        """Return the options of what is chosen: Django looks them up, whatever a hand-made form holds."""
        return super().optgroups(name, [each for each in value if _ID.fullmatch(str(each))], attrs)


class KeptAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that hang together with history: never deleted here."""

    show_full_result_count = False
    list_per_page = 50

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Choose by a field that bears whatever is sent."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = ChosenSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Do an action; Django looks the selected rows up, whatever a hand-made form holds. Raises BadRequest."""
        if not all(_ID.fullmatch(selected) for selected in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("What is selected is no row.")
        return super().response_action(request, queryset, *args, **kwargs)

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
