"""The names that recipes import, with the arguments that they give."""

from __future__ import annotations

import importlib
import inspect
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from bioactive.compat import install, uninstall
from bioactive.compat.finder import Finder, UnknownNameError

HALF = """
prodigy.recipe prodigy.components.loaders.JSONL prodigy.components.preprocess.add_tokens
prodigy.components.preprocess.split_sentences prodigy.util.split_string prodigy.set_hashes prodigy.util.set_hashes
prodigy.components.preprocess.set_hashes prodigy.components.db.connect prodigy.util.msg
prodigy.models.matcher.PatternMatcher
"""
MOST = """
prodigy.serve prodigy.util.get_labels prodigy.get_stream prodigy.components.loaders.get_stream
prodigy.components.stream.get_stream prodigy.log prodigy.util.log prodigy.models.ner.EntityRecognizer
prodigy.models.textcat.TextClassifier prodigy.components.sorters.prefer_uncertain
prodigy.components.sorters.Probability prodigy.util.combine_models prodigy.components.filters.filter_duplicates
prodigy.components.loaders.TXT prodigy.components.loaders.CSV prodigy.util.INPUT_HASH_ATTR
prodigy.util.TASK_HASH_ATTR prodigy.recipe_args prodigy.core.recipe_args prodigy.Arg prodigy.core.Arg
prodigy.util.get_hash prodigy.get_config prodigy.util.get_config prodigy.types.TaskType
prodigy.components.printers.pretty_print_ner prodigy.recipes.rel.manual
"""
NEARLY_ALL = """
prodigy.components.preprocess.add_label_options prodigy.components.preprocess.add_labels_to_stream
prodigy.components.preprocess.split_spans prodigy.recipes.ner.manual prodigy.recipes.spans.manual
prodigy.recipes.textcat.manual prodigy.components.sorters.prefer_high_scores
prodigy.components.sorters.prefer_low_scores prodigy.components.sorters.find_with_terms prodigy.util.get_seeds
prodigy.Controller prodigy.core.Controller prodigy.app.app prodigy.app.server prodigy.components.db.get_db
prodigy.util.SESSION_ID_ATTR prodigy.util.ANNOTATOR_ID_ATTR prodigy.util.VIEW_ID_ATTR prodigy.types.StreamType
prodigy.types.ControllerComponentsDict prodigy.protocols.ControllerComponentsDict prodigy.types.DepExample
prodigy.types.PosExample prodigy.types.RelationsTask
"""
REST = """
prodigy.errors.RecipeError prodigy.components.validate.validate
prodigy.components.decorators.support_both_streams prodigy.components.preprocess.fetch_media
prodigy.components.preprocess.resolve_labels prodigy.components.preprocess.make_ner_suggestions
prodigy.components.preprocess.make_spancat_suggestions prodigy.components.preprocess.tokenize_example
prodigy.components.preprocess.get_token prodigy.components.preprocess.sync_spans_to_tokens
prodigy.recipes.train.merge_corpus prodigy.recipes.train.RECIPE_ARGS prodigy.components.routers.log_router
prodigy.components.routers.full_overlap prodigy.components.session.Session prodigy.components.stream.Stream
prodigy.recipes.data_utils.merge_corpus prodigy.components.filters.filter_tasks prodigy.core.serve
prodigy.recipes.review.review prodigy.recipes.ner.silver_to_gold prodigy.recipes.ner.eval_ab
prodigy.recipes.ner.model_annotate prodigy.recipes.generic.match prodigy.recipes.terms.teach
prodigy.recipes.textcat.correct prodigy.components.routers.no_overlap prodigy.components.routers.route_average_per_task
"""
SIGNATURES = {
    "components.loaders.JSONL": ["source"],
    "components.preprocess.add_tokens": ["nlp", "stream", "skip", "use_chars"],
    "components.preprocess.split_sentences": ["nlp", "stream"],
    "util.set_hashes": ["task", "input_keys", "task_keys", "ignore", "overwrite"],
    "get_stream": ["source", "api", "loader", "rehash", "dedup", "input_key", "is_binary"],
    "models.matcher.PatternMatcher": ["nlp", "prior_correct", "prior_incorrect", "label_span", "label_task"],
    "components.sorters.prefer_uncertain": ["stream", "algorithm"],
    "models.ner.EntityRecognizer": ["nlp", "label"],
    "util.combine_models": ["one", "two"],
    "Controller.from_components": ["name", "components"],
    "Controller.get_questions": ["self", "session_id"],
    "Controller.receive_answers": ["self", "answers"],
    "components.stream.Stream.apply": ["self", "function", "args", "kwargs"],
    "components.db.Database.add_dataset": ["self", "name", "meta", "session"],
    "components.db.Database.add_examples": ["self", "examples", "datasets"],
    "recipes.ner.manual": ["dataset", "spacy_model", "source", "loader", "label", "patterns", "exclude"],
    "recipes.textcat.manual": ["dataset", "source", "loader", "label", "exclusive", "exclude"],
    "recipes.spans.manual": ["dataset", "spacy_model", "source", "loader", "label", "patterns", "exclude"],
    "core.serve": ["command", "args", "config"],
}
MEMBERS = {
    "Controller": "db dataset config stream session_id total_annotated session_ids get_session_name reset_stream",
    "components.db.Database": "get_dataset get_dataset_examples add_dataset add_examples drop_dataset __contains__ "
    "get_input_hashes get_task_hashes datasets sessions count_dataset",
    "components.stream.Stream": "from_iterable apply is_empty",
    "models.matcher.PatternMatcher": "from_disk add_patterns update __call__",
    "models.ner.EntityRecognizer": "update make_best __call__",
}


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    install()
    yield
    uninstall()


