"""A column with the search text of its row, kept whenever Django saves the row."""

from typing import Any, Protocol

from django.db import models


class Searched(Protocol):
    """A row that says what its search text is."""

    def searched_by(self) -> str:
        """Returns the search text of the row as it is now."""


class SearchTextField(models.TextField):  # type: ignore[type-arg]
    """The search text of a row: `searched_by` of its model, written along with any `save`.

    An `update` and raw SQL set it themselves.
    """

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {"blank": True, "default": "", "db_default": "", "editable": False}
        options = usual | options
        super().__init__(**options)

    def pre_save(self, model_instance: Any, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        """Returns the value to write."""
        # The models of a migration have no methods.
        if hasattr(model_instance, "searched_by"):
            setattr(model_instance, self.attname, model_instance.searched_by())
        return getattr(model_instance, self.attname)
