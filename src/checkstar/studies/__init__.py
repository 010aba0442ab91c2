"""Studies: methods on problems over folds, with costs, in a store that survives kills."""
