"""Variability: periods, shapes and descriptors of light curves, vectorised over objects."""
