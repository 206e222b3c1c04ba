"""`crf_ner`: named entities by a linear-chain CRF over BIO tags, with exact, calibrated confidences."""

# No `from __future__ import annotations` here: spaCy validates the arguments of `initialize` by their types.
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.util import minibatch
from thinc.api import Config, Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from .. import tags
from ..errors import Errors, error
from . import crf, sampling
from .crf import Lattice, SpanQuery
from .gold import allowed_tags, gold_tags, labels_in, weight_of
from .sampling import DocSamples, Passes
from .spans import spans_of
from .temperature import best_temperature

SPANS_KEY = "crf_ner"
INCORRECT_SPANS_KEY = "incorrect_spans"
# The rate of `sample_posteriors` where the component was never trained with dropout.
DEFAULT_DROPOUT = 0.1

default_model_config = """
[model]
@architectures = "bioactive.CRFTagger.v1"
decoder = "crf"
context_width = 0
context_depth = 1

[model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 96
depth = 4
embed_size = 2000
window_size = 1
maxout_pieces = 3
subword_features = true
"""
DEFAULT_MODEL = Config().from_str(default_model_config)["model"]


@Language.factory(
    "crf_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": DEFAULT_MODEL,
        "incorrect_spans_key": INCORRECT_SPANS_KEY,
        "scorer": {"@scorers": "bioactive.crf_ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_crf_ner(
    nlp: Language,
    name: str,
    model: Model[list[Doc], Lattice],
    incorrect_spans_key: str,
    scorer: Callable[..., dict[str, Any]] | None,
) -> "CRFNer":
    """Construct the `crf_ner` component.

    model (Model[list[Doc], Lattice]): Docs to potentials, see `build_crf_tagger`.
    incorrect_spans_key (str): Key of `doc.spans` that holds the spans an annotator rejected.
    scorer (Callable | None): The scoring method.
    """
    return CRFNer(nlp, model, name, incorrect_spans_key=incorrect_spans_key, scorer=scorer)


def make_crf_ner_scorer() -> Callable[..., dict[str, Any]]:
    """The scorer that is registered as "bioactive.crf_ner_scorer.v1"."""
    return crf_ner_score


def crf_ner_score(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Span-exact precision, recall and F1, as the stock `ner` reports them."""
    return get_ner_prf(examples)


class DocPosterior(NamedTuple):
    """What the component believes about one Doc of L words, over K tags.

    tags (list[str]): The K tags, in the order of the columns.
    marginals (NDArray[float32]): Probability of each tag at each word, [L, K].
    best (list[str]): The most probable tag sequence.
    best_log_prob (float): Its log-probability; 0.0 for an empty Doc.
    second_log_prob (float): Log-probability of the runner-up; -inf if there is none.
    sequence_entropy (float): Entropy of the distribution over sequences, in nats.
    spans (list[tuple[int, int, str, float]]): The entities of the best sequence with their probabilities.
    """

    tags: list[str]
    marginals: NDArray[numpy.float32]
    best: list[str]
    best_log_prob: float
    second_log_prob: float
    sequence_entropy: float
    spans: list[tuple[int, int, str, float]]


class CRFNer(TrainablePipe):
    """Trainable component that sets `doc.ents`, and the same spans with their probabilities in
    `doc.spans["crf_ner"]` (`attrs["scores"]`) and `ent._.confidence`."""

    def __init__(
        self,
        nlp: Language,
        model: Model[list[Doc], Lattice],
        name: str = "crf_ner",
        *,
        incorrect_spans_key: str = INCORRECT_SPANS_KEY,
        scorer: Callable[..., dict[str, Any]] | None = crf_ner_score,
    ) -> None:
        self.vocab = nlp.vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.incorrect_spans_key = incorrect_spans_key
        self.cfg: dict[str, Any] = {"labels": [], "temperature": 1.0}
        if not Span.has_extension("confidence"):
            Span.set_extension("confidence", getter=confidence)

    # --- labels

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity labels, in the order of the tags."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> tuple[str, ...]:
        """What `spacy init labels` writes and `initialize` reads."""
        return self.labels

    @property
    def tags(self) -> list[str]:
        """The tags, in the order of the model's outputs."""
        return tags.tags_for(self.labels)

    @property
    def temperature(self) -> float:
        """What the potentials are divided by before a probability is told; 1.0 until it is fitted."""
        return float(self.cfg["temperature"])

    @temperature.setter
    def temperature(self, value: float) -> None:
        self.cfg["temperature"] = float(value)

    def add_label(self, label: str) -> int:
        """Add an entity label before the model is initialised.

        RETURNS (int): 1, or 0 if the label is there already.
        RAISES (BioactiveError): B201 when the outputs are fixed already.
        """
        if label in self.labels:
            return 0
        # Not `_allow_extra_label`: it compares the number of outputs, which are tags here, with that of labels.
        if self.model.get_ref("output_layer").has_dim("nO"):
            raise error("B201", name=self.name, label=label, labels=", ".join(self.labels))
        tags.tags_for([label])
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1

    # --- prediction

    def predict(self, docs: Iterable[Doc]) -> Lattice:
        """Potentials of a batch of Docs, with the illegal moves still in."""
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            n_tags = len(self.tags)
            lengths = torch.zeros(len(docs), dtype=torch.int64)
            return Lattice(torch.zeros(len(docs), 0, n_tags), lengths, torch.zeros(n_tags + 1, n_tags))
        return _begun_at_words(self.model.predict(docs), docs)

    def set_annotations(self, docs: Sequence[Doc], scores: Lattice) -> None:
        """Set the entities of the best legal sequence, with their probabilities."""
        _, paths = crf.viterbi(self.decodable(scores))
        queries = spans_of(paths, scores.lengths)
        probs = self._span_probs(scores, queries)
        found: list[list[tuple[Span, float]]] = [[] for _ in docs]
        for query, prob in zip(queries, probs, strict=True):
            label = self.labels[tags.label_of(query.begin)]
            found[query.row].append((Span(docs[query.row], query.start, query.end, label=label), prob))
        for doc, entities in zip(docs, found, strict=True):
            spans = [span for span, _ in entities]
            doc.set_ents(spans, default="outside")
            confidences = numpy.asarray([prob for _, prob in entities], dtype="float32")
            doc.spans[SPANS_KEY] = SpanGroup(doc, name=SPANS_KEY, spans=spans, attrs={"scores": confidences})

    def encode(self, docs: Sequence[Doc]) -> list[Floats2d]:
        """The encoder's vectors of each Doc, for callers that ask both for posteriors and for samples of them."""
        filled = [doc for doc in docs if len(doc)]
        found = iter(self.model.get_ref("tok2vec").predict(filled) if filled else [])
        width = self.model.get_ref("output_layer").get_dim("nI")
        return [next(found) if len(doc) else self.model.ops.alloc2f(0, width) for doc in docs]

    def posteriors(self, docs: Iterable[Doc], *, vectors: Sequence[Floats2d] | None = None) -> list[DocPosterior]:
        """What the pipe believes about Docs that have passed the components before it.

        vectors (Sequence[Floats2d] | None): What `encode` gives for them; None encodes them here.
        RETURNS (list[DocPosterior]): One a Doc, at the fitted temperature.
        """
        docs = list(docs)
        encoded = vectors is not None and any(len(doc) for doc in docs)
        if encoded:
            scores = _begun_at_words(self.model.get_ref("output_layer").predict(vectors), docs)
        else:
            scores = self.predict(docs)
        decodable = self.decodable(scores).scaled(self.temperature)
        believed = crf.Trellis(self.probable(scores))
        best, paths = crf.viterbi(decodable)
        second = crf.runner_up(decodable, paths)
        first_two = [(score.double() - believed.log_z).clamp_max(0.0).tolist() for score in (best, second)]
        # Read Doc by Doc below: in one piece from a GPU.
        paths = paths.cpu()
        queries = spans_of(paths, scores.lengths)
        spans: list[list[tuple[int, int, str, float]]] = [[] for _ in docs]
        for query, prob in zip(queries, _probs(believed.span_log_probs(queries)), strict=True):
            label = self.labels[tags.label_of(query.begin)]
            spans[query.row].append((query.start, query.end, label, prob))
        marginals = believed.marginals().float().cpu().numpy()
        entropies = believed.entropy().tolist()
        names = self.tags
        return [
            DocPosterior(
                names,
                marginals[row, : len(doc)],
                [names[tag] for tag in paths[row, : len(doc)].tolist()],
                first_two[0][row],
                first_two[1][row],
                entropies[row],
                spans[row],
            )
            for row, doc in enumerate(docs)
        ]

    def sample_posteriors(
        self,
        docs: Iterable[Doc],
        samples: int = 10,
        seed: int = 0,
        passes: Passes = "head",
        drop: float | None = None,
        *,
        vectors: Sequence[Floats2d] | None = None,
        encoder: Any = None,
    ) -> list[DocSamples]:
        """What the pipe believes in each of a number of passes with dropout (Gal and Ghahramani 2016).

        docs (Iterable[Doc]): Docs that have passed the components before it.
        samples (int): S, the number of passes.
        seed (int): Decides what is dropped, whatever the batch; the head drops the same units of each Doc.
        passes (str): "head": only the layers over the encoder are run S times. "full": the encoder too, in training
            mode: slow, the reference.
        drop (float | None): Share of units dropped, in [0, 1); None takes the rate of the training, or 0.1.
        vectors (Sequence[Floats2d] | None): What `encode` gives for the Docs; None encodes them here.
        encoder (Any): For "full" over a listener: the pipe that it listens to.
        RETURNS (list[DocSamples]): One a Doc, at the fitted temperature.
        RAISES (BioactiveError): B207 for a rate that leaves nothing, or no sample at all.
        """
        docs = list(docs)
        rate = (self.cfg.get("dropout") or DEFAULT_DROPOUT) if drop is None else drop
        if samples < 1 or not 0.0 <= rate < 1.0:
            raise error("B207", name=self.name, samples=samples, rate=rate)
        how: dict[str, Any] = {"samples": samples, "rate": rate, "seed": seed}
        if passes == "full":
            batches = sampling.full_passes(self.model, docs, encoder, **how)
        else:
            head = self.model.get_ref("output_layer")
            batches = sampling.head_passes(head, self.encode(docs) if vectors is None else vectors, **how)
        return self._sampled(batches, docs, samples)

    def _sampled(self, batches: Iterable[sampling.PassedBatch], docs: Sequence[Doc], samples: int) -> list[DocSamples]:
        """Marginals and best sequences of every pass, in the order of the Docs."""
        names = self.tags
        nothing = numpy.zeros((samples, 0, len(names)), dtype="float32"), numpy.zeros((samples, 0), dtype="int64")
        found = [DocSamples(names, *nothing) for _ in docs]
        for rows, drawn in batches:
            lattice = _begun_at_words(drawn, [docs[row] for row in rows for _ in range(samples)])
            marginals = crf.marginals(self.probable(lattice)).cpu().numpy()  # [B * S, L, K]
            best = crf.viterbi(self.decodable(lattice))[1].cpu().numpy()  # [B * S, L]
            for n, row in enumerate(rows):
                one = slice(n * samples, (n + 1) * samples)
                found[row] = DocSamples(names, marginals[one], best[one])
        return found

    def decodable(self, scores: Lattice) -> Lattice:
        """The lattice in which the best path is looked for: legal moves only."""
        return crf.forbid(scores, legal_moves(len(self.labels)).to(scores.transitions.device))

    def probable(self, scores: Lattice) -> Lattice:
        """The lattice that probabilities are read from, calibrated. Independent words know no illegal move."""
        return (scores if self._independent else self.decodable(scores)).scaled(self.temperature)

    def span_probs(self, docs: Sequence[Doc], spans: Sequence[tuple[int, int, int, str]]) -> list[float]:
        """Exact probability of each span: that it is an entity with just these edges and this label.

        docs (Sequence[Doc]): Docs that have passed the components before this one.
        spans (Sequence[tuple]): Index of the Doc, first token, end (exclusive) and label.
        RETURNS (list[float]): One a span, at the fitted temperature.
        """
        numbers = [(*span[:3], self.cfg["labels"].index(span[3])) for span in spans]
        queries = [SpanQuery(row, start, end, tags.begin(k), tags.inside(k)) for row, start, end, k in numbers]
        return self._span_probs(self.predict(docs), queries) if queries else []

    @property
    def _independent(self) -> bool:
        return bool(self.model.get_ref("output_layer").attrs["decoder"] == "softmax")

    def _span_probs(self, scores: Lattice, queries: Sequence[SpanQuery]) -> list[float]:
        return _probs(crf.Trellis(self.probable(scores)).span_log_probs(queries))

    # --- training

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Fix the labels and the widths.

        get_examples (Callable): Gives a representative sample of gold Examples.
        labels (Sequence[str] | None): The labels, as `spacy init labels` writes them; None takes them from the data.
        RAISES (BioactiveError): B202 when there is no label at all.
        """
        validate_get_examples(get_examples, "CRFNer.initialize")
        in_data = sorted({label for eg in get_examples() for label in labels_in(eg.reference)})
        self._warn_of_labels_without_data(labels, in_data)
        for label in labels if labels is not None else in_data:
            self.add_label(label)
        if not self.labels:
            raise error("B202", name=self.name)
        sample = [eg.reference for eg, _ in zip(get_examples(), range(10), strict=False)]
        outputs = self.model.ops.alloc2f(1, len(self.tags))
        # thinc infers the head's width from a sample of its output: one row of tags here, not a lattice.
        self.model.initialize(X=[doc for doc in sample if len(doc)] or None, Y=cast(Any, outputs))

    def _warn_of_labels_without_data(self, labels: Sequence[str] | None, in_data: list[str]) -> None:
        absent = sorted(set(labels or ()) - set(in_data))
        if absent:
            warnings.warn(Errors.B204.format(name=self.name, labels=", ".join(absent)), stacklevel=3)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch; the same rule serves full, partial and rejecting annotation (see `get_loss`)."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "CRFNer.update")
        if not any(len(eg.predicted) for eg in examples):
            return losses
        set_dropout_rate(self.model, drop)
        if drop:
            self.cfg["dropout"] = float(drop)  # the rate at which `sample_posteriors` samples
        scores, backprop = self.model.begin_update([eg.predicted for eg in examples])
        loss, d_scores = self.get_loss(examples, scores)
        backprop(d_scores)
        if sgd is not None:
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def get_loss(self, examples: Iterable[Example], scores: Lattice) -> tuple[float, Lattice]:
        """Mean negative log-likelihood a Doc, and its gradient by the potentials.

        A word without annotation may have any tag that does not continue an annotated entity, and one in
        `doc.spans["entity_words"]` any of the span's type; a span under `incorrect_spans_key` may not be an entity. A
        Doc counts `user_data["weight"]` times, by default once; the mean is over Docs all the same, so that half the
        weight is half the gradient.

        RAISES (BioactiveError): B203 for a gold label that the component does not know, B550 for a bad weight.
        """
        examples = list(examples)
        device = scores.emissions.device
        allowed = numpy.ones(tuple(scores.emissions.shape), dtype=bool)
        for row, eg in enumerate(examples):
            allowed[row, : len(eg.predicted)] = allowed_tags(eg, self.labels, self.name)
        legal = legal_moves(len(self.labels)).to(device)
        if self._independent:
            legal = torch.ones_like(legal)
        rejected = [query for row, eg in enumerate(examples) for query in self._rejected(row, eg)]
        weights = torch.tensor([weight_of(eg.reference) for eg in examples], device=device)
        loss, d_emissions, d_transitions = crf.loss_and_gradient(
            scores, legal, torch.from_numpy(allowed).to(device), rejected, weights
        )
        n_docs = len(examples)
        return loss.item() / n_docs, Lattice(d_emissions / n_docs, scores.lengths, d_transitions / n_docs)

    def _rejected(self, row: int, eg: Example) -> list[SpanQuery]:
        """The spans of one Doc that are no entities."""
        spans = eg.reference.spans.get(self.incorrect_spans_key, ())
        queries = []
        for span in eg.get_aligned_spans_y2x(spans, allow_overlap=True) if spans else ():
            if span.label_ in self.labels:
                index = self.cfg["labels"].index(span.label_)
                queries.append(SpanQuery(row, span.start, span.end, tags.begin(index), tags.inside(index)))
        return queries

    def fit_temperature(self, examples: Iterable[Example], batch_size: int = 64) -> float:
        """Calibrate on held-out Examples whose predicted Docs have passed the components before this one.

        Minimises the log-loss of "this predicted entity is exactly in the gold" over the temperature.

        RETURNS (float): The fitted temperature; the old one stays when nothing is predicted.
        """
        judged = [self._judged(batch) for batch in minibatch(examples, batch_size)]
        if not any(right for _, _, right in judged):
            return self.temperature

        def log_loss(temperature: float) -> float:
            self.temperature = temperature
            probs = numpy.asarray([p for scores, queries, _ in judged for p in self._span_probs(scores, queries)])
            outcome = numpy.asarray([hit for _, _, right in judged for hit in right])
            return float(-numpy.log(numpy.where(outcome, probs, 1.0 - probs).clip(1e-6)).mean())

        self.temperature = best_temperature(log_loss)
        return self.temperature

    def _judged(self, examples: Sequence[Example]) -> tuple[Lattice, list[SpanQuery], list[bool]]:
        """Potentials of a batch, the entities of its best sequences, and whether each stands in the gold."""
        scores = self.predict([eg.predicted for eg in examples])
        queries = spans_of(crf.viterbi(self.decodable(scores))[1], scores.lengths)
        gold = {
            (row, span.start, span.end, span.label)
            for row, eg in enumerate(examples)
            for span in tags.spans_from_tags(tag or "O" for tag in gold_tags(eg))
        }
        labels = self.labels
        right = [(query.row, query.start, query.end, labels[tags.label_of(query.begin)]) in gold for query in queries]
        return scores, queries, right

    # --- loading

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "CRFNer":
        super().from_bytes(bytes_data, exclude=tuple(exclude))
        return self._know_labels()

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> "CRFNer":
        super().from_disk(path, exclude=tuple(exclude))
        return self._know_labels()

    def _know_labels(self) -> "CRFNer":
        for label in self.labels:
            self.vocab.strings.add(label)
        return self


def _begun_at_words(scores: Lattice, docs: Sequence[Doc]) -> Lattice:
    """Potentials of Docs among whose paths none begins an entity at white space, [B, L, K]: texts have line breaks that
    a corpus of columns never showed."""
    spaces = [(row, token.i) for row, doc in enumerate(docs) for token in doc if token.is_space]
    if not spaces:
        return scores
    allowed = torch.ones_like(scores.emissions, dtype=torch.bool)
    rows, places = torch.tensor(spaces, device=allowed.device).T
    allowed[rows, places, tags.begin(0) :: 2] = False
    return crf.restrict(scores, allowed)


def _probs(log_probs: torch.Tensor) -> list[float]:
    found: list[float] = log_probs.exp().clamp(0.0, 1.0).tolist()
    return found


@lru_cache(maxsize=16)
def legal_moves(n_labels: int) -> torch.Tensor:
    """Which moves legal BIO allows, [K + 1, K], bool; row K is the start of the sequence."""
    n_tags = 2 * n_labels + 1
    before: list[int | None] = [*range(n_tags), None]
    return torch.tensor([[tags.can_follow(previous, tag) for tag in range(n_tags)] for previous in before])


def confidence(span: Span) -> float | None:
    """Getter of `span._.confidence`: the probability of a predicted entity; None for any other span."""
    group = span.doc.spans.get(SPANS_KEY, ())
    wanted = (span.start, span.end, span.label)
    for candidate, score in zip(group, group.attrs["scores"] if group else (), strict=True):
        if (candidate.start, candidate.end, candidate.label) == wanted:
            return float(score)
    return None
