"""A simulated floor: the same callers and operators under three ways of routing."""
