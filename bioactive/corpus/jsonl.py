"""Tasks and answers as JSON lines: `{"text": ..., "tokens": [...], "spans": [...], "answer": "accept"}` <-> Doc."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import Doc, Span
from spacy.util import get_words_and_spaces
from spacy.vocab import Vocab

from ..errors import error
from ..strict_json import loads
from .align import AlignOptions, CharSpan, align, annotate
from .detect import checked_text
from .sentences import set_sentences
from .tally import Tally

BINARY_VIEW = "ner"
Task = dict[str, Any]


def read_jsonl(path: Path) -> Iterator[tuple[int, Task]]:
    """Read a file of JSON lines.

    path (Path): The file; blank lines are passed over.
    YIELDS (tuple[int, dict]): Line number from 1, and the object.
    RAISES (BioactiveError): B101 to B103 for a file that holds no text, B118 for a line that is not a JSON object with
        a text.
    """
    with checked_text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                task = loads(line)
            except ValueError as problem:
                raise error("B118", path=path, line=number, problem=problem) from problem
            if not isinstance(task, dict) or not isinstance(task.get("text"), str):
                raise error("B118", path=path, line=number, problem='not an object with a "text" string')
            yield number, task


def write_jsonl(tasks: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write tasks, one a line, in UTF-8.

    tasks (Iterable[Mapping]): The tasks.
    path (Path): The file; folders on the way are made.
    RETURNS (int): How many were written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for task in tasks:
            file.write(srsly.json_dumps(task) + "\n")
            written += 1
    return written


def task_to_doc(
    task: Mapping[str, Any],
    tokenizer: Callable[[str], Doc],
    options: AlignOptions | None = None,
    tally: Tally | None = None,
    where: str = "",
) -> Doc | None:
    """Make a Doc of a task or an answer.

    A task that was answered on a full view (`ner_manual` and the like), or that has spans and no answer, is gold on
    all tokens that are not `disabled`. A rejected full view and a task without spans and answer are not annotated.
    On the view "ner" a task holds one candidate: accepted, it is gold and the rest not annotated; rejected, it goes to
    `doc.spans["incorrect_spans"]`.

    task (Mapping): The task. Its `tokens` decide the words; without them the tokenizer does.
    tokenizer (Callable[[str], Doc]): Usually `nlp.tokenizer`; its vocab is the Doc's.
    options (AlignOptions | None): What becomes of cut and nested spans; by default cut ones are dropped.
    tally (Tally | None): Gets the counts.
    where (str): The place of the task, "path:line", for messages.
    RETURNS (Doc | None): The Doc; None when the answer is "ignore".
    RAISES (BioactiveError): B112 and B119 for spans that do not fit the text.
    """
    answer = task.get("answer")
    if answer == "ignore":
        return None
    options, tally = options or AlignOptions(), tally or Tally()
    doc = _tokenized(task, tokenizer, where)
    doc.user_data["doc_id"] = _doc_id(task, where)
    set_sentences(doc)
    given = _char_spans(task, doc.text, where)
    spans, cut = align(doc, given or [], options, tally)
    unknown = [(span.start, span.end) for span in cut] + _disabled(task)
    binary = task.get("_view_id") == BINARY_VIEW
    if answer == "reject" or (answer is None and (binary or given is None)):
        doc.set_ents([], default="missing")
        if binary and answer:
            doc.spans["incorrect_spans"] = spans
    elif binary:
        doc.set_ents(spans, default="missing")
        doc.spans["sc"] = spans
    else:
        annotate(doc, spans, options.nested, tally, unknown)
    return doc


def doc_to_task(doc: Doc, spans: Sequence[Span] | None = None) -> Task:
    """Make a task of a Doc.

    doc (Doc): The Doc.
    spans (Sequence[Span] | None): The spans to show. By default those of the Doc (`spans["sc"]`, else `ents`) if it is
        annotated at all; words that are not annotated in an annotated Doc are `disabled`.
    RETURNS (dict): `text`, `tokens`, `spans` (absent when the Doc is not annotated) and `meta` with the document id.
    """
    annotated = doc.has_annotation("ENT_IOB")
    task: Task = {"text": doc.text, "tokens": [_token(token) for token in doc]}
    if spans is None and annotated:
        spans = list(doc.spans.get("sc", doc.ents))
        for token, shown in zip(doc, task["tokens"], strict=True):
            if token.ent_iob == 0:
                shown["disabled"] = True
    if spans is not None:
        task["spans"] = [_span(span) for span in spans]
    if "doc_id" in doc.user_data:
        task["meta"] = {"doc_id": doc.user_data["doc_id"]}
    return task


def _token(token: Any) -> Task:
    end = token.idx + len(token)
    return {"text": token.text, "start": token.idx, "end": end, "id": token.i, "ws": bool(token.whitespace_)}


def _span(span: Span) -> Task:
    return {
        "start": span.start_char,
        "end": span.end_char,
        "token_start": span.start,
        "token_end": span.end - 1,
        "label": span.label_,
    }


def _tokenized(task: Mapping[str, Any], tokenizer: Callable[[str], Doc], where: str) -> Doc:
    if not task.get("tokens"):
        return tokenizer(task["text"])
    _check_tokens(task["tokens"], where)
    vocab: Vocab = getattr(tokenizer, "vocab", None) or tokenizer("").vocab
    try:
        words, spaces = get_words_and_spaces([token["text"] for token in task["tokens"]], task["text"])
    except ValueError as problem:
        raise error("B119", where=where or "task", problem="its tokens do not make up its text") from problem
    return Doc(vocab, words=words, spaces=spaces)


def _check_tokens(tokens: object, where: str) -> None:
    """Raise for tokens without a text, and for disabled ones without a place."""
    for token in tokens if isinstance(tokens, list) else [None]:
        if not isinstance(token, Mapping) or not _is_whole(token):
            raise error("B119", where=where or "task", problem=f"a token reads {token!r:.80}")


def _is_whole(token: Mapping[str, Any]) -> bool:
    placed = all(isinstance(token.get(key), int) for key in ("start", "end"))
    return isinstance(token.get("text"), str) and (placed or not token.get("disabled"))


def _doc_id(task: Mapping[str, Any], where: str) -> str:
    meta = task.get("meta")
    named = (meta if isinstance(meta, Mapping) else {}).get("doc_id") or task.get("id") or task.get("_input_hash")
    return str(named or where)


def _disabled(task: Mapping[str, Any]) -> list[tuple[int, int]]:
    return [(token["start"], token["end"]) for token in task.get("tokens") or [] if token.get("disabled")]


def _char_spans(task: Mapping[str, Any], text: str, where: str) -> list[CharSpan] | None:
    """The spans of a task, also as `entities` or `label(s)` lists of [start, end, label]; None without such a list."""
    given = next(
        (task[key] for key in ("spans", "entities", "labels", "label") if isinstance(task.get(key), list)), None
    )
    if given is None:
        return None
    spans = []
    for item in given:
        try:
            start, end, label = (item["start"], item["end"], item["label"]) if isinstance(item, Mapping) else item
        except (KeyError, TypeError, ValueError) as problem:
            raise error("B119", where=where or "task", problem=f"a span reads {item!r}") from problem
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
            found = f"{start}-{end} is not a stretch of its text, which has {len(text)} characters"
            raise error("B119", where=where or "task", problem=found)
        spans.append(CharSpan(start, end, str(label), where))
    return spans
