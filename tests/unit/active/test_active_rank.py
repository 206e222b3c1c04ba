from __future__ import annotations

import json
import math

import pytest
import spacy
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

from bioactive.active.measures import get_measure
from bioactive.active.pool import read_pool, source_path
from bioactive.active.posteriors import Posterior, posterior, posteriors
from bioactive.active.rank import rank, rank_pool
from bioactive.errors import BioactiveError

TEXTS = ["a b c", "d e", "f", "a f d", "c c c c", "e"]


def scores(nlp, texts, measure):
    return {text: get_measure(measure)(posterior(nlp, [nlp.make_doc(text)])[0]) for text in texts}


@pytest.mark.parametrize("measure", ["mnlp", "entropy", "margin", "ltp", "length", "random"])
def test_rank_equals_sorting_by_score(crf_nlp, measure):
    expected = scores(crf_nlp, TEXTS, measure)
    tasks = rank(crf_nlp, TEXTS, measure)
    assert [task["score"] for task in tasks] == sorted((task["score"] for task in tasks), reverse=True)
    assert {task["text"]: task["score"] for task in tasks} == pytest.approx(expected)


@pytest.mark.parametrize("measure", ["mnlp", "length", "random"])
@settings(deadline=None)
@given(order=st.permutations(TEXTS), n=st.integers(1, 8), batch_size=st.integers(1, 8))
def test_rank_does_not_depend_on_order_or_batch_size(crf_nlp, measure, order, n, batch_size):
    whole = [task["text"] for task in rank(crf_nlp, TEXTS, measure)]
    assert [task["text"] for task in rank(crf_nlp, order, measure, n, batch_size=batch_size)] == whole[:n]


