"""Models in the loop: they score what they find in a stream, and learn from yes and no."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import tee
from typing import TYPE_CHECKING, Any, cast

from ..blocks import blocks
from ..corpus.jsonl import BINARY_VIEW, task_to_doc
from ..errors import error
from .binary import corrected, judged, obeys
from .sorters import Scored, interleave
from .tasks import TASK_HASH, VIEW_ID, Task, set_hashes, span_of, tokens_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from ..active.parses import Parse
    from ..active.posteriors import Belief

MISSING_TEXTCAT = "textcat_multilabel"
Update = Callable[[list[Task]], Any]


class EntityRecognizer:
    """The entities that a pipeline considers, one a task, and what it learns from answers about them.

    nlp (Language): A pipeline with `crf_ner`, the stock `ner`, or anything that sets `doc.ents`; one without gets a new
        `ner` with these labels.
    label (str | Sequence[str] | None): The labels to ask about; None asks about all.
    parses (int): How many readings of a text are looked at.
    RAISES (BioactiveError): B608 for a pipeline that finds no entities, when no label is given.
    """

    def __init__(self, nlp: Language, label: str | Sequence[str] | None = None, parses: int = 16) -> None:
        from ..active.parses import entity_component

        self.nlp = nlp
        self.labels = _labels(label)
        self.parses = parses
        if not any("doc.ents" in nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names) and self.labels:
            _add_component(nlp, "ner", self.labels)
        self.name = entity_component(nlp)
        # Answers come in one thread of the server, questions in another; no model may do both at once.
        self._lock = threading.RLock()

    def __call__(self, stream: Iterable[Task], batch_size: int = 32) -> Iterator[Scored]:
        """Find candidates.

        stream (Iterable[Task]): Tasks with `text`.
        batch_size (int): How many texts the pipeline gets at a time.
        YIELDS (tuple[float, Task]): The probability of one entity, and a task with it as the only span.
        """
        from ..active.parses import candidates
        from ..active.suggest import tokenise

        for batch in blocks(stream, batch_size):
            docs = [tokenise(self.nlp, task) for task in batch]
            with self._lock:
                entities = candidates(self.nlp, docs, self.parses)
            for task, doc, found in zip(batch, docs, entities, strict=True):
                for entity in found:
                    if not self.labels or entity.label in self.labels:
                        yield entity.prob, _candidate_task(task, doc, entity)

    def update(self, answers: Iterable[Task], drop: float = 0.1) -> float:
        """Learn from answers: an accepted span is required, a reading with a rejected one is wrong, the rest is open.

        answers (Iterable[Task]): Answered tasks. Those of a view that shows all spans count as complete.
        drop (float): Share of units dropped.
        RETURNS (float): The loss; 0.0 when nothing can be learnt.
        """
        component: Any = self.nlp.get_pipe(self.name)
        if not hasattr(component, "update"):
            return 0.0
        if getattr(component, "moves", None) is not None and component.moves.cfg.get("neg_key") is None:
            component.moves.cfg["neg_key"] = "incorrect_spans"
        docs = [doc for answer in answers if (doc := _gold(answer, self.nlp)) is not None]
        with self._lock:
            return _learn(self.nlp, self.name, docs, drop)

    def make_best(self, answers: Iterable[Task], **_unused: Any) -> list[Task]:
        """Merge the binary answers about each text into the best reading that obeys them.

        answers (Iterable[Task]): Answered tasks with the span that was asked about.
        RETURNS (list[Task]): One task a text, with tokens and spans. Where none of the readings obeys the answers, the
            best one is corrected by them.
        """
        from ..active.parses import parses
        from ..active.suggest import tokenise

        texts = judged(answers)
        docs = [tokenise(self.nlp, text.task) for text in texts]
        with self._lock:
            found = parses(self.nlp, docs, 4 * self.parses)
        tasks = []
        for text, doc, readings in zip(texts, docs, found, strict=True):
            places = [_in_characters(doc, reading) for reading in readings]
            good = next((each for each in places if obeys(each, text.accepted, text.rejected)), None)
            spans = corrected(places[0], text.accepted, text.rejected) if good is None else good
            tasks.append(_whole_task(text.task, doc, spans))
        return tasks


class TextClassifier:
    """How likely each label fits a text, one label a task, and what the pipeline learns from answers.

    nlp (Language): A pipeline with `textcat` or `textcat_multilabel`; one without gets a new `textcat_multilabel`.
    label (str | Sequence[str] | None): The labels to ask about; None asks about all that the pipeline has.
    long_text (bool): Score a text sentence by sentence and take the mean.
    component (str | None): Only this component will do; by default the last that classifies texts.
    RAISES (BioactiveError): B608 without a text classifier and without a label.
    """

    def __init__(
        self,
        nlp: Language,
        label: str | Sequence[str] | None = None,
        long_text: bool = False,
        component: str | None = None,
    ) -> None:
        self.nlp, self.long_text = nlp, long_text
        self._lock = threading.RLock()
        found = classifiers(nlp, component)
        wanted = _labels(label)
        if not found and not wanted:
            raise error("B608", pipes=", ".join(nlp.pipe_names) or "none", wanted="classifies texts")
        self.name = found[-1] if found else _add_component(nlp, MISSING_TEXTCAT, wanted)
        pipe: Any = nlp.get_pipe(self.name)
        unknown = [name for name in wanted if name not in pipe.labels]
        if unknown:
            raise error("B616", labels=", ".join(unknown), name=self.name, known=", ".join(pipe.labels))
        self.pair = list(pipe.labels) if infer_exclusive(nlp, self.name) and len(pipe.labels) == 2 else []
        self.labels = wanted or list(pipe.labels)
        # Whoever has answered for one of two has answered for the other.
        self.asked = wanted or self.pair[:1] or self.labels

    def __call__(self, stream: Iterable[Task], batch_size: int = 32) -> Iterator[Scored]:
        """Score texts.

        stream (Iterable[Task]): Tasks with `text`.
        batch_size (int): How many texts the pipeline gets at a time.
        YIELDS (tuple[float, Task]): How likely the label of the task fits, and the task.
        """
        for batch in blocks(stream, batch_size):
            for task, cats in zip(batch, self.scores([task["text"] for task in batch]), strict=True):
                for label in self.asked:
                    score = float(cats.get(label, 0.0))
                    meta = {**(task.get("meta") or {}), "score": round(score, 4)}
                    made = {key: value for key, value in task.items() if key != TASK_HASH}
                    yield score, set_hashes({**made, "label": label, "score": score, "meta": meta})

    def update(self, answers: Iterable[Task], drop: float = 0.1) -> float:
        """Learn from answers to tasks with `label`, or with options in `accept`.

        RETURNS (float): The loss; 0.0 when nothing can be learnt.
        """
        docs, pipe = [], cast(Any, self.nlp.get_pipe(self.name))
        for answer in answers:
            cats = label_answer(answer)
            if cats:
                doc = self.nlp.make_doc(answer["text"])
                doc.cats = {label: value for label, value in self._completed(cats).items() if label in pipe.labels}
                docs.append(doc)
        with self._lock:
            return _learn(self.nlp, self.name, docs, drop)

    def _completed(self, cats: dict[str, float]) -> dict[str, float]:
        """Of two labels that exclude each other, what an answer about one says about the other."""
        if len(self.pair) != 2 or len(known := [label for label in self.pair if label in cats]) != 1:
            return cats
        other = next(label for label in self.pair if label not in known)
        return {**cats, other: 1.0 - cats[known[0]]}

    def scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """How likely each label fits, for each text."""
        with self._lock:
            return self._scores(texts)

    def _scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        if not self.long_text:
            return [doc.cats for doc in self.nlp.pipe(texts, batch_size=max(1, len(texts)))]
        means = []
        for text in texts:
            parts = [part for part in text.split("\n") if part.strip()] or [text]
            each = [doc.cats for doc in self.nlp.pipe(parts)]
            means.append({label: sum(cats.get(label, 0.0) for cats in each) / len(each) for label in self.labels})
        return means


def classifiers(nlp: Language, component: str | None = None) -> list[str]:
    """The names of a pipeline's text classifiers, or of this one of them."""
    found = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory.startswith("textcat")]
    return [name for name in found if component in (None, name)]


