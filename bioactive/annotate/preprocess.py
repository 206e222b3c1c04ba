"""Preprocessors: tasks of a stream that are cut, filled up, or given what a pipeline suggests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..blocks import blocks
from ..errors import error
from .stream import support_both_streams
from .tasks import INPUT_HASH, TASK_HASH, Task, align_spans, set_hashes, span_of, tokens_of
from .tasks import add_tokens as add_tokens_to

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

HASHES = (INPUT_HASH, TASK_HASH)
MEDIA = ("image", "audio", "video", "pdf")

add_tokens = support_both_streams()(add_tokens_to)


@support_both_streams()
def split_sentences(
    nlp: Language,
    stream: Iterable[Task],
    text_key: str = "text",
    batch_size: int = 32,
    min_length: int | bool | None = None,
) -> Iterator[Task]:
    """Cut tasks into sentences.

    nlp (Language): Finds the sentences; one that does not gets a rule-based component for it.
    stream (Iterable[Task]): Tasks; spans stay with the sentence that holds them, others go.
    text_key (str): Key of the text.
    batch_size (int): How many texts the pipeline gets at a time.
    min_length (int | None): Leave texts of fewer characters whole.
    YIELDS (Task): Tasks with new hashes.
    """
    ensure_sentencizer(nlp)
    pairs = ((task[text_key], task) for task in stream)
    for doc, task in nlp.pipe(pairs, as_tuples=True, batch_size=batch_size):
        if min_length and len(doc.text) < int(min_length):
            yield task
            continue
        for sentence in doc.sents:
            if sentence.text.strip():
                yield _sentence_task(task, sentence, text_key)


@support_both_streams()
def split_spans(stream: Iterable[Task], labels: Sequence[str] | None = None) -> Iterator[Task]:
    """One task for each span; tasks without spans are left out.

    stream (Iterable[Task]): Tasks.
    labels (Sequence[str] | None): Only spans with these labels.
    YIELDS (Task): Tasks with one span each, with new task hashes.
    """
    for task in stream:
        for span in task.get("spans") or []:
            if labels is None or span.get("label") in labels:
                yield _asked_anew({**task, "spans": [span]})


@support_both_streams()
def add_label_options(stream: Iterable[Task], labels: Sequence[str]) -> Iterator[Task]:
    """Give tasks labels to choose from, as `options`."""
    options = [{"id": label, "text": label} for label in labels]
    for task in stream:
        yield _asked_anew({**task, "options": [dict(option) for option in options]})


@support_both_streams()
def add_labels_to_stream(stream: Iterable[Task], labels: Sequence[str]) -> Iterator[Task]:
    """One task for each label, which stands in `label`."""
    for task in stream:
        for label in labels:
            yield _asked_anew({**task, "label": label})


@support_both_streams()
def add_answer(stream: Iterable[Task], answer: str = "accept") -> Iterator[Task]:
    """Give tasks an answer."""
    yield from ({**task, "answer": answer} for task in stream)


@support_both_streams()
def fetch_media(
    stream: Iterable[Task], input_keys: Sequence[str] = MEDIA, skip: bool = False, **_options: Any
) -> Iterator[Task]:
    """Let tasks through that bring their media along, as data: addresses; nothing is fetched.

    stream (Iterable[Task]): Tasks.
    input_keys (Sequence[str]): Keys that may name media.
    skip (bool): Leave out a task that names some, instead of stopping.
    YIELDS (Task): The tasks.
    RAISES (BioactiveError): B615 for a path or an address.
    """
    for task in stream:
        named = [key for key in input_keys if isinstance(task.get(key), str) and not task[key].startswith("data:")]
        if not named:
            yield task
        elif not skip:
            raise error("B615", key=named[0], value=task[named[0]][:80])


@support_both_streams()
def make_ner_suggestions(
    stream: Iterable[Task],
    nlp: Language,
    component: str | None = None,
    labels: Sequence[str] | None = None,
    batch_size: int | None = None,
    **_progress: Any,
) -> Iterator[Task]:
    """Tasks with the entities that a pipeline finds.

    stream (Iterable[Task]): Tasks with `text`; tokens that they bring along decide the words.
    nlp (Language): The pipeline.
    component (str | None): The component that finds them; what else sets entities is switched off.
    labels (Sequence[str] | None): Only entities with these labels.
    batch_size (int | None): How many texts the pipeline gets at a time.
    YIELDS (Task): Tasks with `tokens` and `spans`, with new task hashes.
    """
    others = [name for name in nlp.pipe_names if "doc.ents" in nlp.get_pipe_meta(name).assigns and name != component]
    disable = others if component in nlp.pipe_names else []
    yield from _suggested(stream, nlp, lambda doc: doc.ents, labels, batch_size, disable)


@support_both_streams()
def make_spancat_suggestions(
    stream: Iterable[Task],
    nlp: Language,
    component: str | None = None,
    labels: Sequence[str] | None = None,
    batch_size: int | None = None,
    spans_key: str | None = None,
    **_progress: Any,
) -> Iterator[Task]:
    """Tasks with the spans that a pipeline finds, which may overlap. As `make_ner_suggestions` otherwise.

    spans_key (str | None): The group of spans; by default the one that the component sets, else "sc".
    """
    pipe: Any = nlp.get_pipe(component) if component in nlp.pipe_names else None
    key = spans_key or getattr(pipe, "key", None) or "sc"
    yield from _suggested(stream, nlp, lambda doc: doc.spans.get(key, ()), labels, batch_size, [])


def resolve_labels(nlp: Language, component: str, recipe_labels: Sequence[str] | None = None) -> list[str]:
    """The labels that a recipe was given, else those of a component.

    nlp (Language): The pipeline.
    component (str): The component.
    recipe_labels (Sequence[str] | None): What was given.
    RETURNS (list[str]): The labels.
    RAISES (BioactiveError): B414 when there are none.
    """
    pipe: Any = nlp.get_pipe(component) if component in nlp.pipe_names else None
    labels = list(recipe_labels or ()) or [str(label) for label in getattr(pipe, "labels", ())]
    if not labels:
        raise error("B414")
    return labels


def tokenize_example(task: Task, doc: Doc) -> Task:
    """A task with the tokens of a Doc of its text, and token indices for its spans.

    RAISES (BioactiveError): B410 for a span that does not fit.
    """
    made = {**task, "tokens": tokens_of(doc)}
    return align_spans(made) if made.get("spans") else made


def get_token(token: Any, index: int | None = None) -> Task:
    """A spaCy token as a task token; `index` (int | None) is its id, by default its place in the Doc."""
    return {
        "text": token.text,
        "start": token.idx,
        "end": token.idx + len(token),
        "id": token.i if index is None else index,
        "ws": bool(token.whitespace_),
    }


def sync_spans_to_tokens(spans: Iterable[Task], tokens: Sequence[Task]) -> list[Task]:
    """Spans with token indices, from their character offsets.

    spans (Iterable[Task]): Spans with `start` and `end`.
    tokens (Sequence[Task]): The tokens of their text.
    RETURNS (list[Task]): New spans.
    RAISES (BioactiveError): B410 for a span that does not begin and end at token edges.
    """
    text = "".join(str(token["text"]) + (" " if token.get("ws") else "") for token in tokens)
    return list(align_spans({"text": text, "tokens": tokens, "spans": list(spans)})["spans"])


def make_raw_doc(nlp: Language, task: Task) -> Doc:
    """The text of a task as a Doc, on the task's own tokens where it has some."""
    from ..corpus.jsonl import task_to_doc

    doc = task_to_doc({"text": task["text"], "tokens": task.get("tokens"), "answer": "reject"}, nlp.tokenizer)
    assert doc is not None
    return doc


