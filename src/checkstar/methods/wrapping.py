"""Wrapping: a scikit-learn estimator, a torch module or a plain function as a Method."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, NoReturn, Self, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone, is_classifier

from checkstar.errors import ContractError, InputError, unknown_name
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.methods.boosters import booster_function
from checkstar.methods.class_labels import check_classes, holds_classes
from checkstar.noise import Noise
from checkstar.prediction import Classes, Grid, Mixture, Normal, Point, Prediction, Samples

__all__ = ["Output", "Wrapped", "as_method"]

#: What a model returns: "values" (n,) or (n, k); "mean_std" (n, 2k), first all means, then all standard deviations;
#: "probabilities" or "logits" (n, c). "auto" reads values, a pair (mean, std) or a Prediction, whichever comes.
Output = Literal["auto", "values", "mean_std", "probabilities", "logits"]


def as_method(
    model: Any, *, output: Output = "auto", classes: Sequence[str] | None = None, batch_size: int = 8192
) -> Method:
    """Make a Method of a scikit-learn estimator, a torch module or a plain function.

    Parameters
    ----------
    model : estimator, torch.nn.Module or callable
        A scikit-learn estimator (also of xgboost or lightgbm), fitted or not: a classifier gives class probabilities, a regressor that offers
        ``predict(x, return_std=True)`` normal predictions. A torch module is called in evaluation mode on float32.
        A function gets a copy of `x` (n, p) and returns values, a pair (mean, std) or a Prediction.
    output : {"auto", "values", "mean_std", "probabilities", "logits"}
        How to read what a module or a function returns.
    classes : sequence of str, optional
        Names of the classes, in the order of the columns, for "probabilities" and "logits".
    batch_size : int
        Objects predicted at a time, which bounds the memory.

    Raises
    ------
    ContractError
        If `model` is none of these.
    InputError
        If the settings do not fit together.

    Examples
    --------
    >>> method = as_method(lambda x: x.sum(axis=1))
    >>> method.predict([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [[3.0], [7.0]]
    """
    if isinstance(model, Method):
        return model
    if isinstance(model, type):
        raise ContractError(f"{model.__name__} is a class, not a model; make one of it: {model.__name__}(...).")
    native = booster_function(model)
    if native is not None:
        model = native
    if not (_is_sklearn(model) or callable(model)):
        raise ContractError(
            f"a {type(model).__name__} cannot be wrapped; give a scikit-learn estimator, a torch module or a "
            "function of x."
        )
    method = Wrapped(model, output=output, classes=classes, batch_size=batch_size)
    method._check_settings()
    return method


class Wrapped(Method):
    """A model of another library behind the interface; made by `as_method`, which documents the settings.

    `fit` copies and fits a scikit-learn estimator; other models come trained. Noise and label errors are not used.
    """

    can_save: ClassVar[bool] = False

    def __init__(
        self, model: Any, output: Output = "auto", classes: Sequence[str] | None = None, batch_size: int = 8192
    ) -> None:
        self.model = model
        self.output = output
        self.classes = classes
        self.batch_size = batch_size

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if self.classes is not None or (_is_sklearn(self.model) and is_classifier(self.model)):
            tags.estimator_type = "classifier"
        return tags

    def fit(self, x: ArrayLike, y: ArrayLike, *, noise: Noise | None = None, y_err: ArrayLike | None = None) -> Self:
        """Fit a copy of a scikit-learn estimator on `x` (n, p) and `y` (n, k) or classes (n,).

        Raises
        ------
        ContractError
            If the model is a torch module or a function: train it yourself, then wrap it.
        """
        self._check_settings()
        if not _is_sklearn(self.model):
            raise ContractError(
                f"a {type(self.model).__name__} cannot be fitted here; train it with its own tools, then wrap it."
            )
        if holds_classes(y):
            observations, codes, names = check_classes("Wrapped", x, y, noise)
            target: NDArray[Any] = np.asarray(names)[codes]
        else:
            observations, labels = check_training("Wrapped", x, y, noise)
            target = labels[:, 0] if labels.shape[1] == 1 else labels
        # The copy protects x: some estimators centre it in place.
        self.model_ = clone(self.model).fit(observations.copy(), target)
        self.n_features_ = observations.shape[1]
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Prediction:
        """What the model says of `x` (n, p), read as a Prediction, batch by batch.

        Raises
        ------
        ContractError
            If the model returns another number of rows, or something that cannot be read.
        """
        self._fitted()
        model = getattr(self, "model_", self.model)
        known = getattr(self, "n_features_", getattr(model, "n_features_in_", None))
        observations = check_observations("Wrapped", x, noise, known)
        ask = self._asker(model)
        starts = range(0, max(len(observations), 1), self.batch_size)
        return _joined([self._ask(ask, observations[start : start + self.batch_size]) for start in starts])

    def jacobian(self, x: ArrayLike, *, noise: Noise | None = None) -> NDArray[np.float64] | None:
        """Derivatives (n, k, p) of the values of a torch module by `x` (n, p), by autograd; None for other models.

        Also None where the module returns classes, or takes `x` out of the graph (`detach`).
        """
        if not _is_torch(self.model) or self.output in ("probabilities", "logits"):
            return None
        observations = check_observations("Wrapped", x, noise)
        starts = range(0, max(len(observations), 1), self.batch_size)
        halved = self.output == "mean_std"
        parts = [_torch_jacobian(self.model, observations[i : i + self.batch_size], halved) for i in starts]
        known = [part for part in parts if part is not None]
        return np.concatenate(known) if len(known) == len(parts) else None

    def save(self, path: Any) -> NoReturn:
        """Refused: save the wrapped model with its own tools."""
        raise ContractError(
            f"a wrapped {type(self.model).__name__} cannot be saved here, because that would mean pickling it; save "
            "the model with its own tools (skops, torch.save of the state_dict) and wrap it again."
        )

    @classmethod
    def load(cls, path: Any) -> NoReturn:
        """Refused: load the model with its own tools, then wrap it."""
        raise ContractError("wrapped models are never saved; load the model with its own tools and wrap it again.")

    @property
    def name(self) -> str:
        """Name of the wrapped model, for reports."""
        return str(getattr(self.model, "__name__", type(self.model).__name__))

    @property
    def can_refit(self) -> bool:
        return _is_sklearn(self.model)

    def is_fitted(self) -> bool:
        """Whether it can predict: functions and modules come trained, an estimator when it or its copy is fitted."""
        return not _is_sklearn(self.model) or hasattr(self, "model_") or _is_fitted(self.model)

    def _check_settings(self) -> None:
        if self.output not in get_args(Output):
            raise unknown_name("output", str(self.output), get_args(Output))
        if (self.output in ("probabilities", "logits")) != (self.classes is not None):
            raise InputError(
                f"as_method got output={self.output!r} and classes={self.classes!r}; give class names together with "
                "output='probabilities' or 'logits', and only then."
            )
        if not self.batch_size >= 1:
            raise InputError(f"as_method got batch_size={self.batch_size}; at least one object is needed.")
        if _is_sklearn(self.model) and self.output != "auto":
            raise InputError("a scikit-learn estimator says itself what it returns; leave output at 'auto'.")

    def _asker(self, model: Any) -> Callable[[NDArray[np.float64]], Prediction]:
        if _is_sklearn(model):
            return _sklearn_asker(model)
        if _is_torch(model):
            return lambda batch: self._read(_ask_torch(model, batch))
        return lambda batch: self._read(model(batch))

    def _ask(self, ask: Callable[[NDArray[np.float64]], Prediction], batch: NDArray[np.float64]) -> Prediction:
        answer = ask(batch.copy())  # a model may write into its argument
        if len(answer) != len(batch):
            raise ContractError(
                f"the wrapped model returned {len(answer)} rows for {len(batch)} objects; return one row per object."
            )
        return answer

    def _read(self, raw: Any) -> Prediction:
        """Read what a module or function returned."""
        if isinstance(raw, Prediction):
            return raw
        if self.output in ("auto", "mean_std") and isinstance(raw, tuple):
            if len(raw) != 2:
                raise ContractError(f"the wrapped model returned {len(raw)} things; return values or (mean, std).")
            return Normal(*raw)
        values = np.asarray(raw)
        if self.output in ("auto", "values"):
            return Point(values)
        if values.ndim != 2:
            raise ContractError(f"the wrapped model returned shape {values.shape}; {self.output!r} needs two axes.")
        if self.output == "mean_std":
            half = values.shape[1] // 2
            if values.shape[1] != 2 * half or half == 0:
                raise ContractError(f"the wrapped model returned {values.shape[1]} columns; 'mean_std' needs pairs.")
            return Normal(values[:, :half], values[:, half:])
        if self.output == "logits":
            values = np.exp(values - values.max(axis=1, keepdims=True))
            values = values / values.sum(axis=1, keepdims=True)
        return Classes(values, list(self.classes or ()))


def _is_sklearn(model: Any) -> bool:
    """An estimator of scikit-learn, or of a library that follows it."""
    return isinstance(model, BaseEstimator) or all(hasattr(model, name) for name in ("fit", "predict", "get_params"))


def _is_fitted(model: Any) -> bool:
    # Not check_is_fitted: it lets a Gaussian process answer with its prior.
    if hasattr(model, "steps"):
        return _is_fitted(model.steps[-1][1])
    if hasattr(model, "__sklearn_is_fitted__"):
        return bool(model.__sklearn_is_fitted__())
    return any(name.endswith("_") and not name.startswith("__") for name in vars(model))


def _is_torch(model: Any) -> bool:
    # No import: if torch was never imported, nobody can have made a module.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def _sklearn_asker(model: Any) -> Callable[[NDArray[np.float64]], Prediction]:
    if is_classifier(model):
        if not hasattr(model, "predict_proba"):
            raise ContractError(
                f"{type(model).__name__} has no predict_proba; wrap it in sklearn.calibration.CalibratedClassifierCV."
            )
        return lambda batch: _class_probabilities(model, batch)
    if _offers_std(model):
        return lambda batch: _with_std(model, batch)
    return lambda batch: Point(model.predict(batch))


def _class_probabilities(model: Any, batch: NDArray[np.float64]) -> Classes:
    probabilities = model.predict_proba(batch)
    if isinstance(probabilities, list):
        raise ContractError(f"{type(model).__name__} predicts several class labels at once; wrap one label at a time.")
    return Classes(probabilities, [str(name) for name in model.classes_])


def _offers_std(model: Any) -> bool:
    final = model.steps[-1][1] if hasattr(model, "steps") else model
    predict = getattr(final, "predict", None)
    return predict is not None and "return_std" in inspect.signature(predict).parameters


def _with_std(model: Any, batch: NDArray[np.float64]) -> Normal:
    mean, std = model.predict(batch, return_std=True)
    # An interpolating process is sure of its training points; a distribution still needs a width.
    return Normal(mean, np.maximum(std, 1e-9 * (1 + np.abs(mean))))


def _ask_torch(model: Any, batch: NDArray[np.float64]) -> Any:
    import torch

    with _evaluating(model), torch.no_grad():
        raw = model(_as_tensor(model, batch))
    if isinstance(raw, tuple | list):
        return tuple(part.double().cpu().numpy() for part in raw)
    return raw.double().cpu().numpy() if isinstance(raw, torch.Tensor) else raw


def _torch_jacobian(model: Any, batch: NDArray[np.float64], halved: bool) -> NDArray[np.float64] | None:
    """Derivatives (n, k, p) of the values, or of the means of (mean, std), that a module returns."""
    import torch

    # cudnn refuses to differentiate recurrent networks in evaluation mode; torch's own code does not.
    with _evaluating(model), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        inputs = _as_tensor(model, batch).requires_grad_()
        raw = model(inputs)
        values = raw[0] if isinstance(raw, tuple | list) else raw
        if not isinstance(values, torch.Tensor) or not values.requires_grad:
            return None
        values = values.reshape(len(batch), -1)
        n_labels = values.shape[1] // 2 if halved else values.shape[1]
        # Objects do not act on each other, so the gradient of a sum over objects holds the gradient of each.
        columns = [
            torch.autograd.grad(values[:, label].sum(), inputs, retain_graph=True, allow_unused=True)[0]
            for label in range(n_labels)
        ]
    if any(column is None for column in columns):
        return None
    jacobian: NDArray[np.float64] = torch.stack(columns, dim=1).double().cpu().numpy()
    return jacobian


def _as_tensor(model: Any, batch: NDArray[np.float64]) -> Any:
    import torch

    parameter = next(model.parameters(), None)
    device = torch.device("cpu") if parameter is None else parameter.device
    return torch.as_tensor(batch, dtype=torch.float32, device=device)


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Every module in evaluation mode for a while."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _joined(parts: Sequence[Prediction]) -> Prediction:
    """One prediction of the predictions of all batches."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if any(type(part) is not type(first) for part in parts):
        raise ContractError("the wrapped model returned different kinds of predictions per batch; return one kind.")
    match first:
        case Point():
            return Point(_stacked(parts, "values"))
        case Normal():
            covariance = None if first.covariance is None else _stacked(parts, "covariance")
            return Normal(_stacked(parts, "mean_values"), _stacked(parts, "std_values"), covariance)
        case Mixture():
            return Mixture(_stacked(parts, "weights"), _stacked(parts, "means"), _stacked(parts, "stds"))
        case Grid():
            return Grid(_stacked(parts, "edges"), _stacked(parts, "mass"))
        case Samples():
            return Samples(_stacked(parts, "draws"))
        case Classes():
            if any(cast(Classes, part).names != first.names for part in parts):
                raise ContractError("the wrapped model named different classes for different batches; fix its classes.")
            return Classes(_stacked(parts, "probabilities"), first.names)
    raise ContractError(f"predictions of type {type(first).__name__} cannot be joined; raise batch_size.")


def _stacked(parts: Sequence[Prediction], name: str) -> NDArray[np.float64]:
    return np.concatenate([getattr(part, name) for part in parts])
