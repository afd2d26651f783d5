"""The base of all types of event, and their reader."""

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar, cast

import msgspec
from pydantic import BaseModel, ConfigDict

E = TypeVar("E", bound="TypedEvent")
T = TypeVar("T")


class TypedEvent(BaseModel):
    """The shape of one type of event. Each type has a subclass beside its feature, and its shape stands nowhere else.

    From it come the row in the log, the AsyncAPI document, the types of the browser client, and an EventReader.
    """

    model_config = ConfigDict(frozen=True)

    type: ClassVar[str]
    """The name on the wire, such as `task.moved`."""

    def data(self) -> dict[str, object]:
        """The fields that have a value. Models in them are left as they are."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def subject_id(self) -> str | None:
        """The id of the task or document whose history the event belongs to; None for one of neither."""
        return None


def values_before(shape: type[T], before: object, changed: Iterable[str]) -> T:
    """For `previous`: the old values of the changed fields, as far as the TypedDict `shape` has them."""
    told = {name: getattr(before, name) for name in changed if name in shape.__annotations__}
    return cast("T", told)  # a TypedDict is made from names, known only at run time


class EventReader(Generic[E]):
    """Decodes events of some types: `match reader.read(type, body): case MemberRemoved(): …`.

    Annotate it with the union of the types, so that `assert_never` finds the case that a match forgot.
    """

    def __init__(self, *types: type[E]) -> None:
        self._types = {one.type: one for one in types}

    def __contains__(self, type_: str) -> bool:
        return type_ in self._types

    def read(self, type_: str, body: bytes) -> E | None:
        """The event whose body is stored or published; None for one of any other type. Raises ValueError."""
        wanted = self._types.get(type_)
        if wanted is None:
            return None
        return wanted.model_validate_json(bytes(_decode(body).data))


class _Body(msgspec.Struct):
    data: msgspec.Raw


_decode = msgspec.json.Decoder(_Body).decode
