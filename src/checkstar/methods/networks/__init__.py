"""Networks: methods that torch trains. They predict without it: what is learned is arrays."""
