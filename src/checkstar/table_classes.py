"""Class probabilities from a table: which columns, for which class each, and whether they fit the truth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from checkstar.errors import InputError, unknown_name
from checkstar.prediction import Classes
from checkstar.table_columns import column_numbers, first_rows, require_every

__all__ = ["class_prediction", "probability_columns"]

#: Two ways to write yes and no; a truth in the one fits columns in the other.
_YES_NO = (
    {"0": "0", "1": "1", "False": "0", "True": "1"},
    {"0": "False", "1": "True", "False": "False", "True": "True"},
)
_WILDCARD = re.compile(r"[*?\[]")
#: Probabilities that were rounded to three digits still sum to one.
_SUM_TOLERANCE = 1e-3


def probability_columns(available: Iterable[str], wanted: Sequence[str] | str, taken: Iterable[str]) -> tuple[str, ...]:
    """The columns of probabilities that a pattern or a list names; a pattern leaves out columns `taken` otherwise.

    Raises
    ------
    InputError
        If a name or pattern fits no column, or a named column plays another part.

    Examples
    --------
    >>> probability_columns(["id", "p_star", "p_galaxy"], "p_*", taken=["id"])
    ('p_star', 'p_galaxy')
    """
    columns, taken = list(dict.fromkeys(available)), set(taken)
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    found: dict[str, None] = {}
    for name in names:
        if name in columns:
            if name in taken:
                raise InputError(
                    f"column {name!r} was named both in probabilities and for something else; name another."
                )
            found[name] = None
        elif _WILDCARD.search(name):
            matched = [column for column in columns if fnmatchcase(column, name) and column not in taken]
            if not matched:
                raise InputError(
                    f"no column fits the pattern {name!r} of probabilities; the columns are {', '.join(columns[:20])}. "
                    "Give a pattern that fits them, or name them one by one."
                )
            found.update(dict.fromkeys(matched))
        else:
            raise unknown_name("probabilities column", name, columns)
    if not found:
        raise InputError("the list of probabilities is empty; name one column per class.")
    return tuple(found)


def class_prediction(
    frame: pd.DataFrame, truth: str, columns: Sequence[str], wanted: Sequence[str] | str
) -> tuple[NDArray[np.str_], Classes]:
    """True classes (n,) and their predicted probabilities.

    A single column is the probability of 1, of True, or of the class in its name; its complement is added.

    Raises
    ------
    InputError
        If a true class has no column, or the numbers are not probabilities that sum to one.
    """
    codes, classes = _true_classes(frame, truth)
    values = np.column_stack(
        [column_numbers(frame, column, "probabilities", "drop these objects, or predict them") for column in columns]
    )
    if len(columns) == 1:
        _require_probabilities(values, columns, total=None)
        names: tuple[str, ...] = _two_classes(columns[0], list(_stems(columns, wanted)), classes, truth)
        values = np.column_stack([1 - values[:, 0], values[:, 0]])
    else:
        _require_probabilities(values, columns, total=1.0)
        names = _class_names(columns, wanted, classes)
    counts = np.bincount(codes, minlength=len(classes))
    matched = np.asarray([_matching(name, names, int(count)) for name, count in zip(classes, counts, strict=True)])
    return matched[codes], Classes(values, names)


def _true_classes(frame: pd.DataFrame, truth: str) -> tuple[NDArray[np.intp], list[str]]:
    """Codes (n,) of the true classes, and their names."""
    codes, uniques = pd.factorize(frame[truth])
    require_every(codes < 0, truth, "truth", "objects without truth cannot be judged: drop them")
    return np.asarray(codes), [_word(value) for value in uniques]


def _word(value: object) -> str:
    """A class as text: 1.0, which a file with gaps makes of 1, is 1."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return value.decode() if isinstance(value, bytes) else str(value)


