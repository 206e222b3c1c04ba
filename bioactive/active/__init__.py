"""Active learning: what a pipeline believes, how unsure it is, and which texts to ask about."""
