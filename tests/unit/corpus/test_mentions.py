from __future__ import annotations

import pytest
import spacy
from typer.testing import CliRunner

from bioactive.cli.app import app
from bioactive.corpus.binfile import read_docs
from bioactive.corpus.mentions import read_mentions
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError

VOCAB = spacy.blank("xx").vocab


@pytest.fixture
def folder(tmp_path):
    rows = ["T2\tDISO 10 25\tсахарный диабет", "T1\tAGE 0 2\t65", "R1\tHAS Arg1:T1 Arg2:T2", "T3\tDISO 1 2\t  ", ""]
    (tmp_path / "a.ann").write_text("\n".join(rows), encoding="utf8")
    (tmp_path / "a.txt").write_text("x" * 40, encoding="utf8")
    (tmp_path / "b.ann").write_text("", encoding="utf8")
    (tmp_path / "b.txt").write_text("nothing", encoding="utf8")
    return tmp_path


def test_mentions_come_in_the_order_of_the_file_each_a_word_and_an_entity(folder):
    tally = Tally()
    first, second = read_mentions(folder, VOCAB, tally)
    assert [(token.text, token.ent_iob_, token.ent_type_) for token in first] == [
        ("сахарный диабет", "B", "DISO"),
        ("65", "B", "AGE"),
    ]
    assert first.user_data["doc_id"] == "a" and len(second) == 0
    assert tally.counts == {"mentions": 2, "mentions without text, left out": 1, "relations (R), not read": 1}


def test_command_writes_what_can_be_read_again(folder):
    found = CliRunner().invoke(app, ["corpus", "mentions", str(folder), str(folder / "out" / "m.spacy")])
    assert found.exit_code == 0, found.output
    assert "2 documents" in found.output and "2  mentions" in found.output
    (first, _) = read_docs(folder / "out" / "m.spacy", VOCAB)
    assert [token.text for token in first] == ["сахарный диабет", "65"]
    assert [ent.label_ for ent in first.ents] == ["DISO", "AGE"]


def test_folder_without_files_is_an_error(tmp_path):
    with pytest.raises(BioactiveError, match="B102"):
        list(read_mentions(tmp_path, VOCAB, Tally()))