def infer_exclusive(nlp: Language, component: str) -> bool:
    """Whether the labels of a text classifier exclude each other."""
    return nlp.get_pipe_meta(component).factory == "textcat"


def label_answer(answer: Task) -> dict[str, float]:
    """What an answer says about labels of the text.

    answer (Task): An answer to a task with `label` (yes or no) or with `options` (chosen ones in `accept`).
    RETURNS (dict[str, float]): 1.0 for a label that fits, 0.0 for one that does not; others are not known.
    """
    kind = answer.get("answer", "accept")
    if kind not in ("accept", "reject"):
        return {}
    if "options" in answer or "accept" in answer:
        if kind == "reject":
            return {}
        chosen = {str(name) for name in answer.get("accept") or []}
        names = [str(option["id"]) for option in answer.get("options") or []] or sorted(chosen)
        return {name: float(name in chosen) for name in names}
    label = answer.get("label")
    if not isinstance(label, str) or not label:
        return {}
    return {label: float(kind == "accept")}


def combine_models(one: Any, two: Any, batch_size: int = 32) -> tuple[Callable[..., Iterator[Scored]], Update]:
    """Two models as one: their scored tasks take turns, and both learn from every answer.

    one, two: Models: called on a stream they give scored tasks; `update(answers)` returns a loss or None.
    batch_size (int): Kept for recipes that give it.
    RETURNS (tuple): `predict(stream)` and `update(answers)`.
    """

    def predict(stream: Iterable[Task], **options: Any) -> Iterator[Scored]:
        first, second = tee(stream)
        return interleave([one(first, **options), two(second, **options)])

    def update(answers: list[Task]) -> float:
        losses = [model.update(answers) for model in (one, two) if hasattr(model, "update")]
        return float(sum(loss for loss in losses if isinstance(loss, (int, float))))

    return predict, update


