"""Recipes that do what only few do."""

from typing import Any

import prodigy
from prodigy.components.preprocess import set_hashes
from prodigy.components.routers import full_overlap, log_router, no_overlap, route_average_per_task
from prodigy.components.sorters import prefer_uncertain
from prodigy.components.stream import Stream, get_stream
from prodigy.core import Arg, Controller, recipe
from prodigy.errors import RecipeError
from prodigy.recipes.ner import manual as ner_manual
from prodigy.util import TASK_HASH_ATTR

EVENTS: list[Any] = []


def texts(count=20):
    return [{"text": f"text {number}"} for number in range(count)]


@recipe("special.mutated", dataset=Arg(help="Dataset"), source=Arg(help="Source"))
def mutated(dataset: str, source: str):
    components = ner_manual(dataset, "blank:en", source, label="A,B")
    components["config"].update(batch_size="4", choice_style="single")
    components["view_id"] = "ner_manual"
    components["before_db"] = lambda examples: [{**eg, "by": "mutated"} for eg in examples]
    components["stream"] = ({**eg, "meta": {"seen": True}} for eg in components["stream"])
    return components


@recipe("special.controller")
def controller(dataset):
    return Controller.from_components(
        "special.controller",
        {
            "dataset": dataset,
            "view_id": "text",
            "stream": texts(),
            "config": {"batch_size": 2},
        },
    )


def by_number(ctrl: Controller, session_id: str, item: dict) -> list[str]:
    pool = ctrl.session_ids
    chosen = [pool[item["number"] % len(pool)]]
    log_router(TASK_HASH_ATTR, item[TASK_HASH_ATTR], chosen)
    return chosen


ROUTERS = {"number": by_number, "full": full_overlap, "no": no_overlap, "average": route_average_per_task}


@recipe("special.router", router=Arg("--router", "-r", choices=list(ROUTERS)))
def router(dataset: str, router: str = "number"):
    stream = [{"text": f"text {number}", "number": number} for number in range(12)]
    return {
        "dataset": dataset,
        "view_id": "text",
        "stream": stream,
        "task_router": ROUTERS[router],
        "config": {"batch_size": 3, "annotations_per_task": 1.5},
    }


@recipe("special.hooks")
def hooks(dataset):
    def reset(ctrl: Controller, *, query: str):
        new = Stream.from_iterable([{"text": f"{query} {number}"} for number in range(3)])
        ctrl.reset_stream(new, prepend_old_wrappers=True)
        return {"found": 3, "query": query}

    def fails(ctrl, **_):
        raise ValueError("no such thing")

    stream = get_stream(texts(3))
    stream.apply(lambda egs: ({**eg, "meta": {"wrapped": True}} for eg in egs))
    return {
        "dataset": dataset,
        "view_id": "text",
        "stream": stream,
        "event_hooks": {"reset": reset, "fails": fails, "odd": lambda ctrl: {1, 2}},
    }


@recipe("special.validated")
def validated(dataset):
    def validate_answer(eg):
        assert len(eg.get("accept", [])) == 2, "Choose two, please"

    options = [{"id": name, "text": name} for name in "abc"]
    stream = (set_hashes({**eg, "options": options}) for eg in texts())
    return {"dataset": dataset, "view_id": "choice", "stream": stream, "validate_answer": validate_answer}


@recipe("special.unsaved")
def unsaved(dataset):
    return {"dataset": False, "view_id": "text", "stream": texts(4), "update": EVENTS.extend}


@recipe("special.single")
def single(dataset, algorithm="ema"):
    stream = prefer_uncertain(((0.0, eg) for eg in texts(1)), algorithm=algorithm)
    return {"dataset": dataset, "view_id": "text", "stream": stream}


@recipe("special.nothing", value=Arg("--value", "-va", help="What is returned"))
def nothing(value: str = "none"):
    return {"none": None, "true": True, "int": 3, "text": "text"}[value]


@recipe("special.session")
def session(dataset):
    def progress(ctrl, session, answers, update_return_value):
        EVENTS.append((session.id, session.total_annotated, len(answers), update_return_value))
        return session.total_annotated / 20

    return {
        "dataset": dataset,
        "view_id": "text",
        "stream": texts(),
        "progress": progress,
        "update": len,
        "on_load": lambda ctrl: EVENTS.append(("load", ctrl.dataset)),
        "on_exit": lambda ctrl: EVENTS.append(("exit", ctrl.total_annotated)),
        "exclude": ["other"],
        "config": {"batch_size": 3},
    }


@recipe("special.fails")
def fails(dataset, when="now"):
    def stream():
        yield {"text": "the first"}
        raise KeyError("label")

    if when == "now":
        return [][1]
    if when == "told":
        raise RecipeError("There is no model", "Train one first.")
    return {"dataset": dataset, "view_id": "text", "stream": stream()}


@recipe("ner.manual", dataset=("Dataset", "positional", None, str))
def own_manual(dataset):
    """A recipe that takes the place of a built-in one."""
    return {"dataset": dataset, "view_id": "text", "stream": texts(2)}


@prodigy.recipe(
    "special.arguments",
    first=("A path", "positional", None, __import__("pathlib").Path),
    names=("Names", "option", "na", lambda text: text.split("+")),
    loud=("Be loud", "flag", "LD", bool),
    known=("Yes or no", "option", "k", bool),
    kind=("A kind", "option", "ki", str, ["a", "b"]),
    number="A bare help string",
    many=Arg("--many", "-m", help="Several"),
)
def arguments(first, names=(), loud=False, known=True, kind="a", number=3, many: list[int] = (), plain="x", _extra=()):
    """Shows its arguments."""
    EVENTS.append(dict(locals()))
    return None
