"""Components by name: problems, methods and checks found by walking the package, and those that others install.

Third parties add theirs through the entry points `checkstar.problems`, `checkstar.methods` and `checkstar.checks`.
"""

from __future__ import annotations

import inspect
import re
from ast import literal_eval
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Literal

from checkstar.claims import USES
from checkstar.errors import ContractError, InputError, unknown_name

__all__ = ["Component", "Kind", "component", "components", "configured", "listing", "parse_settings"]

Kind = Literal["problems", "methods", "checks"]


@dataclass(frozen=True, kw_only=True)
class Component:
    """One thing that can be used by name.

    Attributes
    ----------
    name : str
        As typed on the command line: ``boosted-trees``.
    make : callable
        The class or function that gives it.
    summary : str
        First line of its documentation.
    source : str
        The package that it comes from.
    """

    name: str
    make: Callable[..., Any]
    summary: str
    source: str


def components(kind: Kind) -> dict[str, Component]:
    """All problems, methods or checks, by name, in alphabetical order.

    Raises
    ------
    ContractError
        If an installed entry point cannot be loaded.
    """
    found = {c.name: c for module in _modules(f"checkstar.{kind}") for c in _in_module(kind, module)}
    for point in entry_points(group=f"checkstar.{kind}"):
        try:
            made = point.load()
        except (ImportError, AttributeError) as error:
            raise ContractError(
                f"the entry point {point.name!r} of checkstar.{kind} cannot be loaded: {error}"
            ) from error
        found.setdefault(point.name, _described(point.name, made, point.value.split(".")[0].split(":")[0]))
    return dict(sorted(found.items()))


def component(kind: Kind, name: str) -> Component:
    """One component by name; ``boosted-trees``, ``boosted_trees`` and ``BoostedTrees`` are the same.

    Raises
    ------
    InputError
        If there is none of this name; the nearest is suggested.
    """
    found = components(kind)
    for candidate in found.values():
        if _folded(candidate.name) == _folded(name):
            return candidate
    raise unknown_name(kind.removesuffix("s"), name, found)


def configured(chosen: Component, settings: dict[str, Any]) -> Any:
    """Make a component with some of its settings changed.

    Raises
    ------
    InputError
        For a setting that it does not have; the nearest is suggested.
    """
    known = [name for name in inspect.signature(chosen.make).parameters if name != "self"]
    for name in settings:
        if name not in known:
            raise unknown_name(f"setting of {chosen.name}", name, known)
    try:
        return chosen.make(**settings)
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        shown = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        raise InputError(f"{chosen.name} cannot be made with {shown or 'its default settings'}: {error}") from error


def parse_settings(words: Sequence[str]) -> dict[str, Any]:
    """Settings given as ``key=value``; values are Python literals, or text.

    Raises
    ------
    InputError
        For a word without '='.

    Examples
    --------
    >>> parse_settings(["order=2", "kernel=rbf"])
    {'order': 2, 'kernel': 'rbf'}
    """
    settings: dict[str, Any] = {}
    for word in words:
        key, mark, value = word.partition("=")
        if not mark or not key.strip():
            raise InputError(f"the setting {word!r} is not KEY=VALUE; write for example --set order=2.")
        try:
            settings[key.strip()] = literal_eval(value.strip())
        except (ValueError, SyntaxError):
            settings[key.strip()] = value.strip()
    return settings


def listing(kind: Kind | Literal["claims"]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows of what `checkstar list` shows."""
    if kind == "claims":
        return ("claim", "question", "tolerance", "by default"), [
            (use, about.question, about.tolerance, about.convention) for use, about in USES.items()
        ]
    found = components(kind)
    if kind != "checks":
        return (kind.removesuffix("s"), "what it is"), [(c.name, c.summary) for c in found.values()]
    from checkstar.checks.base import table_of_needs

    made = sorted((c.make() for c in found.values()), key=lambda check: check.code)
    needs = [row[2] for row in table_of_needs(made)]
    rows: list[tuple[str, ...]] = [
        (c.code, c.name, c.family, c.question, need) for c, need in zip(made, needs, strict=True)
    ]
    return ("code", "check", "family", "question", "needs"), rows


def _modules(package: str) -> Iterator[ModuleType]:
    """The modules of a package and of its subpackages; those that need an extra that is not installed are left out."""
    parent = import_module(package)
    for info in iter_modules(parent.__path__, prefix=f"{package}."):
        try:
            module = import_module(info.name)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] == "checkstar":
                raise
            continue
        yield module
        if info.ispkg:
            yield from _modules(info.name)


def _in_module(kind: Kind, module: ModuleType) -> Iterator[Component]:
    for name in getattr(module, "__all__", ()):
        item = getattr(module, name)
        if getattr(item, "__module__", None) == module.__name__ and _is_of(kind, item):
            yield _described(getattr(item, "name", None) if kind == "checks" else _dashed(name), item, "checkstar")


def _is_of(kind: Kind, item: Any) -> bool:
    """Whether something is a component that can be made without arguments."""
    if kind == "problems":
        returned = getattr(item, "__annotations__", {}).get("return")
        return inspect.isfunction(item) and getattr(returned, "__name__", returned) == "Problem"
    if not inspect.isclass(item) or inspect.isabstract(item):
        return False
    if kind == "methods":
        from checkstar.methods.base import Method

        kept: bool = issubclass(item, Method) and item is not Method and item.fit is not Method.fit
    else:
        from checkstar.checks.base import Check

        kept = issubclass(item, Check)
    required = [
        p for p in inspect.signature(item).parameters.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL
    ]
    return kept and not required


def _described(name: str | None, made: Callable[..., Any], source: str) -> Component:
    lines = (inspect.getdoc(made) or "").strip().splitlines()
    return Component(name=name or made.__name__, make=made, summary=lines[0] if lines else "", source=source)


def _dashed(name: str) -> str:
    """`BoostedTrees` and `boosted_trees` as ``boosted-trees``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).replace("_", "-").lower()


def _folded(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()
