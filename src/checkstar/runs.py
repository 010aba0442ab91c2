"""Run: one method on one dataset: predictions, costs, seeds, hashes; or why it failed."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from checkstar import provenance
from checkstar.data.dataset import Dataset
from checkstar.errors import InputError, unknown_name
from checkstar.estimates import relabelled, unit_count
from checkstar.noise import Noise
from checkstar.prediction import Classes, Prediction, Samples
from checkstar.scope import Scope

if TYPE_CHECKING:
    from checkstar.methods.base import Method
    from checkstar.problems.base import Problem

__all__ = ["Costs", "LabelView", "LogDensities", "Run", "run"]

#: Redrawn predictions kept in memory; older ones are dropped first.
_CACHE_SIZE = 64


@dataclass
class Costs:
    """What a run has cost so far: seconds of wall and CPU time, peak memory of the process, calls of the model.

    `audit_calls` is what the last audit asked of the model, in units of the whole test set.
    """

    fit_seconds: float = float("nan")
    fit_cpu_seconds: float = float("nan")
    predict_seconds: float = float("nan")
    predict_cpu_seconds: float = float("nan")
    peak_memory_mb: float = float("nan")
    model_calls: int = 0
    objects_predicted: int = 0
    audit_calls: float = float("nan")

    def to_dict(self) -> dict[str, float | int | None]:
        """Plain values for JSON; None where nothing was measured."""
        return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(self).items()}


class LogDensities(NamedTuple):
    """Log-density of each object's posterior, up to a constant of the object: at its draws (n, s), at the truth (n,)."""

    draws: NDArray[np.float64]
    truth: NDArray[np.float64]


class LabelView(NamedTuple):
    """One label of a run, as a check reads it: arrays of one row per test object."""

    name: str
    unit: str
    truth: NDArray[Any]
    truth_err: NDArray[np.float64]
    prediction: Prediction
    units: NDArray[np.intp]
    weight: NDArray[np.float64] | None
    training: NDArray[Any] | None

    def at(self, rows: NDArray[np.intp]) -> LabelView:
        """The same of some test objects; their independent units are numbered anew."""
        return self._replace(
            truth=self.truth[rows],
            truth_err=self.truth_err[rows],
            prediction=self.prediction[rows],
            units=relabelled(self.units[rows]),
            weight=None if self.weight is None else self.weight[rows],
        )

    @property
    def predicted(self) -> NDArray[np.float64]:
        """Point predictions (n,) of a regression."""
        return self.prediction.mean()[:, 0]

    @property
    def error(self) -> NDArray[np.float64]:
        """Prediction minus truth (n,) of a regression."""
        return self.predicted - self.truth

    @property
    def spread(self) -> float:
        """Standard deviation of the training labels (of the test truth where there are none), truth errors removed."""
        if self.training is not None:
            return float(np.std(self.training, ddof=1))
        variance = float(np.var(self.truth, ddof=1)) - float(np.mean(self.truth_err**2))
        return float(np.sqrt(variance)) if variance > 0 else float(np.std(self.truth, ddof=1))