def _candidate_task(task: Task, doc: Doc, entity: Belief) -> Task:
    from ..active.suggest import span_with_score

    span = {"text": doc[entity.start : entity.end].text, **span_with_score(doc, entity)}
    meta = {**(task.get("meta") or {}), "score": round(entity.prob, 4)}
    made = {key: value for key, value in task.items() if key != TASK_HASH}
    tokens = task.get("tokens") or tokens_of(doc)
    return set_hashes({**made, "tokens": tokens, "spans": [span], "meta": meta, "score": entity.prob})


def _in_characters(doc: Doc, reading: Parse) -> list[tuple[int, int, str]]:
    return [(doc[start:end].start_char, doc[start:end].end_char, label) for start, end, label in reading.spans]


def _whole_task(task: Task, doc: Doc, places: Sequence[tuple[int, int, str]]) -> Task:
    """The task with all spans of a reading; one that does not fit the tokens is left without token indices."""
    spans = []
    for start, end, label in places:
        found = doc.char_span(start, end, label=label)
        spans.append({"start": start, "end": end, "label": label} if found is None else span_of(found))
    made = {key: value for key, value in task.items() if key not in (TASK_HASH, "answer", "score")}
    return set_hashes({**made, "tokens": tokens_of(doc), "spans": spans, "answer": "accept"})


def _gold(answer: Task, nlp: Language) -> Doc | None:
    """An answer as a Doc that says no more than was answered."""
    if "text" not in answer:
        return None
    complete = answer.get(VIEW_ID) in ("ner_manual", "spans_manual")
    task = answer if complete else {**answer, VIEW_ID: BINARY_VIEW, "answer": answer.get("answer", "accept")}
    return task_to_doc(task, nlp.tokenizer)


def _learn(nlp: Language, name: str, docs: Sequence[Doc], drop: float) -> float:
    """One update of a component, and of the encoder that it listens to, on reference Docs."""
    from spacy.training import Example

    from ..evaluation.pairs import unlabelled_copy

    if not docs:
        return 0.0
    encoders = [other for other, pipe in nlp.pipeline if name in getattr(pipe, "listening_components", [])]
    examples = [Example(unlabelled_copy(doc, nlp.vocab), doc) for doc in docs]
    losses: dict[str, float] = {}
    with nlp.select_pipes(enable=[*encoders, name]):
        nlp.update(examples, losses=losses, drop=drop)
    return float(losses.get(name, 0.0))


def _add_component(nlp: Language, factory: str, labels: Sequence[str]) -> str:
    """Add a fresh component with labels to a pipeline that has none of its kind."""
    from spacy.training import Example

    component: Any = nlp.add_pipe(factory)
    for label in labels:
        component.add_label(label)
    doc = nlp.make_doc("one example")
    doc.cats = dict.fromkeys(labels, 1.0) if factory.startswith("textcat") else {}
    component.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)], nlp=nlp)
    if factory.startswith("textcat"):
        _know_nothing(component.model)
    return factory


def _know_nothing(model: Any) -> None:
    """Zero the output layers of a fresh classifier: it says .5 of every text, and no chance weight decides for it."""
    for layer in model.walk():
        if layer.name in ("linear", "softmax") and layer.has_dim("nO") and layer.get_dim("nO") == model.get_dim("nO"):
            for name in layer.param_names:
                if layer.has_param(name):
                    layer.set_param(name, 0 * layer.get_param(name))


def _labels(label: str | Sequence[str] | None) -> list[str]:
    if isinstance(label, str):
        label = label.split(",")
    return [name.strip() for name in label or [] if name.strip()]
