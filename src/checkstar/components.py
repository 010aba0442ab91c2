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

__all__ = [
    "Component",
    "Kind",
    "component",
    "components",
    "configured",
    "listing",
    "method_of",
    "parse_settings",
    "problem_of",
    "wrappers",
]

Kind = Literal["problems", "methods", "checks"]

_METHOD = re.compile(r"\s*([\w-]+)\s*(?:\((.*)\)\s*)?", re.DOTALL)
_SETTING = re.compile(r"\s*\w+\s*=")


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
    _require_settings(chosen, settings)
    try:
        return chosen.make(**settings)
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        shown = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        raise InputError(f"{chosen.name} cannot be made with {shown or 'its default settings'}: {error}") from error


def _require_settings(chosen: Component, settings: dict[str, Any]) -> None:
    known = [name for name in inspect.signature(chosen.make).parameters if name != "self"]
    for name in settings:
        if name not in known:
            raise unknown_name(f"setting of {chosen.name}", name, known)


def wrappers() -> dict[str, Component]:
    """All methods that hold another method, by name, in alphabetical order."""
    found = {c.name: c for module in _modules("checkstar.methods") for c in _in_module("wrappers", module)}
    return dict(sorted(found.items()))


def method_of(text: str, settings: dict[str, Any] | None = None) -> Any:
    """A method as it is written on the command line: its name, and in brackets the method that it holds, and settings.

    Parameters
    ----------
    text : str
        ``cannon``, ``calibrated(cannon)``, ``conformal(calibrated(ridge), n_bins=3)``, ``k-nearest(n_neighbors=5)``.
    settings : dict, optional
        More settings of the outermost method.

    Raises
    ------
    InputError
        For a name or setting that does not exist, brackets that do not close, and a method that holds another and was
        given none, or several.

    Examples
    --------
    >>> method_of("calibrated(ridge, n_folds=3)").name
    'Calibrated(Ridge)'
    """
    match = _METHOD.fullmatch(text)
    words = None if match is None else _split(match[2] or "")
    if match is None or words is None:
        raise InputError(f"the method {text!r} is not NAME or NAME(METHOD); write for example 'calibrated(ridge)'.")
    held = [word for word in words if not _SETTING.match(word)]
    given = parse_settings([word for word in words if _SETTING.match(word)]) | (settings or {})
    holders = {_folded(name): c for name, c in wrappers().items()}
    chosen = holders.get(_folded(match[1]))
    if chosen is None:
        chosen = _plain_method(match[1], holders)
        if held:
            raise InputError(f"{chosen.name} holds no other method; leave out ({', '.join(held)}).")
        return configured(chosen, given)
    if len(held) != 1 or "method" in given:
        raise InputError(
            f"{chosen.name} holds one other method and got {len(held) or 'none'} in brackets; "
            f"write for example --method '{chosen.name}(ridge)'."
        )
    return configured(chosen, {"method": method_of(held[0]), **given})


def problem_of(text: str) -> Callable[[], Any]:
    """A problem as it is written on the command line, its settings in brackets; it is made when called.

    Raises
    ------
    InputError
        For a name or setting that does not exist, and brackets that do not close.

    Examples
    --------
    >>> problem_of("redshifts(survey=simulated, n_simulated=300)")().name
    'redshifts'
    """
    match = _METHOD.fullmatch(text)
    words = None if match is None else _split(match[2] or "")
    if match is None or words is None:
        raise InputError(
            f"the problem {text!r} is not NAME or NAME(KEY=VALUE); write for example 'redshifts(survey=simulated)'."
        )
    chosen, given = component("problems", match[1]), parse_settings(words)
    _require_settings(chosen, given)
    return lambda: configured(chosen, given)


def _plain_method(name: str, holders: dict[str, Component]) -> Component:
    found = components("methods")
    if any(_folded(known) == _folded(name) for known in found):
        return component("methods", name)
    raise unknown_name("method", name, [*found, *(holder.name for holder in holders.values())])


def _split(inside: str) -> list[str] | None:
    """What stands between the commas that are in no bracket; None where brackets do not close."""
    words, depth = [""], 0
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0:
            return None
        if letter == "," and depth == 0:
            words.append("")
        else:
            words[-1] += letter
    return None if depth else [word.strip() for word in words if word.strip()]


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
        rows: list[tuple[str, ...]] = [(c.name, c.summary) for c in found.values()]
        if kind == "methods":
            rows += [(f"{c.name}(METHOD)", c.summary) for c in wrappers().values()]
        return (kind.removesuffix("s"), "what it is"), rows
    from checkstar.checks.base import table_of_needs

    made = sorted((c.make() for c in found.values()), key=lambda check: _numbered(check.code))
    needs = [row[2] for row in table_of_needs(made)]
    lines: list[tuple[str, ...]] = [
        (c.code, c.name, c.family, c.question, need) for c, need in zip(made, needs, strict=True)
    ]
    return ("code", "check", "family", "question", "needs"), lines


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


def _in_module(kind: Kind | Literal["wrappers"], module: ModuleType) -> Iterator[Component]:
    for name in getattr(module, "__all__", ()):
        item = getattr(module, name)
        if getattr(item, "__module__", None) == module.__name__ and _is_of(kind, item):
            yield _described(getattr(item, "name", None) if kind == "checks" else _dashed(name), item, "checkstar")


def _is_of(kind: Kind | Literal["wrappers"], item: Any) -> bool:
    """Whether something is a component that can be made without arguments; a wrapper, with a method alone."""
    if kind == "problems":
        returned = getattr(item, "__annotations__", {}).get("return")
        return inspect.isfunction(item) and getattr(returned, "__name__", returned) == "Problem"
    if not inspect.isclass(item) or inspect.isabstract(item):
        return False
    if kind == "methods":
        from checkstar.methods.base import Method

        kept: bool = issubclass(item, Method) and item is not Method and item.fit is not Method.fit
    elif kind == "wrappers":
        from checkstar.methods.wrappers import Wrapper

        kept = issubclass(item, Wrapper)
    else:
        from checkstar.checks.base import Check

        kept = issubclass(item, Check)
    parameters = inspect.signature(item).parameters.values()
    required = [p.name for p in parameters if p.default is p.empty and p.kind < p.VAR_POSITIONAL]
    return kept and required == (["method"] if kind == "wrappers" else [])


def _described(name: str | None, made: Callable[..., Any], source: str) -> Component:
    lines = (inspect.getdoc(made) or "").strip().splitlines()
    return Component(name=name or made.__name__, make=made, summary=lines[0] if lines else "", source=source)


def _dashed(name: str) -> str:
    """`BoostedTrees` and `boosted_trees` as ``boosted-trees``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).replace("_", "-").lower()


def _numbered(code: str) -> tuple[str, int, str]:
    """B2 before B10."""
    letters, number, rest = re.fullmatch(r"(\D*)(\d*)(.*)", code, re.DOTALL).groups()  # type: ignore[union-attr]
    return letters, int(number or 0), rest


def _folded(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()
