"""
How things are found by words: what is kept of a text, what a search asks for, what is shown of it.

A text is kept as the pairs of its adjacent Chinese characters and its words of other letters, with
their pairs; so nothing that is kept depends on a dictionary, and no term is unfindable. Only the
words of a search go through one: 高温合金涂层 also finds a coating made of a superalloy. What
stands in a title or a keyword is kept a second time under a mark, so that an index alone can tell
the better hits.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import auto
from functools import lru_cache
from itertools import groupby, pairwise

import rjieba

from marketplace.vocabulary import Term

#: What is read of a search, in characters, and how many words of it are looked for.
LONGEST_SEARCH, MOST_TERMS = 200, 16
#: What is read of one text.
LONGEST_TEXT = 60_000
#: The longest word of other letters; the rest of a longer one is dropped.
LONGEST_WORD = 40
#: From this length on, a word of other letters also finds its longer forms: coating, coatings.
SHORTEST_STEM = 4
#: How many characters are remembered as they are folded: all that are in use, more or less.
MOST_FOLDED = 20_000
#: What is shown of a long text around its hits.
LONGEST_EXCERPT = 160
#: How many bytes are kept of a text at least, and what fills them; no word contains it.
LEAST_KEPT, FILLER = 2_000, "~"
#: What joins two words of other letters that stand side by side; no run contains it.
PAIR = "|"
#: The marks of what stands in a title, and in a keyword. No word contains them.
ANYWHERE, IN_TITLE, IN_KEYWORD = "", "^", "#"

#: Characters of which words are written without a space between them.
HAN = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
RUNS = re.compile(
    rf"(?P<han>[{HAN}]+)|(?P<word>(?:(?![{HAN}])[^\W_])+(?:[-./+_](?:(?![{HAN}])[^\W_])+)*)"
)
SPACE_AFTER_HAN = re.compile(rf"[{HAN}]\s")
GAP = re.compile(rf"(?<=[{HAN}])\s+(?=[{HAN}])")
PARTS = re.compile(r"[^\W\d_]+|\d+")
JOINTS = re.compile(r"[-./+_]")
TERMS = re.compile(r'"(?P<phrase>[^"]*)"?|(?P<loose>[^\s"]+)')
QUOTES = str.maketrans("“”„‟«»「」『』〝〞", '"' * 12)
#: Characters that join words and are looked for only where they stand alone.
PARTICLES = frozenset("的了和与及或在是之其")


class Order(Term):
    """In which order what is found is shown."""

    #: The better hits first, among them what is in better health.
    RELEVANCE = auto()
    #: The newest first.
    DATE = auto()
    #: What is in the best health first.
    HEALTH = auto()


class Facet(Term):
    """By what found things are counted."""

    MARKET = auto()
    SIDE = auto()
    FIELD = auto()
    REGION = auto()
    COOPERATION_MODE = auto()
    PRICE_WAY = auto()
    READINESS = auto()


class _Folded(dict[int, str]):
    """What each character is folded to; those that were met are remembered."""

    def __missing__(self, number: int) -> str:
        found = folded(chr(number))
        if len(self) < MOST_FOLDED:
            self[number] = found
        return found


FOLDED = _Folded()


@dataclass(frozen=True, slots=True)
class Query:
    """
    What a search asks for, as texts that PostgreSQL reads as tsquery.

    `words` finds; the others tell among what it found the better hits, best first: all terms in
    the title, all of their words in the title or the keywords, all terms in one piece anywhere.
    A text found holds every phrase of `phrases` almost surely, for it holds all pairs of it:
    `squeezed` of it tells.
    """

    words: str
    in_title: str = ""
    in_heading: str = ""
    in_one_piece: str = ""
    phrases: tuple[str, ...] = ()
    #: What to highlight: pieces of text as `folded` leaves them, the longest first.
    pieces: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether there is no word that can be looked for."""
        return not self.words

    @property
    def tiers(self) -> tuple[str, ...]:
        """
        Return disjoint searches that together find what `words` finds, the best hits first.

            碳化硅 涂层 → both in the title; both in title or keywords; in one piece; the rest
        """
        better: list[str] = []
        tiers: list[str] = []
        for each in dict.fromkeys([self.in_title, self.in_heading, self.in_one_piece, self.words]):
            tiers.append(" & ".join([f"({each})", *(f"!({one})" for one in better)]))
            better.append(each)
        return tuple(tiers) if self.words else ()