def ensure_sentencizer(nlp: Language) -> None:
    """Give a pipeline that does not find sentences a component that does, by rules."""
    if not finds_sentences(nlp):
        nlp.add_pipe("sentencizer", first=True)


def finds_sentences(nlp: Language) -> bool:
    """Whether a component of a pipeline cuts texts into sentences."""
    return any({"token.is_sent_start", "doc.sents"} & set(nlp.get_pipe_meta(n).assigns) for n in nlp.pipe_names)


def _sentence_task(task: Task, sentence: Span, text_key: str) -> Task:
    start, end = sentence.start_char, sentence.start_char + len(sentence.text)
    made = {key: value for key, value in task.items() if key not in (*HASHES, "tokens")}
    made[text_key] = sentence.text
    if "spans" in task:
        inside = [span for span in task["spans"] or [] if start <= span["start"] and span["end"] <= end]
        made["spans"] = [_moved(span, -start) for span in inside]
    return set_hashes(made)


def _moved(span: Task, by: int) -> Task:
    kept = {key: value for key, value in span.items() if key not in ("token_start", "token_end")}
    return {**kept, "start": span["start"] + by, "end": span["end"] + by}


def _asked_anew(task: Task) -> Task:
    return set_hashes({key: value for key, value in task.items() if key != TASK_HASH})


def _suggested(
    stream: Iterable[Task],
    nlp: Language,
    spans_of: Callable[[Doc], Iterable[Span]],
    labels: Sequence[str] | None,
    batch_size: int | None,
    disable: Sequence[str],
) -> Iterator[Task]:
    size = batch_size or 10
    for batch in blocks(stream, size):
        docs = nlp.pipe([make_raw_doc(nlp, task) for task in batch], disable=disable, batch_size=size)
        for task, doc in zip(batch, docs, strict=True):
            found = [span for span in spans_of(doc) if labels is None or span.label_ in labels]
            made = {key: value for key, value in task.items() if key not in HASHES}
            kept = {INPUT_HASH: task[INPUT_HASH]} if INPUT_HASH in task else {}
            spans = [{"text": span.text, **span_of(span)} for span in found]
            tokens = task.get("tokens") or tokens_of(doc)
            yield set_hashes({**made, **kept, "tokens": tokens, "spans": spans})
