from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokenizer import Tokenizer

from benchmarks import tokenizer as benchmark
from bioactive.tokenizer import blank, infix_pattern, make_tokenizer

PIPELINES = {lang: blank(lang) for lang in ("en", "ru")}

# Each line: the tokens of a text, with "|" between tokens that touch and " " where the text has a space.
ENGLISH = """
p|<|0.05
p|<|0,05|)|.
IL-2
IL-2|-|dependent
anti|-|CD3
NF|-|kappaB|-|dependent transcription
activates NF|-|kappa B|.
TNF|-|,
TNF|-| and IFN|-|induced
CD4|+ T cells
CD4|+|CD25|+
CD4|(+)
Ca|(2+)|-|dependent
10|(-7) M
Bcl-6|-/-| mice
6.2 +/- 1.1
factor|(|s|)
Ro|(|SSA|)
(|IL|)|-|2
5|-|lipoxygenase
interleukin 6|-|induced
70Z|/|3|-|mediated
CD11b
5'|-|flanking
5'|HS2
ZEBRA|'s
box1|'
O'Neill
do|n't
can|not
2.5|%
40,8|%
64,000
10|-|15
10|–|15
5 mg
5|mg
3.5|ml
24|h
mg|/|kg|/|day
4|°|C
±|2
279|G|>|A
well|-|known
follow|-|up
T|-|cell
e.g.
e.g.|,
i.p. injection
in vs. out
Smith et al. (|1999|)
E|. coli
cells|.|The
PU.1
and/or
a|...
--
(|(|a|)|)
COVID-19
"""

RUSSIAN = """
p|<|0,05
(|р|<|0,05|)|.
СД|-|2
МКБ|-|10
ИЛ|-|6
CD4|+|-|лимфоциты
40,8|%
0,70|–|1,31
10|-|15
1-я группа
12-го дня
10|-|балльная
5|мг
2,7|мс
2013|г|.
мг|/|кг
25|°
т.е.
и т.д.
Н.А. Иванов
на рис. 1
5 см|.
'|катаракта|'
«|мозг|»
желудочно|-|кишечный
из-за
по-прежнему
Какой-либо
кто-то
ПО|-|ГКС
и/или
с|.|-|23|+|1|G|>|A
№|1
C|→|T
смертей|.|Затем
"""

ORDINARY_ENGLISH = """
a able above acid after although analysis binding blood bone cell cells chronic clinical concentration data
disease dose effect expression factor gene genes growth human immune in inhibitor kinase level liver method mice
mutation naïve patient phosphorylation pathway protein rapid rat receptor response role serum signal significantly
stem study the therapy tissue transcription treatment tumour was whether with yeast façade Sjögren Alzheimer mRNA
cDNA pH kDa HbA1c p53 STAT3 IkappaBalpha GATA1 H2O Th17 snake_case
"""

ORDINARY_RUSSIAN = """
анализ артерия больной боль был белок ген генотип данные для доза ёж её если заболевание и изучить инфаркт как
клетка клинический кровь лечение метод мозг на необходимо объём опухоль пациент по подъезд после препарат при
результаты с сердце синдром снижение терапия ткань уровень фактор частота что шкала эффект юный являлся
"""


def pieces(lang: str, text: str) -> list[str]:
    return [token.text for token in PIPELINES[lang].tokenizer(text) if not token.is_space]


def cases(lang: str, table: str) -> list[tuple[str, str]]:
    return [(lang, line) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("lang", "line"), [*cases("en", ENGLISH), *cases("ru", RUSSIAN)])
def test_tokenizer_cuts_as_worked_by_hand(lang: str, line: str) -> None:
    assert pieces(lang, line.replace("|", "")) == [piece for piece in re.split(r"[| ]", line) if piece.strip()]


@pytest.mark.parametrize(("lang", "words"), [("en", ORDINARY_ENGLISH), ("ru", ORDINARY_RUSSIAN)])
@pytest.mark.parametrize("form", ["{}", "{},", "({})", "{}.", '"{}"'])
def test_tokenizer_leaves_ordinary_words_whole(lang: str, words: str, form: str) -> None:
    for word in words.split():
        assert word in pieces(lang, form.format(word))
        assert word.capitalize() in pieces(lang, form.format(word.capitalize()))


@pytest.mark.parametrize(
    "address",
    [
        "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC1234567/?page=2#s1",
        "http://example.org/",
        "www.who.int/en/",
        "jane.doe-smith+lab@mail.example.ac.uk",
        "10.1016/S0140-6736(20)30183-5",
        "10.1093/bioinformatics/btx228",
    ],
)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_tokenizer_keeps_addresses_whole(lang: str, address: str) -> None:
    assert pieces(lang, f"see {address}, then") == ["see", address, ",", "then"]
    assert pieces(lang, f"({address}).") == ["(", address, ")", "."]


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u202f", "\u3000", "\t", "\n", "\r\n", "\u200b", "\ufeff"])
def test_tokenizer_separates_words_at_unusual_spaces(space: str) -> None:
    doc = PIPELINES["en"].tokenizer(f"5{space}mg")
    assert [token.text for token in doc] == ["5", space, "mg"]


