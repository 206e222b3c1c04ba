"""Training batches by the word pieces that an encoder will see, padding included."""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

from spacy.training import Example

from ..blocks import blocks


def create_piece_batcher(
    encoder: str, size: int, window: int = 512, seed: int = 0
) -> Callable[[Iterable[Example]], Iterator[list[Example]]]:
    """Batches of texts of like length, registered as "bioactive.batch_by_pieces.v1".

    The Examples come in an order that is shuffled already. So many of them as the window holds are sorted by their
    pieces and cut into batches, and these come in random order: like lengths meet, and the order stays one of chance.

    encoder (str): Hub name or folder of the encoder, for its tokenizer.
    size (int): The most padded pieces in a batch: its Examples times the pieces of the longest. A longer text is a
        batch of its own; nothing is discarded.
    window (int): Examples to sort at a time.
    seed (int): Of the order of the batches.
    RETURNS (Callable): From Examples to batches.
    """
    return PieceBatcher(encoder, size, window, seed)


class PieceBatcher:
    """See `create_piece_batcher`; counts the pieces of a text once, however often it comes."""

    def __init__(self, encoder: str, size: int, window: int, seed: int) -> None:
        self.encoder = encoder
        self.size = size
        self.window = window
        self.random = random.Random(seed)
        self.known: dict[bytes, int] = {}

    def __call__(self, examples: Iterable[Example]) -> Iterator[list[Example]]:
        for window in blocks(examples, self.window):
            batches = cut(self._pieces([eg.predicted.text for eg in window]), self.size)
            self.random.shuffle(batches)
            yield from ([window[index] for index in batch] for batch in batches)

    @cached_property
    def tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.encoder, use_fast=True)

    def _pieces(self, texts: Sequence[str]) -> list[int]:
        """Pieces of each text, the special ones included."""
        keys = [blake2b(text.encode("utf8", "surrogatepass"), digest_size=16).digest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self.known}
        if new:
            found = self.tokenizer(list(new.values()), verbose=False)["input_ids"]
            self.known.update(zip(new, map(len, found), strict=True))
        return [self.known[key] for key in keys]


def cut(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Group texts by length.

    lengths (Sequence[int]): Pieces of each text.
    size (int): The most padded pieces of a group; a longer text is a group of its own.
    RETURNS (list[list[int]]): Indices into `lengths`, shortest first; each index once.
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not batches or lengths[index] * (len(batches[-1]) + 1) > size:
            batches.append([])
        batches[-1].append(index)
    return batches
