"""The tiny encoders stand in for the named hub models: spacy-transformers must take each of them as it is."""

from __future__ import annotations

from pathlib import Path

import numpy
import spacy
from spacy.language import Language


def pipeline(encoder: Path) -> Language:
    nlp = spacy.blank("ru")
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(encoder)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    return nlp


def test_encoder_gives_a_state_for_each_word(tiny_encoder: Path) -> None:
    doc = pipeline(tiny_encoder)("Мутация гена BRCA1 raises NF-kappa B.")
    pieces = doc._.trf_data.align.lengths
    assert len(pieces) == len(doc)
    assert (pieces > 0).all()


def test_encoder_gives_the_same_states_after_a_reload(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = pipeline(tiny_encoder)
    nlp.to_disk(tmp_path)
    text = "Patients were given 500 mg of metformin."
    states = [each(text)._.trf_data.model_output.last_hidden_state for each in (nlp, spacy.load(tmp_path))]
    numpy.testing.assert_array_equal(*states)


def test_roberta_tokenizer_puts_a_space_before_the_first_word(tiny_roberta: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_roberta)
    assert tokenizer.add_prefix_space
    assert tokenizer.tokenize("cells")[0].startswith("Ġ")
