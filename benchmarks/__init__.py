"""Measurements, for ``make bench``: ratios and medians of one run, never single times."""
