"""MixtureDensity: a network that gives the weights, means and widths of a mixture of normals."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from checkstar.errors import InputError
from checkstar.methods.base import Method, check_observations, check_training
from checkstar.methods.networks.training import TrainingSettings, held_out, seeded, train_network
from checkstar.methods.projection import fit_projection, project
from checkstar.noise import Noise
from checkstar.prediction import Mixture

if TYPE_CHECKING:
    import torch

__all__ = ["MixtureDensity"]

Array = NDArray[np.float64]

#: ln of the least and largest width of a normal, in standard deviations of the label.
_LOG_WIDTH = (-6.0, 2.0)


class MixtureDensity(Method):
    """Mixture-density network (Bishop 1994): a small perceptron trained by likelihood.

    The weights of the normals are shared by all labels of an object, so labels may be related. Training needs torch; a
    fitted network is arrays and predicts without it. Noise and the errors of labels are not used.

    Parameters
    ----------
    n_normals : int
        Normals in the mixture.
    hidden : sequence of int
        Units of each hidden layer.
    learning_rate, weight_decay : float
        Step and decay of AdamW.
    batch_size, max_epochs, patience : int
        Objects a step; at most so many epochs; epochs without a better likelihood of the held-out objects that end it.
    held_share : float in (0, 1)
        Share of the training objects, whole groups, that decide when to stop.
    n_components : int, "auto" or None
        Principal components of the standardised columns; None uses all columns, "auto" 30 components of more than 100.
    random_state : int
        Seed of the weights, of what is held out and of the batches.
    progress : bool
        Whether a bar is shown while it learns.

    References
    ----------
    Bishop 1994, Mixture Density Networks, NCRG/94/004; D'Isanto & Polsterer 2018, A&A 609, A111 (photometric redshifts).
    """

    references = ("Bishop 1994, Mixture Density Networks, NCRG/94/004", "D'Isanto & Polsterer 2018, A&A 609, A111")

    def __init__(
        self,
        n_normals: int = 4,
        hidden: tuple[int, ...] = (64, 64),
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-4,
        batch_size: int = 64,
        max_epochs: int = 300,
        patience: int = 25,
        held_share: float = 0.15,
        n_components: int | Literal["auto"] | None = "auto",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.n_normals = n_normals
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.held_share = held_share
        self.n_components = n_components
        self.random_state = random_state
        self.progress = progress

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        noise: Noise | None = None,
        y_err: ArrayLike | None = None,
        group: ArrayLike | None = None,
        weight: ArrayLike | None = None,
    ) -> Self:
        """Learn the density of the labels `y` (n, k) given `x` (n, p); groups (n,) are held out whole."""
        observations, labels = check_training("MixtureDensity", x, y, noise)
        if not (self.n_normals >= 1 and self.max_epochs >= 1 and all(units >= 1 for units in self.hidden)):
            raise InputError(
                f"MixtureDensity got n_normals={self.n_normals}, max_epochs={self.max_epochs}, hidden={self.hidden!r}; "
                "each is at least one."
            )
        self.n_features_, self.n_labels_ = observations.shape[1], labels.shape[1]
        self.projection_ = fit_projection("MixtureDensity", observations, self.n_components)
        self.centre_, spread = labels.mean(axis=0), labels.std(axis=0)
        self.scale_ = np.where(spread > 1e-12 * (1 + np.abs(self.centre_)), spread, 1.0)
        rng = np.random.default_rng(self.random_state)
        held = held_out(len(labels), self.held_share, group, rng)
        targets = (labels - self.centre_) / self.scale_
        weights = np.ones(len(labels)) if weight is None else np.asarray(weight, dtype=float)
        self._train(project(self.projection_, observations), targets, weights / weights.mean(), held, rng)
        return self

    def predict_distribution(self, x: ArrayLike, *, noise: Noise | None = None) -> Mixture:
        """A mixture of normals (n, m, k) for each object of `x` (n, p)."""
        self._fitted()
        observations = check_observations("MixtureDensity", x, noise, self.n_features_)
        state = project(self.projection_, observations)
        for i, (matrix, bias) in enumerate(zip(self.matrices_, self.biases_, strict=True)):
            state = state @ matrix.T.astype(float) + bias
            if i < len(self.matrices_) - 1:
                state = np.tanh(state)
        m, k = self.n_normals, self.n_labels_
        means = state[:, m : m + m * k].reshape(-1, m, k)
        widths = np.exp(np.clip(state[:, m + m * k :], *_LOG_WIDTH)).reshape(-1, m, k)
        return Mixture(softmax(state[:, :m], axis=1), self.centre_ + self.scale_ * means, self.scale_ * widths)

    def check_learned(self) -> None:
        """Refuse layers that do not fit each other (asked on load)."""
        wide = [matrix.shape for matrix in self.matrices_]
        fits = all(one[0] == other[1] for one, other in pairwise(wide))
        if not fits or wide[-1][0] != self.n_normals * (1 + 2 * self.n_labels_):
            raise InputError("MixtureDensity holds layers that do not fit each other; fit it again.")

    def _train(
        self, design: Array, targets: Array, weights: Array, held: NDArray[np.bool_], rng: np.random.Generator
    ) -> None:
        import torch

        inputs, outputs, share = (torch.from_numpy(a.astype(np.float32)) for a in (design, targets, weights))
        settings = TrainingSettings(
            self.learning_rate, self.weight_decay, self.batch_size, self.max_epochs, self.patience, self.progress
        )

        def loss(network: Any, rows: Any) -> Any:
            return (share[rows] * self._surprise(network(inputs[rows]), outputs[rows])).mean()

        with seeded(self.random_state):
            network = self._network(design.shape[1])
            history = train_network(network, loss, held, settings, rng)
        layers = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
        self.matrices_ = [layer.weight.detach().numpy().copy() for layer in layers]
        self.biases_ = [layer.bias.detach().numpy().copy() for layer in layers]
        self.fitted_loss_, self.held_loss_, self.best_epoch_ = history

    def _network(self, n_columns: int) -> torch.nn.Sequential:
        import torch

        sizes = [n_columns, *self.hidden, self.n_normals * (1 + 2 * self.n_labels_)]
        linear = [torch.nn.Linear(before, after) for before, after in pairwise(sizes)]
        m, k = self.n_normals, self.n_labels_
        # Normals that begin at one place stay together: they begin apart, over the range of the labels.
        with torch.no_grad():
            apart = torch.linspace(-1.5, 1.5, m) if m > 1 else torch.zeros(1)
            linear[-1].bias[m : m + m * k] = apart.repeat_interleave(k)
        return torch.nn.Sequential(*[layer for one in linear for layer in (one, torch.nn.Tanh())][:-1])

    def _surprise(self, raw: Any, target: Any) -> Any:
        """Negative log density (n,) of standardised labels, but for a constant."""
        import torch

        m, k = self.n_normals, self.n_labels_
        means = raw[:, m : m + m * k].reshape(-1, m, k)
        log_width = raw[:, m + m * k :].reshape(-1, m, k).clamp(*_LOG_WIDTH)
        each = (-0.5 * ((target[:, None, :] - means) / log_width.exp()) ** 2 - log_width).sum(dim=2)
        return -torch.logsumexp(torch.log_softmax(raw[:, :m], dim=1) + each, dim=1)