def tokens(title: str, keywords: Iterable[str], body: str) -> str:
    """
    Return what is kept of a public text, as a text that PostgreSQL reads as tsvector.

        tokens("铝材", ["5G"], "") → '#5' '#5g' '#g' '5' '5g' '^材' '^铝材' 'g' '材' '铝材'
    """
    of_title = set(_kept(title))
    of_keywords = {token for keyword in keywords for token in _kept(keyword)}
    found = {IN_TITLE + token for token in of_title}
    found |= {IN_KEYWORD + token for token in of_keywords}
    found |= of_title | of_keywords
    found.update(_kept(body))
    return " ".join(map(_quoted, sorted(found)))


def filled(kept: str) -> str:
    """
    Return tokens with one that nobody looks for, where they are few.

    PostgreSQL moves a large value out of its row, but only from two kilobytes on. All rows but the
    narrow ones would be in the way of those who count them.
    """
    missing = LEAST_KEPT - len(kept.encode())
    # In steps, so that there are few such tokens.
    return (
        f"{kept} {_quoted(FILLER * (-(-missing // 100) * 100))}" if kept and missing > 0 else kept
    )


def query(text: str) -> Query:
    """
    Return what the search `text` asks for; an empty one where it holds no word.

    Terms are parted by spaces; all must be found. A term stands for its dictionary words, in any
    place; a term in quotation marks is a phrase, which must be found in one piece.

        query("高温合金") → 高温 and 合金
        query('"高温合金"') → 高温 and 温合 and 合金, and the text holds 高温合金
    """
    terms: list[tuple[list[str], bool]] = []
    phrases: list[str] = []
    for found in TERMS.finditer(_clean(text[:LONGEST_SEARCH]).translate(QUOTES)):
        is_phrase = found["phrase"] is not None
        written = found["phrase"] if is_phrase else found["loose"]
        pieces = [run for run, _is_han in _runs(GAP.sub("", folded(written)))]
        if pieces and len(terms) < MOST_TERMS:
            terms.append((pieces, is_phrase))
            if is_phrase:
                phrases.append(squeezed(written))
    if not terms:
        return Query("")
    apart = [_paired(pieces) if is_phrase else _words(pieces) for pieces, is_phrase in terms]
    whole = [
        piece for pieces, is_phrase in terms for piece in (_paired(pieces) if is_phrase else pieces)
    ]
    shown = {piece for pieces, _is_phrase in terms for piece in pieces}
    shown |= {word for words in apart for word in words if PAIR not in word}
    every_word = [word for words in apart for word in words]
    return Query(
        words=_all(_asked(every_word, ANYWHERE)),
        in_title=_all(_asked(whole, IN_TITLE)),
        in_heading=_all(
            _either(_all(_asked([word], IN_TITLE)), _all(_asked([word], IN_KEYWORD)))
            for word in dict.fromkeys(every_word)
        ),
        in_one_piece=_all(_asked(whole, ANYWHERE)),
        phrases=tuple(dict.fromkeys(phrases)),
        pieces=tuple(sorted(shown, key=lambda piece: (-len(piece), piece))),
    )