def test_tokenizer_keeps_combining_marks_and_joiners_in_the_word() -> None:
    assert pieces("ru", "и\u0306од") == ["и\u0306од"]
    assert pieces("en", "co\u00adoperate nai\u0308ve") == ["co\u00adoperate", "nai\u0308ve"]


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("text", ["", " ", "  ", "\n", "x", " x ", ".", "-", "'", "\ufeffa b\r\nc"])
def test_tokenizer_returns_short_texts_unchanged(lang: str, text: str) -> None:
    assert PIPELINES[lang].tokenizer(text).text == text


TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    st.text("aбB1 25.,-–'’()+/%<=>°µ@:_\u00a0\u200b\u0306\n", max_size=80),
)


@given(TEXT)
@settings(max_examples=400, deadline=None)
def test_tokenizer_loses_no_character(text: str) -> None:
    for nlp in PIPELINES.values():
        doc = nlp.tokenizer(text)
        assert "".join(token.text_with_ws for token in doc) == text
        assert all(text[token.idx : token.idx + len(token)] == token.text for token in doc)


@given(TEXT)
@settings(max_examples=150, deadline=None)
def test_tokenizer_gives_the_same_answer_again_and_when_new(text: str) -> None:
    for lang, nlp in PIPELINES.items():
        first = [token.text for token in nlp.tokenizer(text)]
        assert [token.text for token in nlp.tokenizer(text)] == first
        assert [token.text for token in NEW[lang](text)] == first


@given(TEXT)
@settings(max_examples=200, deadline=None)
def test_tokenizer_gives_the_same_answer_after_bytes(text: str) -> None:
    for lang, nlp in PIPELINES.items():
        assert [token.text for token in LOADED[lang](text)] == [token.text for token in nlp.tokenizer(text)]


def reload(nlp: Language) -> Tokenizer:
    return Tokenizer(nlp.vocab).from_bytes(nlp.tokenizer.to_bytes())


NEW = {lang: make_tokenizer(spacy.blank(lang)) for lang in PIPELINES}
LOADED = {lang: reload(nlp) for lang, nlp in PIPELINES.items()}


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_pipeline_is_the_same_after_disk(lang: str, tmp_path: Path) -> None:
    PIPELINES[lang].to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.config["nlp"]["tokenizer"] == {"@tokenizers": "bioactive.BioTokenizer.v1"}
    for line in [*ENGLISH.split("\n"), *RUSSIAN.split("\n")]:
        text = line.replace("|", "")
        assert [token.text for token in loaded.tokenizer(text)] == [
            token.text for token in PIPELINES[lang].tokenizer(text)
        ]


def test_tokenizer_explains_itself() -> None:
    nlp = PIPELINES["en"]
    for line in ENGLISH.strip().split("\n"):
        text = line.replace("|", "")
        assert [piece for _, piece in nlp.tokenizer.explain(text)] == pieces("en", text)


def test_tokenizer_serves_other_languages_with_the_shared_rules() -> None:
    doc = blank("xx").tokenizer("p<0,05 (TNF-).")
    assert [token.text for token in doc] == ["p", "<", "0,05", "(", "TNF", "-", ")", "."]


def seconds(nlp: Language, text: str) -> float:
    start = time.process_time()
    nlp.tokenizer(text)
    return time.process_time() - start


RUNS = "a 1 ( . - ' 1, a. a- A.b +/ @ a@ a+ :// 10.1234/ http:// (2+) 's по- 1- é 5mg г."


@pytest.mark.parametrize("unit", RUNS.split())
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_tokenizer_time_is_linear_in_a_run_without_spaces(lang: str, unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    nlp = blank(lang)
    assert nlp.tokenizer(text).text == text
    # Quadratic work on 100,000 characters takes minutes.
    assert seconds(blank(lang), text) < 5


def test_pattern_compiles_without_flags() -> None:
    # Tokenizer.from_bytes compiles the saved pattern without flags.
    for lang in ("en", "ru", "xx", ""):
        assert re.compile(infix_pattern(lang)).flags == re.UNICODE


@pytest.mark.parametrize(("corpus", "lang", "most"), [("jnlpba", "en", 0.1), ("nerel-bio", "ru", 0.3)])
def test_tokenizer_cuts_few_entities_and_adds_few_tokens(corpus: str, lang: str, most: float) -> None:
    texts = benchmark.read(corpus, "train")
    if not texts:
        pytest.skip(f"{corpus} is not in {benchmark.corpora_folder()}; set BIOACTIVE_CORPORA to its folder")
    default, ours = (benchmark.measure(nlp, texts) for nlp in (spacy.blank(lang), PIPELINES[lang]))
    assert 100 * len(ours.cut) / ours.entities <= most
    assert ours.tokens <= 1.03 * default.tokens


def test_benchmark_counts_cut_fragments() -> None:
    text = "NF-kappa B. TNF-, (дальше)"
    annotations = "T1\tprotein 0 10\tNF-kappa B\nT2\tDNA 0 2;12 14\tNF TN\nR1\tPART_OF Arg1:T1 Arg2:T2\n"
    figures = benchmark.measure(PIPELINES["en"], [benchmark.parse(text, annotations)])
    assert figures.entities == 3
    assert figures.cut == ["NF-kappa B. [TN]F-, (дальше)"]
