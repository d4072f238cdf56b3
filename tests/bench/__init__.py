"""Benchmarks: nimsg beside bare bounds and floors, in one run, as ratios."""