def test_rank_breaks_ties_by_the_seed(crf_nlp):
    texts = [f"word{i}" for i in range(20)]
    orders = [tuple(task["text"] for task in rank(crf_nlp, texts, "length", seed=seed)) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_rank_keeps_the_keys_of_the_item_and_adds_its_own(crf_nlp):
    eg = {"text": "a b c", "id": 7, "meta": {"source": "x"}, "_task_hash": 1, "_input_hash": 2}
    (task,) = rank(crf_nlp, [eg])
    assert eg == {"text": "a b c", "id": 7, "meta": {"source": "x"}, "_task_hash": 1, "_input_hash": 2}
    assert (task["id"], task["_input_hash"]) == (7, 2)
    assert task["meta"] == {"source": "x", "measure": "mnlp", "score": round(task["score"], 4)}
    assert "_task_hash" not in task  # the spans are new, so the question is another one
    assert json.loads(json.dumps(task)) == task


def test_rank_suggests_spans_with_probability_and_inclusive_token_end(crf_nlp):
    for task in rank(crf_nlp, TEXTS):
        tokens = task["tokens"]
        assert "".join(token["text"] + " " * token["ws"] for token in tokens) == task["text"]
        for span in task["spans"]:
            assert (span["start"], span["end"]) == (
                tokens[span["token_start"]]["start"],
                tokens[span["token_end"]]["end"],
            )
            assert (span["label"], span["score"]) == ("X", 0.5)
    assert any(task["spans"] for task in rank(crf_nlp, TEXTS))


@pytest.mark.parametrize("measure", ["random", "mnlp"])
def test_rank_suggests_the_same_spans_under_every_measure(crf_nlp, measure):
    expected = {task["text"]: task["spans"] for task in rank(crf_nlp, TEXTS, "entropy")}
    assert {task["text"]: task["spans"] for task in rank(crf_nlp, TEXTS, measure)} == expected


def test_rank_without_suggestions_leaves_the_task_bare(crf_nlp):
    (task,) = rank(crf_nlp, ["a"], suggest=False)
    assert set(task) == {"text", "score", "meta"}


def test_rank_keeps_spans_and_tokens_that_the_item_brings(crf_nlp):
    tokens = [
        {"text": "a-", "start": 0, "end": 2, "id": 0, "ws": False},
        {"text": "b", "start": 2, "end": 3, "id": 1, "ws": False, "disabled": True},
    ]
    spans = [{"start": 0, "end": 2, "label": "Q"}]
    (task,) = rank(crf_nlp, [{"text": "a-b", "tokens": tokens, "spans": spans, "_task_hash": 5}])
    assert (task["tokens"], task["spans"], task["_task_hash"]) == (tokens, spans, 5)


@pytest.mark.parametrize(
    "tokens", [[{"text": "a", "start": 0}], [{"id": 0}], [{"text": "a", "start": 0, "end": 1}], []]
)
def test_rank_makes_new_tokens_where_those_of_the_item_do_not_spell_its_text(crf_nlp, tokens):
    (task,) = rank(crf_nlp, [{"text": "a b", "tokens": tokens}])
    assert [token["text"] for token in task["tokens"]] == ["a", "b"]


def test_rank_counts_what_it_leaves_out(crf_nlp):
    nlp = crf_nlp
    pool = ["a b", "", " \n", {"text": "a b", "id": 2}, "c", "x" * (nlp.max_length + 1)]
    found = rank_pool(nlp, pool)
    assert (found.seen, found.empty, found.duplicates, found.too_long) == (6, 2, 1, 1)
    assert (found.scored, found.words) == (2, 3)
    assert all("id" not in task for task in found.tasks)


def test_rank_reads_the_pool_once_and_lazily(crf_nlp):
    taken = []

    def pool():
        for i in range(10):
            taken.append(i)
            yield f"a{i}"

    rank(crf_nlp, pool(), n=2, batch_size=3)
    assert taken == list(range(10))


def test_rank_of_an_empty_pool_is_empty(crf_nlp):
    assert rank(crf_nlp, []) == []


def test_rank_random_serves_a_pipeline_without_posteriors():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GENE", "pattern": "p53"}])
    tasks = rank(nlp, ["p53 is", "it is"], "random", n=2)
    spans = {task["text"]: task["spans"] for task in tasks}
    assert spans["p53 is"] == [{"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "GENE"}]
    with pytest.raises(BioactiveError, match="B320"):
        rank(nlp, ["p53 is"], "mnlp")


def test_rank_item_without_text_says_which_and_what_it_has(crf_nlp):
    with pytest.raises(BioactiveError, match=r"B323.*item 2 of the pool.*'text'.*abstract, id"):
        rank(crf_nlp, ["a", {"abstract": "b", "id": 1}])
    assert rank(crf_nlp, [{"abstract": "b"}], text_key="abstract")[0]["text"] == "b"


def test_rank_with_a_broken_model_is_an_error():
    spacy.Language.factory("fake_broken", func=lambda nlp, name: lambda doc: doc)
    broken = [Posterior("a", "exact", 1, best_log_prob=math.nan, marginals=posterior_of_nan())]
    posteriors.register("fake_broken", func=lambda component, docs: broken)
    nlp = spacy.blank("en")
    nlp.add_pipe("fake_broken")
    with pytest.raises(BioactiveError, match=r"B325.*'a'"):
        rank(nlp, ["a"])


def posterior_of_nan():
    import numpy as np

    return np.full((1, 1), np.nan)


def test_read_pool_of_json_lines_with_bom_crlf_and_blank_lines(tmp_path):
    path = tmp_path / "pool.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + '{"text": "СД-2"}\r\n\r\n{"text": "b", "id": 1}\r\n'.encode())
    assert list(read_pool(path, spacy.blank("en").vocab)) == [{"text": "СД-2"}, {"text": "b", "id": 1}]


def test_read_pool_of_text_lines(tmp_path):
    path = tmp_path / "pool.txt"
    path.write_bytes("one\u2028line\r\n\r\ntwo".encode())
    assert [eg["text"] for eg in read_pool(path, spacy.blank("en").vocab)] == ["one\u2028line", "", "two"]


def test_read_pool_of_docs_takes_words_and_id_and_no_labels(tmp_path):
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["IL", "-", "2"], spaces=[False, False, False])
    doc.set_ents([Span(doc, 0, 3, "X")])
    doc.user_data["doc_id"] = "d1"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "pool.spacy")
    (eg,) = read_pool(tmp_path / "pool.spacy", nlp.vocab)
    assert (eg["text"], eg["meta"], "spans" in eg) == ("IL-2", {"doc_id": "d1"}, False)
    assert [token["text"] for token in eg["tokens"]] == ["IL", "-", "2"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', r"B118.*a\.jsonl:2"),
        ("b.jsonl", b'{"text": "a"}\n["a"]\n', r"B118.*b\.jsonl:2"),
        ("c.jsonl", b'{"text": "a", "score": NaN}\n', r"B118.*c\.jsonl:1.*NaN"),
        ("d.jsonl", b'{"text": "a"}\n\n{"id": 3}\n', r"B323.*d\.jsonl:3.*id"),
        ("e.jsonl", b"\xff\xfe\x00", r"B103.*e\.jsonl"),
        ("f.txt", b"", r"B102.*f\.txt"),
        ("g.csv", b"a,b\n", r"B324.*g\.csv"),
        ("h.spacy", b"no", r"B120.*h\.spacy"),
    ],
)
def test_read_pool_of_bad_input_says_where(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BioactiveError, match=message):
        list(read_pool(path, spacy.blank("en").vocab))


