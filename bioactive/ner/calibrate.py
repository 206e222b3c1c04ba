"""Fit the temperature of `crf_ner` on held-out data, so that a confidence of .8 is right eight times in ten.

Temperature scaling (Guo et al. 2017), on the probabilities of whole predicted entities rather than of single words:
those are what a user reads and what a threshold is set on. The best sequence of a CRF does not depend on the
temperature.
"""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
from collections.abc import Callable, Iterable
from pathlib import Path

from spacy.language import Language
from spacy.training import Example

from ..fingerprint import sha256_of
from .component import CRFNer

MAX_DOCS = 2000


def create_calibration_callback(
    corpus: Callable[[Language], Iterable[Example]],
    data: dict[str, str | None] | None = None,
    max_docs: int = MAX_DOCS,
) -> Callable[[Language], Language]:
    """A `before_to_disk` callback that calibrates each `crf_ner`, registered as "bioactive.calibrate.v1".

    The SHA-256 of the data files is noted under "data" in the pipeline's meta.json.

    corpus (Callable[[Language], Iterable[Example]]): A spaCy reader of held-out data, never of the test set.
    data (dict[str, str | None] | None): Paths of the data by name, such as "train" and "dev".
    max_docs (int): How many Docs to look at.
    """

    paths = {name: Path(path) for name, path in (data or {}).items() if path is not None}

    def calibrate(nlp: Language) -> Language:
        nlp.meta["data"] = {name: {"file": path.name, "sha256": sha256_of(path)} for name, path in paths.items()}
        for position, (_, component) in enumerate(nlp.pipeline):
            if isinstance(component, CRFNer):
                examples = [eg for eg, _ in zip(corpus(nlp), range(max_docs), strict=False)]
                before = [name for name, _ in nlp.pipeline[:position]]
                with nlp.select_pipes(enable=before):
                    docs = nlp.pipe(eg.predicted for eg in examples)
                    component.fit_temperature(
                        [Example(doc, eg.reference) for doc, eg in zip(docs, examples, strict=True)]
                    )
        return nlp

    return calibrate
