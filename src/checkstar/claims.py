"""Claims: what a result will be used for. The claim selects the checks that decide and the limit they decide by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from checkstar.errors import InputError, unknown_name

__all__ = ["JOINT", "USES", "Claim", "Population", "Shift", "Use", "UseDescription"]

Use = Literal["object_value", "object_interval", "population_mean", "classification", "ranking", "posterior", "anomaly"]


@dataclass(frozen=True, kw_only=True)
class UseDescription:
    """One row of the table of claims.

    `families` are the families of checks that decide; `tolerance` says what a claim's tolerance means for this use.
    """

    question: str
    example: str
    families: tuple[str, ...]
    tolerance: str
    convention: str


USES: dict[Use, UseDescription] = {
    "object_value": UseDescription(
        question="Is one object's value right?",
        example="one star's metallicity is right to 0.1 dex",
        families=("accuracy", "reference", "leakage", "domain", "shift", "robustness", "symmetry"),
        tolerance="largest typical error (68.3 % of |prediction - truth|), in the label's unit",
        convention="one third of the spread of the truth",
    ),
    "object_interval": UseDescription(
        question="Do the error bars mean what they say?",
        example="68 % of the stars lie within their error bars",
        families=("calibration", "robustness", "domain", "shift"),
        tolerance="largest relative error of the error bars",
        convention="10 %",
    ),
    "population_mean": UseDescription(
        question="May the values be averaged over a population?",
        example="the mean metallicity of 500 stars, to 0.02 dex",
        families=("population", "calibration", "selection", "shift"),
        tolerance="largest error of the mean, in the label's unit",
        convention="the standard error of the mean of 1000 objects, or of n_objects where given",
    ),
    "classification": UseDescription(
        question="May classes be counted?",
        example="counts per class, from probabilities that are right to 2 %",
        families=("reference", "calibration", "leakage", "shift", "symmetry"),
        tolerance="largest calibration error of a class probability",
        convention="0.02",
    ),
    "ranking": UseDescription(
        question="May the best candidates be picked by it?",
        example="which 50 candidates get a spectrum",
        families=("ranking",),
        tolerance="largest share of pairs in the wrong order (0.5 is chance)",
        convention="0.25",
    ),
    "posterior": UseDescription(
        question="May the posteriors be used as they are?",
        example="credible regions of five parameters, from simulation-based inference",
        families=("posterior",),
        tolerance="largest relative error of the widths of the posteriors",
        convention="10 %",
    ),
    "anomaly": UseDescription(
        question="Are objects of a kind never seen found?",
        example="which alerts are like nothing in the training set",
        families=("novelty",),
        tolerance="largest share of novelties that may be missed at 5 % false alarms",
        convention="0.5",
    ),
}


#: Uses of all labels together; those of one label name it.
JOINT: tuple[Use, ...] = ("posterior", "anomaly")

#: Tolerances at which a claim would say nothing: any order is right in half of the pairs, any probability to 1.
_LARGEST_TOLERANCE: dict[Use, float] = {"ranking": 0.5, "classification": 1.0, "anomaly": 0.95}


@dataclass(frozen=True, kw_only=True)
class Population:
    """The population that a mean is claimed for, by its mean and standard deviation in the label's unit.

    `std` None keeps the spread of the test objects.
    """

    mean: float
    std: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean) or (self.std is not None and not 0 < self.std < math.inf):
            raise InputError(
                f"the population has mean {self.mean} and standard deviation {self.std}; give a finite mean and a "
                "positive standard deviation, or none."
            )

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> Population:
        """The population that a table of label values describes."""
        array = np.asarray(values, dtype=float).ravel()
        if array.size < 2 or not np.isfinite(array).all():
            raise InputError(
                f"a population needs at least two finite values; got {array.size} with "
                f"{int((~np.isfinite(array)).sum())} not finite. Pass the label values of the population."
            )
        return cls(mean=float(array.mean()), std=float(array.std(ddof=1)))


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A population whose mean lies `by` from that of the training set (of the test set without one), label's unit."""

    by: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.by):
            raise InputError(f"the population is shifted by {self.by}; give a finite number in the label's unit.")


@dataclass(frozen=True)
class Claim:
    """What a result will be used for.

    Parameters
    ----------
    use : str
        One of `USES`.
    n_objects : int, optional
        How many objects are averaged, counted or picked.
    tolerance : float, optional
        The largest fault that the science bears; its meaning and unit are those of the use (`USES`). Where it is not
        given, a convention is used and named as such.
    label : str, optional
        Which label the claim is about, where there are several.
    unit : str, optional
        Unit of `tolerance`; it must be the label's where the label has one.
    population : Population or Shift, optional
        For "population_mean": the population claimed, by its mean (and spread) or relative to the training set. Where it is not given, the worse of two populations shifted by
        plus and minus one training standard deviation decides.

    Raises
    ------
    InputError
        For an unknown use, a number of objects below one, or a tolerance that is not positive.

    Examples
    --------
    >>> Claim("population_mean", n_objects=500, tolerance=0.02, label="feh").sentence()
    'population_mean of feh, 500 objects, tolerance 0.02'
    """

    use: Use
    n_objects: int | None = None
    tolerance: float | None = None
    label: str | None = None
    unit: str | None = None
    population: Population | Shift | None = None

    def __post_init__(self) -> None:
        if self.use not in get_args(Use):
            raise unknown_name("claim", str(self.use), get_args(Use))
        for name in ("n_objects", "tolerance"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | np.number)):
                raise InputError(f"{name} is {value!r}; give a plain number (and its unit as unit=).")
        if self.n_objects is not None and self.n_objects < 1:
            raise InputError(f"n_objects is {self.n_objects}; a claim is about at least one object.")
        if self.tolerance is not None and not (self.tolerance > 0 and math.isfinite(self.tolerance)):
            raise InputError(
                f"tolerance is {self.tolerance}; it must be a positive number: {USES[self.use].tolerance}."
            )
        largest = _LARGEST_TOLERANCE.get(self.use, math.inf)
        if self.tolerance is not None and self.tolerance >= largest:
            raise InputError(
                f"tolerance is {self.tolerance:g}; for {self.use} it must be below {largest:g}: {USES[self.use].tolerance}."
            )
        if self.population is not None and self.use != "population_mean":
            raise InputError(f"a population was given with the claim {self.use!r}; only 'population_mean' takes one.")

    @property
    def families(self) -> tuple[str, ...]:
        """Families of the checks that decide this claim."""
        return USES[self.use].families

    def sentence(self) -> str:
        """The claim in words."""
        words = [self.use if self.label is None else f"{self.use} of {self.label}"]
        if self.n_objects is not None:
            words.append(f"{self.n_objects} objects")
        if isinstance(self.population, Shift):
            words.append(f"population shifted by {self.population.by:+g}")
        elif self.population is not None:
            std = "" if self.population.std is None else f" +- {self.population.std:g}"
            words.append(f"population {self.population.mean:g}{std}")
        if self.tolerance is None:
            words.append(f"tolerance by convention ({USES[self.use].convention})")
        else:
            words.append(f"tolerance {self.tolerance:g}" + (f" {self.unit}" if self.unit else ""))
        return ", ".join(words)

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, as stored in `audit.json`."""
        return asdict(self)