class Peers:
    """Simple methods on the same data; all runs of one problem share them, so each is fitted once."""

    def __init__(self, train: Dataset | None, test: Dataset) -> None:
        self.train, self.test = train, test
        self._predicted: dict[str, Prediction] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the methods."""
        return ("Constant", "BoostedTrees", *(("Ridge",) if self.test.task == "regression" else ()))

    def predict(self, name: str) -> Prediction:
        """Predictions of the test objects by one of them; it is fitted when first asked for."""
        from checkstar.methods import BoostedTrees, Constant, Ridge

        if self.train is None or self.train.x is None or self.train.y is None or self.test.x is None:
            raise InputError("baselines need training and test data with observations x.")
        made: dict[str, Callable[[], Method]] = {
            "Constant": Constant,
            "BoostedTrees": lambda: BoostedTrees(random_state=0),
            "Ridge": Ridge,
        }
        with self._lock:
            if name not in self._predicted:
                train, test = _compared(self.train, self.test)
                fitted = made[name]().fit_data(train)
                found = fitted.predict_distribution(test.x, noise=test.noise)  # type: ignore[arg-type]
                self._predicted[name] = _with_all_classes(found, self.test)
            return self._predicted[name]


class Run:
    """One method on one dataset. Made by `run`, `Run.of`, `Run.from_table` or `Run.from_samples`.

    Attributes
    ----------
    test : Dataset
        The objects that the audit is about, with their truth.
    train : Dataset or None
        What the method learned from.
    method : Method or None
        The fitted method, where the run can be asked to predict again.
    reference : Run or None
        The domain's own way of doing the job on the same objects.
    costs : Costs
    scope : Scope
        Where the result will be used, and what is known to hold there.
    log_prob : LogDensities or None
        Log-densities of a posterior at its draws and at the truth.
    failure : str or None
        Why the run failed; its traceback is in `failure_traceback`.
    """

    def __init__(
        self,
        *,
        name: str,
        test: Dataset,
        prediction: Prediction | None,
        train: Dataset | None = None,
        method: Method | None = None,
        reference: Run | None = None,
        problem: str | None = None,
        seed: int | None = None,
        costs: Costs | None = None,
        failure: str | None = None,
        failure_traceback: str | None = None,
        peers: Peers | None = None,
        scope: Scope | None = None,
        log_prob: LogDensities | None = None,
    ) -> None:
        if test.y is None:
            raise InputError("the test data have no truth y; an audit compares predictions with truth.")
        for role, data in (("test", test), ("training", train)):
            if data is not None and data.is_partly_labelled:
                raise InputError(f"the {role} data have objects of unknown label; they belong into Scope(target=...).")
        _same_labels(train, test)
        self.name, self.test, self.train, self.method = name, test, train, method
        self.reference, self.problem, self.seed = reference, problem, seed
        self.costs = costs or Costs()
        self.scope = scope or Scope()
        self.log_prob = log_prob
        self.failure, self.failure_traceback = failure, failure_traceback
        self._prediction = prediction
        self._peers = peers or Peers(train, test)
        self._cache: dict[str, Prediction] = {}
        # Checks run side by side; models are asked one call at a time, for not every model bears more.
        self._lock = threading.RLock()
        if prediction is not None:
            _agree(prediction, test)
        if reference is not None and not np.array_equal(reference.test.y, test.y):  # type: ignore[arg-type]
            raise InputError(
                f"the reference was run on other objects ({len(reference.test)} against {len(test)}, or another truth); "
                "give its predictions of the same objects in the same order."
            )

    def __repr__(self) -> str:
        state = f"failed: {self.failure}" if self.failure else f"{len(self.test)} test objects"
        return f"Run({self.name}{' on ' + self.problem if self.problem else ''}: {state})"

    @classmethod
    def of(
        cls,
        model: Any,
        *,
        test: Dataset,
        train: Dataset | None = None,
        reference: Any = None,
        name: str | None = None,
        seed: int = 0,
        scope: Scope | None = None,
    ) -> Run:
        """Run a model of your own: scikit-learn estimator, torch module, checkstar method or plain callable.

        Parameters
        ----------
        model : object
            Fitted on `train` where it is a method or scikit-learn estimator that is not fitted yet; used as it is
            otherwise.
        test, train : Dataset
            Test objects with truth; what the model learned from (needed to fit, and by the checks of leakage, domain
            and baselines).
        reference : object, optional
            The domain's own way of doing the job, in the same forms as `model`.
        scope : Scope, optional
            Where the result will be used: target objects, symmetries, systematic effects and the like.

        Raises
        ------
        InputError
            If the data do not fit each other or the model.
        """
        from checkstar.methods.wrapping import as_method

        method = as_method(model)
        if not isinstance(test, Dataset) or not isinstance(train, Dataset | None):
            raise InputError("test and train must be Datasets; build them with Dataset(x=..., y=...).")
        compared = None if reference is None else cls.of(reference, test=test, train=train, seed=seed)
        if compared is not None and compared.failure:
            raise InputError(f"the reference {compared.name} failed: {compared.failure}")
        return _execute(method, train=train, test=test, name=name, seed=seed, reference=lambda: compared, scope=scope)

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        truth: str,
        predicted: str | None = None,
        sigma: str | None = None,
        truth_sigma: str | None = None,
        probabilities: Sequence[str] | str | None = None,
        meta: Sequence[str] | None = None,
        group: str | None = None,
        weight: str | None = None,
        units: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Run:
        """A run from nothing but a table of predictions.

        Parameters
        ----------
        table : path or table
            CSV, Parquet, FITS or ECSV, a DataFrame or an astropy Table; one row per object.
        truth : str
            Column of the true value or class; also the name of the label, which takes its unit.
        predicted, sigma : str
            Columns of predicted values and of their claimed standard errors (regression).
        truth_sigma : str
            Column of standard errors of the truth itself.
        probabilities : pattern or sequence of str
            Columns of class probabilities, for example ``"p_*"``; the class is the name without the fixed part. A
            single column is the probability of 1, of True, or of the class that it is named after.
        meta : sequence of str
            Columns to look for trends in; by default all other columns of numbers or short text.
        group, weight : str
            Columns of the independent unit and of the selection weight.
        units : mapping of column to str
            Units that the file does not give, or gives wrongly. Predictions and errors in another unit than the truth
            are converted to it.
        name : str
            For reports; by default the file's name.

        Raises
        ------
        InputError
            For a missing column (the nearest is suggested), text where numbers are needed, non-finite predictions,
            sigmas that are not positive, probabilities that do not sum to one, units that cannot be converted, or
            fewer objects than any check can use.
        """
        from checkstar.table_runs import read_predictions

        test, prediction = read_predictions(
            table,
            truth=truth,
            predicted=predicted,
            sigma=sigma,
            truth_sigma=truth_sigma,
            probabilities=probabilities,
            meta=meta,
            group=group,
            weight=weight,
            units=units,
            name=name,
        )
        return cls(name=test.name, test=test, prediction=prediction)

    @classmethod
    def from_samples(
        cls,
        samples: ArrayLike,
        truth: ArrayLike,
        *,
        x: ArrayLike | None = None,
        labels: Sequence[str] | None = None,
        meta: Any = None,
        group: str | ArrayLike | None = None,
        units: Mapping[str, str] | None = None,
        name: str = "samples",
        train: Dataset | None = None,
        log_prob: tuple[ArrayLike, ArrayLike] | None = None,
        scope: Scope | None = None,
    ) -> Run:
        """A run from posterior draws `samples` (n, s, d), true parameters `truth` (n, d) and, if there, `x` (n, p).

        Parameters
        ----------
        train : Dataset, optional
            What the posterior was learned from; its labels are draws from the prior.
        log_prob : pair of arrays (n, s) and (n,), optional
            Log-density of each posterior at its draws and at the truth, up to a constant of each object.

        Raises
        ------
        InputError
            If samples, truth, observations and densities disagree in number.
        """
        prediction = Samples(samples)
        densities = None if log_prob is None else _densities(log_prob, prediction)
        test = Dataset(x=x, y=truth, labels=labels, meta=meta, group=group, units=units, name=name)
        return cls(name=name, test=test, train=train, prediction=prediction, scope=scope, log_prob=densities)

    @property
    def prediction(self) -> Prediction:
        """Predictions for the test objects.

        Raises
        ------
        InputError
            If the run failed.
        """
        if self._prediction is None:
            raise InputError(f"the run of {self.name} failed and has no predictions: {self.failure}")
        return self._prediction

    @cached_property
    def unlearned(self) -> dict[str, int]:
        """True classes that the method had no example of, and how many test objects are of each.

        Without a training set, those to which no object is given any probability.
        """
        prediction = self._prediction
        if not isinstance(prediction, Classes):
            return {}
        if self.train is not None and self.train.y is not None:
            learned = set(map(str, np.unique(self.train.y)))
        else:
            learned = {n for n, p in zip(prediction.names, prediction.probabilities.max(axis=0), strict=True) if p > 0}
        assert self.test.y is not None
        names, counts = np.unique(self.test.y, return_counts=True)
        return {str(n): int(c) for n, c in zip(names, counts, strict=True) if str(n) not in learned}

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels."""
        return self.test.labels

    def predict(self, x: NDArray[np.float64], noise: Noise | None = None) -> Prediction:
        """Ask the method again, for other observations of test objects; cached by content, counted in `costs`.

        Raises
        ------
        InputError
            If the run holds no method.
        """
        if self.method is None:
            raise InputError(f"the run of {self.name} holds no method to ask again; make it with run() or Run.of().")
        sigma = None if noise is None else noise.sigma(x)
        key = provenance.hash_arrays([x, sigma, getattr(noise, "covariance_", None), repr(noise)])
        with self._lock:
            if key not in self._cache:
                if len(self._cache) >= _CACHE_SIZE:
                    self._cache.pop(next(iter(self._cache)))
                self._cache[key] = self._ask(x, noise)
            return self._cache[key]

    def jacobian(self, x: NDArray[np.float64], noise: Noise | None = None) -> NDArray[np.float64] | None:
        """Derivatives (n, k, p) of the point predictions by `x`, where the method knows them; counted as one call."""
        if self.method is None:
            raise InputError(f"the run of {self.name} holds no method to ask again; make it with run() or Run.of().")
        with self._lock:
            found = self.method.jacobian(x, noise=noise)
            if found is not None:
                self.costs.model_calls += 1
                self.costs.objects_predicted += len(x)
        return found

    @cached_property
    def differentiable(self) -> bool:
        """Whether the method knows the derivatives of its predictions."""
        x, noise = self.test.x, self.test.noise
        if self.method is None or x is None:
            return False
        return self.method.jacobian(x[:1], noise=None if noise is None else noise[:1]) is not None

    def predict_seconds(self, rows: Any = slice(None), repeats: int = 3) -> NDArray[np.float64]:
        """Wall seconds per object of `repeats` fresh predictions of some test objects."""
        part = self.test[rows]
        seconds = []
        for _ in range(repeats):
            with provenance.measure() as meter:
                self._ask(part.x, part.noise)  # type: ignore[arg-type]
            seconds.append(meter.wall_seconds / len(part))
        return np.asarray(seconds)

    def refit(self, train: Dataset, *, test: Dataset | None = None, seed: int = 0) -> Run:
        """A run of a fresh copy of the method, fitted on other training data, on the same (or another) test set.

        Its fit and predictions are counted in this run's costs. A method that could not be fitted gives a failed run.

        Raises
        ------
        InputError
            If the run holds no method that can be fitted again.
        """
        from sklearn.base import clone

        from checkstar.methods.base import seeded

        if self.method is None or not self.method.can_refit:
            raise InputError(f"the run of {self.name} holds no method that can be fitted again.")
        again = _execute(
            seeded(clone(self.method), seed), train=train, test=test or self.test, name=self.name, seed=seed
        )
        self.costs.model_calls += again.costs.model_calls
        self.costs.objects_predicted += again.costs.objects_predicted
        return again

    @property
    def baselines(self) -> dict[str, Prediction]:
        """Predictions of simple methods fitted on the same training data, by name; fitted when first asked for."""
        return {name: self._peers.predict(name) for name in self._peers.names}

    def baseline(self, name: str) -> Prediction:
        """The prediction of one of these simple methods: "Constant", "BoostedTrees" or "Ridge" (regression)."""
        return self._peers.predict(name)

    def view(self, label: str | None) -> LabelView:
        """One label as a check reads it; the only one if `label` is None."""
        if label is None:
            if len(self.labels) > 1:
                raise InputError(
                    f"this run has {len(self.labels)} labels ({', '.join(self.labels)}); name one in the claim."
                )
            label = self.labels[0]
        if label not in self.labels:
            raise unknown_name("label", label, self.labels)
        column = self.labels.index(label)
        test, train = self.test, self.train
        n = len(test)
        return LabelView(
            name=label,
            unit=test.units.get(label, ""),
            truth=test.y[:, column],  # type: ignore[index]
            truth_err=np.zeros(n) if test.y_err is None else test.y_err[:, column],
            prediction=self.prediction.select(column),
            units=test.units_of_independence,
            weight=test.weight,
            training=None if train is None or train.y is None else train.y[:, column],
        )

    @cached_property
    def gives(self) -> frozenset[str]:
        """What checks may count on: see `checkstar.checks.base.NEEDS`."""
        test, train = self.test, self.train
        facts = {
            "spread": self.prediction.has_spread,
            "training": train is not None and train.y is not None,
            "training_x": train is not None and train.x is not None and train.y is not None and test.x is not None,
            "model": self.method is not None and test.x is not None,
            "noise": test.noise is not None,
            "reference": self.reference is not None and self.reference.failure is None,
            "group": test.group is not None,
            "samples": isinstance(self.prediction, Samples),
            "density": self.log_prob is not None,
            "refit": self.method is not None and self.method.can_refit and train is not None and train.x is not None,
            "positions": _has_positions(train) and _has_positions(test),
        }
        return frozenset(name for name, there in facts.items() if there)

    def subject(self) -> dict[str, Any]:
        """Hashes, settings and costs, as stored in `audit.json`."""
        settings = {} if self.method is None else self.method.settings()
        return {
            "name": self.name,
            "problem": self.problem,
            "method": None if self.method is None else type(self.method).__name__,
            "settings": {key: _plain(value) for key, value in settings.items()},
            "settings_hash": provenance.hash_settings(settings),
            "estimand": None if self.method is None else self.method.estimand,
            "references": [] if self.method is None else list(self.method.references),
            "labels": list(self.labels),
            "task": self.test.task,
            "n_test": len(self.test),
            "n_independent": unit_count(self.test.units_of_independence),
            "n_train": None if self.train is None else len(self.train),
            "data": self.test.name,
            "citation": self.test.citation,
            "group": self.test.group_name or None,
            "data_hash": _hash_data(self.test),
            "training_hash": None if self.train is None else _hash_data(self.train),
            "prediction_kind": self.prediction.kind,
            **({"unlearned_classes": self.unlearned} if self.unlearned else {}),
            "reference": None if self.reference is None else self.reference.name,
            "costs": self.costs.to_dict(),
            "reference_costs": None if self.reference is None else self.reference.costs.to_dict(),
            "seed": self.seed,
        }

    def _ask(self, x: NDArray[np.float64], noise: Noise | None) -> Prediction:
        assert self.method is not None
        self.costs.model_calls += 1
        self.costs.objects_predicted += len(x)
        return _with_all_classes(self.method.predict_distribution(x, noise=noise), self.test)


