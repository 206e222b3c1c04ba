"""brat standoff: fragments, overlaps, offsets, and files that do not fit each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioactive.corpus.brat import BratText, brat_pairs, read_brat, write_brat
from bioactive.corpus.convert import ConvertOptions, convert
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError


def pair(folder: Path, text: str | bytes, ann: str, name: str = "a") -> tuple[Path, Path]:
    one, two = folder / f"{name}.txt", folder / f"{name}.ann"
    one.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    two.write_bytes(ann.encode("utf-8"))
    return one, two


def read(folder: Path, text: str | bytes, ann: str, policy: str = "cover") -> tuple[BratText, Tally]:
    tally = Tally()
    return read_brat(pair(folder, text, ann), policy, tally), tally


def test_brat_offsets_count_code_points(tmp_path: Path) -> None:
    found, tally = read(tmp_path, "𝛼-синуклеин и β", "T1\tprotein 0 11\t𝛼-синуклеин\nT2\tprotein 14 15\tβ\n")
    assert [found.text[span.start : span.end] for span in found.spans] == ["𝛼-синуклеин", "β"]
    assert not tally.counts


@pytest.mark.parametrize(("policy", "expected"), [("cover", [(0, 22)]), ("first", [(0, 7)]), ("drop", [])])
def test_brat_discontinuous_policies(tmp_path: Path, policy: str, expected: list[tuple[int, int]]) -> None:
    ann = "T1\tANATOMY 16 22;0 7\tspines cervical\n"
    found, tally = read(tmp_path, "cervica/thoracal spines".replace("/", " "), ann, policy)
    assert [(span.start, span.end) for span in found.spans] == expected
    assert tally.counts["discontinuous entities"] == 1
    assert tally.counts["discontinuous entities with fragments out of order"] == 1


def test_brat_fragments_divided_by_a_line_end_are_one(tmp_path: Path) -> None:
    found, tally = read(tmp_path, "heart\nfailure here", "T1\tDISO 0 5;6 13\theart failure\n", "drop")
    assert [(span.start, span.end) for span in found.spans] == [(0, 13)]
    assert tally.counts == {"discontinuous entities": 1}


def test_brat_entity_over_two_lines_in_one_fragment_agrees(tmp_path: Path) -> None:
    found, tally = read(tmp_path, "heart\nfailure", "T1\tDISO 0 13\theart failure\n")
    assert len(found.spans) == 1 and not tally.counts


def test_brat_other_lines_are_counted(tmp_path: Path) -> None:
    ann = "T1\tx 0 1\ta\nR1\tr Arg1:T1 Arg2:T1\n#1\tnote T1\tt\nA1\tneg T1\n*\tEquiv T1 T1\nE1\tx:T1\nN1\tref T1 y\n"
    _, tally = read(tmp_path, "a", ann)
    assert sum(tally.counts.values()) == 6 and all("not read" in kind for kind in tally.counts)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("T1\tx 3 9\tdef", "B116"),
        ("T1\tx 2 2\t", "B116"),
        ("T1\tx 3 1\tb", "B116"),
        ("T1\tx -1 2\tab", "B116"),
        ("T1 x 0 1 a", "B115"),
        ("T1\tx 0\ta", "B115"),
        ("T1\tx a b\ta", "B115"),
        ("word\tO", "B115"),
    ],
)
def test_brat_bad_line_names_file_and_line(tmp_path: Path, line: str, code: str) -> None:
    with pytest.raises(BioactiveError, match=r"a\.ann:2:") as caught:
        read(tmp_path, "abc", f"T0\tx 0 1\ta\n{line}\n")
    assert caught.value.code == code


def test_brat_unknown_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BioactiveError, match=r"\[B117\]"):
        read(tmp_path, "abc", "", "keep")


def test_brat_text_that_differs_is_counted(tmp_path: Path) -> None:
    _, tally = read(tmp_path, "abc", "T1\tx 0 1\tb\n")
    assert tally.counts["entities whose text differs from the .txt, offsets kept"] == 1


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (b"one\r\ntwo", 5),  # offsets made on CRLF
        (b"one\r\ntwo", 4),  # made on LF, line ends changed later
        (b"one\ntwo", 5),  # made on CRLF, line ends changed later
        (b"\xef\xbb\xbfone\ntwo", 4),
        (b"\xef\xbb\xbfone\ntwo", 5),  # the byte order mark was counted
    ],
)
def test_brat_line_ends_and_bom_are_seen_through(tmp_path: Path, text: bytes, start: int) -> None:
    found, _ = read(tmp_path, text, f"T1\tx {start} {start + 3}\ttwo\r\n")
    (span,) = found.spans
    assert found.text[span.start : span.end] == "two"


def test_brat_pairs_need_both_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    with pytest.raises(BioactiveError, match=r"\[B101\].*a\.ann"):
        brat_pairs(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BioactiveError, match=r"\[B102\]"):
        brat_pairs(tmp_path / "empty")


def test_brat_empty_text_and_annotation_make_an_empty_doc(tmp_path: Path) -> None:
    pair(tmp_path, "", "")
    summary = convert(tmp_path, tmp_path / "o.spacy", ConvertOptions(format="brat"))
    assert (summary.docs, summary.tokens) == (1, 0)


def test_write_brat_round_trip_keeps_nested_and_broken_lines(tmp_path: Path) -> None:
    import spacy

    from bioactive.corpus.align import AlignOptions, CharSpan, doc_from_spans

    text = "Острый 𝛼 отит\nи  рак"
    spans = [CharSpan(0, 13, "DISO"), CharSpan(9, 13, "DISO"), CharSpan(9, 13, "PHYS"), CharSpan(9, 15, "X")]
    doc = doc_from_spans(text, spans, spacy.blank("ru").tokenizer, "д1", AlignOptions(), Tally())
    assert write_brat([doc], tmp_path / "out") == 1
    found = read_brat((tmp_path / "out" / "д1.txt", tmp_path / "out" / "д1.ann"), "cover", Tally())
    assert found.text == text
    assert {(s.start, s.end, s.label) for s in found.spans} == {(s.start, s.end, s.label) for s in spans}
