"""
Vectors of words from a folder of this machine.

The folder holds two files:

    vocabulary.txt  one token per line, in UTF-8, as `marketplace.words.tokens` makes them: pairs of
                    Chinese characters, and words of other letters. Other lines are passed over.
    vectors.npy     a table of as many rows, float16 or float32, as `numpy.save` writes it.

It is read when a fit is made, and the vectors of the words of the market are kept with the fit: who
changes the folder later changes no score.
"""

from pathlib import Path

import numpy

from marketplace.vectors import KEPT, MOST_DIMENSIONS, NoVectors, Numbers
from marketplace.words import key, tokens


def vectors_of(folder: str, keys: Numbers) -> tuple[Numbers, Numbers]:
    """Return which of the words `keys` have a vector in a folder, and these, as they are kept."""
    path = Path(folder)
    try:
        lines = (path / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
        table = numpy.load(path / "vectors.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise NoVectors(
            "There is no vocabulary.txt and vectors.npy that can be read in the folder."
        ) from error
    if table.ndim != 2 or table.dtype.kind != "f" or not 0 < table.shape[1] <= MOST_DIMENSIONS:
        raise NoVectors("vectors.npy is no table of numbers.")
    if table.shape[0] != len(lines):
        raise NoVectors(
            "There are {tokens} tokens, but {vectors} vectors.",
            tokens=len(lines),
            vectors=table.shape[0],
        )
    wanted = set(keys.tolist())
    rows: dict[int, int] = {}
    for row, line in enumerate(lines):
        token = line.strip()
        if tokens(token) == [token] and (number := key(token)) in wanted:
            rows.setdefault(number, row)
    held = numpy.array(sorted(rows), numpy.int64)
    found = numpy.asarray(table[[rows[number] for number in held.tolist()]], numpy.float64)
    if not numpy.isfinite(found).all():
        raise NoVectors("There are numbers in vectors.npy that are not finite.")
    # As large as one on average, so that half precision holds them well.
    size = float(numpy.sqrt((found * found).mean())) if found.size else 0.0
    return held, (found / (size or 1.0)).astype(KEPT)
