"""The base class of the generated types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_serializer,
    field_validator,
    model_validator,
)

_FROM_SERVER = "herobrain_from_server"
# Fields that contain a credential, which a log or a traceback must not show.
_SECRET_FIELDS = frozenset({"plain_key", "secret", "token"})

M = TypeVar("M", bound="Model")


class Model(BaseModel):
    """A JSON object of the API. Its fields are named in snake case, and in JSON in camel case.

    What the API returns is never refused. A field that this version does not know is kept as an attribute, a value of
    another type (as a new value of an enumeration) is kept as it is, and a field that is absent is None.
    """

    model_config = ConfigDict(extra="allow", populate_by_name=True, protected_namespaces=())

    @model_validator(mode="wrap")
    @classmethod
    def _accept_absent_fields(cls, value: Any, handler: ModelWrapValidatorHandler[M], info: ValidationInfo) -> M:
        if not _is_from_server(info) or not isinstance(value, Mapping):
            return handler(value)
        given = cast("Mapping[str, Any]", value)
        absent = [
            name
            for name, field in cls.model_fields.items()
            if field.is_required() and name not in given and (field.alias or name) not in given
        ]
        if not absent:
            return handler(given)
        model = handler({**given, **dict.fromkeys(absent)})
        # They are not sent back as null.
        model.model_fields_set.difference_update(absent)
        return model

    @field_validator("*", mode="wrap")
    @classmethod
    def _keep_unknown_values(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return handler(value)
        except ValidationError:
            if not _is_from_server(info):
                raise
            return value

    @field_serializer("*", mode="wrap", when_used="json")
    def _write_times_as_the_api(self, value: Any, handler: SerializerFunctionWrapHandler) -> Any:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return handler(value)

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            yield name, "***" if name in _SECRET_FIELDS and value is not None else value

    def to_json(self) -> dict[str, Any]:
        """The fields that are set, as they are in the API's JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def parse(model: type[M], value: Any) -> M:
    """Reads what the API has returned."""
    return model.model_validate(value, context={_FROM_SERVER: True})


def _is_from_server(info: ValidationInfo) -> bool:
    context: Any = info.context
    return context is not None and _FROM_SERVER in context
