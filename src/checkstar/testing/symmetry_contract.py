"""The contract of symmetries: they are groups, and observations, noise and labels follow them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from checkstar.errors import ContractError
from checkstar.noise import Gaussian
from checkstar.symmetries import Symmetry

__all__ = ["check_symmetry"]

Array = NDArray[np.float64]

#: Relative rounding of a few operations in double precision.
_ROUNDING = 1e-9


def check_symmetry(
    symmetry: Symmetry, x: Array, sigma: Array, labels: Sequence[str] = ("y",), *, rng: int = 0, n_draws: int = 4000
) -> None:
    """Check that a symmetry keeps the contract of `checkstar.symmetries.Symmetry`.

    Parameters
    ----------
    symmetry : Symmetry
    x : (n, p) array
        A few objects.
    sigma : (n, p) array
        Their noise; small, where the action is not linear.
    labels : sequence of str
        Names of labels, those that follow among them.
    rng : int
        Seed.
    n_draws : int
        Draws of the noise by which its size is compared, to five standard errors.

    Raises
    ------
    ContractError
        With the first rule that is broken.

    Examples
    --------
    >>> from checkstar.symmetries import Flip
    >>> x = np.arange(8.0).reshape(2, 4)
    >>> check_symmetry(Flip(image_shape=(2, 2)), x, np.ones((2, 4)), n_draws=500)
    """
    generator = np.random.default_rng(rng)
    for _ in range(5):
        g, h, k = (symmetry.draw(generator) for _ in range(3))
        _is_a_group(symmetry, g, h, k, labels)
        _acts(symmetry, g, h, x)
        _moves_sigma(symmetry, g, h, x, sigma)
        _labels_follow(symmetry, g, h, labels)
        _is_told(symmetry, g)
    _redraws(symmetry, symmetry.draw(generator), x[:1], sigma[:1], n_draws, generator)
    _lists_all(symmetry)


def _require(symmetry: Symmetry, holds: bool, what: str) -> None:
    if not holds:
        raise ContractError(f"{type(symmetry).__name__}: {what}.")


def _close(left: Array, right: Array, scale: Array) -> bool:
    size = np.maximum(np.abs(np.where(np.isfinite(scale), scale, 0.0)).max(axis=0), 1e-300)
    return bool(np.allclose(left / size, right / size, rtol=0, atol=_ROUNDING, equal_nan=True))


def _is_a_group(symmetry: Symmetry, g: object, h: object, k: object, labels: Sequence[str]) -> None:
    _require(symmetry, symmetry.size(symmetry.identity) == 0, "the size of the identity is not zero")
    _require(symmetry, symmetry.size(g) > 0, "drew the identity")
    gone = symmetry.compose(g, symmetry.inverse(g))
    _require(symmetry, symmetry.size(gone) < 1e-6, "an element after its inverse is not the identity")
    same = symmetry.compose(symmetry.compose(g, h), k), symmetry.compose(g, symmetry.compose(h, k))
    _require(symmetry, _equal_elements(*same), "composition is not associative")


def _equal_elements(left: object, right: object) -> bool:
    return bool(np.allclose(np.asarray(left, dtype=float), np.asarray(right, dtype=float), rtol=0, atol=1e-9))


def _acts(symmetry: Symmetry, g: object, h: object, x: Array) -> None:
    kept = x.copy()
    moved = symmetry.act(g, x)
    _require(symmetry, np.array_equal(kept, x, equal_nan=True), "changes its argument")
    _require(symmetry, moved.shape == x.shape, "changes the shape of x")
    _require(symmetry, _close(symmetry.act(symmetry.identity, x), x, x), "the identity changes x")
    if not symmetry.exact:
        return
    scale = np.stack([np.abs(x).max(axis=0), np.abs(moved).max(axis=0)])
    _require(symmetry, _close(symmetry.act(symmetry.inverse(g), moved), x, scale), "the inverse does not undo")
    twice, at_once = symmetry.act(g, symmetry.act(h, x)), symmetry.act(symmetry.compose(g, h), x)
    _require(
        symmetry,
        _close(twice, at_once, np.vstack([at_once, scale])),
        "two actions are not the action of the composed element",
    )


def _moves_sigma(symmetry: Symmetry, g: object, h: object, x: Array, sigma: Array) -> None:
    noise, moved = Gaussian(sigma), symmetry.act(g, x)
    once = symmetry.move_noise(g, noise, x)
    _require(
        symmetry,
        not symmetry.exact or _close(once.sigma(moved), symmetry.move_sigma(g, sigma, x), sigma),
        "the noise is not of the size that move_sigma says",
    )
    back = symmetry.move_noise(symmetry.inverse(g), once, moved).sigma(x)
    _require(symmetry, _close(back, sigma, sigma), "the inverse does not undo the change of the noise")
    if symmetry.exact:
        twice = symmetry.move_noise(h, once, moved).sigma(symmetry.act(h, moved))
        at_once = symmetry.move_noise(symmetry.compose(h, g), noise, x).sigma(symmetry.act(symmetry.compose(h, g), x))
        _require(symmetry, _close(twice, at_once, at_once), "the noise does not follow composition")


def _redraws(symmetry: Symmetry, g: object, x: Array, sigma: Array, n_draws: int, rng: np.random.Generator) -> None:
    """The moved noise scatters as the moved observations of the noise do."""
    many = np.repeat(x, n_draws, axis=0)
    noise = Gaussian(np.repeat(sigma, n_draws, axis=0))
    moved = symmetry.act(g, many)
    carried = symmetry.act(g, noise.draw(many, rng)).std(axis=0)
    own = symmetry.move_noise(g, noise, many).draw(moved, rng).std(axis=0)
    error = 5 * np.sqrt(2) / np.sqrt(2 * n_draws)
    stated = symmetry.move_noise(g, noise, many).sigma(moved)[0]
    for name, found in (("carried along", carried), ("stated", np.where(np.isfinite(stated), stated, carried))):
        agree = np.abs(own - found) <= error * np.maximum(own, found) + 1e-12
        _require(symmetry, bool(agree.all()), f"the moved noise does not scatter as the noise {name}")


def _labels_follow(symmetry: Symmetry, g: object, h: object, names: Sequence[str]) -> None:
    y = np.arange(1.0, 1 + len(names))[None]
    after_h, after_g = (symmetry.label_map(element, names) for element in (h, g))
    at_once = symmetry.label_map(symmetry.compose(g, h), names)
    apart = at_once.difference(after_g(after_h(y)), at_once(y))
    _require(symmetry, bool(np.abs(apart).max() < 1e-9), "labels do not follow composition")
    apart = at_once.difference(after_g.inverse()(after_g(y)), y)
    _require(symmetry, bool(np.abs(apart).max() < 1e-9), "labels do not come back")


def _is_told(symmetry: Symmetry, g: object) -> None:
    _require(symmetry, bool(symmetry.name and symmetry.describe(g)), "says nothing of an element")
    sizes = [symmetry.size(smaller) for smaller in symmetry.simpler(g)]
    _require(symmetry, all(0 < size < symmetry.size(g) for size in sizes), "simpler elements are not smaller")


def _lists_all(symmetry: Symmetry) -> None:
    listed = symmetry.elements()
    if listed is None:
        return
    _require(symmetry, listed[0] == symmetry.identity, "does not list the identity first")
    _require(symmetry, len(set(listed)) == len(listed), "lists an element twice")
    products = {symmetry.compose(g, h) for g in listed[:6] for h in listed}
    _require(symmetry, products <= set(listed), "does not list all elements")
