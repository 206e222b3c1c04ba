"""Yes/no questions about a passage: pairs, a classifier for spaCy's `textcat`, questions made by rule, scores."""
