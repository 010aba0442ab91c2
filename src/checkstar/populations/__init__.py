"""Populations: means, widths and contrasts of many objects, with what the training set put into each divided out."""

from __future__ import annotations

from checkstar.populations.contrasts import Contrast, contrast
from checkstar.populations.diagnostics import Diagnostics
from checkstar.populations.histograms import HistogramPopulation, infer_histogram
from checkstar.populations.likelihoods import DrawnLikelihoods, Likelihoods, NormalLikelihoods, likelihoods_of
from checkstar.populations.normal import NormalPopulation, fit_normal, infer_normal
from checkstar.populations.prediction_powered import (
    Gold,
    Unlabelled,
    powered_mean,
    powered_quantile,
    powered_slope,
    rectifier,
)
from checkstar.populations.priors import HistogramPrior, InterimPrior, KernelPrior, NormalPrior
from checkstar.statistics.selection import Found, Injections, find, selection_bias

__all__ = [
    "Contrast",
    "Diagnostics",
    "DrawnLikelihoods",
    "Found",
    "Gold",
    "HistogramPopulation",
    "HistogramPrior",
    "Injections",
    "InterimPrior",
    "KernelPrior",
    "Likelihoods",
    "NormalLikelihoods",
    "NormalPopulation",
    "NormalPrior",
    "Unlabelled",
    "contrast",
    "find",
    "fit_normal",
    "infer_histogram",
    "infer_normal",
    "likelihoods_of",
    "powered_mean",
    "powered_quantile",
    "powered_slope",
    "rectifier",
    "selection_bias",
]
