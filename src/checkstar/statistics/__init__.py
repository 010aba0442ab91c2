"""Statistics that several checks or cures share: plain arrays in, numbers out; they know nothing of runs."""