def run(problem: Problem, method: Any, *, seed: int = 0) -> Run:
    """Fit a method on a problem's training data and predict its test data; a failure is a result, with its reason.

    Parameters
    ----------
    problem : Problem
        See `checkstar.problems`.
    method : Method, scikit-learn estimator, torch module or callable
        A copy is fitted; the argument stays as it is.
    seed : int
        Given to the method as `random_state` where it takes one.

    Returns
    -------
    Run
        With the problem's reference method, fitted once per problem, beside it.
    """
    from checkstar.methods.wrapping import as_method
    from checkstar.problems.base import Problem

    if not isinstance(problem, Problem):
        raise InputError(
            f"run got a {type(problem).__name__}; give a Problem (checkstar.problems), or use Run.of for data."
        )
    if problem not in _PEERS:
        _PEERS[problem] = Peers(problem.train, problem.test)
    return _execute(
        as_method(method),
        train=problem.train,
        test=problem.test,
        name=None,
        seed=seed,
        problem=problem.name,
        reference=lambda: _reference_run(problem, seed),
        peers=_PEERS[problem],
        scope=problem.scope,
    )


_PEERS: WeakKeyDictionary[Problem, Peers] = WeakKeyDictionary()
_REFERENCES: WeakKeyDictionary[Problem, Run] = WeakKeyDictionary()


