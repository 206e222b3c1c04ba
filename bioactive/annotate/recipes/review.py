"""`review`: what several people answered to one text, side by side, and the answer that is to stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..store import Store
from ..stream import Stream
from ..tasks import INPUT_HASH, SESSION_ID, TASK_HASH, VIEW_ID, Task, set_hashes, to_json
from .common import without_answer

# What an answer is about, by the key that says it.
DECISIONS = ("spans", "relations", "accept", "label", "user_input")


def review(
    dataset: str,
    store: Store,
    names: Sequence[str],
    label: Sequence[str] | None = None,
    auto_accept: bool = False,
    singles: bool = False,
    accept_single: bool = False,
    ignored: bool = False,
    view_id: str | None = None,
) -> dict[str, Any]:
    """Decide between answers.

    dataset (str): Where the answers that stand go.
    store (Store): Where the answers are.
    names (Sequence[str]): The datasets to compare.
    label (Sequence[str] | None): The labels to choose from; those in the answers when not given.
    auto_accept (bool): Store what all agree on without asking.
    singles (bool): Show texts with one answer as well.
    accept_single (bool): With `auto_accept`, store those without asking too.
    ignored (bool): Count an ignored text as an answer as well.
    view_id (str | None): The view that shows the answers; that of the answers themselves when not given.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B407 when there is no such dataset.
    """
    tasks, least = versions_of(store, names, ignored), 1 if accept_single else 2
    agreed = [task for task in tasks if len(task["versions"]) == 1 and len(task["versions"][0]["sessions"]) >= least]
    single = [task for task in tasks if len(_sessions(task)) == 1]
    out = [*(agreed if auto_accept else []), *([] if singles else single)]
    left_out = {task[INPUT_HASH] for task in out}
    if auto_accept:
        store.add_examples([_adjudicated(task) for task in agreed], [dataset])
    several = any(len(version.get("accept") or []) > 1 for task in tasks for version in task["versions"])
    related = any(version.get("relations") for task in tasks for version in task["versions"])
    config = {
        "labels": list(label or _labels(tasks, "relations" if related else "spans")),
        **({"relations_span_labels": _labels(tasks, "spans")} if related else {}),
        "exclude_by": "input",
        "choice_style": "multiple" if several else "single",
    }
    shown = [task for task in tasks if task[INPUT_HASH] not in left_out]
    stream = Stream([{**task, "view_id": view_id} for task in shown] if view_id else shown)
    return {"dataset": dataset, "view_id": "review", "stream": stream, "config": config}


def versions_of(store: Store, names: Sequence[str], ignored: bool = False) -> list[Task]:
    """One task a text, with `versions`: each different answer, with the sessions that gave it, the commonest first.

    store, names, ignored: As in `review`.
    RAISES (BioactiveError): B407 when there is no such dataset.
    """
    groups: dict[int, list[Task]] = {}
    for name in names:
        for example in store.iter_examples(name):
            if ignored or example.get("answer") != "ignore":
                groups.setdefault(set_hashes(example)[INPUT_HASH], []).append(example)
    return [_task(number, examples) for number, examples in groups.items()]


def _task(input_hash: int, examples: Sequence[Task]) -> Task:
    versions: dict[str, Task] = {}
    for example in examples:
        decided = {key: example[key] for key in ("answer", *DECISIONS) if key in example}
        version = versions.setdefault(_identity(decided), {**decided, VIEW_ID: example.get(VIEW_ID), "sessions": []})
        version["sessions"].append(str(example.get(SESSION_ID) or ""))
    base = {key: value for key, value in without_answer(examples[0]).items() if key not in DECISIONS}
    ordered = sorted(versions.values(), key=lambda version: -len(version["sessions"]))
    view_id = examples[0].get(VIEW_ID) or "ner_manual"
    return set_hashes({**base, "view_id": view_id, "versions": ordered, INPUT_HASH: input_hash})


def _identity(decided: Task) -> str:
    # What a span or a relation says, without colours, scores and the like.
    spans = [[span["start"], span["end"], span.get("label")] for span in decided.get("spans") or []]
    relations = [[found.get(key) for key in ("head", "child", "label")] for found in decided.get("relations") or []]
    lists = {"spans": spans, "relations": relations, "accept": decided.get("accept") or []}
    return to_json([{**decided, **{name: sorted(found, key=str) for name, found in lists.items()}}])


def _adjudicated(task: Task) -> Task:
    version = task["versions"][0]
    decided = {key: version[key] for key in ("answer", *DECISIONS) if key in version}
    return {**task, **decided, VIEW_ID: "review", SESSION_ID: "auto-accept"} | {TASK_HASH: task[TASK_HASH]}


def _sessions(task: Task) -> list[str]:
    return [session for version in task["versions"] for session in version["sessions"]]


def _labels(tasks: Sequence[Task], key: str) -> list[str]:
    found = (one for task in tasks for version in task["versions"] for one in version.get(key) or [])
    return sorted({str(one["label"]) for one in found if one.get("label")})
