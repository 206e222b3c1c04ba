"""What of a pool is worth scoring: neither blank, nor too long for the pipeline, nor seen before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spacy.vocab import Vocab

from bioactive.annotate.tasks import Task
from bioactive.blocks import blocks
from bioactive.prints import Prints, print_of

from .pool import read_pool, text_of

# Position in the pool, counted from 0, and the item with its text under "text".
Item = tuple[int, Task]


class Intake:
    """Looks at the items of a pool, block by block, in their order.

    text_key (str): Key of the text in a dict.
    longest (int): Characters that the pipeline takes.
    """

    def __init__(self, text_key: str, longest: int) -> None:
        self.text_key, self.longest = text_key, longest
        self.counts = {"seen": 0, "empty": 0, "too_long": 0, "duplicates": 0}
        self.known = Prints()

    def usable(self, block: Sequence[Task | str]) -> list[Item]:
        """Those of the next block that are worth scoring; the others are counted.

        RAISES (BioactiveError): B323 when an item has no text.
        """
        counts, found = self.counts, []
        for item in block:
            counts["seen"] += 1
            eg = {"text": item} if isinstance(item, str) else item
            key = "text" if isinstance(item, str) else self.text_key
            text = text_of(eg, key, f"item {counts['seen']} of the pool")
            if not text.strip():
                counts["empty"] += 1
            elif len(text) > self.longest:
                counts["too_long"] += 1
            else:
                found.append((counts["seen"] - 1, {**eg, "text": text}))
        new = self.known.add([print_of(eg["text"]) for _, eg in found])
        counts["duplicates"] += len(new) - sum(new)
        return [item for item, is_new in zip(found, new, strict=True) if is_new]


def taken_in(
    pool: Path,
    text_key: str,
    size: int,
    longest: int,
    finished: int = 0,
    on_size: Callable[[int], object] = lambda items: None,
) -> Iterator[dict[str, Any]]:
    """A pool file by the block, with what is worth scoring.

    pool (Path): As `read_pool` takes it.
    text_key, longest: As in `Intake`.
    size (int): Items a block.
    finished (int): So many blocks are done: their items are looked at, as later ones may repeat them, and left out.
    on_size (Callable): As in `read_pool`.
    YIELDS (dict): `number` of the block, its `length`, `items`, and the `counts` of all blocks up to it.
    """
    intake = Intake(text_key, longest)
    # A vocabulary of its own: the pipeline's should not keep the words of a .spacy file.
    for number, block in enumerate(blocks(read_pool(pool, Vocab(), text_key, on_size), size)):
        items = intake.usable(block)
        kept = items if number >= finished else []
        yield {"number": number, "length": len(block), "items": kept, "counts": dict(intake.counts)}
