"""Identity: hashes of the data, the rows and the code that a result is made of, and the settings of a method as JSON."""

from __future__ import annotations

import ast
import hashlib
import inspect
import secrets
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pickle import PicklingError
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from checkstar import provenance
from checkstar.data.dataset import Dataset

__all__ = ["class_path", "code_hash", "data_hash", "described", "rows_hash", "settings_of"]

_HOUSE = "checkstar"
#: A study gives every method its seed.
_GIVEN = frozenset({"random_state"})


def class_path(method: Any) -> str:
    """Where the class of a method is defined."""
    return f"{type(method).__module__}.{type(method).__qualname__}"


def described(value: Any) -> Any:
    """A setting as JSON holds it: the same text for the same setting in every process, on every machine.

    Examples
    --------
    >>> from checkstar.methods import Ridge
    >>> described([1, (2.5, None), Ridge()])[2]["class"]
    'checkstar.methods.ridge.Ridge'
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else repr(value)
    if isinstance(value, np.generic):
        return described(value.item())
    if isinstance(value, np.ndarray):
        return {"array": provenance.hash_arrays([value]), "shape": list(value.shape)}
    if isinstance(value, BaseEstimator):
        return {"class": class_path(value), "settings": settings_of(value)}
    if isinstance(value, Mapping):
        return {str(key): described(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((described(item) for item in value), key=repr)
    if hasattr(value, "state_dict"):
        arrays = [np.asarray(tensor.detach().cpu()) for tensor in value.state_dict().values()]
        return {"class": class_path(value), "state": provenance.hash_arrays(arrays)}
    if hasattr(value, "__code__"):
        held = [cell.cell_contents for cell in value.__closure__ or ()]
        known = described([*held, *(value.__defaults__ or ()), value.__kwdefaults__ or {}])
        return {"function": f"{value.__module__}.{value.__qualname__}", "code": _code_of(value), "holds": known}
    if isinstance(value, type):
        return {"class": f"{value.__module__}.{value.__qualname__}"}
    return {"class": class_path(value), "content": _content(value)}


def settings_of(method: BaseEstimator) -> dict[str, Any]:
    """The settings of a method, but for the seed, as JSON holds them."""
    given = method.get_params(deep=False)
    return {name: described(value) for name, value in sorted(given.items()) if name not in _GIVEN}


def data_hash(data: Dataset) -> str:
    """Hash of everything in a dataset that a method may see, and of its truth."""
    noise = None if data.noise is None or data.x is None else data.noise.sigma(data.x)
    names = np.array([*data.features, "|", *data.labels])
    covariance = getattr(data.noise, "covariance_", None)
    return provenance.hash_arrays([names, data.x, data.y, data.y_err, noise, covariance, data.group, data.weight])


def rows_hash(train: NDArray[np.intp], test: NDArray[np.intp]) -> str:
    """Hash of which rows train and which test."""
    return provenance.hash_arrays([train.astype(np.int64), test.astype(np.int64)])


def code_hash(method: Any) -> str:
    """Hash of the code that a method is made of: its class, what it holds, and all of checkstar that these import.

    Of other packages the version counts; of a class in a script, its own text. Versions of numpy and the like do not
    count: they are in the record, so that machines that differ in them can share a store.
    """
    parts = sorted({part for cls in _classes(method) for part in _code_parts(cls)})
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _classes(value: Any) -> Iterator[type]:
    """The classes of a method and of what it holds."""
    if isinstance(value, BaseEstimator):
        yield type(value)
        for held in value.get_params(deep=False).values():
            yield from _classes(held)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from _classes(held)


def _code_parts(cls: type) -> list[str]:
    top = cls.__module__.split(".")[0]
    if top == _HOUSE:
        return [f"{name} {digest}" for name, digest in _house_sources(cls.__module__)]
    version = getattr(sys.modules.get(top), "__version__", None)
    if version is not None:
        return [f"{top} {version}"]
    return [f"{cls.__qualname__} {_code_of(cls)}"]


@cache
def _house_sources(module: str) -> tuple[tuple[str, str], ...]:
    """Names and digests of a module of this package and of all others of it that it imports, at any depth.

    A package only passes names on, so what counts is where a name comes from; else everything would hang on everything.
    """
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = None if name in found else _source_path(name)
        if path is not None and path.name != "__init__.py":
            text = path.read_bytes()
            found[name] = hashlib.sha256(text).hexdigest()
            waiting += [_home_of(module, name) for module, name in _imported(text)]
    return tuple(sorted(found.items()))


@cache
def _source_path(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None


def _imported(text: bytes) -> Iterator[tuple[str, str]]:
    """Modules of this package that a source imports, wherever in it, each with the name taken from it, if any."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((item.name, "") for item in node.names if item.name.startswith(_HOUSE))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_HOUSE):
            yield from ((str(node.module), item.name) for item in node.names)


@cache
def _home_of(module: str, name: str) -> str:
    """The module that a name taken from a module comes from."""
    path = _source_path(module)
    if path is None or path.name != "__init__.py" or not name:
        return module
    if _source_path(f"{module}.{name}") is not None:
        return f"{module}.{name}"
    passed = {alias: home for home, alias in _imported(path.read_bytes()) if home != module}
    return _home_of(passed[name], name) if name in passed else module


def _content(value: Any) -> str:
    """Hash of what an object holds; of one that cannot be told, a number that never comes again: it is never reused."""
    from joblib import hash as hash_content

    try:
        return str(hash_content(value))
    except (PicklingError, TypeError, AttributeError, ValueError):
        return secrets.token_hex(16)


def _code_of(item: Any) -> str:
    """Digest of the text of a class or function; of its compiled form where there is no text."""
    try:
        text = inspect.getsource(item).encode()
    except (OSError, TypeError):
        code = getattr(item, "__code__", None)
        text = item.__qualname__.encode() if code is None else code.co_code + repr(code.co_names).encode()
    return hashlib.sha256(text).hexdigest()[:16]
