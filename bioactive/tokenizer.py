"""A tokenizer for biomedical text in English and Russian, as a configured spaCy `Tokenizer`.

One infix pattern does the work: things that stay whole, and places where a run of non-space characters is cut. A cut
has zero width, so spaCy's prefix and suffix search is left empty: it takes one piece at a time off the ends and looks
at the whole run again for each, which is quadratic on a long run.
"""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import spacy
from spacy.language import Language
from spacy.symbols import ORTH
from spacy.tokenizer import Tokenizer

LETTER = r"[^\W\d_]"
UPPER = "[A-ZА-ЯЁ]"
HYPHEN = r"[\-‐‑]"  # the two others are U+2010 and U+2011
QUOTE = "['’]"
BASE = "[ACGTАСТ]"  # nucleotides; Russian texts also write them with the Cyrillic look-alikes

# Signs that are tokens of their own wherever they stand. Period, comma, apostrophe and hyphen have rules below;
# "_", combining marks, the soft hyphen and the joiners U+200C and U+200D belong to words.
SIGN = (
    r"[!-&(-+/:-@\[-^`{-~¡-©«¬®-±´¶-¸»¿×÷\u200b\u200e\u200f\u2012-\u2018\u201a-\u205e\u2060-\u206f₠-⃀№←-⯿"
    r"\u3001-\u303f\ue000-\uf8ff\ufeff\uff01-\uff0f\uff1a-\uff20\ufffc\ufffd\U0001f300-\U0001faff]"
)
SAME_SIGN = r"(?<=([*=+~#!?<>]))\1"  # "**", "<<": a run of one sign is one token

UNITS = (
    *("[kM]?Da", "[kM]b", "[kM]?bp", "[kMG]?Hz", "[mµμnpfk]?mol", "[mµμnpk]g", "[mµμnck]m", "[mµμd][lL]", "[mµμnp]M"),
    *("ms", "sec", "min", "hr?s?", "yrs?", "(?:м|мк|н|п|к)?г", "(?:м|мк|н|с|д|к)?м", "(?:м|мк|д)?л", "(?:м|мк|н)?моль"),
    *("мс", "сек", "мин", "ч", "сут", "мес", "гг", "кДа", "[кМ]?Гц"),
)

# Every quantifier is bounded or ends the match, so that the time stays linear in the length of a run.
WHOLE = {
    "web address": r"(?:(?:https?|ftp)://|www\.\w)[^\s<>\"«»]*[\w/#=]",
    "e-mail address": r"(?<![\w.])[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8}",
    "DOI": r"(?<![\w.])10\.\d{4,9}/[^\s<>\"«»]*\w",
    "genotype or sign: -/-, +/-": r"[+\-−]/[+\-−]",
    "charge or power: Ca(2+), 10(-7)": r"(?<=\w)\((?:\d?[+\-]|(?<=\d\()-?\d{1,2})\)",
    "letters with periods: e.g., U.S., т.е.": rf"(?<!\w)(?:{LETTER}\.){{2,8}}",
}
WHOLE_BY_LANG = {
    "ru": {
        "ordinal: 1-я, 12-го": r"(?<!\w)\d{1,4}[\-‑][а-я]{1,2}(?!\w)",
        "pronoun or adverb: какой-либо": r"(?<!\w)[А-Яа-яё]{1,12}[\-‑](?:то|либо|нибудь|таки)(?!\w)",
        "preposition or adverb: из-за": r"(?<!\w)(?:[Ии]з[\-‑](?:за|под)|(?:[Пп]о|[Кк]ое)[\-‑][а-яё]{1,20})(?!\w)",
    },
}

