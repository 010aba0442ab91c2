"""Symmetrized: the mean of a method over a group, so that the symmetry holds exactly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from checkstar.data.dataset import Dataset
from checkstar.errors import ContractError, InputError
from checkstar.methods.wrappers import Wrapper
from checkstar.noise import Noise
from checkstar.prediction import Prediction
from checkstar.symmetries.base import Element, Symmetry
from checkstar.symmetries.deviations import drawn_elements
from checkstar.symmetries.moved_predictions import mean_prediction, moved_prediction

__all__ = ["Symmetrized"]


class Symmetrized(Wrapper):
    """A method averaged over a group: ``mean over g of rho(g)^-1 f(g x)``.

    Over all elements of a finite group the symmetry then holds to rounding, whatever the method is; its squared error
    cannot grow, if the symmetry is true of the objects (Jensen's inequality). Of a large or continuous group, elements
    are drawn once, and the symmetry holds the better the more of them there are. It costs one prediction an element.

    Parameters
    ----------
    method : Method, scikit-learn estimator, torch module or callable
        What to average; a copy is fitted.
    symmetries : sequence of Symmetry
        Groups that together are one: quarter turns and mirror images, or any single one.
    labels : sequence of str, optional
        Names of the labels, in the order of the columns of y, where some of them follow a symmetry.
    n_elements : int
        Most elements of each group; larger groups are drawn from.
    random_state : int
        Seed of drawn elements, and of the method.

    References
    ----------
    Dieleman, Willett & Dambre 2015, MNRAS 450, 1441 (averages over rotations of galaxies); Chen, Dobriban & Lee 2020,
    JMLR 21, 245 (why the error cannot grow).

    Examples
    --------
    >>> from checkstar.symmetries import Flip
    >>> left = lambda x: x[:, 0]
    >>> both = Symmetrized(left, [Flip(image_shape=(1, 2))]).fit([[0.0, 0.0], [1.0, 1.0]], [0.0, 1.0])
    >>> both.predict([[1.0, 3.0], [3.0, 1.0]]).tolist()
    [[2.0], [2.0]]
    """

    references = ("Dieleman, Willett & Dambre 2015, MNRAS 450, 1441", "Chen, Dobriban & Lee 2020, JMLR 21, 245")

    def __init__(
        self,
        method: Any,
        symmetries: Sequence[Symmetry],
        labels: Sequence[str] | None = None,
        n_elements: int = 24,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.symmetries = symmetries
        self.labels = labels
        self.n_elements = n_elements
        self.random_state = random_state

    @property
    def can_save(self) -> bool:  # type: ignore[override]
        """False: a symmetry is code, and is given again."""
        return False

    def save(self, path: Any) -> NoReturn:
        """Refused: save the method inside, load it, and symmetrize it again."""
        raise ContractError(
            "a Symmetrized method holds symmetries, which are code; save its method_ and wrap it again."
        )

    def _learn(self, data: Dataset) -> None:
        if not self.n_elements >= 1 or not len(self.symmetries):
            raise InputError(
                f"Symmetrized got n_elements={self.n_elements} and {len(self.symmetries)} symmetries; give one or more."
            )
        self.labels_ = list(data.labels if self.labels is None else self.labels)
        if len(self.labels_) != len(data.labels):
            raise InputError(f"Symmetrized got {len(self.labels_)} names for {len(data.labels)} labels; name each.")
        rng = self._rng()
        self.elements_ = [[s.identity, *drawn_elements(s, self.n_elements - 1, rng)] for s in self.symmetries]
        self.method_ = self._fit_inner(data)

    def _predict(self, x: NDArray[np.float64], noise: Noise | None) -> Prediction:
        found = [self._asked(x, noise, elements) for elements in product(*self.elements_)]
        return mean_prediction(found, self._period())

    def _asked(self, x: NDArray[np.float64], noise: Noise | None, elements: tuple[Element, ...]) -> Prediction:
        """The prediction of the changed objects, its labels mapped back."""
        maps = []
        for symmetry, g in zip(self.symmetries, elements, strict=True):
            noise = None if noise is None else symmetry.move_noise(g, noise, x)
            x = symmetry.act(g, x)
            maps.append(symmetry.label_map(g, self.labels_))
        prediction = self.method_.predict_distribution(x, noise=noise)
        for follow in reversed(maps):
            prediction = moved_prediction(prediction, follow.inverse())
        return prediction

    def _period(self) -> NDArray[np.float64]:
        """Period (k,) of each label; infinite where it is no angle."""
        return np.min([s.label_map(s.identity, self.labels_).period for s in self.symmetries], axis=0)
