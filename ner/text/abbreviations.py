"""English abbreviations that are written with a period, shared by the tokenizer and the sentence splitter."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words(
    """
    adm amb atty brig capt cdr cmdr col cpl dr drs fr ft gen gov hon insp lt maj messrs mlle mme mr mrs ms msgr mt
    pfc pres prof profs pte pvt rep reps rev sen sens sgt ste supt
    """
)
_LINKS = _words("approx ca cf e.g i.e incl resp v viz vs")

NEVER_LAST = _TITLES | _LINKS
"""Stand before what they speak of, so that their period never ends a sentence. All lists are in lower case."""

BEFORE_NUMBERS = _words("app art ch chap eq eqs fig figs no nos op p para pop pp pt sec vol vols")
"""Abbreviations where a number follows, and otherwise perhaps words: "No. 5", but "I said no."."""

BEFORE_LOWER_CASE = _words(
    "avg conc cu diam esp freq hr hrs lb lbs max min orig oz sp spp sq subsp temp trans var wt"
)
"""Abbreviations where a word in lower case follows: "10 sq. miles", but "in the sp. He"."""

LIST_ENDINGS = _words("ect etc")
"""Abbreviations after which any capitalised word opens a sentence."""

OPENING_WORDS = _words(
    """
    A According After All Although An And Another As At Because Before Both But By Despite Do During Each For From
    He Her Here His How However I If In It Its Last Many Meanwhile Moreover Most My No Nor Not Now On Once One Or
    Our Several She Since So Some Such That The Their Then There These They This Those Though Thus To Under Until We
    What When Where Whether Which While Who Why With Yet You Your
    """
)
"""Capitalised words that seldom go on with a name: after an abbreviation they open a sentence."""

# Their period is their own only where they are capitalised: "Feb." and "Sen.", but "the sen." is a currency.
_CAPITALISED = _TITLES | _words(
    """
    apr ariz ark assn aug ave bldg blvd bros calif co colo conn corp dec dept dist div esq feb figs fla hwy inc inst
    intl jan jr jul jun kan ky ltd md mfg mich minn mont mts natl neb nev nos nov oct okla ont penn plc prop pty sat
    sep sept sr st sts tenn tex thur thurs tues univ va vol vols wed wis wyo
    """
)
_ANY_CASE = _LINKS | _words(
    """
    al assoc blvd bros corp dept ect eds est etc ext govt ibid inc jr ltd misc nos pp sr st vols
    """
)
_ACRONYM = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")


def is_initial(word: str) -> bool:
    """Whether ``word``, which a period follows, is one capital letter as in "J. Smith" ("I" is the pronoun)."""
    return len(word) == 1 and word.isupper() and word != "I"


def is_acronym(word: str) -> bool:
    """Whether ``word``, which a period follows, has periods inside as "U.S" and "e.g" have."""
    return _ACRONYM.fullmatch(word) is not None


def is_abbreviation(word: str) -> bool:
    """Whether the period that follows ``word`` belongs to it: initials, acronyms and the lists of this file."""
    lowered = word.lower()
    return (
        lowered in _ANY_CASE
        or (lowered in _CAPITALISED and word[:1].isupper())
        or is_initial(word)
        or is_acronym(word)
    )