CUTS = {
    "before a sign": rf"(?={SIGN})(?!{SAME_SIGN})",
    "after a sign": rf"(?<={SIGN})(?!{SAME_SIGN})",
    "before a period that ends something": r"(?=\.(?!\w))(?<!\.)",
    "after such a period": r"(?<=\.)(?![\w.])",
    "between sentences that touch": rf"(?<=[^\W\dA-ZА-ЯЁ_])(?=\.{UPPER})|(?<=[^\W\dA-ZА-ЯЁ_]\.)(?={UPPER})",
    "around a comma, but 0,05": r"(?=,)(?!(?<=\d),\d)|(?<=,)(?!(?<=\d,)\d)",
    "before an apostrophe, but 5' and O'Neill": rf"(?={QUOTE})(?!(?<=\b\d))(?!(?<={LETTER}){QUOTE}{LETTER})",
    "after an apostrophe, but 's and O'Neill": rf"(?<={QUOTE})(?!(?<={LETTER}{QUOTE}){LETTER})",
    "before 's": rf"(?={QUOTE}[sS](?!\w))",
    "between a number and its unit: 5 mg": rf"(?<=\d)(?=(?:{'|'.join(UNITS)})(?!\w))",
    "in a substitution: 279 G>A": rf"(?<=\d)(?={BASE}[>→/]{BASE}(?!\w))",
}
# English names keep their number (IL-2); Russian annotation marks numbers inside of names (СД-2, МКБ-10).
HYPHEN_CUT = rf"(?={HYPHEN})(?<!{HYPHEN})|(?<={HYPHEN})(?!{HYPHEN})"
HYPHEN_CUT_BY_LANG = {
    "en": (
        rf"(?={HYPHEN})(?<!{HYPHEN})(?!(?<={LETTER}){HYPHEN}\d)|(?<={HYPHEN})(?!{HYPHEN})(?!(?<={LETTER}{HYPHEN})\d)"
    ),
}

ABBREVIATIONS = {
    "en": "Dr. Prof. Mr. Mrs. Ms. St. vs. al. etc. cf. ca. approx. resp. viz. Fig. Figs. fig. figs. sp. spp. and/or",
    "ru": "ср. рис. табл. др. напр. и/или",
}


def infix_pattern(lang: str) -> str:
    """The one pattern of the tokenizer.

    lang (str): Language code; a language other than "en" and "ru" gets the rules that the two share.
    RETURNS (str): Alternatives: first the stretches that stay whole, then the cuts.
    """
    whole = [*WHOLE.values(), *WHOLE_BY_LANG.get(lang, {}).values()]
    return "|".join([*whole, *CUTS.values(), HYPHEN_CUT_BY_LANG.get(lang, HYPHEN_CUT)])


def special_cases(lang: str, exceptions: Mapping[str, Sequence[Mapping[int, str]]]) -> dict[str, list[dict[int, str]]]:
    """What the pattern cannot know: contractions (don't -> do n't) and abbreviations that keep their period.

    lang (str): Language code.
    exceptions (Mapping): The language's own exceptions. Only contractions are taken: the others hold smileys ("8)"),
        states ("Ca.") and single letters ("B."), which here are numbers, elements and names at the end of a sentence.
    RETURNS (dict): The rules of the tokenizer, text -> tokens.
    """
    contraction = re.compile(rf"{LETTER}+{QUOTE}[\w'’]+|[Cc]annot")
    rules = {
        text: [dict(token) for token in tokens] for text, tokens in exceptions.items() if contraction.fullmatch(text)
    }
    rules.update((text, [{ORTH: text}]) for text in ABBREVIATIONS.get(lang, "").split())
    return rules


def make_tokenizer(nlp: Language) -> Tokenizer:
    """Build the biomedical tokenizer for a pipeline.

    nlp (Language): The pipeline; its language chooses the rules, its vocabulary is shared.
    RETURNS (Tokenizer): A spaCy tokenizer. No character is lost or changed, and it is saved with the pipeline.
    """
    return Tokenizer(
        nlp.vocab,
        rules=special_cases(nlp.lang or "", nlp.Defaults.tokenizer_exceptions),
        infix_finditer=re.compile(infix_pattern(nlp.lang or "")).finditer,
    )


@spacy.registry.tokenizers("bioactive.BioTokenizer.v1")
def create_bio_tokenizer() -> Callable[[Language], Tokenizer]:
    """The registered factory: `@tokenizers = "bioactive.BioTokenizer.v1"` in a config.

    RETURNS (Callable): Takes the pipeline and returns its tokenizer.
    """
    return make_tokenizer


def blank(lang: str) -> Language:
    """Make an empty pipeline with the biomedical tokenizer.

    lang (str): Language code, such as "en" or "ru".
    RETURNS (Language): A pipeline without components, whose config names the tokenizer.
    """
    config: dict[str, Any] = {"nlp": {"tokenizer": {"@tokenizers": "bioactive.BioTokenizer.v1"}}}
    return spacy.blank(lang, config=config)
