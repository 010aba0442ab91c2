"""The contract of methods."""

from __future__ import annotations

import copy
import inspect
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError

from checkstar.data.dataset import Dataset
from checkstar.data.descriptions import curve_layout
from checkstar.errors import ContractError, InputError
from checkstar.methods.base import Method
from checkstar.noise import Gaussian

__all__ = ["check_method", "simulate_classes", "simulate_spectra"]


def check_method(method: Method, data: Dataset | None = None) -> None:
    """Check that a method keeps the contract of `checkstar.methods.Method`.

    Parameters
    ----------
    method : Method
        An instance with the settings to check; it is not changed, copies are fitted.
    data : Dataset, optional
        What to fit: at least 60 objects with `x` and `y`. By default simulated spectra, or simulated classes for a
        method that scikit-learn calls a classifier.

    Raises
    ------
    ContractError
        With the first rule that is broken, and how to mend it.

    Examples
    --------
    >>> from checkstar.methods import Constant
    >>> check_method(Constant())
    """
    if not isinstance(method, Method):
        raise ContractError(
            f"{type(method).__name__} is no Method; subclass checkstar.methods.Method or wrap it with as_method."
        )
    if data is None:
        data = simulate_classes() if is_classifier(method) else simulate_spectra()
    if data.x is None or data.y is None or len(data) < 60:
        raise InputError(f"check_method needs at least 60 objects with x and y; got {data!r}.")
    for rule in _RULES:
        rule(method, data)


def simulate_spectra(n_objects: int = 120, rng: Any = 0) -> Dataset:
    """Spectra (n, 40) of a slope and two lines with two labels, at a signal-to-noise ratio of 100.

    Examples
    --------
    >>> simulate_spectra(60).y.shape
    (60, 2)
    """
    generator = np.random.default_rng(rng)
    labels = generator.uniform(-1, 1, (n_objects, 2))
    pixel = np.linspace(-1, 1, 40)
    hot, metals = labels[:, :1], labels[:, 1:]
    lines = np.exp(-0.5 * ((pixel + 0.4) / 0.1) ** 2), np.exp(-0.5 * ((pixel - 0.3) / 0.15) ** 2)
    flux = 1 + 0.2 * hot * pixel - 0.3 * np.exp(0.7 * metals) * lines[0] - 0.2 * np.exp(0.5 * (metals - hot)) * lines[1]
    noise = Gaussian(0.01)
    return Dataset(
        x=noise.draw(flux, generator), y=labels, noise=noise, labels=["hot", "metals"], name="simulated spectra"
    )


def simulate_classes(n_objects: int = 150, rng: Any = 0) -> Dataset:
    """Six features of three overlapping classes.

    Examples
    --------
    >>> simulate_classes(60).task
    'classification'
    """
    generator = np.random.default_rng(rng)
    codes = generator.integers(3, size=n_objects)
    centre = np.array([[0, 0, 1, 0, 0, 0], [2, 0, 0, 0, 1, 0], [0, 2, 0, 0, 0, 1]])[codes]
    truth = np.array(["EA", "RRAB", "RRC"])[codes]
    return Dataset(x=centre + generator.standard_normal((n_objects, 6)), y=truth, name="simulated classes")


def _broken(method: Method, what: str, cure: str) -> ContractError:
    return ContractError(f"{type(method).__name__} {what}; {cure}.")


def _fitted(method: Method, data: Dataset) -> Method:
    return clone(method).fit_data(data)


def _answers(method: Method, data: Dataset, rows: Any = slice(None)) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    assert data.x is not None
    noise = None if data.noise is None else data.noise[rows]
    prediction = method.predict_distribution(data.x[rows], noise=noise)
    return prediction.mean(), prediction.std()


def _is_curves(data: Dataset) -> bool:
    """Whether rows are light curves, whose columns have names that `fit` must be told and whose absent epochs are NaN."""
    return curve_layout(data.features) is not None


def _refitted(method: Method, x: Any, y: Any, data: Dataset) -> Method:
    """`method` fitted to other rows and labels, with the names of the columns where it needs them."""
    takes = "features" in inspect.signature(method.fit).parameters
    return method.fit(x, y, noise=data.noise, **({"features": data.features} if takes else {}))


def _equal(left: Any, right: Any) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(left, right, strict=True))


