"""The published corpora, read whole: their sizes and oddities, to the last one.

The corpora are not part of the project. Name their folder in BIOACTIVE_CORPORA; without it these tests are skipped.
"""

from __future__ import annotations

import os
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from bioactive.corpus.align import CharSpan
from bioactive.corpus.brat import brat_pairs, read_ann, read_brat
from bioactive.corpus.checks import CorpusStats, Leak, corpus_stats, leaks
from bioactive.corpus.columns import ColumnOptions, read_columns
from bioactive.corpus.convert import ConvertOptions, ConvertSummary, convert
from bioactive.corpus.nested import overlap_statistics
from bioactive.corpus.splits import split_last
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError

CORPORA = Path(os.environ.get("BIOACTIVE_CORPORA", Path(__file__).parents[4] / "shared" / "corpora"))
VOCAB = spacy.blank("xx").vocab


def corpus(*parts: str) -> Path:
    path = CORPORA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not there; set BIOACTIVE_CORPORA to the folder of the corpora")
    return path


@lru_cache(maxsize=3)
def docs_of(*parts: str, tag_column: int = -1) -> list[Doc]:
    return list(read_columns(corpus(*parts), VOCAB, ColumnOptions(tag_column=tag_column), Tally()))


def stats_of(*parts: str) -> CorpusStats:
    return corpus_stats(docs_of(*parts))


def leaks_of(folder: str) -> list[Leak]:
    return leaks({name: docs_of(folder, f"{name}.tsv") for name in ("train", "devel", "test")})


@pytest.mark.parametrize(
    ("name", "docs", "sentences", "tokens", "entities"),
    [
        ("Genia4ERtask1.iob2", 18_546, 18_546, 492_551, 51_301),
        ("Genia4ERtask2.iob2", 2_000, 18_546, 492_551, 51_301),
        ("Genia4EReval1.iob2", 3_856, 3_856, 101_039, 8_662),
        ("Genia4EReval2.iob2", 404, 3_856, 101_039, 8_662),
    ],
)
def test_jnlpba_sizes(name: str, docs: int, sentences: int, tokens: int, entities: int) -> None:
    stats = stats_of("jnlpba", name)
    found = (stats.docs, stats.sentences, stats.tokens, stats.entities.total())
    assert found == (docs, sentences, tokens, entities)


def test_jnlpba_oddities() -> None:
    train, test = docs_of("jnlpba", "Genia4ERtask2.iob2"), docs_of("jnlpba", "Genia4EReval2.iob2")
    one, two = corpus_stats(train), corpus_stats(test)
    assert one.repeated_ids + two.repeated_ids == 3
    assert (one.repeated_sentences, one.conflicting_sentences) == (77, 6)
    assert one.adjacent_same_type == 946
    assert max(one.longest_sentence, two.longest_sentence) == 208
    assert {"``", "''"} <= {token.text for doc in train for token in doc}
    (leak,) = leaks({"train": train, "test": test})
    assert (len(leak.sentences), len(leak.documents)) == (103, 10)


def test_jnlpba_last_200_abstracts_are_dev() -> None:
    parts = split_last(docs_of("jnlpba", "Genia4ERtask2.iob2"), 200)
    assert [len(part) for part in parts.values()] == [1_800, 200]


@pytest.fixture(scope="module")
def standoff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jnlpba")
    with tarfile.open(corpus("jnlpba", "standoff.tar.gz")) as archive:
        archive.extractall(folder, filter="data")
    return folder / "standoff"


def converted(source: Path, target: Path, lang: str) -> ConvertSummary:
    return convert(source, target / f"{source.name}.spacy", ConvertOptions(lang=lang))


