"""Trained pipelines as revisions: each one kept, with where it came from and how good it was."""
