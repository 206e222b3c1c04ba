"""What a pipeline finds in each text of a pool, as tasks in the order of the pool."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import nan

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from bioactive.annotate.tasks import TASK_HASH, Task, keep_disabled, to_json, tokens_of
from bioactive.blocks import OnDone
from bioactive.errors import BioactiveError
from bioactive.evaluation.blocks import WINDOW, pipe_block, zone
from bioactive.evaluation.chunks import Chunks
from bioactive.evaluation.pairs import CharSpan, confidences

from .pool import text_of
from .posteriors import Belief, find_adapter, posterior
from .suggest import span_with_score, tokenise

REMEMBERED = 1 << 15  # texts of earlier blocks whose answers can be found again: some 6 MB


@dataclass(frozen=True)
class PredictOptions:
    """What decides predictions, beside the pipeline and the pool.

    spans_key (str | None): Take `doc.spans[spans_key]`, which may nest, in place of `doc.ents`.
    batch_size (int): Texts a batch.
    text_key (str): Key of the text in a dict.
    word_scores (bool): Give each token the probability of its label as `score`, where the pipeline can tell; it is then
        asked twice.
    """

    spans_key: str | None = None
    batch_size: int = 64
    text_key: str = "text"
    word_scores: bool = False

    @property
    def block_size(self) -> int:
        """Items a block."""
        return self.batch_size * WINDOW


@dataclass
class Predicted:
    """What became of a pool.

    seen (int): Items of the pool.
    empty, too_long (int): Of these, those that the pipeline was not asked about: blank, or longer than it takes
        (`nlp.max_length` characters).
    repeated (int): Items that took their answer over from an earlier block.
    entities (int): Entities found.
    """

    seen: int = 0
    empty: int = 0
    too_long: int = 0
    repeated: int = 0
    entities: int = 0


class Predictor:
    """Predicts a pool block by block. Of a text that repeats soon the answer is taken over.

    nlp (Language): The pipeline.
    options (PredictOptions): What to predict.
    read (Callable[[int], Task]): The finished task at a place that `remember` was told.
    predicted (Predicted | None): Counts to go on from.
    """

    def __init__(
        self,
        nlp: Language,
        options: PredictOptions,
        read: Callable[[int], Task],
        predicted: Predicted | None = None,
    ) -> None:
        self.nlp = nlp
        self.options = options
        self.read = read
        self.predicted = predicted or Predicted()
        self.chunks = Chunks(nlp)
        self.places: OrderedDict[bytes, int] = OrderedDict()

    def predict(self, block: Sequence[Task], on_done: OnDone = lambda items: None) -> list[Task]:
        """Tasks of a block, in its order.

        block (Sequence[Task]): Items with a text.
        on_done (Callable): Told how many are done since it was told last.
        RETURNS (list[Task]): The items with `text`, `tokens` and `spans`; spans that they bring along give way. An item
            that is too long comes back as it is.
        RAISES (BioactiveError): B323 when an item has no text.
        """
        items = [self._item(eg, number) for number, eg in enumerate(block, start=self.predicted.seen + 1)]
        self.predicted.seen += len(items)
        keys = [self._key(eg) for eg in items]
        known = {i: self.places[key] for i, key in enumerate(keys) if key is not None and key in self.places}
        asked = [i for i, key in enumerate(keys) if key is not None and i not in known]
        found = {i: self._taken_over(items[i], self.read(place)) for i, place in known.items()}
        with zone(self.nlp):
            found.update(zip(asked, self._ask([items[i] for i in asked], on_done), strict=True))
            tasks = [found[i] if i in found else self._unasked(eg) for i, eg in enumerate(items)]
        on_done(len(items) - len(asked))
        self.predicted.repeated += len(known)
        self.predicted.entities += sum(len(task["spans"]) for task in found.values())
        return tasks

    def remember(self, block: Sequence[Task], places: Sequence[int]) -> None:
        """Take note of where the finished tasks of a block lie.

        block (Sequence[Task]): The items, as `predict` was given them.
        places (Sequence[int]): What `read` finds each one's task by.
        """
        for eg, place in zip(block, places, strict=True):
            key = self._key({**eg, "text": eg[self.options.text_key]})
            if key is not None:
                self.places.setdefault(key, place)
        while len(self.places) > REMEMBERED:
            self.places.popitem(last=False)

    def _item(self, eg: Task, number: int) -> Task:
        return {**eg, "text": text_of(eg, self.options.text_key, f"item {number} of the pool")}

    def _key(self, eg: Task) -> bytes | None:
        """Equal for items with the same text and, where they bring tokens, the same words; None for no question."""
        text, tokens = eg["text"], eg.get("tokens")
        if not text.strip() or len(text) > self.nlp.max_length:
            return None
        words = [token.get("text") if isinstance(token, dict) else None for token in tokens or ()]
        return blake2b(to_json([text, words]).encode("ascii"), digest_size=16).digest()

    def _ask(self, items: list[Task], on_done: OnDone) -> list[Task]:
        docs = [tokenise(self.nlp, eg, self.chunks) for eg in items]
        done = pipe_block(self.nlp, docs, self.options.batch_size, on_done)
        tokens = [tokens_of(doc) for doc in done]
        if self.options.word_scores:
            self._add_word_scores(done, tokens)
        spans = map(self._spans, done)
        return [_finished(eg, its, found) for eg, its, found in zip(items, tokens, spans, strict=True)]

    def _add_word_scores(self, docs: Sequence[Doc], tokens: Sequence[list[Task]]) -> None:
        """The probability of the label of each word, as `score` of its token."""
        if self.options.spans_key is not None or not can_tell(self.nlp):
            return
        for doc, its, told in zip(docs, tokens, posterior(self.nlp, docs), strict=True):
            place = {tag: number for number, tag in enumerate(told.tags)}
            words = [token for token in doc if not token.is_space]
            for token, row in zip(words, told.marginals, strict=True):
                tag = f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O"
                its[token.i]["score"] = float(row[place[tag]]) if tag in place else 0.0

    def _unasked(self, eg: Task) -> Task:
        if eg["text"].strip():
            self.predicted.too_long += 1
            return eg
        self.predicted.empty += 1
        return _finished(eg, tokens_of(tokenise(self.nlp, eg)), [])

    def _spans(self, doc: Doc) -> list[Task]:
        key = self.options.spans_key
        spans = list(doc.ents) if key is None else list(doc.spans.get(key, ()))
        sure = dict(confidences(doc, spans, key))
        return [span_with_score(doc, _belief(span, sure)) for span in spans]

    def _taken_over(self, eg: Task, earlier: Task) -> Task:
        tokens = [{key: value for key, value in token.items() if key != "disabled"} for token in earlier["tokens"]]
        return _finished(eg, tokens, earlier["spans"])


def can_tell(nlp: Language) -> bool:
    """Whether a component of a pipeline can say how sure it is of each word."""
    try:
        find_adapter(nlp)
    except BioactiveError:
        return False
    return True


def task_doc(task: Task, vocab: Vocab) -> Doc:
    """A predicted task as a Doc.

    task (Task): From `Predictor.predict`.
    vocab (Vocab): The vocabulary of the Doc.
    RETURNS (Doc): All spans in `doc.spans["sc"]`, their confidences in its `attrs["scores"]` if each has one; in
        `doc.ents` those that overlap none before them. `user_data["doc_id"]` is that of the task's meta.
    """
    tokens = task["tokens"]
    doc = Doc(vocab, words=[token["text"] for token in tokens], spaces=[token["ws"] for token in tokens])
    spans = [Span(doc, span["token_start"], span["token_end"] + 1, span["label"]) for span in task["spans"]]
    flat: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not flat or span.start >= flat[-1].end:
            flat.append(span)
    doc.set_ents(flat, default="outside")
    doc.spans["sc"] = spans
    scores = [span["score"] for span in task["spans"] if "score" in span]
    if len(scores) == len(spans):
        doc.spans["sc"].attrs["scores"] = scores
    meta = task.get("meta")
    if isinstance(meta, dict) and "doc_id" in meta:
        doc.user_data["doc_id"] = meta["doc_id"]
    return doc


def _belief(span: Span, sure: dict[CharSpan, float]) -> Belief:
    prob = sure.get(CharSpan(span.start_char, span.end_char, span.label_), nan)
    return Belief(span.start, span.end, span.label_, prob)


def _finished(eg: Task, tokens: list[Task], spans: list[Task]) -> Task:
    new = {**eg, "tokens": tokens, "spans": spans}
    if all({"start", "end"} <= set(token) for token in eg.get("tokens") or []):
        new = keep_disabled(new, eg)
    # The spans are new, so the question is another now.
    new.pop(TASK_HASH, None)
    return new