def _reference_run(problem: Problem, seed: int) -> Run:
    if problem not in _REFERENCES:
        _REFERENCES[problem] = _execute(
            problem.reference, train=problem.train, test=problem.test, name=None, seed=seed, problem=problem.name
        )
    return _REFERENCES[problem]


def _execute(
    method: Method,
    *,
    train: Dataset | None,
    test: Dataset,
    name: str | None,
    seed: int,
    problem: str | None = None,
    reference: Callable[[], Run | None] = lambda: None,
    peers: Peers | None = None,
    scope: Scope | None = None,
) -> Run:
    """Clone, seed, fit and predict. The one place where a failure of a method becomes a result."""

    if test.x is None:
        raise InputError("the test data have no observations x; a method needs them to predict.")
    method = _prepared(method, seed)
    name = name or str(getattr(method, "name", type(method).__name__))
    costs, prediction, failure, trace = Costs(), None, None, None
    try:
        if train is not None and not method.is_fitted():
            with provenance.measure() as fitting:
                method = method.fit_data(train)
            costs.fit_seconds, costs.fit_cpu_seconds = fitting.wall_seconds, fitting.cpu_seconds
        with provenance.measure() as predicting:
            prediction = _with_all_classes(method.predict_distribution(test.x, noise=test.noise), test)
        costs.predict_seconds, costs.predict_cpu_seconds = predicting.wall_seconds, predicting.cpu_seconds
        costs.peak_memory_mb, costs.model_calls, costs.objects_predicted = predicting.peak_memory_mb, 1, len(test)
    except Exception as error:  # noqa: BLE001 - a failed run is a result
        failure, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
    return Run(
        name=name,
        test=test,
        train=train,
        prediction=prediction,
        method=None if failure else method,
        problem=problem,
        seed=seed,
        costs=costs,
        reference=None if failure else reference(),
        failure=failure,
        failure_traceback=trace,
        peers=peers,
        scope=scope,
    )