def _close(left: NDArray[np.float64], right: NDArray[np.float64], tolerance: float) -> bool:
    scale = np.abs(right[np.isfinite(right)]).max(initial=1e-9)
    return np.allclose(left, right, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def _settings_are_kept(method: Method, data: Dataset) -> None:
    settings = inspect.signature(type(method).__init__).parameters
    if type(method).__init__ is object.__init__:
        return  # no settings, so nothing to keep
    if any(item.kind is inspect.Parameter.VAR_POSITIONAL for item in settings.values()):
        raise _broken(method, "has *args in its constructor", "name every setting")
    given = method.settings()
    # Defaults too: what was converted once is often not converted a second time.
    defaults = {name: settings[name].default for name in given if settings[name].default is not inspect.Parameter.empty}
    changed = []
    for values in (given, {**given, **defaults}):
        kept = type(method)(**values).settings()
        changed += [name for name, value in values.items() if kept[name] is not value]
    if changed:
        raise _broken(
            method, f"changes its setting {changed[0]!r} in the constructor", "store it untouched and convert it in fit"
        )


def _clones(method: Method, data: Dataset) -> None:
    try:
        clone(method)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise _broken(
            method, f"cannot be cloned by scikit-learn ({error})", "only store settings in the constructor"
        ) from error


def _fit_returns_self(method: Method, data: Dataset) -> None:
    fresh = clone(method)
    if fresh.fit_data(data) is not fresh:
        raise _broken(method, "does not return itself from fit", "end fit with `return self`")


def _fit_leaves_settings_alone(method: Method, data: Dataset) -> None:
    fresh = clone(method)
    before = copy.deepcopy(fresh.settings())
    identity = fresh.settings()
    fresh.fit_data(data)
    for name, value in fresh.settings().items():
        if value is not identity[name] or repr(value) != repr(before[name]):
            raise _broken(method, f"changes its setting {name!r} in fit", f"keep what was learned in {name}_")
    stray = [name for name in vars(fresh) if name not in before and not name.endswith("_") and not name.startswith("_")]
    if stray:
        raise _broken(method, f"learns {stray[0]!r}", f"name it {stray[0]}_, so that it is saved")


def _arguments_stay_untouched(method: Method, data: Dataset) -> None:
    kept = copy.deepcopy(data)
    fitted = _fitted(method, data)
    _answers(fitted, data)
    for name in ("x", "y", "y_err"):
        before, after = getattr(kept, name), getattr(data, name)
        if before is not None and not pd.DataFrame(before).equals(pd.DataFrame(after)):
            raise _broken(method, f"changes its argument {name}", "work on a copy")
    if kept.noise is None or data.noise is None or kept.x is None:
        return
    if not np.array_equal(kept.noise.sigma(kept.x), data.noise.sigma(kept.x)):
        raise _broken(method, "changes its argument noise", "work on a copy")


def _reproduces(method: Method, data: Dataset) -> None:
    first, second = (_answers(_fitted(method, data), data) for _ in range(2))
    if not _equal(first, second):
        raise _broken(
            method,
            "gives other predictions after the same fit",
            "draw every random number from numpy.random.default_rng(self.random_state)",
        )
    fitted = _fitted(method, data)
    if not _equal(_answers(fitted, data), _answers(fitted, data)):
        raise _broken(method, "gives other predictions the second time", "let predict_distribution change nothing")


def _shapes_are_right(method: Method, data: Dataset) -> None:
    assert data.y is not None and data.x is not None
    n_columns = len(np.unique(data.y)) if data.task == "classification" else data.y.shape[1]
    cases = [(data.y, n_columns), (data.y[:, 0], n_columns if data.task == "classification" else 1)]
    for truth, width in cases:
        fitted = _refitted(clone(method), data.x, truth, data)
        prediction = fitted.predict_distribution(data.x, noise=data.noise)
        if prediction.shape != (len(data), width):
            raise _broken(
                method,
                f"predicts shape {prediction.shape} for {len(data)} objects and labels of shape {truth.shape}",
                f"return shape {(len(data), width)}; a single label keeps its axis",
            )


def _predict_is_the_mean(method: Method, data: Dataset) -> None:
    assert data.x is not None
    fitted = _fitted(method, data)
    point, mean = fitted.predict(data.x, noise=data.noise), _answers(fitted, data)[0]
    if np.shape(point) != mean.shape or not np.allclose(point, mean, rtol=1e-9, atol=1e-12):
        raise _broken(
            method, "predicts something else than the mean of predict_distribution", "leave predict as it is inherited"
        )


def _rows_are_independent(method: Method, data: Dataset) -> None:
    fitted = _fitted(method, data)
    whole = _answers(fitted, data)
    shuffled = np.random.default_rng(0).permutation(len(data))
    for rows, what in (
        (shuffled, "reordered objects"),
        (np.arange(0, len(data), 3), "some of the objects"),
        ([1], "one object"),
    ):
        for all_of_them, some in zip(whole, _answers(fitted, data, rows), strict=True):
            # Linear algebra may round differently for another number of rows, not more.
            if not _close(some, all_of_them[rows], 1e-6):
                raise _broken(
                    method,
                    f"predicts {what} differently from the whole set",
                    "let every row depend on nothing but itself",
                )


def _refuses_bad_input(method: Method, data: Dataset) -> None:
    assert data.x is not None and data.y is not None
    fitted, good, truth = _fitted(method, data), np.array(data.x, dtype=float), data.y
    # An epoch that is not finite is one that is not there.
    first = 2 if _is_curves(data) else 0
    for what, bad in _bad_observations(good)[first:]:
        _expect_refusal(method, f"predict with {what}", partial(fitted.predict, bad))
    for what, bad in _bad_observations(good)[first:3]:
        _expect_refusal(method, f"fit with {what}", partial(clone(method).fit, bad, truth))
    _expect_refusal(method, "fit with too few labels", partial(clone(method).fit, good, truth[:-1]))
    if data.task == "regression":
        holes = truth.copy()
        holes[3] = np.nan
        _expect_refusal(method, "fit with NaN in y", partial(clone(method).fit, good, holes))


def _bad_observations(good: NDArray[np.float64]) -> list[tuple[str, Any]]:
    nan, inf = good.copy(), good.copy()
    nan[2, 1], inf[2, 1] = np.nan, np.inf
    return [
        ("NaN in x", nan),
        ("infinity in x", inf),
        ("text in x", np.full(good.shape, "bright")),
        ("one feature too few", good[:, :-1]),
        ("x of one axis", good[0]),
    ]


def _expect_refusal(method: Method, what: str, action: Callable[[], Any]) -> None:
    cure = "begin with checkstar.methods.base.check_observations or check_training"
    try:
        action()
    except InputError as error:
        if type(method).__name__ not in str(error):
            raise _broken(method, f"does not name itself in the error for {what} ({error})", cure) from error
        return
    except (ValueError, TypeError, IndexError, RuntimeError, ArithmeticError, AttributeError) as error:
        raise _broken(method, f"answers {what} by {type(error).__name__} ({error}), not InputError", cure) from error
    raise _broken(method, f"accepts {what}", cure)


def _unfitted_is_refused(method: Method, data: Dataset) -> None:
    cure = "begin predict_distribution with self._fitted()"
    try:
        clone(method).predict(data.x)
    except NotFittedError:
        return
    except (ValueError, TypeError, AttributeError, RuntimeError, IndexError) as error:
        raise _broken(method, f"answers predict before fit by {type(error).__name__} ({error})", cure) from error
    raise _broken(method, "predicts before it was fitted", cure)


def _refit_forgets(method: Method, data: Dataset) -> None:
    assert data.x is not None and data.y is not None
    once = _fitted(method, data)
    again = clone(method)
    half = data[: len(data) // 2]
    assert half.x is not None and half.y is not None
    if _is_curves(data):
        _refitted(again, half.x, half.y, half)
    else:
        again.fit(half.x[:, :-1], half.y[:, :1])
    again.fit_data(data)
    cure = "set every learned attribute anew in fit"
    if set(once.learned()) != set(again.learned()):
        extra = sorted(set(once.learned()) ^ set(again.learned()))
        raise _broken(method, f"keeps {extra[0]!r} of an earlier fit", cure)
    if not _equal(_answers(once, data), _answers(again, data)):
        raise _broken(method, "remembers an earlier fit", cure)


def _survives_saving(method: Method, data: Dataset) -> None:
    if not method.can_save:
        return
    fitted = _fitted(method, data)
    with tempfile.TemporaryDirectory() as folder:
        path = fitted.save(Path(folder) / "method")
        loaded = type(method).load(path)
    # A loaded array may lie differently in memory, which changes the last digit.
    pairs = zip(_answers(fitted, data), _answers(loaded, data), strict=True)
    if not all(_close(before, after, 1e-12) for before, after in pairs):
        raise _broken(
            method, "predicts differently after save and load", "keep all that is learned in attributes ending in _"
        )
    if repr(loaded.settings()) != repr(fitted.settings()):
        raise _broken(method, "loses settings when saved", "use settings of numbers, strings, tuples and arrays")


_RULES: tuple[Callable[[Method, Dataset], None], ...] = (
    _settings_are_kept,
    _clones,
    _fit_returns_self,
    _fit_leaves_settings_alone,
    _arguments_stay_untouched,
    _reproduces,
    _shapes_are_right,
    _predict_is_the_mean,
    _rows_are_independent,
    _refuses_bad_input,
    _unfitted_is_refused,
    _refit_forgets,
    _survives_saving,
)
