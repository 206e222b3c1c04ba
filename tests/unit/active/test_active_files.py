"""Pool files: the same bytes whether a run was stopped or not, and refusal to go on with another run."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin, Span

from bioactive.active import predict as predict_module
from bioactive.active import ranking as ranking_module
from bioactive.active.files import Run, predict_file, rank_file
from bioactive.active.journal import Journal
from bioactive.active.predict import PredictOptions
from bioactive.active.rank import RankOptions, rank
from bioactive.errors import BioactiveError

# With four batches of four texts a block: three blocks, lengths mixed, blanks, repeats near and far, non-ASCII.
POOL = [
    {"text": f"{'abcdefgh'[i % 8]} СД-2 {'x ' * (i % 3)}{i % 25}".strip() if i % 11 else "", "id": i} for i in range(41)
]
FOUR = {"batch_size": 4}


@pytest.fixture(autouse=True)
def _small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        for module in (predict_module, ranking_module):
            patch.setattr(module, "WINDOW", 4)
        yield


@pytest.fixture
def ruler_nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GENE", "pattern": "p53"}, {"label": "X", "pattern": "a"}])
    return nlp


@pytest.fixture
def pool(tmp_path):
    srsly.write_jsonl(tmp_path / "pool.jsonl", POOL)
    return tmp_path / "pool.jsonl"


def snapshots(monkeypatch, folder: Path) -> list[Path]:
    """Folders with the files beside an output as they are after each block from now on."""
    taken: list[Path] = []
    commit = Journal.commit

    def commit_and_copy(journal, counts):
        commit(journal, counts)
        taken.append(folder / f"after{len(taken)}")
        taken[-1].mkdir()
        shutil.copy(journal.part, taken[-1])
        shutil.copy(journal.state, taken[-1])

    monkeypatch.setattr(Journal, "commit", commit_and_copy)
    return taken


RUNS = {
    "rank all": lambda run: rank_file(run, RankOptions(**FOUR)),
    "rank best": lambda run: rank_file(run, RankOptions(n=3, **FOUR)),
    "rank by length": lambda run: rank_file(run, RankOptions("length", 5, **FOUR)),
    "predict": lambda run: predict_file(run, PredictOptions(**FOUR)),
}


@pytest.mark.parametrize("name", RUNS)
def test_run_that_was_stopped_after_any_block_ends_in_the_same_bytes(tmp_path, pool, real_crf_nlp, monkeypatch, name):
    run = Run(real_crf_nlp, pool, tmp_path / "out.jsonl")
    taken = snapshots(monkeypatch, tmp_path)
    whole = RUNS[name](run)
    monkeypatch.undo()
    # What the block that was being written may have left behind.
    for folder, torn in zip(taken, [b"", b'[[0.25,0.5,-3],{"te', b'{"text":"a whole line"}\n'], strict=True):
        part = folder / "out.jsonl.part"
        part.write_bytes(part.read_bytes() + torn)
        again = RUNS[name](replace(run, output=folder / "out.jsonl"))
        assert (folder / "out.jsonl").read_bytes() == run.output.read_bytes()
        assert [path.name for path in folder.iterdir()] == ["out.jsonl"]
        assert (again[0] if name == "predict" else again) == (whole[0] if name == "predict" else whole)


class Killed(BaseException):
    pass


def test_finished_blocks_are_not_asked_about_again(tmp_path, pool, real_crf_nlp, monkeypatch):
    run = Run(real_crf_nlp, pool, tmp_path / "out.jsonl")
    commit = Journal.commit

    def stop_at_the_third(journal, counts):
        if journal.blocks == 2:
            raise Killed
        commit(journal, counts)

    monkeypatch.setattr(Journal, "commit", stop_at_the_third)
    with pytest.raises(Killed):
        predict_file(run, PredictOptions(**FOUR))
    monkeypatch.undo()
    assert not run.output.exists()
    asked = []
    pipe = type(real_crf_nlp).pipe
    monkeypatch.setattr(
        type(real_crf_nlp), "pipe", lambda nlp, docs, **kw: pipe(nlp, (asked.append(d.text) or d for d in docs), **kw)
    )
    predict_file(run, PredictOptions(**FOUR))
    assert asked
    assert set(asked) <= {eg["text"] for eg in POOL[32:]}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"measure": "lc"}, "measure was mnlp, is lc"),
        ({"seed": 1}, "seed was 0, is 1"),
        ({"n": 4}, "n was 3, is 4"),
        ({"suggest": False}, "suggest was True, is False"),
        ({"batch_size": 2}, "batch_size was 4, is 2"),
        ({"pool": True}, "the pool is another"),
        ({"nlp": True}, "the pipeline is another"),
        ({"code": True}, "the code is another"),
    ],
)
def test_run_with_anything_else_is_refused_until_it_is_told_to_restart(
    tmp_path, pool, real_crf_nlp, crf_nlp, monkeypatch, change, named
):
    taken = snapshots(monkeypatch, tmp_path)
    options = RankOptions(n=3, **FOUR)
    rank_file(Run(real_crf_nlp, pool, tmp_path / "out.jsonl"), options)
    monkeypatch.undo()
    left = {path.name: path.read_bytes() for path in taken[0].iterdir()}
    run = Run(real_crf_nlp, pool, taken[0] / "out.jsonl")
    if "pool" in change:
        run = replace(run, pool=tmp_path / "other.jsonl")
        srsly.write_jsonl(run.pool, POOL[1:])
    elif "nlp" in change:
        run = replace(run, nlp=crf_nlp)
    elif "code" in change:
        run = replace(run, code=tmp_path / "parts.py")
        run.code.write_text("")
    else:
        options = replace(options, **change)
    with pytest.raises(BioactiveError, match=r"B520.*out\.jsonl\.part.*--restart") as problem:
        rank_file(run, options)
    assert named in str(problem.value)
    assert {path.name: path.read_bytes() for path in taken[0].iterdir()} == left
    rank_file(replace(run, restart=True), options)
    assert [path.name for path in taken[0].iterdir()] == ["out.jsonl"]


@pytest.mark.parametrize("damage", ["no state", "broken state", "short part"])
def test_part_file_that_cannot_be_trusted_is_refused(tmp_path, pool, real_crf_nlp, monkeypatch, damage):
    taken = snapshots(monkeypatch, tmp_path)
    rank_file(Run(real_crf_nlp, pool, tmp_path / "out.jsonl"), RankOptions(**FOUR))
    monkeypatch.undo()
    part, state = taken[1] / "out.jsonl.part", taken[1] / "out.jsonl.part.json"
    if damage == "no state":
        state.unlink()
    elif damage == "broken state":
        state.write_text("{")
    else:
        part.write_bytes(part.read_bytes()[:-5])
    with pytest.raises(BioactiveError, match="B520"):
        rank_file(Run(real_crf_nlp, pool, taken[1] / "out.jsonl"), RankOptions(**FOUR))


def test_error_in_the_first_block_leaves_nothing_behind(tmp_path, real_crf_nlp):
    (tmp_path / "pool.jsonl").write_text('{"text": "a"}\n{"abstract": "b"}\n')
    with pytest.raises(BioactiveError, match="B323"):
        rank_file(Run(real_crf_nlp, tmp_path / "pool.jsonl", tmp_path / "out.jsonl"), RankOptions())
    assert [path.name for path in tmp_path.iterdir()] == ["pool.jsonl"]


@pytest.mark.parametrize("options", [{}, {"n": 3}, {"measure": "random"}, {"suggest": False}])
def test_rank_file_writes_what_rank_gives(tmp_path, pool, crf_nlp, options):
    found = rank_file(Run(crf_nlp, pool, tmp_path / "out.jsonl"), RankOptions(**options, **FOUR))
    expected = rank(crf_nlp, POOL, **options, **FOUR)
    written = list(srsly.read_jsonl(tmp_path / "out.jsonl"))
    assert written == [srsly.json_loads(srsly.json_dumps(task)) for task in expected]
    assert (found.kept, found.highest, found.lowest) == (
        len(expected),
        pytest.approx(expected[0]["score"]),
        pytest.approx(expected[-1]["score"]),
    )


def test_predictions_stand_in_the_order_of_the_pool_and_are_those_of_the_pipeline(tmp_path, pool, ruler_nlp):
    found, paths = predict_file(Run(ruler_nlp, pool, tmp_path / "out.jsonl"), PredictOptions(**FOUR))
    tasks = list(srsly.read_jsonl(paths[0]))
    assert [(task["id"], task["text"]) for task in tasks] == [(eg["id"], eg["text"]) for eg in POOL]
    for task in tasks:
        doc = ruler_nlp(task["text"])
        assert [(s["start"], s["end"], s["label"]) for s in task["spans"]] == [
            (ent.start_char, ent.end_char, ent.label_) for ent in doc.ents
        ]
        assert [token["text"] for token in task["tokens"]] == [token.text for token in doc]
    blank = sum(not eg["text"] for eg in POOL)
    assert (found.seen, found.empty, found.too_long) == (41, blank, 0)
    assert found.entities == sum(len(task["spans"]) for task in tasks) > 0


def test_predicted_spans_carry_their_confidence(tmp_path, pool, real_crf_nlp):
    predict_file(Run(real_crf_nlp, pool, tmp_path / "out.jsonl"), PredictOptions())
    scores = [span["score"] for task in srsly.read_jsonl(tmp_path / "out.jsonl") for span in task["spans"]]
    assert scores
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("remembered", [1 << 15, 2, 0])
def test_text_that_repeats_soon_is_predicted_once(tmp_path, ruler_nlp, monkeypatch, remembered):
    monkeypatch.setattr(predict_module, "REMEMBERED", remembered)
    texts = ["a p53", "b"] * 16 + ["a p53"]
    srsly.write_jsonl(tmp_path / "pool.jsonl", [{"text": text, "meta": {"n": n}} for n, text in enumerate(texts)])
    asked = []
    pipe = ruler_nlp.get_pipe("entity_ruler")
    monkeypatch.setattr(
        type(pipe),
        "__call__",
        lambda self, doc: asked.append(doc.text) or pipe.set_annotations(doc, pipe.match(doc)) or doc,
    )
    found, _ = predict_file(Run(ruler_nlp, tmp_path / "pool.jsonl", tmp_path / "out.jsonl"), PredictOptions(**FOUR))
    tasks = list(srsly.read_jsonl(tmp_path / "out.jsonl"))
    assert [task["text"] for task in tasks] == texts
    assert [task["meta"]["n"] for task in tasks] == list(range(33))
    assert {(task["text"], len(task["spans"]), len(task["tokens"])) for task in tasks} == {("a p53", 2, 2), ("b", 0, 1)}
    assert sorted(asked) == (["a p53", "b"] if remembered else ["a p53"] * 3 + ["b"] * 2)
    assert found.repeated == (17 if remembered else 0)


def test_same_text_on_other_tokens_is_another_question(tmp_path, ruler_nlp):
    items = [
        {"text": "a-b"},
        {"text": "a-b", "tokens": [{"text": "a", "disabled": True}, {"text": "-"}, {"text": "b"}]},
    ]
    srsly.write_jsonl(tmp_path / "pool.jsonl", items)
    predict_file(Run(ruler_nlp, tmp_path / "pool.jsonl", tmp_path / "out.jsonl"), PredictOptions())
    first, second = srsly.read_jsonl(tmp_path / "out.jsonl")
    assert [token["text"] for token in second["tokens"]] == ["a", "-", "b"]
    assert [token["text"] for token in first["tokens"]] == [token.text for token in ruler_nlp.make_doc("a-b")]


def test_text_that_is_too_long_comes_back_as_it_is(tmp_path, ruler_nlp):
    long = {"text": "a" * (ruler_nlp.max_length + 1), "id": 1}
    srsly.write_jsonl(tmp_path / "pool.jsonl", [long, {"text": "a"}, long])
    found, _ = predict_file(Run(ruler_nlp, tmp_path / "pool.jsonl", tmp_path / "out.jsonl"), PredictOptions())
    tasks = list(srsly.read_jsonl(tmp_path / "out.jsonl"))
    assert (tasks[0], tasks[2], found.too_long, found.entities) == (long, long, 2, 1)


@pytest.mark.parametrize(("per_file", "names"), [(100, ["out.spacy"]), (20, [f"out-0000{i}.spacy" for i in (1, 2, 3)])])
def test_predictions_as_docs(tmp_path, pool, real_crf_nlp, per_file, names):
    run = Run(real_crf_nlp, pool, tmp_path / "new" / "out.spacy")
    _, paths = predict_file(run, PredictOptions(), per_file)
    assert [path.name for path in paths] == names == sorted(path.name for path in run.output.parent.iterdir())
    docs = [doc for path in paths for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)]
    assert [doc.text for doc in docs] == [eg["text"] for eg in POOL]
    for doc in docs:
        expected = real_crf_nlp(doc.text)
        ents = [(ent.start, ent.end, ent.label_) for ent in expected.ents]
        assert [(ent.start, ent.end, ent.label_) for ent in doc.ents] == ents
        assert [(span.start, span.end, span.label_) for span in doc.spans["sc"]] == ents
        assert doc.spans["sc"].attrs["scores"] == pytest.approx(
            list(expected.spans["crf_ner"].attrs["scores"]) if len(expected) else [], abs=1e-4
        )


def test_pool_of_docs_keeps_words_and_ids(tmp_path, ruler_nlp):
    vocab = spacy.blank("en").vocab
    doc = Doc(vocab, words=["p53", "-", "a"], spaces=[False, False, False])
    doc.set_ents([Span(doc, 2, 3, "OLD")])
    doc.user_data["doc_id"] = "d1"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "pool.spacy")
    run = Run(ruler_nlp, tmp_path / "pool.spacy", tmp_path / "out.spacy")
    predict_file(run, PredictOptions())
    (found,) = DocBin(store_user_data=True).from_disk(run.output).get_docs(vocab)
    assert [token.text for token in found] == ["p53", "-", "a"]
    assert [(ent.text, ent.label_) for ent in found.ents] == [("p53", "GENE"), ("a", "X")]
    assert found.user_data["doc_id"] == "d1"


@pytest.mark.parametrize("items", [[], [{"text": ""}], [{"text": "a"}]])
@pytest.mark.parametrize("suffix", ["jsonl", "spacy"])
def test_tiny_pools(tmp_path, ruler_nlp, items, suffix):
    # A file of white space alone is refused; this much of it is read.
    (tmp_path / "pool.jsonl").write_text("".join(json.dumps(eg) + "\n" for eg in items) or "\n" * 10_000)
    run = Run(ruler_nlp, tmp_path / "pool.jsonl", tmp_path / f"out.{suffix}")
    found, _ = predict_file(run, PredictOptions())
    assert found.seen == len(items)
    if suffix == "jsonl":
        assert len(run.output.read_text().splitlines()) == len(items)
    else:
        assert len(DocBin().from_disk(run.output)) == len(items)
    ranking = rank_file(replace(run, output=tmp_path / "ranked.jsonl"), RankOptions("length"))
    assert ranking.kept == sum(bool(eg["text"]) for eg in items)
    assert (tmp_path / "ranked.jsonl").exists() == bool(ranking.kept)
    assert not list(tmp_path.glob("*.part*"))


def test_pipeline_without_entities_is_refused(tmp_path, pool):
    with pytest.raises(BioactiveError, match="B307"):
        predict_file(Run(spacy.blank("en"), pool, tmp_path / "out.jsonl"), PredictOptions())


def test_new_words_do_not_stay_in_the_vocabulary(tmp_path, real_crf_nlp):
    (tmp_path / "pool.txt").write_text("".join(f"neverseen{i} once{i}\n" for i in range(100)))
    before = (sum(1 for _ in real_crf_nlp.vocab), len(real_crf_nlp.vocab.strings))
    run = Run(real_crf_nlp, tmp_path / "pool.txt", tmp_path / "out.jsonl")
    rank_file(run, RankOptions(n=5, **FOUR))
    predict_file(replace(run, output=tmp_path / "all.jsonl"), PredictOptions(**FOUR))
    assert (sum(1 for _ in real_crf_nlp.vocab), len(real_crf_nlp.vocab.strings)) == before
    real_crf_nlp("neverseen1 is read as ever")


def test_a_zone_of_the_caller_is_kept(tmp_path, pool, real_crf_nlp):
    with real_crf_nlp.memory_zone():
        doc = real_crf_nlp("outside of the blocks")
        rank_file(Run(real_crf_nlp, pool, tmp_path / "out.jsonl"), RankOptions(**FOUR))
        assert [token.text for token in doc] == ["outside", "of", "the", "blocks"]


def test_shards_of_whole_blocks_joined_are_the_file_of_one_run(tmp_path, real_crf_nlp):
    pool = [{"text": f"{'abcdefgh'[i % 8]} {'x ' * (i % 3)}{i}", "id": i} for i in range(41)]
    parts = {"whole": pool, "shard1": pool[:16], "shard2": pool[16:]}  # a block has 16 texts here
    for name, part in parts.items():
        srsly.write_jsonl(tmp_path / f"{name}.jsonl", part)
        predict_file(
            Run(real_crf_nlp, tmp_path / f"{name}.jsonl", tmp_path / f"{name}.out.jsonl"), PredictOptions(**FOUR)
        )
        run = Run(real_crf_nlp, tmp_path / f"{name}.jsonl", tmp_path / f"{name}.ranked.jsonl")
        rank_file(run, RankOptions(n=5, **FOUR))
    found = {name: (tmp_path / f"{name}.out.jsonl").read_bytes() for name in parts}
    assert found["shard1"] + found["shard2"] == found["whole"]
    # The best of all are among the best of each.
    best = {name: list(srsly.read_jsonl(tmp_path / f"{name}.ranked.jsonl")) for name in parts}
    joined = sorted(best["shard1"] + best["shard2"], key=lambda eg: -eg["score"])
    assert [eg["id"] for eg in joined[:5]] == [eg["id"] for eg in best["whole"]]


def test_output_that_a_process_is_writing_is_refused(tmp_path):
    output = tmp_path / "out.jsonl"
    with Journal(output, {}) as first:
        first.append(1)
        first.commit({})
        with pytest.raises(BioactiveError, match=r"B548.*out\.jsonl"):
            Journal(output, {}, restart=True)
        assert first.blocks == 1 and first.part.is_file()
    # One that was killed leaves its file behind, and one that was refused nothing.
    (tmp_path / "out.jsonl.part.lock").touch()
    with pytest.raises(BioactiveError, match="B520"):
        Journal(output, {"measure": "mnlp"})
    with Journal(output, {}) as again:
        assert again.blocks == 1
        again.finish()
    assert list(tmp_path.iterdir()) == []