def _prepared(method: Method, seed: int) -> Method:
    """A copy with the seed set; a method that is fitted already is used as it is."""
    from sklearn.base import clone

    if method.is_fitted():
        return method
    copy: Method = clone(method)
    if "random_state" in copy.get_params(deep=False):
        copy.set_params(random_state=seed)
    return copy


def _agree(prediction: Prediction, test: Dataset) -> None:
    """Raise where predictions and truth disagree in number, labels or kind."""
    if len(prediction) != len(test):
        raise InputError(
            f"there are {len(prediction)} predictions but {len(test)} true values; pass one prediction per object."
        )
    if (prediction.kind == "classes") != (test.task == "classification"):
        raise InputError(
            f"the truth is for {test.task} but the predictions are of kind {prediction.kind!r}; "
            "give class probabilities for classes and numbers for numbers."
        )
    if isinstance(prediction, Classes):
        if len(test.labels) > 1:
            raise InputError(
                f"there are {len(test.labels)} labels of classes ({', '.join(test.labels)}); audit one at a time "
                "(Dataset.select)."
            )
        prediction.codes(test.y)  # type: ignore[arg-type]
    elif prediction.shape[1] != len(test.labels):
        raise InputError(
            f"there are {prediction.shape[1]} predicted labels but {len(test.labels)} true ones ({', '.join(test.labels)})."
        )


