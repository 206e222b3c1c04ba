"""Another spaCy pipeline as a source of labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from spacy.language import Language
from spacy.tokens import Doc

from ..corpus.align import CharSpan
from ..corpus.tally import Tally
from ..evaluation.evaluate import predictable_labels
from ..evaluation.pairs import confidences
from ..fingerprint import sha256_of

OTHER_LABELS = "entities of types that were not asked for, left out"
UNSURE = "entities below the lowest confidence, left out"


@dataclass(frozen=True)
class PipelineSource:
    """What another pipeline finds in the same texts, cut into tokens by itself.

    nlp (Language): The pipeline.
    labels (Mapping[str, str]): Its labels that are wanted, and what they are called here; empty for all as they are.
    lowest (float): Entities whose confidence is lower are left out; those without one are kept.
    batch_size (int): Texts a batch.
    """

    nlp: Language
    labels: Mapping[str, str] = field(default_factory=dict)
    lowest: float = 0.0
    batch_size: int = 64

    @property
    def name(self) -> str:
        """Language and name of the pipeline."""
        return f"pipeline:{self.nlp.meta['lang']}_{self.nlp.meta['name']}"

    @cached_property
    def version(self) -> str:
        """Its version, and the SHA-256 of its folder where it came from one."""
        written = str(self.nlp.meta.get("version", ""))
        return f"{written}+{sha256_of(self.nlp.path)}" if self.nlp.path else written

    def spans(self, docs: Iterable[Doc], tally: Tally) -> Iterator[list[CharSpan] | None]:
        """See `Source.spans`.

        RAISES (BioactiveError): B307 when the pipeline predicts no entities.
        """
        predictable_labels(self.nlp)
        texts = (doc.text for doc in docs)
        for doc in self.nlp.pipe(texts, batch_size=self.batch_size):
            yield list(self._wanted(doc, tally))

    def _wanted(self, doc: Doc, tally: Tally) -> Iterator[CharSpan]:
        sure = {(span.start, span.end, span.label): score for span, score in confidences(doc, doc.ents)}
        for ent in doc.ents:
            shown = f"{ent.label_} {ent.text!r}"
            if self.labels and ent.label_ not in self.labels:
                tally.add(OTHER_LABELS, shown)
            elif sure.get((ent.start_char, ent.end_char, ent.label_), 1.0) < self.lowest:
                tally.add(UNSURE, shown)
            else:
                yield CharSpan(ent.start_char, ent.end_char, self.labels.get(ent.label_, ent.label_))
