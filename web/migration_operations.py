"""Operations that large tables bear while they are in use."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.operations import AddIndex


class AddIndexInUse(AddIndex):
    """Add an index without keeping writers out; its migration has `atomic = False`. SQLite, which is small, adds it as ever."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Add it."""
        self._operation(schema_editor).database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Remove it."""
        self._operation(schema_editor).database_backwards(app_label, schema_editor, from_state, to_state)

    def _operation(self, schema_editor: Any) -> AddIndex:
        kind = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        return kind(self.model_name, self.index)
