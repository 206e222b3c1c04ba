"""A plain transformers token-classification loop: the peer that `crf_ner` is compared with.

First sub-token labels, linear head, AdamW, warm-up then linear decay, random order, batches of 32, no bucketing.
Reads the same .spacy files as the pipelines, one sentence a Doc.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy
import spacy
import srsly
import torch
import typer
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from spacy.tokens import DocBin
from transformers import AutoModelForTokenClassification, AutoTokenizer, get_linear_schedule_with_warmup

Sentence = tuple[list[str], list[str]]
IGNORED = -100


def read(path: Path) -> list[Sentence]:
    """Words and BIO tags of every Doc in a .spacy file."""
    docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    return [
        ([t.text for t in doc], [f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else "O" for t in doc]) for doc in docs
    ]


class Batches:
    """Padded tensors of sentences, and the way back from pieces to words."""

    def __init__(self, tokenizer, tags: list[str]) -> None:
        self.tokenizer = tokenizer
        self.tag_ids = {tag: i for i, tag in enumerate(tags)}

    def __call__(self, sentences: list[Sentence]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        words = [words for words, _ in sentences]
        encoded = self.tokenizer(
            words, is_split_into_words=True, padding=True, truncation=True, max_length=512, return_tensors="pt"
        )
        labels = torch.full(encoded["input_ids"].shape, IGNORED)
        for row, (_, tags) in enumerate(sentences):
            for piece, word in self.first_pieces(encoded.word_ids(row)):
                labels[row, piece] = self.tag_ids[tags[word]]
        return dict(encoded), labels

    @staticmethod
    def first_pieces(word_ids: list[int | None]) -> Iterator[tuple[int, int]]:
        previous = None
        for piece, word in enumerate(word_ids):
            if word is not None and word != previous:
                yield piece, word
            previous = word


def autocast(precision: str, device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def moved(inputs: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: tensor.to(device) for name, tensor in inputs.items()}


def grouped(data: list[Sentence], order: random.Random) -> list[Sentence]:
    """Shuffled, then sorted by length inside windows of 50 batches, as Trainer's `group_by_length` does."""
    shuffled = order.sample(data, len(data))
    windows = [shuffled[start : start + 50 * 32] for start in range(0, len(data), 50 * 32)]
    return [sentence for window in windows for sentence in sorted(window, key=lambda own: -len(own[0]))]


def train(
    model,
    batches: Batches,
    data: list[Sentence],
    epochs: int,
    lr: float,
    seed: int,
    precision: str,
    by_length: bool = False,
) -> None:
    order = random.Random(seed)
    steps = epochs * -(-len(data) // 32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, steps // 10, steps)
    model.train()
    for epoch in range(epochs):
        shuffled = grouped(data, order) if by_length else order.sample(data, len(data))
        for start in range(0, len(shuffled), 32):
            inputs, labels = batches(shuffled[start : start + 32])
            with autocast(precision, model.device):
                loss = model(**moved(inputs, model.device), labels=labels.to(model.device)).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        print(f"epoch {epoch} loss {loss.item():.3f}", flush=True)


@torch.inference_mode()
def predict(model, batches: Batches, data: list[Sentence], tags: list[str], precision: str) -> list[list[str]]:
    model.eval()
    predicted = []
    for start in range(0, len(data), 32):
        chunk = data[start : start + 32]
        inputs, labels = batches(chunk)
        with autocast(precision, model.device):
            best = model(**moved(inputs, model.device)).logits.argmax(-1).cpu()
        for row, (words, _) in enumerate(chunk):
            kept = labels[row] != IGNORED
            found = [tags[i] for i in best[row][kept].tolist()]
            predicted.append(found + ["O"] * (len(words) - len(found)))
    return predicted


def main(
    encoder: str,
    train_path: Path,
    dev_path: Path,
    test_path: Annotated[Path | None, typer.Option(help="Scored only when given: choose on dev first")] = None,
    output: Annotated[Path | None, typer.Option(help="Append the result to this JSONL file")] = None,
    lr: float = 2e-4,
    epochs: int = 3,
    seed: int = 0,
    precision: Annotated[str, typer.Option(help="float32 or bf16")] = "float32",
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
) -> None:
    """Train on one .spacy file, print strict and default seqeval F1 of the others."""
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    data = read(train_path)
    tags = sorted({tag for _, sentence in data for tag in sentence})
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    model = AutoModelForTokenClassification.from_pretrained(encoder, num_labels=len(tags)).to(device)
    batches = Batches(tokenizer, tags)
    train(model, batches, data, epochs, lr, seed, precision)
    row = {"system": "plain loop", "lr": lr, "epochs": epochs, "seed": seed, "precision": precision}
    for name, path in (("dev", dev_path), ("test", test_path)):
        if path is not None:
            gold = read(path)
            found = predict(model, batches, gold, tags, precision)
            truth = [sentence for _, sentence in gold]
            row[f"{name}_strict"] = float(f1_score(truth, found, mode="strict", scheme=IOB2))
            row[f"{name}_default"] = float(f1_score(truth, found))
    print(row)
    if output is not None:
        srsly.write_jsonl(output, [row], append=True, append_new_line=False)


if __name__ == "__main__":
    typer.run(main)
