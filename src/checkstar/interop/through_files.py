"""Models that live in another program: observations are written to a file, predictions are read from one."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from checkstar.data.tables import read_table
from checkstar.errors import ContractError, InputError
from checkstar.prediction import Normal, Point, Prediction

__all__ = ["through_files"]

Program = Callable[[Path, Path], object] | Sequence[str]


def through_files(
    program: Program,
    *,
    predicted: Sequence[str],
    sigma: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    suffix: str = ".parquet",
    timeout: float | None = None,
) -> Callable[[NDArray[np.float64]], Prediction]:
    """A function of `x` that asks a program through files; give it to `checkstar.Run.of` as the model.

    Parameters
    ----------
    program : callable or sequence of str
        ``program(input, output)`` with two paths, or a command in which ``{input}`` and ``{output}`` stand for them:
        ``["python", "predict.py", "{input}", "{output}"]``. It is run without a shell.
    predicted, sigma : sequence of str
        Columns of the output: predictions, and their standard errors.
    features : sequence of str, optional
        Names of the columns of the input; by default x0, x1, ...
    suffix : str
        Format of both files: ".parquet", ".csv", ".fits" or ".ecsv".
    timeout : float, optional
        Seconds after which a command is given up.

    Raises
    ------
    InputError
        For a command that names no input or output.

    The function that is returned raises `ContractError` where the program fails, writes nothing, or writes another
    number of rows.

    Examples
    --------
    >>> import pandas as pd
    >>> def program(source, target):
    ...     table = pd.read_parquet(source)
    ...     table.assign(y=table["x0"] + table["x1"]).to_parquet(target)
    >>> ask = through_files(program, predicted=["y"])
    >>> ask(np.array([[1.0, 2.0], [3.0, 4.0]])).mean().tolist()
    [[3.0], [7.0]]
    """
    if not callable(program):
        missing = [place for place in ("{input}", "{output}") if not any(place in word for word in program)]
        if missing:
            raise InputError(f"the command {list(program)} does not say where its {' and '.join(missing)} goes.")

    def ask(x: NDArray[np.float64]) -> Prediction:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / f"input{suffix}", Path(folder) / f"output{suffix}"
            _write(x, features, source)
            _run(program, source, target, timeout)
            return _read(target, len(x), predicted, sigma)

    return ask


def _write(x: NDArray[np.float64], features: Sequence[str] | None, path: Path) -> None:
    from astropy.table import Table

    names = list(features) if features is not None else [f"x{i}" for i in range(x.shape[1])]
    if len(names) != x.shape[1]:
        raise InputError(f"{len(names)} features are named but x has {x.shape[1]} columns; name each.")
    Table(np.asarray(x, dtype=float), names=names).write(path)


def _run(program: Program, source: Path, target: Path, timeout: float | None) -> None:
    if callable(program):
        program(source, target)
        return
    command = [word.replace("{input}", str(source)).replace("{output}", str(target)) for word in program]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ContractError(f"the program {command[0]!r} could not be run ({error}).") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ContractError(f"the program {command[0]!r} ended with status {done.returncode}: {last}")


def _read(path: Path, n: int, predicted: Sequence[str], sigma: Sequence[str] | None) -> Prediction:
    if not path.exists():
        raise ContractError(f"the program wrote no {path.name}; it must write its predictions to the second path.")
    table = read_table(path).frame
    absent = [name for name in (*predicted, *(sigma or ())) if name not in table.columns]
    if absent:
        raise ContractError(f"the program's output has no column {absent[0]!r}; it has {', '.join(table.columns)}.")
    if len(table) != n:
        raise ContractError(
            f"the program gave {len(table)} predictions for {n} objects; it must give one a row, in order."
        )
    mean = np.column_stack([np.asarray(table[name], dtype=float) for name in predicted])
    if sigma is None:
        return Point(mean)
    return Normal(mean, np.column_stack([np.asarray(table[name], dtype=float) for name in sigma]))
