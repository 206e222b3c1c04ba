"""Tiny random encoders, one of each tokenizer family that the named models use, trained on a few sentences of ours."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    RobertaTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizerFast,
)

SENTENCES = [
    "Interleukin-2 binds its receptor on activated T cells and raises NF-kappa B.",
    "Patients with type 2 diabetes were given 500 mg of metformin for twelve weeks.",
    "The TP53 mutation p.R175H was found in 12 of 40 breast tumours.",
    "Expression of CD4 fell after treatment with dexamethasone (p < 0.05).",
    "У больных сахарным диабетом 2 типа уровень глюкозы снизился на фоне метформина.",
    "Мутация гена BRCA1 выявлена у 7 из 45 пациенток с раком молочной железы.",
    "Экспрессия CD4 на Т-лимфоцитах уменьшилась после курса дексаметазона.",
    "Артериальная гипертензия и ожирение повышают риск инфаркта миокарда.",
]
SIZE: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 520,
}
VOCABULARY = 400


def build_bert(path: Path) -> Path:
    """Write a BERT with a cased WordPiece tokenizer.

    path (Path): The folder to write.
    RETURNS (Path): The same folder.
    """
    tokenizer = Tokenizer(models.WordPiece(_word_pieces(), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = BertTokenizerFast(tokenizer_object=tokenizer, do_lower_case=False, model_max_length=512)
    return _write(path, fast, BertModel, BertConfig(vocab_size=tokenizer.get_vocab_size(), pad_token_id=0, **SIZE))


def build_roberta(path: Path) -> Path:
    """Write a RoBERTa with a byte-level BPE tokenizer and `add_prefix_space`.

    path (Path): The folder to write.
    RETURNS (Path): The same folder.
    """
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=True)
    fast = RobertaTokenizerFast(tokenizer_object=tokenizer, add_prefix_space=True, model_max_length=512)
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), pad_token_id=1, bos_token_id=0, eos_token_id=2, **SIZE
    )
    return _write(path, fast, RobertaModel, config)


def build_xlmr(path: Path) -> Path:
    """Write an XLM-R with a SentencePiece (Unigram) tokenizer.

    path (Path): The folder to write.
    RETURNS (Path): The same folder.
    """
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=VOCABULARY, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    path.mkdir(parents=True)
    vocab_file = path / "sentencepiece.bpe.model"
    vocab_file.write_bytes(_sentencepiece_model(tokenizer))
    # spacy-transformers carries this file inside the pipeline, so the real encoders' path through it is taken here too.
    fast = XLMRobertaTokenizerFast(tokenizer_object=tokenizer, vocab_file=str(vocab_file), model_max_length=512)
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), pad_token_id=1, bos_token_id=0, eos_token_id=2, **SIZE
    )
    return _write(path, fast, XLMRobertaModel, config)


def _word_pieces() -> dict[str, int]:
    """A vocabulary for WordPiece, always the same one: its own trainer draws another in each process."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learned.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=VOCABULARY, show_progress=False))
    pieces = sorted(learned.get_vocab())
    return {piece: number for number, piece in enumerate([*special, *pieces, *("##" + piece for piece in pieces)])}


def _sentencepiece_model(tokenizer: Tokenizer) -> bytes:
    """The pieces as SentencePiece keeps them: a protobuf message, field 1 a piece of (1: text, 2: score as float)."""
    pieces = json.loads(tokenizer.to_str())["model"]["vocab"]
    model = b""
    for text, score in pieces:
        encoded = text.encode()
        piece = b"\x0a" + _varint(len(encoded)) + encoded + b"\x15" + struct.pack("<f", score)
        model += b"\x0a" + _varint(len(piece)) + piece
    return model


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _write(path: Path, tokenizer: PreTrainedTokenizerFast, model: type[PreTrainedModel], config: Any) -> Path:
    generator_state = torch.get_rng_state()
    torch.manual_seed(0)
    model(config).save_pretrained(path)
    torch.set_rng_state(generator_state)
    tokenizer.save_pretrained(path)
    return path
