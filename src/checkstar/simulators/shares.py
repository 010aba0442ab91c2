"""Shares of the classes in a simulated sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from checkstar.errors import InputError, unknown_name

__all__ = ["class_shares"]


def class_shares(
    classes: Sequence[str] | Mapping[str, float] | None, default: Mapping[str, float], known: Iterable[str]
) -> dict[str, float]:
    """Shares that sum to one: those given, equal ones of the names given, or the default.

    Raises
    ------
    InputError
        If a class is not known, or the shares are negative or none is positive.

    Examples
    --------
    >>> class_shares(["EA", "ROT"], {}, ("EA", "RRab", "ROT"))
    {'EA': 0.5, 'ROT': 0.5}
    """
    if classes is None:
        given = dict(default)
    elif isinstance(classes, Mapping):
        given = {str(name): float(share) for name, share in classes.items()}
    else:
        given = dict.fromkeys([classes] if isinstance(classes, str) else classes, 1.0)
    names = list(known)
    for name in given:
        if name not in names:
            raise unknown_name("simulated class", name, names)
    total = sum(given.values())
    if not given or not min(given.values()) >= 0 or not 0 < total < float("inf"):
        raise InputError(f"the shares of the classes are {given}; give numbers that are not negative, one above zero.")
    return {name: share / total for name, share in given.items() if share > 0}
