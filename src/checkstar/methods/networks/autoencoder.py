"""AutoencoderForest: a network writes light curves down in few numbers, labelled or not; a forest classifies these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from checkstar.data.curve_layout import CurveLayout
from checkstar.errors import InputError
from checkstar.methods.base import Method
from checkstar.methods.curve_rows import check_curve_classes, check_curve_rows, short_names
from checkstar.methods.networks.sequence_autoencoder import (
    Sequences,
    autoencoder,
    check_length,
    embed,
    loss_of,
    sequences,
    weights_of,
)
from checkstar.methods.networks.training import TrainingSettings, chosen_device, held_out, seeded, train_network
from checkstar.methods.trees import Forest
from checkstar.methods.wrappers import aligned
from checkstar.noise import Noise
from checkstar.prediction import Classes

__all__ = ["AutoencoderForest"]

Array = NDArray[np.float64]

_PERIOD = "period"
_BATCH = 4096


class AutoencoderForest(Method):
    """Classes of light curves from the embedding of a recurrent autoencoder, by a random forest (Naul et al. 2018).

    A gated recurrent unit reads the sequence of (gap to the next point, standardised brightness) in both directions and
    writes it down in `n_embedded` numbers; another one, told only these and the gaps, has to find the brightness again.
    That takes no labels. A forest then learns the classes from the embedding, the mean, the logarithm of the standard
    deviation, and the extras (a period as its logarithm). Where the extras hold a ``period`` (days) the sequence is
    folded and begins at its brightest point; else it is in the order of time, and gaps are log10(1 + days).

    The published loss weighs squared errors by 1/sigma, so that the best points do not decide all; here it is 1/sigma^2,
    the likelihood of Gaussian errors, with 0.1 standard deviations of the star added in quadrature to the same end, and
    every star counts as much. The published network has two layers of 96 units for 200 points, each way.

    All light curves of `fit` teach the network. To use others, without labels, learn from them first:
    ``AutoencoderForest().pretrained(x, noise=noise, features=features)`` is a method whose `fit` grows the forest alone.
    Pretraining on the light curves that are predicted later is allowed, for it sees no label, but then the result holds
    for these, not for light curves to come. Objects of fewer than five epochs, or without a period where there are
    periods, are given the frequencies of the classes.

    Parameters
    ----------
    n_units, n_embedded : int
        Units of each recurrent layer and direction; numbers of the embedding.
    length : int
        Most points of a sequence; longer light curves are thinned evenly in time.
    forest : Forest, optional
        What classifies; by default 300 trees on all columns.
    learning_rate, weight_decay : float
        Largest step of the one cycle of AdamW, and its decay.
    batch_size, max_epochs, patience : int
        Objects a step; epochs; epochs without a better reconstruction of held-out objects that end the training.
    held_share : float in (0, 1)
        Share of the objects, whole groups, that decide when to stop.
    encoder : dict of arrays, optional
        What `pretrained` learned.
    random_state : int
        Seed of the weights, of what is held out, of the batches and of the forest.
    progress : bool
        Whether a bar is shown while it learns.

    Attributes
    ----------
    fitted_loss_, held_loss_ : (e,) array
        Weighted mean squared error of the reconstruction after each epoch, in variances of the object; empty where the
        network was pretrained.

    References
    ----------
    Naul, Bloom, Perez & van der Walt 2018, Nature Astronomy 2, 151; Cho et al. 2014, EMNLP (gated recurrent units).
    """

    references = ("Naul, Bloom, Perez & van der Walt 2018, Nature Astronomy 2, 151", "Cho et al. 2014, EMNLP")

    def __init__(
        self,
        n_units: int = 32,
        n_embedded: int = 16,
        length: int = 64,
        forest: Forest | None = None,
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-4,
        batch_size: int = 128,
        max_epochs: int = 50,
        patience: int = 20,
        held_share: float = 0.15,
        encoder: dict[str, Any] | None = None,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.n_units = n_units
        self.n_embedded = n_embedded
        self.length = length
        self.forest = forest
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.held_share = held_share
        self.encoder = encoder
        self.random_state = random_state
        self.progress = progress

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags

    def pretrained(
        self,
        x: ArrayLike,
        *,
        noise: Noise | None = None,
        features: Sequence[str] | None = None,
        group: ArrayLike | None = None,
    ) -> Self:
        """A copy whose network has learned from light curves `x` (n, p) without labels; its `fit` grows the forest alone.

        The copy keeps what was learned in its setting `encoder`, so it survives cloning, refitting and saving.
        """
        self._check_settings()
        layout, rows = check_curve_rows(type(self).__name__, x, noise, features)
        seen = self._sequences(layout, rows, noise)
        taught: Self = clone(self)
        taught.encoder = self._teach(seen, group)[0] | {
            "extras": np.array(layout.extras),
            "bands": np.array(layout.bands),
        }
        return taught

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        noise: Noise | None = None,
        y_err: ArrayLike | None = None,
        group: ArrayLike | None = None,
        features: Sequence[str] | None = None,
    ) -> Self:
        """Learn classes `y` (n,) of light curves `x` (n, p); groups (n,) are held out whole."""
        self._check_settings()
        layout, rows, codes, names = check_curve_classes(type(self).__name__, x, y, noise, features)
        self.features_, self.names_ = short_names(layout), names
        self.frequency_ = np.bincount(codes, minlength=len(names)) / len(codes)
        seen = self._sequences(layout, rows, noise)
        usable = seen.length > 0
        if len(np.unique(codes[usable])) < 2:
            raise InputError(
                f"AutoencoderForest got {int(usable.sum())} objects that can be read (five epochs, and a period where "
                "there are periods), of fewer than two classes; give more."
            )
        if self.encoder is None:
            self.encoder_, self.fitted_loss_, self.held_loss_ = self._teach(seen, group)
        else:
            self.encoder_ = self._given(layout)
            self.fitted_loss_, self.held_loss_ = np.empty(0), np.empty(0)
        forest = Forest(n_trees=300, n_components=None, random_state=self.random_state)
        design = self._design(layout, rows[usable], seen.at(usable))
        self.forest_ = (forest if self.forest is None else clone(self.forest)).fit(
            design, np.array(names)[codes[usable]]
        )
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Classes:
        """Class probabilities of light curves `x` (n, p) with as many epochs as there are."""
        self._fitted()
        layout, rows = check_curve_rows(type(self).__name__, x, noise, self.features_)
        parts = [slice(i, i + _BATCH) for i in range(0, max(len(rows), 1), _BATCH)]
        found = [self._classify(layout, rows[part], None if noise is None else noise[part]) for part in parts]
        return Classes(np.concatenate(found), self.names_)

    def embed(self, x: ArrayLike, *, noise: Noise | None = None) -> Array:
        """The embedding (n, n_embedded) of light curves, NaN where they cannot be read: to search, plot or compare them."""
        self._fitted()
        layout, rows = check_curve_rows(type(self).__name__, x, noise, self.features_)
        seen = self._sequences(layout, rows, noise)
        return np.where(seen.length[:, None] > 0, embed(self.encoder_, seen), np.nan)

    def check_learned(self) -> None:
        """Refuse a forest or network that do not fit each other (asked on load)."""
        n_embedded = len(self.encoder_["embedding.bias"])
        extras = CurveLayout.of(self.features_).extras
        if self.forest_.n_features_ != n_embedded + 2 + len(extras):
            raise InputError("AutoencoderForest holds a network and a forest that do not fit each other; fit it again.")

    def _classify(self, layout: CurveLayout, rows: Array, noise: Noise | None) -> Array:
        seen = self._sequences(layout, rows, noise)
        usable = seen.length > 0
        probabilities = np.tile(self.frequency_, (len(rows), 1))
        if usable.any():
            design = self._design(layout, rows[usable], seen.at(usable))
            found = self.forest_.predict_distribution(design)
            probabilities[usable] = aligned(found, self.names_, type(self).__name__)
        return probabilities

    def _check_settings(self) -> None:
        if self.encoder is None:
            chosen_device("cpu")  # names the extra to install where torch is missing
        check_length(type(self).__name__, self.length)
        if not (self.n_units >= 1 and self.n_embedded >= 1 and self.max_epochs >= 1):
            raise InputError(
                f"AutoencoderForest got n_units={self.n_units}, n_embedded={self.n_embedded}, "
                f"max_epochs={self.max_epochs}; each is at least one."
            )

    def _sequences(self, layout: CurveLayout, rows: Array, noise: Noise | None) -> Sequences:
        curves = layout.unpack(rows, noise)
        period = curves.meta[_PERIOD].to_numpy(dtype=float) if _PERIOD in layout.extras else None
        return sequences(curves, self.length, period)

    def _design(self, layout: CurveLayout, rows: Array, seen: Sequences) -> Array:
        """Embedding, mean, log10 of the standard deviation and the extras; a missing extra is -1."""
        extras = np.array(rows[:, : len(layout.extras)], dtype=float)
        if _PERIOD in layout.extras:
            column = layout.extras.index(_PERIOD)
            extras[:, column] = np.log10(extras[:, column])
        extras[~np.isfinite(extras)] = -1.0
        return np.hstack([embed(self.encoder_, seen), seen.known, extras])

    def _teach(self, seen: Sequences, group: ArrayLike | None) -> tuple[dict[str, Any], Array, Array]:
        import torch

        usable = seen.length > 0
        rng = np.random.default_rng(self.random_state)
        kept = None if group is None else np.asarray(group)[usable]
        held = held_out(int(usable.sum()), self.held_share, kept, rng)
        given = [torch.from_numpy(a[usable]) for a in seen[:4]]
        settings = TrainingSettings(
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            progress=self.progress,
            schedule="one_cycle",
        )

        def loss(network: Any, rows: Any) -> Any:
            return loss_of(network, *(a[rows] for a in given)).mean()

        with seeded(self.random_state):
            network = autoencoder(seen.step.shape[2], self.n_units, self.n_embedded)
            history = train_network(network, loss, held, settings, rng)
        return weights_of(network), history.fitted, history.held

    def _given(self, layout: CurveLayout) -> dict[str, Any]:
        assert self.encoder is not None
        learned = (_PERIOD in self.encoder["extras"].tolist(), tuple(self.encoder["bands"].tolist()))
        if learned != (_PERIOD in layout.extras, layout.bands):
            raise InputError(
                f"the network was pretrained on light curves in {', '.join(learned[1])} "
                f"{'with' if learned[0] else 'without'} a period; fit it on such ones, or pretrain it again."
            )
        return {key: value for key, value in self.encoder.items() if key not in ("extras", "bands")}