def _densities(log_prob: tuple[ArrayLike, ArrayLike], prediction: Samples) -> LogDensities:
    n, s = prediction.draws.shape[:2]
    if not isinstance(log_prob, list | tuple) or len(log_prob) != 2:
        given = f"{len(log_prob)} things" if isinstance(log_prob, list | tuple) else f"a {type(log_prob).__name__}"
        raise InputError(f"log_prob is {given}; give a pair: ({n}, {s}) at the draws and ({n},) at the truth.")
    try:
        draws, truth = (np.asarray(part, dtype=float) for part in log_prob)
    except (TypeError, ValueError) as error:
        raise InputError(f"log_prob does not hold numbers ({error}); give two arrays of log-densities.") from error
    if draws.shape != (n, s) or truth.shape != (n,):
        raise InputError(
            f"log_prob has shapes {draws.shape} and {truth.shape}; for {n} objects with {s} draws each give "
            f"({n}, {s}) at the draws and ({n},) at the truth."
        )
    if np.isnan(draws).any() or np.isnan(truth).any():
        raise InputError("log_prob holds NaN; give minus infinity where the density is zero.")
    return LogDensities(draws, truth)


def _has_positions(data: Dataset | None) -> bool:
    return data is not None and {"ra", "dec"} <= set(data.meta.columns)