def highlight(
    text: str, asked: Query, longest: int | None = LONGEST_EXCERPT
) -> list[tuple[str, bool]]:
    """
    Return `text` in fragments, each with whether it is what was asked for.

    Of a text longer than `longest` only the stretch with the most hits, with … where it was cut.

        highlight("镍基高温合金", query("合金")) → ("镍基高温", no), ("合金", yes)
    """
    hits = list(_hits(text, asked.pieces))
    start, end = _stretch(text, hits, longest)
    fragments = [("…", False)] if start else []
    at = start
    for first, last in hits:
        if first < start or last > end:
            continue
        fragments += [(text[at:first], False), (text[first:last], True)]
        at = last
    fragments.append((text[at:end], False))
    if end < len(text):
        fragments.append(("…", False))
    return _joined(fragment for fragment in fragments if fragment[0])


def folded(text: str) -> str:
    """Return `text` with full-width and compatibility forms as the usual ones, capitals small."""
    return unicodedata.normalize("NFKC", text).casefold()


def squeezed(text: str) -> str:
    """Return `text` folded and without white space, in which phrases are looked for."""
    return "".join(folded(_clean(text)).split())


def _clean(text: str) -> str:
    # Half of a surrogate pair is no character, and neither a database nor a segmenter takes it.
    return text.encode("utf-8", "ignore").decode()


def _runs(plain: str) -> list[tuple[str, bool]]:
    return [(found[0], found["han"] is not None) for found in RUNS.finditer(plain)]


def _kept(text: str) -> Iterator[str]:
    plain = GAP.sub("", folded(_clean(text[:LONGEST_TEXT])))
    end, last = 0, ""
    for found in RUNS.finditer(plain):
        run = found[0]
        if found["han"]:
            # A pair begins with every character but the last, which is kept by itself: so each
            # single one is found as the beginning of something.
            yield from map("".join, pairwise(run))
            yield run[-1]
            last = ""
        else:
            word, parts = JOINTS.sub("", run)[:LONGEST_WORD], JOINTS.split(run)
            yield word
            if last and not plain[end : found.start()].strip():
                yield last + PAIR + word
            yield from (
                one[:LONGEST_WORD] + PAIR + other[:LONGEST_WORD] for one, other in pairwise(parts)
            )
            end, last = found.end(), word
            for part in parts:
                yield part[:LONGEST_WORD]
                yield from (each[:LONGEST_WORD] for each in PARTS.findall(part))


def _words(runs: Iterable[str]) -> list[str]:
    """Return the dictionary words of Chinese runs; other runs as they are."""
    found: list[str] = []
    for run in runs:
        found += _dictionary_words(run) if re.match(rf"[{HAN}]", run) else [run]
    return list(dict.fromkeys(found))


def _paired(runs: list[str]) -> list[str]:
    """
    Return a phrase by its pairs of words of other letters; Chinese runs as they are.

        finite element method → finite_element, element_method
    """
    pieces = []
    for is_han, group in groupby(runs, lambda run: _is_han(run[0])):
        words = list(group)
        if is_han or len(words) == 1:
            pieces += words
        else:
            pieces += [one + PAIR + other for one, other in pairwise(words)]
    return pieces


def _dictionary_words(run: str) -> list[str]:
    """
    Return the words of which `run` is made; a lone character is no word, and joins a neighbour.

        镍基合金的涂层 → 镍基, 合金, 涂层
    """
    words: list[str] = []
    lone = ""
    joins_last = False
    for piece in rjieba.cut(run, False):
        if piece in PARTICLES and len(run) > 1:
            words, lone = _with_lone(words, lone, joins_last=joins_last), ""
            joins_last = False
        elif len(piece) == 1:
            lone += piece
        elif len(lone) == 1:
            words.append(lone + piece)
            lone, joins_last = "", True
        else:
            words = _with_lone(words, lone, joins_last=joins_last)
            words.append(piece)
            lone, joins_last = "", True
    return _with_lone(words, lone, joins_last=joins_last) or [run]


def _with_lone(words: list[str], lone: str, *, joins_last: bool) -> list[str]:
    if len(lone) == 1 and joins_last:
        return [*words[:-1], words[-1] + lone]
    return [*words, lone] if lone else words


