"""Storage: a fitted method as a folder of `arrays.safetensors` and `method.json`; nothing is ever pickled.

No code named in the JSON is ever imported: the caller says which class it expects, and a method inside another must be
of this package or of a class that the caller has imported already.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import ContractError, InputError

__all__ = ["load_method", "save_method"]

M = TypeVar("M")
Arrays = dict[str, NDArray[Any]]

_FORMAT = "checkstar.method"
_FORMAT_VERSION = 1
_ARRAYS, _JSON = "arrays.safetensors", "method.json"
_SAVED_KINDS = "biuf"


def save_method(method: Any, path: str | Path) -> Path:
    """Write a fitted method to a folder, complete or not at all.

    Parameters
    ----------
    method : Method
        Its learned attributes must be arrays, numbers, strings, other methods, and lists or dictionaries of these.
    path : str or Path
        The folder; an earlier saved method there is replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If `path` is a file, or a folder that holds anything else.
    ContractError
        If something learned, or a setting, cannot be written.
    """
    folder = Path(path)
    _refuse_foreign(folder)
    name = type(method).__name__
    arrays: Arrays = {}
    state = _encode_method(method, name, arrays)
    content = _array_bytes(arrays)
    record = {
        "format": _FORMAT,
        "format_version": _FORMAT_VERSION,
        "class": state["class"],
        "checkstar_version": _version(),
        "settings": state["settings"],
        "learned": state["learned"],
        "arrays_sha256": hashlib.sha256(content).hexdigest(),
    }
    record["record_sha256"] = _record_hash(record)
    _write_folder(folder, content, json.dumps(record, indent=1, allow_nan=False))
    return folder


def load_method(cls: type[M], path: str | Path) -> M:
    """Read a fitted method of class `cls` from a folder written by `save_method`.

    Raises
    ------
    InputError
        If the folder is missing, incomplete or altered, was written by a newer version, or holds another class.
    """
    folder = Path(path)
    record = _read_record(folder)
    if record["class"] != _class_path(cls):
        raise InputError(
            f"{folder} holds a {record['class']}, not a {_class_path(cls)}; load it with "
            f"{record['class'].rsplit('.', 1)[-1]}.load."
        )
    arrays = _read_arrays(folder, record["arrays_sha256"])
    try:
        method = _rebuild(cls, record, arrays)
    except InputError as error:  # its words already say what to do, such as what to install
        raise InputError(f"{folder} cannot be used as {cls.__name__}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise InputError(f"{folder} does not hold a complete {cls.__name__} ({error}); save it again.") from error
    return method


def _rebuild(cls: type[M], record: dict[str, Any], arrays: Arrays) -> M:
    unused = set(arrays)
    method = _decode_method(cls, record, arrays, unused)
    if not cast(Any, method).is_fitted():
        raise InputError("nothing learned")
    if unused:
        raise InputError(f"{_ARRAYS} holds {len(unused)} arrays that {_JSON} does not name")
    return method


def _encode_method(method: Any, where: str, arrays: Arrays) -> dict[str, Any]:
    name = type(method).__name__
    if not method.can_save:
        raise ContractError(
            f"{where} cannot be saved: {getattr(method, 'name', name)} is or holds what could only be pickled, a model of "
            "another library or a function; save that with its own tools."
        )
    return {
        "class": _class_path(type(method)),
        "settings": {k: _encode(v, f"{name} setting {k}", arrays) for k, v in method.settings().items()},
        "learned": {k: _encode(v, f"{name}.{k}", arrays) for k, v in method.learned().items()},
    }


def _decode_method(cls: type[M], state: dict[str, Any], arrays: Arrays, unused: set[str]) -> M:
    unknown = set(state["settings"]) - set(cast(Any, cls)._get_param_names())
    if unknown:
        raise InputError(f"{cls.__name__} has no setting {sorted(unknown)[0]!r}")
    bad = [key for key in state["learned"] if not _is_learned_name(key)]
    if bad:
        raise InputError(f"{bad[0]!r} is no name of something learned")
    method = cls(**{key: _decode(node, arrays, unused) for key, node in state["settings"].items()})
    for key, node in state["learned"].items():
        setattr(method, key, _decode(node, arrays, unused))
    check = getattr(method, "check_learned", None)
    if check is not None and state["learned"]:
        check()
    return method


def _method_class(path: str) -> type:
    """The class of a method inside another: exported by this package, or a class that was imported already."""
    from checkstar import methods
    from checkstar.methods.base import Method

    module, _, name = path.rpartition(".")
    if methods._HOME.get(name) == module.removeprefix("checkstar.methods."):
        found: Any = getattr(methods, name)
        if isinstance(found, type) and issubclass(found, Method):
            return found
    for known in _subclasses(Method):
        if _class_path(known) == path:
            return known
    raise InputError(f"it holds a {path}, which is not imported; import it first, if you trust it")


def _subclasses(cls: Any) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _is_learned_name(key: str) -> bool:
    return key.isidentifier() and key.endswith("_") and not key.startswith("_")


def _encode(value: Any, where: str, arrays: Arrays) -> dict[str, Any]:
    """`value` as one JSON node with exactly one tag; arrays go to `arrays`."""
    from checkstar.methods.base import Method

    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return {"value": value}
    if isinstance(value, float):
        return {"value": value} if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.ndarray) and value.dtype.kind in "US":
        return {"strings": value.astype(str).ravel().tolist(), "shape": list(value.shape)}
    if isinstance(value, np.ndarray) and value.dtype.kind in _SAVED_KINDS and value.dtype.itemsize <= 8:
        key = f"a{len(arrays)}"
        arrays[key] = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("=")).reshape(value.shape)
        return {"array": key, "dtype": str(arrays[key].dtype), "shape": list(value.shape)}
    # A named tuple would come back without its names.
    if type(value) in (list, tuple):
        nodes = [_encode(item, f"{where}[{i}]", arrays) for i, item in enumerate(value)]
        return {"list" if isinstance(value, list) else "tuple": nodes}
    if isinstance(value, Method):
        return {"method": _encode_method(value, where, arrays)}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: _encode(item, f"{where}[{key!r}]", arrays) for key, item in value.items()}}
    raise ContractError(
        f"{where} is a {type(value).__name__}, which cannot be saved; use arrays, numbers, strings, methods, and lists "
        "or dictionaries of these (of a named tuple its _asdict())."
    )


def _decode(node: dict[str, Any], arrays: Arrays, unused: set[str]) -> Any:
    match node:
        case {"value": value, **rest} if not rest:
            return value
        case {"float": text, **rest} if not rest and text in ("nan", "inf", "-inf"):
            return float(text)
        case {"strings": texts, "shape": shape, **rest} if not rest:
            return np.array(texts, dtype=str).reshape(shape)
        case {"array": key, "dtype": dtype, "shape": shape, **rest} if not rest:
            array = arrays[key]
            if str(array.dtype) != dtype or list(array.shape) != shape:
                raise InputError(f"array {key} is {array.dtype} {array.shape}, not {dtype} {tuple(shape)}")
            unused.discard(key)
            return array
        case {"list": nodes, **rest} if not rest:
            return [_decode(item, arrays, unused) for item in nodes]
        case {"tuple": nodes, **rest} if not rest:
            return tuple(_decode(item, arrays, unused) for item in nodes)
        case {"dict": nodes, **rest} if not rest:
            return {key: _decode(item, arrays, unused) for key, item in nodes.items()}
        case {"method": {"class": path, "settings": _, "learned": _, **more} as state, **rest} if not rest and not more:
            return _decode_method(_method_class(path), state, arrays, unused)
    raise InputError(f"an entry of {_JSON} has an unknown form")


def _array_bytes(arrays: Arrays) -> bytes:
    from safetensors.numpy import save

    return save(arrays)


def _read_record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / _JSON).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder} has no {_JSON}; give a folder written by save.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{folder / _JSON} cannot be read ({error}); fetch or save it again.") from error
    if not isinstance(record, dict) or record.get("format") != _FORMAT:
        raise InputError(f"{folder / _JSON} is not a saved method; give a folder written by save.")
    if record.get("format_version") != _FORMAT_VERSION:
        raise InputError(
            f"{folder} has format version {record.get('format_version')!r} but this checkstar reads {_FORMAT_VERSION}; "
            "use the version that wrote it."
        )
    stated = record.pop("record_sha256", None)
    needed = {"class": str, "settings": dict, "learned": dict, "arrays_sha256": str}
    if stated != _record_hash(record) or not all(isinstance(record.get(key), kind) for key, kind in needed.items()):
        raise InputError(f"{folder / _JSON} was altered after it was saved; fetch or save it again.")
    return record


def _read_arrays(folder: Path, sha256: str) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        content = (folder / _ARRAYS).read_bytes()
    except OSError as error:
        raise InputError(f"{folder / _ARRAYS} cannot be read ({error.strerror}); fetch or save it again.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InputError(f"{folder / _ARRAYS} was altered or truncated after it was saved; fetch or save it again.")
    try:
        # Copies: the arrays of safetensors are views of read-only bytes.
        return {key: np.array(array) for key, array in load(content).items()}
    except SafetensorError as error:
        raise InputError(f"{folder / _ARRAYS} is not a safetensors file ({error}); fetch or save it again.") from error


def _refuse_foreign(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(f"{folder} is a file or a link; give a folder to save to.")
    held = sorted(item.name for item in folder.iterdir()) if folder.exists() else []
    foreign = [name for name in held if name not in (_ARRAYS, _JSON)]
    if foreign:
        raise InputError(f"{folder} holds {foreign[0]!r}, which is not part of a saved method; give a new folder.")


def _write_folder(folder: Path, content: bytes, text: str) -> None:
    """Write beside the folder and rename: a crash leaves the old method or the new one, never half of one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex
    fresh, old = (folder.parent / f".{folder.name}.{mark}.{suffix}" for suffix in ("new", "old"))
    fresh.mkdir()
    try:
        (fresh / _ARRAYS).write_bytes(content)
        (fresh / _JSON).write_text(text, encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _record_hash(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True, allow_nan=True).encode()).hexdigest()


def _class_path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("checkstar")
    except PackageNotFoundError:
        return "unknown"
