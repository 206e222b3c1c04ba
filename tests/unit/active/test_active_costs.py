from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
import typer
from typer.testing import CliRunner

from bioactive.active.costs import LEAST, TimeModel, fit_time, read_time
from bioactive.active.posteriors import text_only
from bioactive.annotate.exchange import db_in
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import to_json
from bioactive.cli.fit_time import fit_time_cli, told
from bioactive.errors import BioactiveError

ROOT = Path(__file__).resolve().parents[3]


def answers(model: TimeModel, number: int = 60, seed: int = 0, noise: float = 0.0) -> list[dict]:
    """Answers of one session, each as late as a model says."""
    rng, now, found = np.random.default_rng(seed), 1000.0, []
    for place in range(number):
        words, context, spans = (int(n) for n in rng.integers([3, 0, 0], [30, 40, 6]))
        tokens = [{"text": "w"} for _ in range(words)] + [{"text": "w", "disabled": True} for _ in range(context)]
        now += model.question + model.word * words + model.context * context + model.entity * spans
        now += float(rng.normal(scale=noise)) if noise else 0.0
        found.append(
            {
                "text": f"text {place}",
                "tokens": tokens,
                "spans": [{"start": 0, "end": 1, "label": "X"}] * spans,
                "answer": "accept",
                "_timestamp": now,
                "_session_id": "a",
            }
        )
    return found


def test_fit_finds_the_seconds_that_made_the_time_stamps():
    model = TimeModel(3.0, 0.4, 0.1, 2.5)
    fit = fit_time(answers(model))
    assert [fit.model.question, fit.model.word, fit.model.context, fit.model.entity] == pytest.approx(
        [3.0, 0.4, 0.1, 2.5]
    )
    assert (fit.answers, fit.first, fit.breaks, fit.unstamped) == (59, 1, 0, 0)
    assert fit.error == pytest.approx(0.0, abs=1e-6) and fit.explained == pytest.approx(1.0)


def test_no_part_takes_less_than_no_time():
    fit = fit_time(answers(TimeModel(0.2, 0.3, 0.0, 0.0), noise=1.0))
    assert min(vars(fit.model).values()) >= 0.0


def test_breaks_are_left_out_and_sessions_are_told_apart():
    model = TimeModel(3.0, 0.4, 0.1, 2.5)
    found = answers(model)
    for answer in found[30:]:
        answer["_timestamp"] += 4000.0
    other = [
        {**answer, "_session_id": "b", "_timestamp": answer["_timestamp"] + 7} for answer in answers(model, seed=1)
    ]
    mixed = [answer for pair in zip(found, other, strict=True) for answer in pair]
    fit = fit_time([*mixed, {"text": "no stamp"}])
    assert (fit.answers, fit.breaks, fit.first, fit.unstamped) == (117, 1, 2, 1)
    assert fit.model.word == pytest.approx(0.4)


def test_rejected_answer_marks_nothing():
    found = answers(TimeModel(3.0, 0.4, 0.1, 0.0))
    for answer in found:
        answer["answer"] = "reject"
    assert fit_time(found).model.entity == 0.0


def test_too_few_answers_are_an_error():
    with pytest.raises(BioactiveError, match=r"B540.*Found 4 answers"):
        fit_time(answers(TimeModel(), 5))


def test_command_reads_a_file_or_a_dataset_and_prints_a_section(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(map(to_json, answers(TimeModel(3.0, 0.4, 0.1, 2.5)))) + "\n", encoding="utf8")
    with Store(str(tmp_path / "answers.db")) as store:
        db_in(store, "mine", path)
    app = typer.Typer()
    app.command()(fit_time_cli)
    for args in ([str(path)], ["mine", "--db", str(tmp_path / "answers.db")]):
        found = CliRunner().invoke(app, args)
        assert found.exit_code == 0, found.output
        assert "[time]\nquestion = 3.000\nword = 0.400\ncontext = 0.100\nentity = 2.500" in found.output


def test_what_the_command_prints_is_read_again(tmp_path):
    path = tmp_path / "time.cfg"
    path.write_text("\n".join(told(fit_time(answers(TimeModel(3.0, 0.4, 0.1, 2.5))))), encoding="utf8")
    assert read_time(path) == TimeModel(3.0, 0.4, 0.1, 2.5)
    assert read_time(ROOT / "configs" / "simulate.cfg") == TimeModel()
    path.write_text("[time]\nword = 1\n", encoding="utf8")
    assert read_time(path) == TimeModel(word=1.0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nothing of the kind\n", "section headers"),
        ("[training]\nword = 1\n", "no section"),
        ("[time]\nwords = 1\n", "words = 1"),
        ("[time]\nword = -1\n", "word = -1"),
        ('[time]\nword = "slow"\n', "slow"),
        ("[time]\nword = true\n", "True"),
        ("[time]\nword = NaN\n", "word = "),
        ("[time]\nquestion = 0\nword = 0.0\ncontext = 0\nentity = 0.000\n", "takes any time"),
    ],
)
def test_file_that_holds_no_seconds_is_named(tmp_path, text, problem):
    path = tmp_path / "time.cfg"
    path.write_text(text, encoding="utf8")
    with pytest.raises(BioactiveError, match=f"B547.*time.cfg.*{problem}"):
        read_time(path)
    with pytest.raises(BioactiveError, match="B308"):
        read_time(tmp_path / "absent.cfg")


def test_no_question_is_for_nothing():
    text = text_only(spacy.blank("en")("a b c"))
    assert TimeModel(0.0, 0.0, 0.0, 0.0).expected(text, (0, 3)) == LEAST
    assert TimeModel(0.0, 0.1, 0.25, 0.0).expected(text, (0, 3), opened=True) == LEAST