def test_parquet_whose_text_is_no_utf8_is_named(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    rows = pyarrow.array([b"IL-2", b"\xff\xfe"])
    text = pyarrow.Array.from_buffers(pyarrow.string(), 2, rows.buffers())
    parquet.write_table(pyarrow.table({"text": text}), tmp_path / "a.parquet")
    with pytest.raises(BioactiveError, match=r"B120.*a\.parquet"):
        list(read_pool(tmp_path / "a.parquet", spacy.blank("en").vocab))


@pytest.mark.filterwarnings("ignore:UPath 'down'")
def test_store_that_does_not_answer_is_no_missing_file():
    pytest.importorskip("upath", reason="universal-pathlib is not installed")
    import fsspec
    from fsspec.implementations.memory import MemoryFileSystem

    class Down(MemoryFileSystem):
        protocol = ("down",)

        def info(self, path, **options):
            raise ConnectionError("refused")

    fsspec.register_implementation("down", Down, clobber=True)
    with pytest.raises(BioactiveError, match=r"B964.*refused"):
        source_path("down://a/pool.jsonl")
    assert not source_path("memory://a/pool.jsonl").is_file()


def test_read_pool_without_a_file_says_so(tmp_path):
    with pytest.raises(BioactiveError, match="B101"):
        list(read_pool(tmp_path / "absent.jsonl", spacy.blank("en").vocab))


def test_ranked_tasks_survive_json_lines(crf_nlp, tmp_path):
    tasks = rank(crf_nlp, TEXTS)
    srsly.write_jsonl(tmp_path / "out.jsonl", tasks)
    again = list(read_pool(tmp_path / "out.jsonl", crf_nlp.vocab))
    assert [(task["text"], task["spans"]) for task in again] == [(task["text"], task["spans"]) for task in tasks]


def test_stretches_are_ranked_by_their_worst_words_and_disable_the_rest(crf_nlp):
    pool = ["a b c d", "e f", "b b b a"]
    tasks = rank(crf_nlp, pool, "entropy", unit="stretch", stretch_words=2)
    assert sorted(task["text"] for task in tasks) == sorted(pool)
    assert [task["score"] for task in tasks] == sorted((task["score"] for task in tasks), reverse=True)
    for task in tasks:
        asked = [token for token in task["tokens"] if "disabled" not in token]
        assert 2 <= len(asked) <= len(task["tokens"])
        edges = {asked[0]["id"], asked[-1]["id"]}
        # No predicted entity is cut, and one that lies outside is not shown.
        assert all(min(edges) <= span["token_start"] and span["token_end"] <= max(edges) for span in task["spans"])


def test_several_stretches_of_a_text_are_one_task(crf_nlp):
    text = " ".join("abcd")
    one, two = (rank(crf_nlp, [text], "random", unit="stretch", stretch_words=1, stretches=n)[0] for n in (1, 2))
    asked = [sum("disabled" not in token for token in task["tokens"]) for task in (one, two)]
    assert 1 <= asked[0] <= asked[1]


def test_unknown_unit_is_an_error(crf_nlp):
    with pytest.raises(BioactiveError, match=r"B536.*'page'"):
        rank(crf_nlp, ["a"], unit="page")
