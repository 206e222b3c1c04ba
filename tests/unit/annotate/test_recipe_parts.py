"""Arguments, settings, loaders, preprocessors, filters, checks and content of recipes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Dict, List, Literal, Optional, Union  # noqa: UP035 (recipes are written so)

import pytest
import spacy

from bioactive.annotate import content
from bioactive.annotate.config import make_config
from bioactive.annotate.declare import Arg, read_arguments
from bioactive.annotate.filters import filter_duplicates, filter_empty, filter_inputs, filter_seen_before, filter_tasks
from bioactive.annotate.formats import CSV, JSON, JSONL, TSV, TXT, get_loader, get_stream
from bioactive.annotate.preprocess import (
    add_answer,
    add_label_options,
    add_labels_to_stream,
    add_tokens,
    fetch_media,
    get_token,
    make_ner_suggestions,
    resolve_labels,
    split_sentences,
    split_spans,
    sync_spans_to_tokens,
    tokenize_example,
)
from bioactive.annotate.printers import compare, pretty_print
from bioactive.annotate.settings_files import default_database, read_settings
from bioactive.annotate.sorters import prefer_uncertain
from bioactive.annotate.store import Store
from bioactive.annotate.stream import Stream, support_both_streams
from bioactive.annotate.validation import validate
from bioactive.errors import BioactiveError

# --- arguments


def typed(
    a: str,
    b: Optional[List[str]] = None,  # noqa: UP006, UP045
    c: Union[str, Iterable[dict]] = "-",  # noqa: UP007
    d: Optional[Path] = None,  # noqa: UP045
    e: Literal["x", "y"] = "x",
    f: Dict[str, int] = {},  # noqa: B006, UP006
    g: int = 3,
    h: bool = False,
) -> None:
    """Annotations of every kind."""


def test_values_are_made_by_annotation() -> None:
    found = {argument.name: argument for argument in read_arguments(typed, {})}
    values = {
        name: argument.value(text)
        for (name, argument), text in zip(
            found.items(), ["s", "1,2", "p", "q", "y", '{"k": 1}', "4", "true"], strict=True
        )
    }
    assert values == {"a": "s", "b": ["1", "2"], "c": "p", "d": Path("q"), "e": "y", "f": {"k": 1}, "g": 4, "h": True}
    assert found["a"].required and not found["b"].required and found["h"].kind == "flag"
    with pytest.raises(ValueError, match="x, y"):
        found["e"].value("z")


def test_descriptions_may_be_short() -> None:
    (a, b, *_) = read_arguments(typed, {"a": ("Help",), "b": Arg("--b", "-bb", help="B")})
    assert (a.kind, a.help) == ("positional", "Help") and (b.flags, b.many) == (("--b", "-bb"), True)
    with pytest.raises(BioactiveError, match=r"B613.*'a'.*42"):
        read_arguments(typed, {"a": 42})


# --- settings


def test_settings_come_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "prodigy.json").write_text('{"batch_size": 1, "history_size": 1, "port": 1, "host": "a"}')
    (tmp_path / "prodigy.json").write_text('{"history_size": 2, "port": 2, "odd": true}')
    environment = {
        "PRODIGY_HOME": str(tmp_path / "home"),
        "PRODIGY_CONFIG_OVERRIDES": '{"port": 3, "lang": "ru"}',
        "PRODIGY_HOST": "localhost",
        "PRODIGY_ALLOWED_SESSIONS": "anna,ben",
    }
    found = read_settings(environment, tmp_path)
    config = make_config(found, {"lang": "en"}, {"port": 4})
    wanted = {"batch_size": 1, "history_size": 2, "port": 4, "lang": "en", "host": "localhost", "odd": True}
    assert {key: config[key] for key in wanted} == wanted and config["allowed_sessions"] == ["anna", "ben"]
    assert default_database(environment) == str(tmp_path / "home" / "bioactive.db")
    assert default_database({**environment, "BIOACTIVE_DB": "x"}) is None


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_broken_settings_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "prodigy.json").write_text(text)
    with pytest.raises(BioactiveError, match=r"B609.*prodigy.json"):
        read_settings({"PRODIGY_HOME": str(tmp_path / "none")}, tmp_path)
    with pytest.raises(BioactiveError, match=r"B609.*no such file"):
        read_settings({"PRODIGY_CONFIG": str(tmp_path / "missing.json")}, tmp_path)
    with pytest.raises(BioactiveError, match=r"B609.*PRODIGY_CONFIG_OVERRIDES"):
        read_settings({"PRODIGY_CONFIG_OVERRIDES": text}, tmp_path / "none")


# --- loaders


def test_loaders_read_their_formats(tmp_path: Path) -> None:
    rows = [{"text": "a,b"}, {"text": "c", "meta": {"n": 1}}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "a.txt").write_text("a,b\n\nc\n")
    (tmp_path / "a.csv").write_text('\ufeffText,Label,Source\n"a,b",X,web\n', encoding="utf-8")
    (tmp_path / "a.tsv").write_text("text\tlabel\na\tX\n")
    assert list(JSONL(tmp_path / "a.jsonl")) == rows == list(JSON(tmp_path / "a.json"))
    assert list(TXT(tmp_path / "a.txt")) == [{"text": "a,b"}, {"text": "c"}]
    assert list(CSV(tmp_path / "a.csv")) == [{"text": "a,b", "label": "X", "meta": {"Source": "web"}}]
    assert list(TSV(tmp_path / "a.tsv")) == [{"text": "a", "label": "X"}]
    assert get_loader(file_path="x.CSV") is CSV
    for ending in ("jsonl", "json", "txt", "csv", "tsv"):
        found = list(get_stream(str(tmp_path / f"a.{ending}")))
        assert found and all("_task_hash" in task for task in found)
    assert list(get_stream(tmp_path / "a.txt", loader="jsonl")) == []  # lines that are no JSON are skipped


@pytest.mark.parametrize("loader", [JSONL, JSON, CSV, TXT])
def test_missing_file_is_told_at_once(tmp_path: Path, loader: Any) -> None:
    with pytest.raises(BioactiveError, match="B408"):
        loader(tmp_path / "missing")


def test_stream_of_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [{"text": "a"}, {"text": "a"}, {"text": ""}, {"text": "b", "_input_hash": 1, "_task_hash": 2}]
    assert [task["text"] for task in get_stream(twice, dedup=True, input_key="text")] == ["a", "b"]
    assert list(get_stream(twice))[3]["_input_hash"] == 1 != list(get_stream(twice, rehash=True))[3]["_input_hash"]
    assert [task["text"] for task in get_stream("any", loader=lambda source: [{"text": source}])] == ["any"]
    monkeypatch.setenv("BIOACTIVE_DB", str(tmp_path / "a.db"))
    with Store(str(tmp_path / "a.db")) as store:
        store.add_examples([{"text": "x", "answer": "accept"}, {"text": "y", "answer": "reject"}], ["ds"])
    assert [task["text"] for task in get_stream("dataset:ds:reject")] == ["y"]
    assert "answer" not in next(get_stream("dataset:ds"))
    with pytest.raises(BioactiveError, match="B407"):
        get_stream("dataset:none")
    with pytest.raises(BioactiveError, match=r"B614.*'xyz'"):
        get_stream(twice and str(tmp_path / "a.db"), loader="xyz")


def test_stream_tells_whether_it_is_empty_and_counts_what_a_sorter_drops() -> None:
    stream = Stream([{"text": "a"}])
    assert not stream.is_empty and [task["text"] for task in stream] == ["a"] and stream.is_empty
    stream = Stream({"text": str(n)} for n in range(100))
    stream.apply(lambda tasks: prefer_uncertain((n / 100, task) for n, task in enumerate(tasks)))
    kept = len(list(stream))
    assert kept + sum(stream.source.tally.counts.values()) == 100


def test_functions_take_streams_and_generators() -> None:
    @support_both_streams(stream_arg="tasks")
    def louder(sign: str, tasks: Any, **more: Any) -> Any:
        return ({**task, "text": task["text"] + sign} for task in tasks)

    stream = Stream([{"text": "a"}])
    assert louder("!", stream) is stream and louder("?", tasks=stream, more=1) is stream
    assert [task["text"] for task in stream] == ["a!?"]
    assert [task["text"] for task in louder("!", [{"text": "b"}])] == ["b!"]


# --- preprocessors and filters


def test_sentences_keep_their_spans() -> None:
    task = {
        "text": "One here. Two 😀 there.",
        "spans": [{"start": 14, "end": 15, "label": "X"}, {"start": 4, "end": 13, "label": "Y"}],
    }
    found = list(split_sentences(spacy.blank("en"), [task, {"text": "Short. One."}], min_length=12))
    assert [each["text"] for each in found] == ["One here.", "Two 😀 there.", "Short. One."]
    assert found[1]["spans"] == [{"start": 4, "end": 5, "label": "X"}] and found[0]["spans"] == []
    assert found[0]["_input_hash"] != found[1]["_input_hash"]


def test_tokens_of_words_and_characters() -> None:
    nlp = spacy.blank("en")
    task = {"text": "ab c", "spans": [{"start": 0, "end": 1, "label": "X"}]}
    with pytest.raises(BioactiveError, match="B410"):
        list(add_tokens(nlp, [task]))
    assert list(add_tokens(nlp, [task], skip=True)) == []
    (found,) = add_tokens(nlp, [task], use_chars=True)
    assert len(found["tokens"]) == 4 and found["spans"][0]["token_end"] == 0
    assert tokenize_example({"text": "ab c"}, nlp("ab c"))["tokens"][1]["text"] == "c"
    assert get_token(nlp("ab c")[1]) == {"text": "c", "start": 3, "end": 4, "id": 1, "ws": False}
    assert (
        sync_spans_to_tokens([{"start": 3, "end": 4}], [get_token(token) for token in nlp("ab c")])[0]["token_start"]
        == 1
    )


def test_tasks_are_multiplied_and_filled() -> None:
    spans = [{"start": 0, "end": 1, "label": name} for name in "AB"]
    assert [task["spans"][0]["label"] for task in split_spans([{"text": "ab", "spans": spans}, {"text": "c"}])] == [
        "A",
        "B",
    ]
    assert len(list(split_spans([{"text": "ab", "spans": spans}], labels=["B"]))) == 1
    assert [o["id"] for o in next(add_label_options([{"text": "a"}], ["X", "Y"]))["options"]] == ["X", "Y"]
    found = list(add_labels_to_stream([{"text": "a"}], ["X", "Y"]))
    assert [task["label"] for task in found] == ["X", "Y"] and len({task["_task_hash"] for task in found}) == 2
    assert next(add_answer([{"text": "a"}]))["answer"] == "accept"


def test_suggestions_and_labels() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "b"}])  # type: ignore[attr-defined]
    (task,) = make_ner_suggestions([{"text": "a b"}], nlp=nlp, component="entity_ruler", labels=["X"])
    assert task["spans"][0]["label"] == "X" and resolve_labels(nlp, "entity_ruler") == ["X"]
    assert resolve_labels(nlp, "ner", ["Y"]) == ["Y"]
    with pytest.raises(BioactiveError, match="B414"):
        resolve_labels(nlp, "ner")


def test_media_is_refused() -> None:
    assert list(fetch_media([{"text": "a"}, {"image": "data:image/png;base64,"}])) != []
    assert list(fetch_media([{"image": "a.png"}], skip=True)) == []
    with pytest.raises(BioactiveError, match=r"B615.*'image'.*a.png"):
        list(fetch_media([{"image": "a.png"}]))


def test_filters(tmp_path: Path) -> None:
    tasks = [{"text": "a", "label": "X"}, {"text": "a", "label": "Y"}, {"text": "a", "label": "X"}, {"text": ""}]
    assert len(list(filter_duplicates(tasks))) == 2
    assert len(list(filter_duplicates(tasks, by_input=False))) == 3
    assert len(list(filter_empty(tasks))) == 3
    hashed = list(filter_duplicates(tasks, by_input=False, by_task=False))
    assert len(list(filter_inputs(tasks, [hashed[0]["_input_hash"]]))) == 1
    assert len(list(filter_tasks(tasks, [hashed[0]["_task_hash"]]))) == 2
    with Store(str(tmp_path / "a.db")) as store:
        store.add_examples([{**hashed[0], "answer": "accept"}], ["ds"])
        assert len(list(filter_seen_before(tasks, store, ["ds"]))) == 2
        assert len(list(filter_seen_before(tasks, store, "ds", exclude_by="input"))) == 1


# --- checks and content


@pytest.mark.parametrize(
    ("view", "task", "config", "told"),
    [
        ("text", {}, {}, "no 'text'"),
        ("text", {"text": 1}, {}, "no text"),
        ("ner", {"text": "ab", "spans": [{"start": 1, "end": 3}]}, {}, "2 characters"),
        ("ner_manual", {"text": "ab"}, {}, "add_tokens"),
        ("choice", {"text": "ab"}, {}, "options"),
        ("choice", {"options": [{"text": "a"}]}, {}, "'id'"),
        ("html", {"text": "ab"}, {}, "html_template"),
        ("blocks", {"text": "ab"}, {}, "'blocks'"),
        ("blocks", {"text": "ab"}, {"blocks": [{"view_id": "choice"}]}, "block 'choice'"),
        ("text", "ab", {}, "no dict but str"),
    ],
)
def test_tasks_that_do_not_fit_are_told(view: str, task: Any, config: dict[str, Any], told: str) -> None:
    with pytest.raises(BioactiveError, match=rf"B607.*{view}.*{told}"):
        validate(view, [task], config)


def test_tasks_that_fit_pass() -> None:
    validate("html", [{"text": "a"}], {"html_template": "{{text}}"})
    blocks = [{"view_id": "html", "html": "<hr>"}, {"view_id": "choice", "text": None, "options": [{"id": 1}]}]
    validate("blocks", [{"text": "a"}], {"blocks": blocks})
    validate("any-other", [{}])


def test_policy_names_handlers_and_sites_and_nothing_else() -> None:
    assert content.policy({"html_template": "<p style='x'>{{text}}</p>"}) == {}
    config = {"blocks": [{"view_id": "html", "html_template": """<b onclick="go(1 &gt; 0)" onload="x('{{text}}')">"""}]}
    # printf 'go(1 > 0)' | openssl dgst -sha256 -binary | base64
    assert content.policy(config) == {
        "script-src": ["'unsafe-hashes'", "'sha256-LU6uY01J83sI8Y0zg2+7CpWoyl4ZYsDFDL+FkvbRHS4='"]
    }
    found = content.policy(
        {"javascript_urls": ["https://cdn.example.org/a.js"], "content_origins": "https://i.example.org"}
    )
    assert found["script-src"] == ["https://cdn.example.org", "https://i.example.org"]
    assert found["img-src"] == ["https://i.example.org"]
    for site in ("javascript:alert(1)", "https://a.org; script-src *", "*", "'unsafe-inline'"):
        with pytest.raises(BioactiveError, match="B415"):
            content.policy({"content_origins": [site]})


def test_scripts_and_styles_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "b.js").write_text("second()")
    config = {
        "javascript": "first()",
        "javascript_dir": str(tmp_path),
        "global_css": "a {}",
        "global_css_urls": ["https://x.org/y.css"],
    }
    assert content.script(config) == "first()\nsecond()" and content.style_sheet(config) == "a {}"
    assert content.addresses(config) == (["recipe.js"], ["https://x.org/y.css", "recipe.css"])
    assert content.addresses({}) == ([], [])
    with pytest.raises(BioactiveError, match="B415"):
        content.script({"javascript_dir": str(tmp_path / "none")})


def test_printers(capsys: pytest.CaptureFixture[str]) -> None:
    pretty_print([{"text": "ab", "spans": [{"start": 0, "end": 1, "label": "X"}], "answer": "accept"}])
    assert capsys.readouterr().out == "accept  [a|X]b\n"
    mapping = {"A": "reject", "B": "accept"}
    counts = compare([{"answer": "accept", "mapping": mapping}, {"answer": "accept"}, {"answer": "ignore"}])
    assert counts == {"B": 1, "A": 1, "neither": 1}