def _asked(pieces: Iterable[str], mark: str) -> Iterator[str]:
    """Return the lexemes that a text with all `pieces` under `mark` must have."""
    for piece in pieces:
        if not re.match(rf"[{HAN}]", piece):
            before, pair, last = piece.rpartition(PAIR) if PAIR in piece else ("", "", piece)
            first = JOINTS.sub("", before)[:LONGEST_WORD] + pair
            word = JOINTS.sub("", last)[:LONGEST_WORD]
            stem = _stem(word)
            yield f"{_quoted(mark + first + stem)}:*" if stem else _quoted(mark + first + word)
        elif len(piece) == 1:
            yield f"{_quoted(mark + piece)}:*"
        else:
            yield from (_quoted(mark + first + second) for first, second in pairwise(piece))


def _stem(word: str) -> str:
    """Return what the longer forms of an alphabetic word begin with; nothing for a short one."""
    return word.removesuffix("s") if word.isalpha() and len(word) >= SHORTEST_STEM else ""


def _all(asked: Iterable[str]) -> str:
    return " & ".join(dict.fromkeys(asked))


def _either(one: str, other: str) -> str:
    return f"(({one}) | ({other}))"


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _hits(text: str, pieces: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Return where in `text` the pieces stand, from left to right, none across another."""
    if not pieces:
        return
    plain, origins = _plain(text)
    end = 0
    for found in _wanted(pieces).finditer(plain):
        first, last = origins[found.start()], origins[found.end() - 1] + 1
        if first >= end:  # One character may fold into several, such as ㎏.
            yield first, last
            end = last


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """Return `text` as it is looked through, and where each character of that comes from."""
    plain = text.translate(FOLDED)
    if len(plain) == len(text) and not SPACE_AFTER_HAN.search(plain):
        return plain, range(len(text))
    # Folding changes lengths, so every folded character notes where it comes from.
    pieces: list[str] = []
    origins: list[int] = []
    for at, character in enumerate(text):
        for each in folded(character):
            if not each.isspace() or not pieces or not _is_han(pieces[-1]):
                pieces.append(each)
                origins.append(at)
    return "".join(pieces), origins


@lru_cache(maxsize=256)
def _wanted(pieces: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_pattern, pieces)))


def _pattern(piece: str) -> str:
    if _is_han(piece[0]):
        return re.escape(piece)
    word = JOINTS.sub("", piece)
    stem = _stem(word)
    # C-19 is also C19.
    spelt = "[-./+_]?".join(map(re.escape, stem or word))
    return spelt + rf"(?:(?![{HAN}])[^\W\d_])*" if stem else spelt + rf"(?:(?![^\W_])|(?=[{HAN}]))"


def _is_han(character: str) -> bool:
    return re.match(rf"[{HAN}]", character) is not None


def _stretch(text: str, hits: list[tuple[int, int]], longest: int | None) -> tuple[int, int]:
    """Return from where to where `text` is shown."""
    if longest is None or len(text) <= longest:
        return 0, len(text)
    if not hits:
        return 0, longest
    # Of all stretches that begin with a hit, the one that holds the most; the end only moves on.
    best, most, held, last = hits[0][0], 0, 0, 0
    for place, (first, end) in enumerate(hits):
        while last < len(hits) and hits[last][1] <= first + longest:
            held += hits[last][1] - hits[last][0]
            last += 1
        if held > most:
            best, most = first, held
        if last > place:
            held -= end - first
        else:
            last = place + 1
    start = max(0, min(best - longest // 8, len(text) - longest))
    return start, start + longest


def _joined(fragments: Iterable[tuple[str, bool]]) -> list[tuple[str, bool]]:
    joined: list[tuple[str, bool]] = []
    for words, is_hit in fragments:
        if joined and joined[-1][1] == is_hit:
            joined[-1] = (joined[-1][0] + words, is_hit)
        else:
            joined.append((words, is_hit))
    return joined