@pytest.mark.parametrize(
    ("part", "docs", "entities", "sentences"), [("train", 2_000, 51_301, 18_546), ("test", 404, 8_662, 3_856)]
)
def test_jnlpba_standoff_keeps_text_entities_and_sentences(
    standoff: Path, tmp_path: Path, part: str, docs: int, entities: int, sentences: int
) -> None:
    summary = converted(standoff / part, tmp_path, "en")
    cut = summary.tally.counts["entities cut by the tokenizer, dropped"]
    assert (summary.docs, summary.spans.total() + cut) == (docs, entities)
    assert cut / entities <= 0.002
    assert not any("differs" in kind for kind in summary.tally.counts)
    # The rule finds the corpus's own number of sentences to within three in a hundred.
    assert abs(summary.sentences / sentences - 1) < 0.03


CRAFT = {
    "train": (10_875, {"SO": 9_203, "GGP": 8_506, "Taxon": 3_204, "CHEBI": 2_968, "CL": 2_894, "GO": 2_251}),
    "devel": (3_730, None),
    "test": (7_425, None),
}


def test_craft_sizes_and_oddities() -> None:
    stats = {name: stats_of("craft", f"{name}.tsv") for name in CRAFT}
    assert {name: found.sentences for name, found in stats.items()} == {name: size for name, (size, _) in CRAFT.items()}
    assert stats["train"].entities == CRAFT["train"][1]
    assert max(found.longest_sentence for found in stats.values()) == 426
    assert max(found.longest_token for found in stats.values()) == 90
    assert sum(found.one_token_sentences for found in stats.values()) == 611
    assert all(found.repeated_sentences for found in stats.values())
    assert all(leak.sentences for leak in leaks_of("craft"))


def test_ncbi_disease_and_bc5cdr_oddities() -> None:
    shared = [len(leak.sentences) for folder in ("ncbi-disease", "bc5cdr") for leak in leaks_of(folder)]
    assert shared == [5, 1, 1, 7, 8, 10]
    longest = max(
        stats_of(folder, f"{name}.tsv").longest_sentence
        for folder in ("ncbi-disease", "bc5cdr")
        for name in ("train", "devel", "test")
    )
    assert longest == 225


@pytest.mark.parametrize(
    ("folder", "part", "sentences", "entities"),
    [
        ("ncbi-disease", "train", 5_424, 5_134),
        ("ncbi-disease", "devel", 923, 787),
        ("ncbi-disease", "test", 940, 960),
        ("bc5cdr", "train", 4_560, 9_385),
        ("bc5cdr", "devel", 4_581, 9_593),
        ("bc5cdr", "test", 4_797, 9_809),
    ],
)
def test_ncbi_disease_and_bc5cdr_sizes(folder: str, part: str, sentences: int, entities: int) -> None:
    # Counted with grep: blank lines between sentences, and "B-" tags.
    lines = corpus(folder, f"{part}.tsv").read_text(encoding="utf-8").split("\n")
    stats = stats_of(folder, f"{part}.tsv")
    assert (stats.sentences, stats.entities.total()) == (sentences, entities)
    assert entities == sum("\tB-" in line for line in lines)


DISTANT = [("BC5CDR_Dict_1.0", 0.55), ("BC5CDR_Dict_0.4", 0.25)]


