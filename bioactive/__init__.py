"""bioactive: biomedical NER pipelines for spaCy with exact confidences and an annotation loop."""

__version__ = "0.1.0"
