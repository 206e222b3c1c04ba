"""A language model as a source: asked over a local server that answers right, late, wrong, broken, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from spacy.tokens import Doc, Span

from bioactive.cheap.chat import Chat, ChatOptions, OverBudget, Unanswered, most_tokens
from bioactive.cheap.llm import LLMSource
from bioactive.cheap.prompt import choose_shots, locate, messages_for, read_answer, read_definitions
from bioactive.cheap.source import label
from bioactive.corpus.align import CharSpan
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.tokenizer import blank

from .chat_server import DRIP, LATE, MOVED, RAW, playing

ASKED = [{"role": "user", "content": "gout?"}]
DEFINITIONS = {"Disease": "an illness", "Chemical": "a drug"}


@pytest.fixture(scope="module")
def nlp():
    return blank("en")


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def chat(url: str, waits: list[float] | None = None, **options) -> Chat:
    settings = {"url": url, "model": "played", "timeout": 5.0, "retries": 2, **options}
    return Chat(ChatOptions(**settings), sleep=(waits if waits is not None else []).append)


def answer(*pairs: tuple[str, str]) -> str:
    return json.dumps({"entities": [{"text": text, "label": label} for text, label in pairs]})


# --- the connection


def test_answer_is_read_and_cached_by_the_request(tmp_path):
    with playing("one", "two", "three") as (url, played):
        first = chat(url, cache=tmp_path)
        assert first.ask(ASKED) == "one" and first.ask(ASKED) == "one"
        assert (first.budget.requests, first.cached, first.budget.spent) == (1, 1, 50)
        assert chat(url, cache=tmp_path).ask(ASKED) == "one"
        assert chat(url, cache=tmp_path, temperature=0.5).ask(ASKED) == "two"
        assert chat(url, cache=tmp_path, model="other").ask(ASKED) == "three"
    assert [one["model"] for one in played.asked] == ["played", "played", "other"]
    assert played.asked[0]["messages"] == ASKED and played.asked[0]["max_tokens"] == 1024
    assert played.keys == [None] * 3


def test_key_comes_from_the_environment_and_stays_out_of_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "a secret")
    with playing("yes") as (url, played):
        chat(url, cache=tmp_path, key_variable="MY_KEY").ask(ASKED)
    assert played.keys == ["Bearer a secret"]
    assert all("a secret" not in path.read_text() for path in tmp_path.rglob("*.json"))


def test_passing_errors_are_tried_again_with_growing_waits():
    waits: list[float] = []
    with playing(500, RAW, 503, "at last") as (url, _):
        assert chat(url, waits, retries=3).ask(ASKED) == "at last"
    assert waits == [1.0, 2.0, 4.0]


def test_server_may_ask_for_a_longer_wait():
    waits: list[float] = []
    with playing(429, "yes") as (url, _):
        assert chat(url, waits).ask(ASKED) == "yes"
    assert waits == [7.0]


@pytest.mark.parametrize("kind", [LATE, DRIP])
def test_late_answer_is_not_waited_for(kind):
    with playing(kind, "in time", lateness=0.6) as (url, _):
        found = chat(url, timeout=0.3)
        assert found.ask(ASKED) == "in time"
        # The late one may have been worked on, so it is paid for at its highest price.
        assert found.budget.spent == most_tokens(ASKED) + 1024 + 50


def test_server_that_never_answers_is_given_up():
    waits: list[float] = []
    with playing(500) as (url, played), pytest.raises(Unanswered):
        chat(url, waits).ask(ASKED)
    assert len(played.asked) == 3 and waits == [1.0, 2.0]
    with pytest.raises(Unanswered):
        chat("http://127.0.0.1:1/v1").ask(ASKED)


@pytest.mark.parametrize("status", [400, 401, 404, MOVED])
def test_refusal_is_told_at_once(status):
    with playing(status) as (url, played), pytest.raises(BioactiveError, match="B558.*status"):
        chat(url).ask(ASKED)
    assert len(played.asked) == 1


@pytest.mark.parametrize("url", ["127.0.0.1:80/v1", "ftp://127.0.0.1/v1", "http:///v1"])
def test_address_that_is_none_is_refused(url):
    with pytest.raises(BioactiveError, match="B557"):
        chat(url)


def test_key_does_not_go_unencrypted(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a secret")
    with pytest.raises(BioactiveError, match="B557.*unencrypted"):
        chat("http://models.example/v1")
    chat("https://models.example/v1")
    chat("http://localhost:1/v1")
    chat("http://[::1]:1/v1")


def test_budget_is_never_passed():
    most = most_tokens(ASKED) + 100
    with playing("yes") as (url, played):
        found = chat(url, max_tokens=100, budget=most + 60)
        assert found.ask(ASKED) == "yes" and found.ask(ASKED) == "yes"
        # 100 are spent; another question might cost more than what is left.
        with pytest.raises(OverBudget):
            found.ask(ASKED)
    assert found.budget.spent == 100 and found.budget.reserved == 0 and len(played.asked) == 2


def test_answer_without_its_price_costs_the_most():
    with playing("yes", usage=False) as (url, _):
        found = chat(url, max_tokens=100)
        found.ask(ASKED)
    assert found.budget.spent == most_tokens(ASKED) + 100


# --- the answer in the text


def test_mentions_are_located_in_order_and_each_place_once():
    text = "Gout, then gout and GOUT in gouty men."
    tally = Tally()
    given = [{"text": "gout", "label": "Disease"}] * 4
    assert [text[s.start : s.end] for s in locate(text, given, ["Disease"], tally)] == ["gout", "GOUT", "Gout"]
    assert tally.counts["answers that do not stand in the text, left out"] == 1


def test_mentions_are_located_by_code_points_over_any_white_space():
    text = "β-blockers 🙂 and heart\u00a0 failure"
    found = locate(
        text,
        [{"text": "β-blockers", "label": "C"}, {"text": "heart failure", "label": "D"}],
        ["C", "D"],
        Tally(),
    )
    assert found == [CharSpan(0, 10, "C"), CharSpan(17, 31, "D")]


def test_what_cannot_be_located_is_counted():
    tally = Tally()
    given = [
        {"text": "asthma", "label": "Disease"},
        {"text": "gout", "label": "Gene"},
        {"text": " ", "label": "Disease"},
        {"text": "gout"},
        "gout",
        {"text": "gout", "label": ["Disease"]},
    ]
    assert locate("gout", given, ["Disease"], tally) == []
    assert tally.counts["answers that do not stand in the text, left out"] == 1
    assert tally.counts["answers of types that were not asked for, left out"] == 1
    assert tally.counts["answers without text and label, left out"] == 4


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"entities": []}', []),
        ('Here it is:\n```json\n{"entities": [{"text": "a"}]}\n```', [{"text": "a"}]),
        ('[{"text": "a"}]', [{"text": "a"}]),
        ('{"entities": [', None),
        ('{"other": 1}', None),
        ("none", None),
        ("", None),
        ("{" * 5000, None),
    ],
)
def test_reply_is_read(reply, expected):
    assert read_answer(reply) == expected


# --- the prompt


def expert(nlp, *texts: tuple[str, list[tuple[int, int, str]]]) -> list[Doc]:
    docs = []
    for text, spans in texts:
        doc = nlp.make_doc(text)
        doc.set_ents([Span(doc, *span) for span in spans])
        docs.append(doc)
    return docs


def test_examples_show_each_type_and_a_text_without_any(nlp):
    docs = expert(
        nlp,
        *[(f"gout {n}", [(0, 1, "Disease")]) for n in range(20)],
        ("aspirin", [(0, 1, "Chemical")]),
        ("nothing here", []),
    )
    half = nlp.make_doc("half known")
    half.set_ents([], missing=[half[0:1]], default="outside")
    for seed in range(5):
        chosen = choose_shots([*docs, half], list(DEFINITIONS), 3, seed)
        assert {ent.label_ for doc in chosen for ent in doc.ents} == {"Disease", "Chemical"}
        assert chosen[-1].text == "nothing here" and len(chosen) == 3
    assert choose_shots([], list(DEFINITIONS), 3) == []


def test_prompt_holds_definitions_and_examples(nlp):
    (doc,) = expert(nlp, ("Gout hurts", [(0, 1, "Disease")]))
    messages = messages_for("asked {text}", DEFINITIONS, [doc])
    assert [one["role"] for one in messages] == ["system", "user", "assistant", "user"]
    assert "- Disease: an illness" in messages[0]["content"] and '{"entities": []}' in messages[0]["content"]
    assert json.loads(messages[2]["content"]) == {"entities": [{"text": "Gout", "label": "Disease"}]}
    assert messages[3]["content"] == "asked {text}"


def test_definitions_are_read(tmp_path):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(DEFINITIONS), encoding="utf8")
    assert read_definitions(path) == DEFINITIONS
    for broken in ("[]", "{}", '{"a": 1}', "no"):
        path.write_text(broken, encoding="utf8")
        with pytest.raises(BioactiveError, match="B556"):
            read_definitions(path)
    with pytest.raises(BioactiveError, match="B101"):
        read_definitions(tmp_path / "none.json")


# --- the source


def of_text(messages: list[dict[str, str]]) -> str:
    """The played model finds "gout" wherever it stands."""
    return answer(*[("gout", "Disease")] * messages[-1]["content"].count("gout"))


@pytest.mark.parametrize("jobs", [1, 4])
def test_texts_are_labelled_in_order_with_their_origin(nlp, jobs):
    texts = [f"{n} men had gout" if n % 2 else f"{n} women were well" for n in range(20)]
    tally = Tally()
    with playing(of_text) as (url, _):
        source = LLMSource(chat(url), DEFINITIONS, jobs=jobs)
        docs = list(label(source, map(nlp.make_doc, texts), tally, "then"))
    assert [doc.text for doc in docs] == texts
    assert [[ent.text for ent in doc.ents] for doc in docs] == [["gout"] if n % 2 else [] for n in range(20)]
    assert docs[0].user_data["cheap"] == ["llm:played", source.version, "then"]


def test_text_is_never_among_its_own_examples(nlp):
    docs = expert(nlp, *[(f"gout {n}", [(0, 1, "Disease")]) for n in range(4)])
    with playing(of_text) as (url, played):
        source = LLMSource(chat(url), DEFINITIONS, docs, shots=2)
        list(source.spans(docs, Tally()))
    for asked in played.asked:
        shown = [one["content"] for one in asked["messages"] if one["role"] == "user"]
        assert len(shown) == 3 and shown[-1] not in shown[:-1]


def test_reply_that_is_no_json_is_asked_for_again_once(nlp):
    tally = Tally()
    with playing("Sure!", answer(("gout", "Disease")), "Sure!", "Sure!") as (url, played):
        found = list(LLMSource(chat(url), DEFINITIONS).spans(map(nlp.make_doc, ("gout", "more gout")), tally))
    assert found == [[CharSpan(0, 4, "Disease")], None]
    assert tally.counts["replies without the JSON asked for"] == 2
    assert [len(one["messages"]) for one in played.asked] == [2, 4, 2, 4]


def test_texts_past_the_budget_are_counted_and_a_second_run_goes_on(nlp, tmp_path):
    texts = [f"gout {n}" for n in range(6)]
    prompt = most_tokens(messages_for(texts[0], DEFINITIONS, []))
    with playing(of_text) as (url, played):
        options = ChatOptions(url, "played", max_tokens=10, budget=prompt + 10 + 2 * 50, cache=tmp_path)
        tally = Tally()
        docs = list(label(LLMSource(Chat(options), DEFINITIONS), map(nlp.make_doc, texts), tally))
        assert len(docs) == 3
        assert tally.counts["texts not asked about, as the budget is spent"] == 3
        assert tally.counts["texts that the source did not answer for, left out"] == 3
        again = Chat(replace(options, budget=0))
        assert len(list(label(LLMSource(again, DEFINITIONS), map(nlp.make_doc, texts), Tally()))) == 6
    assert again.cached == 3 and len(played.asked) == 6


def test_server_that_is_down_ends_the_run(nlp):
    texts = map(nlp.make_doc, (f"gout {n}" for n in range(50)))
    with playing(500) as (url, _), pytest.raises(BioactiveError, match="B559"):
        list(LLMSource(chat(url, retries=0), DEFINITIONS).spans(texts, Tally()))


def test_text_without_a_reply_is_counted_and_the_next_goes_on(nlp):
    tally = Tally()
    with playing(500, of_text) as (url, _):
        found = list(
            LLMSource(chat(url, retries=0), DEFINITIONS).spans(map(nlp.make_doc, ("gout", "gout", " ")), tally)
        )
    assert found == [None, [CharSpan(0, 4, "Disease")], []]
    assert tally.counts["texts without a reply after all tries"] == 1