def _require_probabilities(values: NDArray[np.float64], columns: Sequence[str], total: float | None) -> None:
    shown = ", ".join(columns[:6]) + (f", ... ({len(columns)} in all)" if len(columns) > 6 else "")
    # The complement of a single column must not be negative, so that one gets no allowance for rounding.
    highest = 1.0 if total is None else 1.0 + _SUM_TOLERANCE
    outside = np.asarray(((values < 0) | (values > highest)).any(axis=1))
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        worst = values[row][np.abs(values[row] - 0.5).argmax()]
        raise InputError(
            f"the probabilities in {shown} lie outside 0 to 1 for {int(outside.sum())} of {len(values)} objects (rows "
            f"{first_rows(outside)}, counted from 0; the first is {worst:.4g}); turn scores into probabilities first."
        )
    if total is None:
        return
    sums = values.sum(axis=1)
    bad = np.asarray(np.abs(sums - total) > _SUM_TOLERANCE)
    if bad.any():
        raise InputError(
            f"the probabilities in {shown} do not sum to one for {int(bad.sum())} of {len(values)} objects (rows "
            f"{first_rows(bad)}, counted from 0; the first sums to {sums[bad][0]:.4g}); normalise them, or name "
            "exactly one column per class."
        )


def _stems(columns: Sequence[str], wanted: Sequence[str] | str) -> Iterator[tuple[str, ...]]:
    """Ways to read class names from the names of columns, the likeliest first."""
    pattern = wanted if isinstance(wanted, str) else wanted[0] if len(wanted) == 1 else ""
    if _WILDCARD.search(pattern) and pattern not in columns:
        head, tail = len(_WILDCARD.split(pattern)[0]), len(re.split(r"[*?\]]", pattern)[-1])
        yield tuple(column[head : len(column) - tail] for column in columns)
    for head, tail in _fixed_parts(columns):
        yield tuple(column[head : len(column) - tail] for column in columns)


def _fixed_parts(columns: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Lengths of prefix and suffix that all columns share, cut at separators; then the whole names; then uncut."""
    if len(columns) == 1:
        # One column shares everything with itself: each separator may end the prefix or begin the suffix.
        marks = [match.start() for match in re.finditer(r"[_\-.: ]", columns[0])]
        yield from ((mark + 1, 0) for mark in marks)
        yield from ((0, len(columns[0]) - mark) for mark in marks)
        yield 0, 0
        return
    head = _shared(columns)
    tail = min(_shared([column[::-1] for column in columns]), min(map(len, columns)) - head)
    at = max(columns[0].rfind(mark, 0, head) for mark in "_-.: ") + 1
    ending = columns[0][len(columns[0]) - tail :]
    cut = min((ending.find(mark) for mark in "_-.: " if mark in ending), default=tail)
    yield at, tail - cut
    yield at, 0
    yield 0, 0
    yield head, 0


def _shared(words: Sequence[str]) -> int:
    """Length of the prefix that all words share."""
    low, high = min(words), max(words)
    return next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))


def _class_names(columns: Sequence[str], wanted: Sequence[str] | str, classes: Sequence[str]) -> tuple[str, ...]:
    """The reading of the column names that knows all true classes; otherwise the likeliest."""
    readings = [names for names in _stems(columns, wanted) if all(names) and len(set(names)) == len(names)]
    return next((names for names in readings if all(_fits(name, names) for name in classes)), readings[0])


def _fits(name: str, names: Sequence[str]) -> bool:
    return name in names or any(words.get(name) in names for words in _YES_NO)


def _matching(name: str, names: Sequence[str], count: int) -> str:
    """The class among `names` that a true class means."""
    for candidate in (name, *(words.get(name, "") for words in _YES_NO)):
        if candidate in names:
            return candidate
    error = unknown_name("class", name, names)
    raise InputError(f"{count} objects are truly {name!r}, for which there is no column of probabilities: {error}")


def _two_classes(
    column: str, readings: Sequence[tuple[str, ...]], classes: Sequence[str], truth: str
) -> tuple[str, str]:
    """Names of the class that the single column is not for, and of the one that it is for."""
    shown = ", ".join(classes[:5])
    if len(classes) > 2:
        raise InputError(
            f"one column of probabilities ({column!r}) was named but the truth {truth!r} has {len(classes)} classes "
            f"({shown}{', ...' if len(classes) > 5 else ''}); name one column per class."
        )
    for no, yes in (("0", "1"), ("False", "True")):
        if set(classes) <= {no, yes}:
            return no, yes
    for (name,) in readings:
        if name in classes:
            return next((other for other in classes if other != name), f"not {name}"), name
    raise InputError(
        f"one column of probabilities ({column!r}) was named and the true classes are {shown}; which of them it is for "
        "cannot be told. Name one column per class, or call it after its class, as in 'p_" + classes[0] + "'."
    )
