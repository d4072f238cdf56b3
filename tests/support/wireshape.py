"""The types of the wire in words, as docs/protocol.md spells them."""

import json
from functools import singledispatch

from msgspec import NODEFAULT, Struct, inspect


@singledispatch
def shape(kind: inspect.Type) -> str:
    """A type and its limits."""
    raise NotImplementedError(kind)


@shape.register
def _(kind: inspect.UnionType) -> str:
    kinds = [t for t in kind.types if not isinstance(t, inspect.NoneType)]
    return " or ".join([*map(shape, kinds), "null"])


@shape.register
def _(kind: inspect.EnumType) -> str:
    return "one of " + ", ".join(f"`{member.value}`" for member in kind.cls)


@shape.register
def _(kind: inspect.StructType) -> str:
    return f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})"


@shape.register
def _(kind: inspect.ListType) -> str:
    most = _range(kind.min_length, kind.max_length)
    return f"list of {most}{': ' if most else ''}{shape(kind.item_type)}"


@shape.register
def _(kind: inspect.DictType) -> str:
    return f"object of {shape(kind.value_type)} by name"


@shape.register
def _(kind: inspect.StrType) -> str:
    if kind.pattern:
        return f"string matching `{kind.pattern}`"
    most = _range(kind.min_length, kind.max_length)
    return f"string of {most} characters" if most else "string"


@shape.register
def _(kind: inspect.IntType) -> str:
    limits = _range(kind.ge, kind.le)
    return f"integer, {limits}" if limits else "integer"


@shape.register
def _(_: inspect.BoolType) -> str:
    return "`true` or `false`"


def fields(struct: type[Struct]) -> tuple[inspect.Field, ...]:
    """The members of an object, by the names the wire has for them."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return info.fields


def default(field: inspect.Field) -> str:
    """What a member is when it is left out."""
    if field.required:
        return "required"
    if field.default_factory is not NODEFAULT:
        return f"`{json.dumps(field.default_factory())}`"
    return f"`{json.dumps(field.default)}`"


def presence(struct: type[Struct], field: inspect.Field) -> str:
    """When a member of a result is there."""
    leaves_out = struct.__struct_config__.omit_defaults and not field.required
    return "when set" if leaves_out else "always"


def _range(least: float | None, most: float | None) -> str:
    if least is None and most is None:
        return ""
    if least is None:
        return f"at most {most}"
    return f"at least {least}" if most is None else f"{least} to {most}"
