"""How many gold entities does a tokenizer cut? spaCy's own against the biomedical one, on raw text with offsets.

    python benchmarks/tokenizer.py [--splits train,dev,test] [--show 20]

Reads JNLPBA (standoff.tar.gz) and NEREL-BIO (brat folders) from $BIOACTIVE_CORPORA, by default ../shared/corpora.
"""

from __future__ import annotations

import argparse
import os
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import spacy
from spacy.language import Language

from bioactive.tokenizer import blank

ROOT = Path(__file__).resolve().parent.parent
CORPORA = {"jnlpba": "en", "nerel-bio": "ru"}
ENTITY = re.compile(r"^T\d+\t\S+ ([\d ;]+)\t", re.MULTILINE)
REPEATS = 3


class Text(NamedTuple):
    """A document and the fragments of its entities, in code points; nested and discontinuous ones included."""

    text: str
    fragments: list[tuple[int, int]]


class Figures(NamedTuple):
    """What one tokenizer did to one split: counts, seconds of processor time, and the fragments that were cut."""

    entities: int
    cut: list[str]
    tokens: int
    seconds: float


def corpora_folder() -> Path:
    """The folder of the corpora."""
    return Path(os.environ.get("BIOACTIVE_CORPORA", ROOT / ".." / "shared" / "corpora"))


def parse(text: str, annotations: str) -> Text:
    """Read one standoff pair."""
    pairs = [part.split() for found in ENTITY.findall(annotations) for part in found.split(";")]
    return Text(text, [(int(start), int(end)) for start, end in pairs])


def read_folder(folder: Path) -> Iterator[Text]:
    """Read a folder of .txt and .ann files; line ends are left alone, since offsets count them."""
    for path in sorted(folder.glob("*.txt")):
        text = path.read_bytes().decode("utf8")
        yield parse(text, path.with_suffix(".ann").read_bytes().decode("utf8"))


def read_archive(path: Path, split: str) -> Iterator[Text]:
    """Read the .txt and .ann files of one split out of a tar file."""
    files: dict[str, str] = {}
    with tarfile.open(path) as archive:
        # In the order of the archive: going back in a compressed file means unpacking it again.
        for member in archive:
            if f"/{split}/" in f"/{member.name}" and (file := archive.extractfile(member)):
                files[member.name] = file.read().decode("utf8")
    for name in sorted(name for name in files if name.endswith(".txt")):
        yield parse(files[name], files[f"{name[:-4]}.ann"])


def read(corpus: str, split: str) -> list[Text]:
    """Read a split of a corpus; empty when the corpus has no such split or is not there."""
    folder = corpora_folder() / corpus
    archive = folder / "standoff.tar.gz"
    return list(read_archive(archive, split) if archive.exists() else read_folder(folder / split))


def measure(nlp: Language, texts: list[Text]) -> Figures:
    """Tokenize every text and count the fragments that begin or end inside of a token."""
    start = time.process_time()
    docs = [nlp.tokenizer(each.text) for each in texts]
    seconds = time.process_time() - start
    cut = []
    for doc, each in zip(docs, texts, strict=True):
        edges = {edge for token in doc for edge in (token.idx, token.idx + len(token))}
        cut += [
            f"{each.text[max(0, a - 20) : a]}[{each.text[a:b]}]{each.text[b : b + 20]}".replace("\n", " ")
            for a, b in each.fragments
            if not {a, b} <= edges
        ]
    return Figures(sum(len(each.fragments) for each in texts), cut, sum(map(len, docs)), seconds)


def best_of(lang: str, ours: bool, texts: list[Text]) -> Figures:
    """Measure a new pipeline, with nothing cached yet, several times; keep the fastest run."""
    runs = [measure(blank(lang) if ours else spacy.blank(lang), texts) for _ in range(REPEATS)]
    return min(runs, key=lambda figures: figures.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", default="train,dev,test", help="splits to measure")
    parser.add_argument("--show", type=int, default=0, help="print that many entities that our tokenizer cuts")
    args = parser.parse_args()
    rows = [("corpus", "split", "tokenizer", "entities", "cut", "cut %", "tokens a text", "tokens/s, default = 1")]
    for corpus, lang in CORPORA.items():
        for split in args.splits.split(","):
            texts = read(corpus, split)
            if not texts:
                continue
            default = best_of(lang, False, texts)
            ours = best_of(lang, True, texts)
            for name, each in (("default", default), ("ours", ours)):
                speed = (each.tokens / each.seconds) / (default.tokens / default.seconds)
                share = f"{100 * len(each.cut) / each.entities:.3f}"
                counts = (str(each.entities), str(len(each.cut)), share, f"{each.tokens / len(texts):.1f}")
                rows.append((corpus, split, name, *counts, f"{speed:.2f}"))
            for example in ours.cut[: args.show]:
                print("   ", example)
    from pairs import publish  # beside this file when it is run; its tests import it as a part of a package

    publish("Tokenizing", f"python benchmarks/tokenizer.py --splits {args.splits}", rows)


if __name__ == "__main__":
    main()
