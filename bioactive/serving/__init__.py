"""A trained pipeline behind HTTP: texts in, entities with offsets and confidences out."""
