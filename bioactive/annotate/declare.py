"""What a recipe's arguments are: read off its signature and off what its decorator says about them.

An argument is described by a tuple (help, kind, short flag, type, choices), by an `Arg`, by its help alone, or not at
all; what is left out is taken from the signature.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import error

POSITIONAL, OPTION, FLAG = "positional", "option", "flag"
EXTRA = "_extra"
TRUE, FALSE = ("true", "1", "yes", "y", "on"), ("false", "0", "no", "n", "off")
Converter = Callable[[str], Any]


class Arg:
    """The description of an argument: `Arg("--label", "-l", help="Labels")`, or `Arg(help="Dataset")` for a positional.

    option (str | None): The long name of an option; None for a positional argument.
    short (str | None): Its short flag, of one letter or several.
    help (str | None): What it is.
    converter (Callable | None): Makes the value of what was typed; the annotation decides without one.
    choices (Sequence | None): The values that may be given.
    """

    def __init__(
        self,
        option: str | None = None,
        short: str | None = None,
        *,
        help: str | None = None,
        converter: Converter | None = None,
        choices: Sequence[Any] | None = None,
        **_display: Any,
    ) -> None:
        self.option, self.short, self.help = option, short, help
        self.converter, self.choices = converter, choices


@dataclass(frozen=True)
class Argument:
    """One argument of a recipe, as it is typed.

    name (str): The parameter of the function.
    kind (str): "positional", "option" or "flag".
    flags (tuple[str, ...]): What is typed for an option or a flag: "--label", "-l".
    help (str): What it is.
    convert (Callable): Makes the value of what was typed.
    default (Any): The value when it is not given.
    required (bool): Whether it has to be given.
    many (bool): Whether it may be given several times, as a list.
    choices (tuple): The values that may be given; none for any.
    by_name_too (bool): Whether a positional argument may be given as `--name` as well.
    """

    name: str
    kind: str
    flags: tuple[str, ...]
    help: str
    convert: Converter
    default: Any = None
    required: bool = False
    many: bool = False
    choices: tuple[Any, ...] = ()
    by_name_too: bool = False

    def value(self, typed: str) -> Any:
        """The value of what was typed.

        RAISES (ValueError): When it is not among the choices, or cannot be converted.
        """
        found = self.convert(typed)
        if self.choices and found not in self.choices and typed not in map(str, self.choices):
            raise ValueError(f"choose one of {', '.join(map(str, self.choices))}")
        return found


def read_arguments(function: Callable[..., Any], described: dict[str, Any]) -> list[Argument]:
    """The arguments of a recipe.

    function (Callable): The recipe.
    described (dict): What its decorator says, by parameter.
    RETURNS (list[Argument]): In the order of the signature; `_extra`, `*args` and `**kwargs` are left out.
    RAISES (BioactiveError): B613 for a description that cannot be read.
    """
    hints = _hints(function)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name == EXTRA or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        found.append(_read(name, parameter, hints.get(name), described.get(name), function))
    return found


def takes_extra(function: Callable[..., Any]) -> bool:
    """Whether a recipe takes arguments that it does not declare, as the list `_extra`."""
    return EXTRA in inspect.signature(function).parameters


def to_bool(typed: str) -> bool:
    """ "true" or "false", also as 1 and 0, yes and no.

    RAISES (ValueError): For anything else.
    """
    if typed.lower() in TRUE + FALSE:
        return typed.lower() in TRUE
    raise ValueError(f"{typed!r} is neither true nor false")


def split_string(typed: str | None) -> list[str]:
    """The parts of a text with commas, without white space around them and without empty ones."""
    return [part.strip() for part in typed.split(",") if part.strip()] if isinstance(typed, str) else list(typed or [])


def get_labels(typed: str | None) -> list[str]:
    """Labels: a text with commas, or the path of a text file with a label a line."""
    if isinstance(typed, str) and typed and "," not in typed and _is_file(typed):
        return [line.strip() for line in Path(typed).read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    return split_string(typed)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # too long for a path
        return False


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # a name that exists for type checkers only
        return {
            name: hint for name, hint in getattr(function, "__annotations__", {}).items() if not isinstance(hint, str)
        }


def _read(name: str, parameter: inspect.Parameter, hint: Any, given: Any, function: Callable[..., Any]) -> Argument:
    missing = parameter.default is parameter.empty
    default = None if missing else parameter.default
    base, many = _unwrapped(hint)
    if isinstance(given, Arg):
        return _from_arg(name, given, base, many, default, missing)
    if isinstance(given, (tuple, list)) and given:
        return _from_tuple(name, tuple(given), base, many, default, missing)
    if given is not None and not isinstance(given, (str, Argument)):
        raise error("B613", recipe=getattr(function, "__name__", "recipe"), name=name, found=repr(given))
    help_text = given if isinstance(given, str) else ""
    if isinstance(default, bool):
        return Argument(name, FLAG, (_long(name),), help_text, to_bool, default)
    convert = _converter(base, many, default)
    choices = _choices(base)
    return Argument(
        name, POSITIONAL, (), help_text, convert, default, missing, choices=choices, by_name_too=not missing
    )


def _from_arg(name: str, given: Arg, base: Any, many: bool, default: Any, missing: bool) -> Argument:
    convert = given.converter or _converter(base, many, default)
    choices = tuple(given.choices or _choices(base))
    flags = tuple(flag for flag in (given.option, given.short) if flag)
    if not flags:
        return Argument(name, POSITIONAL, (), given.help or "", convert, default, missing, choices=choices)
    if (base is bool and given.converter is None) or isinstance(default, bool):
        return Argument(name, FLAG, flags, given.help or "", to_bool, bool(default))
    # A converter makes the whole value of one text; without one a list is what was typed each time.
    several = many and given.converter is None
    return Argument(name, OPTION, flags, given.help or "", convert, default, missing, several, choices)


def _from_tuple(name: str, given: tuple[Any, ...], base: Any, many: bool, default: Any, missing: bool) -> Argument:
    help_text, kind, short, convert, choices = (*given, None, None, None, None, None)[:5]
    if not isinstance(kind, str) or kind not in (POSITIONAL, OPTION, FLAG):
        kind = POSITIONAL if kind is None else str(kind)
    flags = (_long(name), *([f"-{short}"] if short else []))
    if kind == FLAG:
        return Argument(name, FLAG, flags, help_text or "", to_bool, bool(default))
    if typing.get_origin(convert) is not None:  # a tuple may give an annotation as its type: List[str]
        (base, many), convert = _unwrapped(convert), None
    made = to_bool if convert is bool else convert or _converter(base, many, default)
    if kind == OPTION:
        return Argument(name, OPTION, flags, help_text or "", made, default, False, choices=tuple(choices or ()))
    return Argument(name, POSITIONAL, (), help_text or "", made, default, missing, choices=tuple(choices or ()))


def _long(name: str) -> str:
    return f"--{name.strip('_').replace('_', '-')}"


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    """What one value of an annotation is, and whether there may be several: Optional[List[str]] -> (str, True)."""
    hint = getattr(hint, "__supertype__", hint)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _unwrapped(inner[0])
    if origin in (typing.Union, types.UnionType):
        kinds = [kind for kind in inner if kind is not type(None)]
        lists = [kind for kind in kinds if _is_list(kind)]
        # Of "a path or the examples themselves" one can type the path only.
        plain = [kind for kind in kinds if kind not in lists]
        if len(kinds) > 1 and plain:
            return _unwrapped(Path if Path in plain and str not in plain else plain[0])
        return _unwrapped(kinds[0]) if kinds else (None, False)
    if _is_list(hint):
        return (_unwrapped(inner[0])[0] if inner else str), True
    return hint, False


def _is_list(hint: Any) -> bool:
    origin = typing.get_origin(hint) or hint
    return (
        isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, (str, bytes, dict, Path))
    )


def _choices(base: Any) -> tuple[Any, ...]:
    return typing.get_args(base) if typing.get_origin(base) is typing.Literal else ()


def _converter(base: Any, many: bool, default: Any) -> Converter:
    """How to make a value: by the annotation, else by the kind of the default."""
    if many:
        one = _one(base if base is not None else str)
        return lambda typed: [one(part) for part in split_string(typed)]
    if base is None and default is not None and not isinstance(default, (list, tuple, dict)):
        base = type(default)
    if base is None and isinstance(default, (list, tuple)):
        return split_string
    return _one(base)


def _one(base: Any) -> Converter:
    origin = typing.get_origin(base) or base
    if base is bool:
        return to_bool
    if base in (int, float):
        return base
    if isinstance(origin, type) and issubclass(origin, Path):
        return Path
    if origin is typing.Literal:
        values = {str(value): value for value in typing.get_args(base)}
        return lambda typed: values.get(typed, typed)
    if isinstance(origin, type) and issubclass(origin, dict):
        return json.loads
    return str