@pytest.mark.parametrize(("folder", "recall"), DISTANT)
def test_bc5cdr_distant_gold_is_column_1(folder: str, recall: float) -> None:
    path = corpus("bc5cdr-distant", folder, "train.ALL.txt")
    with pytest.raises(BioactiveError, match=r"\[B105\].*train.ALL.txt:1:"):
        docs_of("bc5cdr-distant", folder, "train.ALL.txt")
    gold = docs_of("bc5cdr-distant", folder, "train.ALL.txt", tag_column=1)
    classes = [line.split()[2] for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    labels = [{"Chemical": "1", "Disease": "2"}.get(token.ent_type_, "0") for doc in gold for token in doc]
    right = sum(one == two != "0" for one, two in zip(classes, labels, strict=True))
    assert round(right / sum(found != "0" for found in classes), 2) == 0.98
    assert round(right / sum(label != "0" for label in labels), 2) == recall


def nerel(part: str) -> Iterator[tuple[Path, Path]]:
    yield from brat_pairs(corpus("nerel-bio", part))


@pytest.mark.parametrize(("part", "docs", "lines"), [("train", 612, 54_210), ("dev", 77, 6_435), ("test", 77, 6_173)])
def test_nerel_bio_sizes(part: str, docs: int, lines: int) -> None:
    pairs = list(nerel(part))
    assert (len(pairs), sum(len(list(read_ann(ann, Tally()))) for _, ann in pairs)) == (docs, lines)


def overlaps(part: str, bounds: Callable[[Path, Path], list[CharSpan]]) -> tuple[int, int, int]:
    found = [overlap_statistics(bounds(text, ann)) for text, ann in nerel(part)]
    return sum(f["nested"] for f in found), sum(f["crossing"] for f in found), max(f["depth"] for f in found)


def hulls(text: Path, ann: Path) -> list[CharSpan]:
    return read_brat((text, ann), "cover", Tally()).spans


def as_written(text: Path, ann: Path) -> list[CharSpan]:
    """From the start of the fragment written first to the end of the one written last."""
    return [CharSpan(b.fragments[0][0], b.fragments[-1][1], b.label) for b in read_ann(ann, Tally())]


def test_nerel_bio_nesting() -> None:
    # The published 19,305 nested and 100 crossing take fragments in the order of the file; 19 entities have theirs the
    # other way round, so that they end before they start. In text order there are 14 and 1 more.
    nested = crossing = 0
    for text, ann in nerel("train"):
        times = Counter((span.start, span.end) for span in as_written(text, ann))
        for one, count in times.items():
            nested += count * any(two[0] <= one[0] and one[1] <= two[1] and one != two for two in times)
            crossing += count * sum(times[two] for two in times if one[0] < two[0] < one[1] < two[1])
    assert (nested, crossing) == (19_305, 100)
    assert overlaps("train", hulls) == (19_319, 101, 7)


def test_nerel_bio_discontinuous() -> None:
    tallies = {}
    for part in ("train", "dev", "test"):
        tallies[part] = Tally()
        for pair in nerel(part):
            read_brat(pair, "cover", tallies[part])
    assert tallies["train"].counts["discontinuous entities"] == 439
    # 22 over all three parts; 19 of them in train.
    out_of_order = [found.counts["discontinuous entities with fragments out of order"] for found in tallies.values()]
    assert out_of_order == [19, 1, 2]
    assert not any("differs" in kind for found in tallies.values() for kind in found.counts)


def test_nerel_bio_texts_and_labels() -> None:
    labels: dict[str, set[str]] = {}
    letters = set()
    for part in ("train", "dev", "test"):
        labels[part] = set()
        for text, ann in nerel(part):
            letters |= set(text.read_text(encoding="utf-8"))
            labels[part] |= {bound.label for bound in read_ann(ann, Tally())}
    assert {"\u00a0", "\u2009", "\u200b"} <= letters
    assert labels["train"] - labels["dev"] and labels["train"] - labels["test"]


@pytest.mark.parametrize(("part", "share"), [("train", 0.003), ("test", 0.003)])
def test_nerel_bio_converts_and_loses_nothing_silently(tmp_path: Path, part: str, share: float) -> None:
    summary = converted(corpus("nerel-bio", part), tmp_path, "ru")
    counts = summary.tally.counts
    cut = counts["entities cut by the tokenizer, dropped"]
    twice = counts["entities given twice, kept once"]
    lines = {"train": 54_210, "test": 6_173}[part]
    assert summary.spans.total() + cut + twice == lines
    left_out = sum(n for kind, n in counts.items() if kind.startswith("entities only in spans"))
    assert summary.entities.total() + left_out == summary.spans.total()
    assert cut / lines <= share
    assert twice == {"train": 16, "test": 3}[part]
