"""Simulated annotation: a gold corpus answers what a strategy asks; experiments, costs, curves and reports."""