def _same_labels(train: Dataset | None, test: Dataset) -> None:
    """Raise where the training labels are other quantities, or in other units, than those of the test."""
    if train is None or train.y is None:
        return
    named = not all(name.startswith("y") for name in train.labels)
    if len(train.labels) != len(test.labels) or (named and train.labels != test.labels):
        raise InputError(
            f"the training labels are {train.labels} but the test labels {test.labels}; give the same ones."
        )
    for name in train.labels:
        units = train.units.get(name, ""), test.units.get(name, "")
        if units[0] and units[1] and units[0] != units[1]:
            raise InputError(f"{name} is in {units[0]!r} in train but in {units[1]!r} in test; convert one of them.")


def _with_all_classes(prediction: Prediction, test: Dataset) -> Prediction:
    """Class probabilities with a column of zeros for each true class that was not there to be learned.

    Where none was, the names are of other things, and are left for others to refuse.
    """
    if not isinstance(prediction, Classes) or test.task != "classification":
        return prediction
    true = [str(name) for name in np.unique(test.y)]  # type: ignore[arg-type]
    unseen = [name for name in true if name not in prediction.names]
    if len(unseen) in (0, len(true)):
        return prediction
    zeros = np.zeros((len(prediction.probabilities), len(unseen)))
    return Classes(np.column_stack([prediction.probabilities, zeros]), [*prediction.names, *unseen])


def _compared(train: Dataset, test: Dataset) -> tuple[Dataset, Dataset]:
    """Both by what objects are compared by; the training median stands for numbers of a description that are missing."""
    if train.describe is None or test.describe is None:
        return train, test
    found = copy(train.described()), copy(test.described())
    assert found[0].x is not None
    median = np.ma.filled(np.ma.median(np.ma.masked_invalid(found[0].x), axis=0), 0.0)
    for data in found:
        data.x = np.where(np.isfinite(data.x), data.x, median)  # type: ignore[arg-type]
    return found


def _hash_data(data: Dataset) -> str:
    noise = None if data.noise is None or data.x is None else data.noise.sigma(data.x)
    return provenance.hash_arrays([data.x, data.y, data.y_err, noise, data.group, data.weight])


def _plain(value: Any) -> Any:
    """A setting as JSON can hold it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return f"array {value.shape} {provenance.hash_arrays([value])[:12]}"
    return repr(value)[:200]
