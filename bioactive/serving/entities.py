"""The entities that a pipeline finds in texts, as a client reads them."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from bioactive.evaluation.blocks import TIDY_BLOCKS, WINDOW, pipe_block, tidy, zone
from bioactive.evaluation.chunks import Chunks
from bioactive.evaluation.evaluate import predictable_labels
from bioactive.evaluation.pairs import CharSpan, confidences

Entity = dict[str, Any]


class Finder:
    """Finds entities, batch by batch; what is made for a batch is freed with it.

    nlp (Language): The pipeline.
    spans_key (str | None): Take `doc.spans[spans_key]`, which may nest, in place of `doc.ents`.
    batch_size (int): Texts that the pipeline takes at a time.
    RAISES (BioactiveError): B307 when the pipeline predicts no entities.
    """

    def __init__(self, nlp: Language, spans_key: str | None = None, batch_size: int = 64) -> None:
        self.nlp = nlp
        self.spans_key = spans_key
        self.batch_size = batch_size
        self.labels = sorted(predictable_labels(nlp, spans_key))
        self.chunks = Chunks(nlp)
        self._since_tidy = 0

    def find(self, texts: list[str]) -> list[list[Entity]]:
        """Entities of each text, in order.

        texts (list[str]): The texts; one without a word has no entity.
        RETURNS (list[list[Entity]]): `start` and `end` (exclusive) count code points of the text; `label`, `text`, and
            `confidence`, None where the pipeline gives none.
        """
        with zone(self.nlp):
            docs = [self.chunks.make_doc(text) for text in texts]
            found = [self._entities(doc) for doc in pipe_block(self.nlp, docs, self.batch_size)]
        self._since_tidy += len(texts)
        if self._since_tidy > TIDY_BLOCKS * WINDOW * 64:
            tidy(self.nlp.vocab)
            self._since_tidy = 0
        return found

    def _entities(self, doc: Doc) -> list[Entity]:
        key = self.spans_key
        spans = list(doc.ents) if key is None else list(doc.spans.get(key, ()))
        sure = dict(confidences(doc, spans, key))
        found = []
        for span in spans:
            place = CharSpan(span.start_char, span.end_char, span.label_)
            confidence = round(sure[place], 4) if place in sure else None
            found.append({**place._asdict(), "text": span.text, "confidence": confidence})
        return found
