"""What a language model is asked, and what its answer says of the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from spacy.tokens import Doc

from ..corpus.align import CharSpan
from ..corpus.detect import read_text
from ..corpus.tally import Tally
from ..errors import error
from ..strict_json import loads

Message = dict[str, str]

UNLOCATED = "answers that do not stand in the text, left out"
UNKNOWN = "answers of types that were not asked for, left out"
MALFORMED = "answers without text and label, left out"
SYSTEM = """You annotate named entities in biomedical text. The types are:
{types}

Answer with one JSON object and nothing else: {{"entities": [{{"text": ..., "label": ...}}, ...]}}.
List each mention in the order of the text, once for each time that it occurs, in exactly the letters of the text.
"label" is one of: {labels}. A text without entities has the answer {{"entities": []}}."""
AGAIN = 'That was not the JSON object asked for. Answer with {"entities": [...]} alone.'


def read_definitions(path: Path) -> dict[str, str]:
    """Read what each label means.

    path (Path): A JSON object: {"Disease": "a disorder, symptom or sign, ...", ...}.
    RETURNS (dict[str, str]): Definition by label.
    RAISES (BioactiveError): B101 or B103 for the file, B556 when it is no such object.
    """
    text = read_text(path)
    try:
        found = loads(text)
    except ValueError as problem:
        raise error("B556", path=path, problem=problem) from problem
    if not isinstance(found, dict) or not found or not all(isinstance(told, str) for told in found.values()):
        raise error("B556", path=path, problem="it is no object of texts")
    return found


def messages_for(text: str, definitions: Mapping[str, str], shots: Sequence[Doc]) -> list[Message]:
    """The conversation that asks about a text.

    text (str): The text.
    definitions (Mapping[str, str]): What each label means.
    shots (Sequence[Doc]): Annotated Docs, shown as question and answer.
    RETURNS (list[Message]): In the form of the chat completions interface.
    """
    types = "\n".join(f"- {label}: {told}" for label, told in definitions.items())
    found = [{"role": "system", "content": SYSTEM.format(types=types, labels=", ".join(definitions))}]
    for doc in shots:
        answer = [{"text": ent.text, "label": ent.label_} for ent in doc.ents if ent.label_ in definitions]
        found += [
            {"role": "user", "content": doc.text},
            {"role": "assistant", "content": json.dumps({"entities": answer}, ensure_ascii=False)},
        ]
    return [*found, {"role": "user", "content": text}]


def choose_shots(expert: Sequence[Doc], labels: Sequence[str], count: int, seed: int = 0) -> list[Doc]:
    """Examples for the prompt: each shows types that those before it did not show enough of.

    expert (Sequence[Doc]): Annotated Docs; those of which a word is not annotated are passed over.
    labels (Sequence[str]): The types.
    count (int): How many.
    seed (int): Decides among equals.
    RETURNS (list[Doc]): At most `count`; the last of three or more holds no entity, where there is such a Doc.
    """
    whole = [doc for doc in expert if len(doc) and all(token.ent_iob for token in doc)]
    order = [whole[int(i)] for i in np.random.default_rng(seed).permutation(len(whole))]
    without = [doc for doc in order if not doc.ents][: 1 if count > 2 else 0]
    shown = dict.fromkeys(labels, 0)
    chosen: list[Doc] = []
    rest = [doc for doc in order if any(ent.label_ in shown for ent in doc.ents)]
    while rest and len(chosen) < count - len(without):
        # A type counts by how rarely it was shown, and only once a text.
        best = max(rest, key=lambda doc: sum(1 / (1 + shown[k]) for k in {e.label_ for e in doc.ents} if k in shown))
        rest.remove(best)
        chosen.append(best)
        for ent in best.ents:
            if ent.label_ in shown:
                shown[ent.label_] += 1
    return [*chosen, *without]


def read_answer(reply: str) -> list[Any] | None:
    """The list of entities in a reply; None when there is no such JSON in it.

    reply (str): The reply. Text around the object, such as a code fence, is passed over.
    """
    for start in (found.start() for found in re.finditer(r"[{\[]", reply)):
        try:
            value, _ = json.JSONDecoder().raw_decode(reply, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            value = value.get("entities")
        return value if isinstance(value, list) else None
    return None


def locate(text: str, answer: Sequence[Any], labels: Sequence[str], tally: Tally) -> list[CharSpan]:
    """Find the mentions of an answer in the text.

    A mention is looked for behind the one before it, then in the whole text; first as it is written, then in any
    case, white space being equal to any other; at word edges only. A place is given away once.

    text (str): The text.
    answer (Sequence[Any]): As `read_answer` gives it.
    labels (Sequence[str]): Labels that were asked for.
    tally (Tally): Gets the counts of what is left out.
    RETURNS (list[CharSpan]): In the order of the answer.
    """
    found: list[CharSpan] = []
    cursor = 0
    for item in answer:
        mention, label = (item.get("text"), item.get("label")) if isinstance(item, dict) else (None, None)
        if not (isinstance(mention, str) and isinstance(label, str) and mention.strip()):
            tally.add(MALFORMED, f"{item!r}"[:80])
        elif label not in labels:
            tally.add(UNKNOWN, f"{label!r} {mention!r}"[:80])
        elif (place := _place(text, mention, cursor, found)) is None:
            tally.add(UNLOCATED, f"{label} {mention!r} in {text[:60]!r}")
        else:
            found.append(CharSpan(*place, label))
            cursor = place[1]
    return found


def _place(text: str, mention: str, cursor: int, taken: Sequence[CharSpan]) -> tuple[int, int] | None:
    """The first free place of a mention from the cursor on, or else in the whole text."""
    for flags in (0, re.IGNORECASE):
        places = [place for place in _occurrences(text, mention, flags) if not _is_taken(place, taken)]
        after = [place for place in places if place[0] >= cursor]
        if after or places:
            return (after or places)[0]
    return None


def _occurrences(text: str, mention: str, flags: int) -> Iterator[tuple[int, int]]:
    words = r"\s+".join(re.escape(word) for word in mention.split())
    for found in re.finditer(rf"(?<!\w)(?={words}(?!\w))", text, flags):
        whole = re.compile(words, flags).match(text, found.start())
        if whole is not None:
            yield whole.span()


def _is_taken(place: tuple[int, int], taken: Sequence[CharSpan]) -> bool:
    return any(place[0] < span.end and span.start < place[1] for span in taken)
