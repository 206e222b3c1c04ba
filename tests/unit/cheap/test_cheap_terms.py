"""Term lists and ontologies: which term wins, in which case, and what is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioactive.cheap.obo import OboOptions, obo_terms, read_obo
from bioactive.cheap.source import label
from bioactive.cheap.terms import Term, TermOptions, TermSource, read_terms
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.tokenizer import blank

OBO = """format-version: 1.2
default-namespace: disease_ontology

[Term]
id: DOID:4
name: disease

[Term]
id: DOID:1
name: heart failure {source="X"}
synonym: "cardiac failure" EXACT [MESH:1]
synonym: "pump \\"failure\\"" RELATED []
synonym: "CHF" EXACT OMO:1 []
is_a: DOID:4 ! disease

[Term]
id: DOID:2
name: congestive heart failure
is_a: DOID:1 {comment="a child"} ! heart failure

[Term]
id: DOID:3
name: old illness
is_a: DOID:4
is_obsolete: true

[Term]
id: CHEBI:1
name: aspirin
namespace: chebi_ontology
synonym: "ASA"

[Typedef]
id: part_of
name: part of
"""


@pytest.fixture(scope="module")
def nlp():
    return blank("en")


@pytest.fixture
def found(nlp):
    """What terms find in a text, as (text, label), with the counts."""

    def find(text: str, terms: list[tuple], **options) -> tuple[list[tuple[str, str]], Tally]:
        tally = Tally()
        source = TermSource(nlp, [Term(*term) for term in terms], TermOptions(**options), tally)
        (doc,) = label(source, [nlp.make_doc(text)], tally)
        return [(ent.text, ent.label_) for ent in doc.ents], tally

    return find


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf8")
    return path


def test_longest_term_wins_wherever_it_begins(found):
    terms = [("Disease", "failure"), ("Disease", "acute heart failure"), ("Sign", "severe acute"), ("Organ", "heart")]
    ents, _ = found("Severe acute heart failure and heart.", terms)
    assert ents == [("acute heart failure", "Disease"), ("heart", "Organ")]
    # Of two that are as long, the one to the left.
    assert found("severe acute heart", [("A", "severe acute"), ("B", "acute heart")])[0] == [("severe acute", "A")]


def test_terms_match_whole_words_only(found):
    assert found("Goutier than gout", [("Disease", "gout")])[0] == [("gout", "Disease")]


@pytest.mark.parametrize(
    ("case", "expected"),
    [("auto", ["Heart Failure", "CHAT"]), ("exact", ["CHAT"]), ("any", ["Heart Failure", "chat", "CHAT"])],
)
def test_case_rules(found, case, expected):
    terms = [("D", "heart failure"), ("D", "CHAT")]
    assert [text for text, _ in found("Heart Failure, a chat, CHAT", terms, case=case)[0]] == expected


def test_cased_terms_are_exact_however_long(found):
    assert found("mrnase and mRNAse", [("P", "mRNAse")])[0] == [("mRNAse", "P")]


def test_ambiguous_and_short_terms_are_left_out_and_counted(found):
    terms = [("A", "lead poisoning"), ("B", "Lead poisoning"), ("A", "ab"), ("A", "water"), ("A", "iron")]
    ents, tally = found("lead poisoning ab water iron iron", terms, exclude=frozenset({"water"}))
    assert ents == [("iron", "A"), ("iron", "A")]
    assert tally.counts["terms with several labels, left out"] == 1
    assert tally.counts["terms that are too short, left out"] == 1
    assert tally.counts["terms that are excluded, left out"] == 1
    short = "matches of short terms (look at these)"
    assert tally.counts[short] == 2 and tally.examples[short] == ["A 'iron'"]


def test_exact_term_comes_before_one_in_any_case(found):
    # AIDS is short, so it is exact; "aids to hearing" is not.
    terms = [("Disease", "AIDS"), ("Device", "aids to hearing")]
    assert found("AIDS and Aids to hearing", terms)[0] == [("AIDS", "Disease"), ("Aids to hearing", "Device")]


def test_patterns_of_the_entity_ruler(found, tmp_path):
    path = write(
        tmp_path / "patterns.jsonl",
        '{"label": "Gene", "pattern": [{"LOWER": "interleukin"}, {"ORTH": "-", "OP": "?"}, {"IS_DIGIT": true}]}\n'
        '{"label": "Gene", "pattern": "p53"}\n',
    )
    ents, _ = found("Interleukin 6 and p53", [tuple(term) for term in read_terms(path)])
    assert ents == [("Interleukin 6", "Gene"), ("p53", "Gene")]


def test_lists_are_read(tmp_path):
    txt = write(tmp_path / "d.txt", "\ufeffgout\n\n# a comment\nheart failure\n")
    assert [(t.label, t.pattern) for t in read_terms(txt, "D")] == [("D", "gout"), ("D", "heart failure")]
    assert read_terms(txt, "D")[1].where.endswith("d.txt:4")
    tsv = write(tmp_path / "d.tsv", "gout\tDisease\r\naspirin\tChemical\r\n")
    assert [(t.label, t.pattern) for t in read_terms(tsv)] == [("Disease", "gout"), ("Chemical", "aspirin")]


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.txt", "gout\n"), ("a.tsv", "\tDisease\n"), ("a.jsonl", "{}\n"), ("a.jsonl", "gout\n"),
     ("a.jsonl", '{"label": 1, "pattern": "x"}\n')],
)  # fmt: skip
def test_line_that_is_no_term_is_named(tmp_path, name, text):
    with pytest.raises(BioactiveError, match=rf"B553.*{name}:1:"):
        read_terms(write(tmp_path / name, text))


def test_broken_token_pattern_is_named(nlp, tmp_path):
    path = write(tmp_path / "a.jsonl", '{"label": "G", "pattern": [{"NO_SUCH": 1}]}\n')
    with pytest.raises(BioactiveError, match=r"B553.*a.jsonl:1"):
        TermSource(nlp, read_terms(path), TermOptions(), Tally())


def test_version_tells_terms_and_rules_apart(nlp):
    def version(terms, **options):
        return TermSource(nlp, [Term(*term) for term in terms], TermOptions(**options), Tally()).version

    assert version([("D", "gout")]) == version([("D", "gout", "elsewhere:3")])
    assert len({version([("D", "gout")]), version([("E", "gout")]), version([("D", "gout")], case="any")}) == 3


def test_ontology_gives_names_and_synonyms_below_a_root(tmp_path):
    path, tally = write(tmp_path / "d.obo", OBO), Tally()
    terms = obo_terms(path, OboOptions({"DOID:1": "Heart"}, {"chebi_ontology": "Chemical"}), tally)
    assert [(t.label, t.pattern) for t in terms] == [
        ("Heart", "heart failure"),
        ("Heart", "cardiac failure"),
        ("Heart", "CHF"),
        ("Heart", "congestive heart failure"),
        ("Chemical", "aspirin"),
    ]
    assert tally.counts["obsolete terms, left out"] == 1
    assert tally.counts["synonyms of other scopes, left out"] == 2
    both = obo_terms(path, OboOptions({"DOID:1": "Heart"}, {}, ("EXACT", "RELATED")), Tally())
    assert 'pump "failure"' in [term.pattern for term in both]


def test_circle_of_parents_ends(tmp_path):
    text = "[Term]\nid: A:1\nname: one\nis_a: A:2\n\n[Term]\nid: A:2\nname: two\nis_a: A:1\n"
    terms = obo_terms(write(tmp_path / "c.obo", text), OboOptions({"A:1": "X"}), Tally())
    assert [term.pattern for term in terms] == ["one", "two"]


def test_default_namespace_counts(tmp_path):
    terms = read_obo(write(tmp_path / "d.obo", OBO))
    assert terms["DOID:2"].namespace == "disease_ontology" and terms["CHEBI:1"].namespace == "chebi_ontology"
    assert "part_of" not in terms


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (OBO, OboOptions({"DOID:99": "X"}), "B555.*root 'DOID:99'"),
        (OBO, OboOptions({}, {"nowhere": "X"}), "B555.*namespace 'nowhere'"),
        ("no ontology\n", OboOptions(), "B554.*:1:"),
        ("[Term]\nid: A\nsynonym: bare EXACT []\n", OboOptions(), "B554.*:3:"),
        ("format-version: 1.2\n", OboOptions(), "B554"),
    ],
)
def test_ontology_that_cannot_be_used_is_refused(tmp_path, text, options, code):
    with pytest.raises(BioactiveError, match=code):
        obo_terms(write(tmp_path / "x.obo", text), options, Tally())


def test_unknown_rules_are_refused():
    with pytest.raises(BioactiveError, match="B124"):
        TermOptions(case="upper")
    with pytest.raises(BioactiveError, match="B124"):
        OboOptions(scopes=("CLOSE",))
