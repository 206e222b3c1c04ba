"""Tasks: the dicts that recipes make, the page shows and the store keeps.

A task has `text`, `tokens`, `spans` and `meta`; two hashes say what it is about. `_input_hash` names the input (the
text), `_task_hash` the question that is asked about it. Offsets are code points; `token_end` is inclusive.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from murmurhash import mrmr

from ..errors import BioactiveError, error

if TYPE_CHECKING:  # spaCy takes seconds to import, and the store's commands do without it
    from spacy.language import Language
    from spacy.tokens import Doc, Span

Task = dict[str, Any]
TaskKey = tuple[int, int]

INPUT_HASH = "_input_hash"
TASK_HASH = "_task_hash"
VIEW_ID = "_view_id"
SESSION_ID = "_session_id"
ANNOTATOR_ID = "_annotator_id"
TIMESTAMP = "_timestamp"
ANSWERS = ("accept", "reject", "ignore")

INPUT_KEYS = ("text", "image", "html", "input")
TASK_KEYS = ("spans", "label", "options", "arcs")
IGNORED_KEYS = (
    "score",
    "rank",
    "model",
    "source",
    "pattern",
    "priority",
    "path",
    VIEW_ID,
    SESSION_ID,
    ANNOTATOR_ID,
    "answer",
)


def set_hashes(
    task: Task,
    input_keys: Sequence[str] = INPUT_KEYS,
    task_keys: Sequence[str] = TASK_KEYS,
    ignore: Sequence[str] = IGNORED_KEYS,
    overwrite: bool = False,
) -> Task:
    """Set `_input_hash` and `_task_hash`, equal to those in existing Prodigy exports.

    task (Task): The task; a copy with the hashes is returned.
    input_keys (Sequence[str]): Keys that say what the input is.
    task_keys (Sequence[str]): Keys that say what is asked about it.
    ignore (Sequence[str]): Keys that never count, at any depth.
    overwrite (bool): Compute the hashes anew even where the task has them.
    RETURNS (Task): The task with both hashes, signed 32-bit numbers.
    """
    task = dict(task)
    if overwrite:
        task.pop(INPUT_HASH, None)
        task.pop(TASK_HASH, None)
    if task.get(INPUT_HASH) is None:
        task.pop(INPUT_HASH, None)
        task[INPUT_HASH] = hash_of(task, input_keys, ignore)
    if task.get(TASK_HASH) is None:
        task.pop(TASK_HASH, None)
        task[TASK_HASH] = hash_of(task, task_keys, ignore, str(task[INPUT_HASH]))
    return task


def hash_of(task: Task, keys: Sequence[str], ignore: Sequence[str] = IGNORED_KEYS, prefix: str = "") -> int:
    """The hash of a task over those of some keys that it has, as in `set_hashes`.

    task (Task): The task.
    keys (Sequence[str]): The keys; with none of them present the whole task counts.
    ignore (Sequence[str]): Keys that never count, at any depth.
    prefix (str): What is hashed before them.
    RETURNS (int): A signed 32-bit number.
    """
    return _murmur(prefix + _written(task, _as_keys(keys), _as_keys(ignore)))


def blinded(task: Task, share: float) -> Task:
    """Hide the suggestions of a task, if it is among those that are annotated blind.

    task (Task): A task with hashes. The hash of its input decides, so that a restart decides alike.
    share (float): Share of the inputs that are annotated blind, 0.0 to 1.0.
    RETURNS (Task): The task, or one without spans; those that it had are in `_suggested`, and `meta` says `blind`. Its
        hashes stay: it is the same question.
    """
    # Knuth's multiplicative hash spreads the numbers evenly, whatever the inputs are.
    place = (task[INPUT_HASH] * 2654435761) % 2**32 / 2**32
    if not task.get("spans") or place >= share:
        return task
    return {**task, "spans": [], "_suggested": task["spans"], "meta": {**(task.get("meta") or {}), "blind": True}}


def key_of(task: Task) -> TaskKey:
    """The identity of a task: both hashes, as among 100,000 tasks two are expected to share one of 32 bits."""
    return task[INPUT_HASH], task[TASK_HASH]


def to_json(value: object, sort_keys: bool = False) -> str:
    """Write a value as compact ASCII JSON.

    The standard library's writer, because the hashes need its exact form and a lone surrogate in a text must survive.

    RAISES (ValueError): For NaN and infinities, which are not JSON.
    """
    return json.dumps(value, sort_keys=sort_keys, separators=(",", ":"), allow_nan=False)


def excerpt(text: str, length: int = 60) -> str:
    """The beginning of a text, for a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


def tokens_of(text: Span | Doc) -> list[Task]:
    """The tokens of a stretch of text as task tokens.

    text (Span | Doc): What the task shows; offsets count from its first character.
    RETURNS (list[Task]): `text, start, end, id, ws`, one a token.
    """
    shift = text[0].idx if len(text) else 0
    length = len(text.text)
    tokens = []
    for number, token in enumerate(text):
        start = token.idx - shift
        end = start + len(token)
        # A sentence ends before the white space that follows it in its text.
        ws = bool(token.whitespace_) and end < length
        tokens.append({"text": token.text, "start": start, "end": end, "id": number, "ws": ws})
    return tokens


def characters_of(text: str) -> list[Task]:
    """The characters of a text as task tokens, none of them with white space after it."""
    return [{"text": sign, "start": n, "end": n + 1, "id": n, "ws": False} for n, sign in enumerate(text)]


