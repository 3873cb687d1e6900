"""conlleval.pl (Tjong Kim Sang 2004) over again, rule for rule, as an independent judge of the scores.

The perl walks over the tokens once, with two flags a token: does a chunk end before it, does one start at it. Its own
rules know B, I, E and O; S follows from them (it starts like B and ends like E).
"""

from collections import Counter

ENDS = {"BB", "BO", "IB", "IO", "EE", "EI", "EO"} | {"EB", "ES", "SB", "SI", "SE", "SS", "SO", "BS", "IS"}
STARTS = {"BB", "IB", "OB", "OI", "EE", "EI", "OE"} | {"EB", "ES", "SB", "SI", "SE", "SS", "OS", "BS", "IS"}
LETTER = {"L": "E", "U": "S", "M": "I"}


def _split(tag):
    letter, _, kind = tag.partition("-")
    return LETTER.get(letter, letter), kind


def _ends(before, now):
    return before[0] + now[0] in ENDS or (before[0] != "O" and before[1] != now[1])


def _starts(before, now):
    return before[0] + now[0] in STARTS or (now[0] != "O" and before[1] != now[1])


def conlleval(gold, predicted):
    """Counters by type: correct, predicted, gold chunks; and the number of tokens with the right tag."""
    correct, guessed, true = Counter(), Counter(), Counter()
    last_true = last_guess = ("O", "")
    in_correct = False
    sentences = [list(zip(*pair, strict=True)) for pair in zip(gold, predicted, strict=True)]
    right = sum(true_tag == guess_tag for sentence in sentences for true_tag, guess_tag in sentence)
    rows = [pair for sentence in sentences for pair in [*sentence, ("O", "O")]]
    for true_tag, guess_tag in rows:
        now_true, now_guess = _split(true_tag), _split(guess_tag)
        true_ends, guess_ends = _ends(last_true, now_true), _ends(last_guess, now_guess)
        if in_correct:
            if true_ends and guess_ends and last_true[1] == last_guess[1]:
                in_correct = False
                correct[last_true[1]] += 1
            elif true_ends != guess_ends or now_true[1] != now_guess[1]:
                in_correct = False
        true_starts, guess_starts = _starts(last_true, now_true), _starts(last_guess, now_guess)
        if true_starts and guess_starts and now_true[1] == now_guess[1]:
            in_correct = True
        true[now_true[1]] += true_starts
        guessed[now_guess[1]] += guess_starts
        last_true, last_guess = now_true, now_guess
    return +correct, +guessed, +true, right
