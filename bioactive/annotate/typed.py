"""A recipe as a typed command: built from its signature when it is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import click

from ..errors import error
from .declare import EXTRA, FLAG, POSITIONAL, Argument, takes_extra
from .recipe_files import Recipe

BY_NAME = "by_name__"
SETTING = "setting__"
# What every recipe that serves may be given, unless it has an option of that name itself.
SHARED = (
    ("--db", "Database: a SQLite file or a URL"),
    ("--host", "Address to listen on"),
    ("--port", "Port to listen on; 0 for any that is free"),
    ("--set", "Any setting, as NAME=VALUE; may be repeated"),
)


class TypedCommand(click.Command):
    """A command whose options may be typed with `_` for `-`, and which may pass on those that it does not know.

    passes_on (bool): Whether it does; they are in `context.obj` then.
    """

    passes_on = False

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {flag: param for param in self.params if isinstance(param, click.Option) for flag in param.opts}
        words = [_dashed(word, known) for word in args]
        ctx.obj = []
        if self.passes_on:
            words, ctx.obj = _apart(words, known)
        return super().parse_args(ctx, words)


def make_command(recipe: Recipe) -> click.Command:
    """The command of a recipe; invoked without being a program, it gives the arguments and the settings.

    recipe (Recipe): The recipe.
    RETURNS (click.Command): The command.
    """
    arguments = recipe.arguments
    params: list[click.Parameter] = []
    for argument in arguments:
        params += _params(argument)
    taken = {flag for param in params for flag in param.opts}
    params += [
        click.Option([flag, f"{SETTING}{flag.strip('-')}"], help=text, multiple=flag == "--set")
        for flag, text in SHARED
        if flag not in taken
    ]
    command = TypedCommand(recipe.name, params=params, help=inspect.cleandoc(recipe.help))
    command.passes_on = takes_extra(recipe.function)
    return command


def parse(recipe: Recipe, words: Sequence[str], program: str = "bioactive") -> tuple[dict[str, Any], dict[str, Any]]:
    """What was typed after a recipe's name.

    recipe (Recipe): The recipe.
    words (Sequence[str]): What was typed.
    program (str): The name of the program, for the help.
    RETURNS (tuple[dict, dict]): The arguments of its function, and the settings that every command takes.
    RAISES (click.UsageError): For what cannot be understood; click.exceptions.Exit after the help was shown.
    """
    command = make_command(recipe)
    with command.make_context(f"{program} {recipe.name}", list(words)) as context:
        given, shared = {}, {}
        for argument in recipe.arguments:
            given[argument.name] = _value(argument, context)
        for name, value in context.params.items():
            if name.startswith(SETTING) and value not in (None, ()):
                shared[name.removeprefix(SETTING)] = value
        if takes_extra(recipe.function):
            given[EXTRA] = list(context.obj)
        return given, shared


def read_shared(shared: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The database and the settings of the options that every recipe takes.

    RAISES (BioactiveError): B418 for a setting without a name.
    """
    from .config import read_setting

    config = dict(map(read_setting, shared.get("set", ())))
    config.update({key: shared[key] for key in ("host", "port") if key in shared})
    return shared.get("db"), config


def _params(argument: Argument) -> list[click.Parameter]:
    if argument.kind == POSITIONAL:
        shown = click.Argument(
            [argument.name], required=argument.required, type=_Converted(argument), metavar=_metavar(argument)
        )
        if not argument.by_name_too:
            return [shown]
        flag = f"--{argument.name.replace('_', '-')}"
        return [shown, click.Option([flag, BY_NAME + argument.name], help=argument.help, type=_Converted(argument))]
    names = [*argument.flags, argument.name]
    if argument.kind == FLAG:
        return [click.Option(names, is_flag=True, flag_value=not argument.default, default=None, help=argument.help)]
    return [
        click.Option(
            names,
            required=argument.required,
            multiple=argument.many,
            type=_Converted(argument),
            help=_with_choices(argument),
        )
    ]


class _Converted(click.ParamType):
    """Gives what the argument's own converter makes of a text."""

    name = "text"

    def __init__(self, argument: Argument) -> None:
        self.argument = argument

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return _Made(self.argument.value(value)) if isinstance(value, str) else value
        except Exception as problem:  # whatever a converter raises is about what was typed
            self.fail(f"{value!r}: {problem}", param, ctx)


class _Made:
    """A converted value in a wrapper, so that click takes it for neither missing nor a text to convert again."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _value(argument: Argument, context: click.Context) -> Any:
    found = context.params.get(BY_NAME + argument.name) or context.params.get(argument.name)
    if argument.kind == FLAG:
        return argument.default if found is None else found
    if argument.many:
        parts = [part for made in found or () for part in made.value]
        return parts or argument.default
    return found.value if isinstance(found, _Made) else argument.default


def _dashed(word: str, known: Collection[str]) -> str:
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    dashed = name.replace("_", "-")
    return f"{dashed}{equals}{value}" if name not in known and dashed in known else word


def _apart(words: Sequence[str], known: Mapping[str, click.Option]) -> tuple[list[str], list[str]]:
    """What a command knows, and the options that it does not, with the word after each that has no `=`."""
    own: list[str] = []
    extra: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name = word.partition("=")[0]
        if not name.startswith("-") or name == "-" or name[:2] in known or name in ("--help", *known):
            own.append(word)
            if name in known and not known[name].is_flag and "=" not in word and rest:
                own.append(rest.pop(0))
            continue
        extra.append(word)
        if "=" not in word and rest and not rest[0].startswith("-"):
            extra.append(rest.pop(0))
    return own, extra


def _metavar(argument: Argument) -> str:
    name = argument.name.upper()
    return name if argument.required else f"[{name}]"


def _with_choices(argument: Argument) -> str:
    return f"{argument.help} ({', '.join(map(str, argument.choices))})" if argument.choices else argument.help


def unknown(name: str, names: Sequence[str]) -> Exception:
    """The error for a recipe that is not there."""
    return error("B604", name=name, known=", ".join(names) or "none")
