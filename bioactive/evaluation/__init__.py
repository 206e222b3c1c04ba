"""Scores, intervals and calibration of entity predictions."""