def imported(path: str) -> object:
    """What `from a.b import c` gives."""
    module, _, name = path.rpartition(".")
    scope: dict[str, object] = {}
    exec(f"from {module} import {name} as found", scope)
    return scope["found"]


def reached(path: str) -> object:
    """What `prodigy.a.b.c` gives."""
    found: object = importlib.import_module("prodigy")
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("path", (HALF + MOST + NEARLY_ALL + REST).split())
def test_name_is_imported(path: str) -> None:
    assert imported(path) is not None


@pytest.mark.parametrize("path", SIGNATURES)
def test_arguments_are_those_that_recipes_give(path: str) -> None:
    function = reached(path)
    names = list(inspect.signature(function).parameters)  # type: ignore[arg-type]
    wanted = [name for name in SIGNATURES[path] if name != "self" or "self" in names]
    assert names[: len(wanted)] == wanted


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in MEMBERS.items() for name in names.split()])
def test_classes_have_their_members(path: str, name: str) -> None:
    owner = reached(path)
    source = inspect.getsource(owner)  # type: ignore[arg-type]
    assert hasattr(owner, name) or f"self.{name} =" in source or f"self.{name}:" in source


def test_modules_are_the_same_whichever_way_they_are_reached() -> None:
    import prodigy.util

    import bioactive.compat.prodigy.util as face

    assert prodigy.util is face and face.__spec__ is not None and face.__spec__.name == face.__name__
    assert importlib.import_module("prodigy.components.sorters") is reached("components.sorters")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("from prodigy import magic", r"B600.*prodigy has no 'magic'.*Controller.*components.*open an issue"),
        ("from prodigy.util import magic", r"B600.*prodigy.util has no 'magic'.*split_string"),
        ("import prodigy.magic", r"B600.*'magic'"),
        ("from prodigy.components.loaders import Images", r"B600.*'Images'.*JSONL"),
    ],
)
def test_unknown_name_says_which_there_are(statement: str, told: str) -> None:
    with pytest.raises(UnknownNameError, match=told) as caught:
        exec(statement, {})
    assert isinstance(caught.value, ImportError)


def test_unknown_attribute_says_which_there_are() -> None:
    import prodigy

    with pytest.raises(AttributeError, match=r"B600.*'magic'"):
        prodigy.magic  # noqa: B018
    assert not hasattr(prodigy, "magic") and prodigy.__version__


def test_installed_package_wins(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tmp_path)
    (Path(folder) / "prodigy.py").write_text("real = True\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "prodigy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(folder)
    found = importlib.import_module("prodigy")
    del sys.modules["prodigy"]
    assert found.real


def test_folder_of_that_name_does_not_win(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    (Path(str(tmp_path)) / "prodigy").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert reached("__version__")


def test_install_twice_adds_one_finder_and_uninstall_takes_it_out() -> None:
    install()
    assert sum(isinstance(finder, Finder) for finder in sys.meta_path) == 1
    importlib.import_module("prodigy.util")
    uninstall()
    assert "prodigy.util" not in sys.modules
    with pytest.raises(ModuleNotFoundError, match="No module named 'prodigy'"):
        importlib.import_module("prodigy")


def test_other_packages_are_left_alone() -> None:
    assert Finder().find_spec("prodigious") is None
    assert isinstance(importlib.import_module("json"), types.ModuleType)
