"""The party in a request: `guest_count`, or adults and the ages of the children, or both."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticKnownError

from api.schemas import WHOLE, Schema
from reservations.rules import parties
from reservations.rules.guest_fields import LARGEST_PARTY

Party = Annotated[int, Field(ge=1, le=LARGEST_PARTY, strict=True), WHOLE]
"""Received: how many come."""

Adults = Annotated[int, Field(ge=0, le=LARGEST_PARTY, strict=True), WHOLE]
"""Received: how many of the party are not children."""

Age = Annotated[int, Field(ge=0, le=parties.OLDEST_CHILD, strict=True), WHOLE]

Children = Annotated[list[Age], Field(max_length=parties.MOST_CHILDREN, examples=[[4, 9]])]
"""Received: the ages of the children among the party."""

ChildrenOrNone = Annotated[
    Children | None, AfterValidator(lambda ages: [] if ages is None else ages)
]
"""Received: the ages, or null for none, which becomes []."""


def _counted(usual: int | None) -> WrapValidator:
    """Makes `guest_count` what follows from the whole of the party: `usual` where nothing is said.

    It stands after `adults` and `children`, whose values it reads.
    """

    def total(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        given = None if value is None else handler(value)
        said = info.data or {}
        if not {"adults", "children"} <= said.keys():
            # One of them is wrong, and that is said there.
            return given
        found = parties.total(given, said["adults"], said["children"])
        if found is None and usual is not None and not said["children"]:
            return usual
        if found is None:
            raise PydanticKnownError("missing")
        return found

    return WrapValidator(total)


class _SaidIn(Schema):
    """How many come, in parts or in total. The total is judged after the parts."""

    adults: Adults | None = None
    children: Children | None = None
    guest_count: Party | None = None

    @property
    def party(self) -> int:
        """How many come, as it follows from what was said."""
        assert self.guest_count is not None
        return self.guest_count

    @property
    def ages(self) -> tuple[int, ...]:
        """The ages of the children."""
        return tuple(self.children or ())


class PartyIn(_SaidIn):
    """How many come. `guest_count` is adults and children together; either may be left out."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["guest_count"]}, {"required": ["adults"]}]}
    )

    guest_count: Annotated[Party | None, _counted(None), Field(validate_default=True)] = None


class UsualPartyIn(_SaidIn):
    """As PartyIn; a party of one where nothing is said."""

    guest_count: Annotated[Party | None, _counted(1), Field(validate_default=True)] = None
