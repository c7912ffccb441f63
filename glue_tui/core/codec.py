"""Frozen dataclasses to plain data and back. A member of a union carries its class name under `is`.

Unknown keys are ignored and missing ones take their default: an older event still opens after a field was added.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_data(value: Any) -> Any:
    """Return `value` as dicts, lists and scalars; every dataclass carries its class name, defaults are left out."""
    if is_dataclass(value):
        cls: Any = type(value)
        data: dict[str, Any] = {"is": cls.__name__}
        for name, default in _field_defaults(cls):
            item = getattr(value, name)
            if default is MISSING or item != default:
                data[name] = to_data(item)
        return data
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [to_data(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_data(item) for key, item in value.items()}
    return value


def from_data(cls: type[T], data: Any) -> T:
    """Return an instance of `cls` (a dataclass or a union of them) made from what `to_data` gave.

    Raises ValueError if `data` does not fit.
    """
    try:
        hint: Any = cls
        value: T = _reader(hint)(data)
        return value
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"stored {getattr(cls, '__name__', cls)} does not fit: {error!r}") from error


@cache
def _field_defaults(cls: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (item.name, item.default_factory() if item.default_factory is not MISSING else item.default)
        for item in fields(cls)
    )


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    origin = get_origin(hint)
    if origin in (types.UnionType, Union):
        return _union_reader(get_args(hint))
    if origin is tuple:
        item = _reader(get_args(hint)[0])
        return lambda data: tuple(item(one) for one in data)
    if origin is dict:
        value = _reader(get_args(hint)[1])
        return lambda data: {key: value(one) for key, one in data.items()}
    if hasattr(hint, "__supertype__"):
        return _reader(hint.__supertype__)
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass_reader(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if hint is float:
        return float
    return lambda data: data


def _union_reader(members: tuple[Any, ...]) -> Callable[[Any], Any]:
    classes: dict[str, Callable[[Any], Any]] = {}
    for member in members:
        if is_dataclass(member) and isinstance(member, type):
            hint: Any = member
            classes[member.__name__] = _reader(hint)
    others = [_reader(member) for member in members if not is_dataclass(member) and member is not type(None)]

    def read(data: Any) -> Any:
        if data is None:
            return None
        if classes and isinstance(data, dict) and "is" in data:
            return classes[data["is"]](data)
        return others[0](data)

    return read


def _dataclass_reader(cls: type[Any]) -> Callable[[Any], Any]:
    hints = get_type_hints(cls)
    readers = {item.name: _reader(hints[item.name]) for item in fields(cls)}

    def read(data: Any) -> Any:
        return cls(**{key: readers[key](item) for key, item in data.items() if key in readers})

    return read
