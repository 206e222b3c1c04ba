"""Labelled corpora: one format a file, each file <-> Doc; plus splits, statistics and checks."""
