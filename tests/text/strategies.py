"""Texts that break tokenizers, for hypothesis."""

from hypothesis import strategies as st

# Alone and together these have broken offsets elsewhere: surrogates, joiners, selectors, marks, flags, skin tones,
# right-to-left text and its marks, every kind of white space and line end, NUL, and what the rules look for.
_SPECIAL = (
    "\ud800 \udfff \udce9 \u200d \u200c \u200b \ufe0f \u20e3 \u0301 \u093f \ufeff \u200f \u202e \u00ad \x00 \x07"
)
_EMOJI = "👩 👩\u200d🚀 👍🏽 🇩 🇩🇪 \U000e0041 \ue000 \u0378"
_SCRIPTS = 'שלום צה"ל عربي ـ हिन्दी ไทย 漢字 かな カナ 한국 ½ ² ٣ Ǆ ß é e\u0301'
_ENGLISH = """
The end Mr. U.S. U.S J. I. etc. No. 5 e.g. Inc.'s don't cannot n't 's ' '' `` " “ ” ’ ( ) [1] - -- — … ... . .. ! ?! ,
: ; 1,000.50 3-1 10:30 -5 $ US$ € % a@b.co @me #tag # & AT&T &amp; http:// http://a.b/c(d). www. a.com/b w/ / :) :D <3
^_^ _ __ * ** C++ 。 ！ 」 « x
"""
_SPACES = [
    " ",
    "  ",
    "\n",
    "\r\n",
    "\r",
    "\f",
    "\v",
    "\t",
    "\u2028",
    "\u2029",
    "\x85",
    "\x1c",
    "\xa0",
    "\u3000",
    "\n\n",
]

_english = [*_ENGLISH.split(), *_SPACES]
_awkward = [*_SPECIAL.split(" "), *_EMOJI.split(" "), *_SCRIPTS.split(" "), *_english]

texts = (
    st.text(st.characters(exclude_categories=()), max_size=60)
    | st.lists(st.sampled_from(_awkward) | st.characters(), max_size=30).map("".join)
    | st.lists(st.sampled_from(_english), max_size=30).map("".join)
)