def span_of(span: Span, first_token: int = 0, first_char: int = 0) -> Task:
    """An entity as a task span.

    span (Span): The entity.
    first_token (int): Index in the Doc of the task's first token.
    first_char (int): Offset in the Doc of the task's first character.
    RETURNS (Task): `start, end, token_start, token_end` (inclusive) and `label`.
    """
    return {
        "start": span.start_char - first_char,
        "end": span.end_char - first_char,
        "token_start": span.start - first_token,
        "token_end": span.end - 1 - first_token,
        "label": span.label_,
    }


def align_spans(task: Task) -> Task:
    """Give every span of a task its token indices, from its character offsets.

    task (Task): A task with `tokens`; its spans need `start`, `end` and `label`.
    RETURNS (Task): The task with new spans.
    RAISES (BioactiveError): B410 when a span does not begin and end at token edges.
    """
    starts = {token["start"]: token["id"] for token in task["tokens"]}
    ends = {token["end"]: token["id"] for token in task["tokens"]}
    spans = []
    for span in task.get("spans") or []:
        first, last = starts.get(span.get("start")), ends.get(span.get("end"))
        if first is None or last is None or last < first:
            found = {key: span.get(key) for key in ("start", "end", "label")}
            raise error("B410", **found, text=excerpt(task["text"]))
        spans.append({**span, "token_start": first, "token_end": last})
    return {**task, "spans": spans}


def add_tokens(
    nlp: Language,
    stream: Iterable[Task],
    skip: bool = False,
    use_chars: bool | None = None,
    on_skip: Callable[[Task, BioactiveError], None] | None = None,
) -> Iterator[Task]:
    """Add `tokens` to each task and token indices to its spans.

    nlp (Language): Its tokenizer is used.
    stream (Iterable[Task]): Tasks with `text`; tokens that a task brings along are kept.
    skip (bool): Leave out a task whose spans do not fit the tokens, instead of stopping.
    use_chars (bool | None): Make each character a token.
    on_skip (Callable): Told about each task left out.
    YIELDS (Task): New tasks.
    RAISES (BioactiveError): B410 when a span does not fit and `skip` is off.
    """
    for task in stream:
        if not task.get("tokens"):
            tokens = characters_of(task["text"]) if use_chars else tokens_of(nlp.make_doc(task["text"]))
            task = {**task, "tokens": tokens}
        try:
            yield align_spans(task) if task.get("spans") else task
        except BioactiveError as problem:
            if not skip:
                raise
            if on_skip is not None:
                on_skip(task, problem)


def keep_disabled(task: Task, source: Task) -> Task:
    """Carry `disabled` (shown, but not asked about) over to new tokens of the same text, by character offsets.

    task (Task): The task with new tokens.
    source (Task): The task that may have disabled tokens.
    RETURNS (Task): The task; a token is disabled when no enabled token of the source touches it.
    """
    asked = [(token["start"], token["end"]) for token in source.get("tokens") or [] if not token.get("disabled")]
    if not source.get("tokens") or len(asked) == len(source["tokens"]):
        return task
    open_chars = {char for start, end in asked for char in range(start, end)}
    tokens = [
        token if open_chars.intersection(range(token["start"], token["end"])) else {**token, "disabled": True}
        for token in task["tokens"]
    ]
    return {**task, "tokens": tokens}


def hash_of_asked(task: Task) -> Task:
    """Set the input hash of a task of which some tokens are `disabled` by the text and the words asked about.

    By the text alone, a later question about other words of it would be taken for the same one, and left out.

    task (Task): The task; one without disabled tokens is given back as it is.
    RETURNS (Task): The task with `_input_hash`, and without the `_task_hash` of another question.
    """
    tokens = task.get("tokens") or []
    if not any(token.get("disabled") for token in tokens):
        return task
    asked = [(token.get("start"), token.get("end")) for token in tokens if not token.get("disabled")]
    hashed = set_hashes({"text": task["text"], "input": asked})
    kept = {key: value for key, value in task.items() if key != TASK_HASH}
    return {**kept, INPUT_HASH: hashed[INPUT_HASH]}


def only_asked(task: Task) -> Task:
    """Leave out the spans of a task that touch none of the words asked about: nobody would look at them.

    task (Task): The task; its `tokens` may have `disabled` ones.
    RETURNS (Task): The task with the spans that touch a token which is not disabled.
    """
    if "spans" not in task or not any(token.get("disabled") for token in task["tokens"]):
        return task
    asked = [(token["start"], token["end"]) for token in task["tokens"] if not token.get("disabled")]
    spans = [span for span in task["spans"] if any(start < span["end"] and span["start"] < end for start, end in asked)]
    return {**task, "spans": spans}


def _as_keys(keys: Sequence[str] | None) -> Sequence[str]:
    # A recipe that means one key may write it without the comma of a tuple.
    return (keys,) if isinstance(keys, str) else keys or ()


def _written(task: Task, keys: Sequence[str], ignore: Sequence[str]) -> str:
    present = [key for key in keys if key in task]
    if not present:
        return to_json(_without(task, ignore), sort_keys=True)
    return "".join(f"{key}={to_json(_without(task[key], ignore), sort_keys=True)}" for key in present)


def _without(value: object, ignore: Sequence[str]) -> object:
    if isinstance(value, dict):
        return {key: _without(item, ignore) for key, item in value.items() if key not in ignore}
    if isinstance(value, (list, tuple)):
        return [_without(item, ignore) for item in value]
    return value


def _murmur(text: str) -> int:
    return int(mrmr.hash(text.encode("ascii"), 0))
