"""Embeddings from any endpoint that speaks as OpenAI's does."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from marketplace.vectors import NoVectors, Numbers, VectorOrigin, checked

#: How many texts are sent at once, and how much of each, in characters.
BATCH, LONGEST = 64, 6000
#: After how many seconds all of an answer must be there.
TIMEOUT = 30.0
#: The longest answer that is read, in bytes: of as many vectors, as long as there may be.
LARGEST = 32 * 1024 * 1024


def embed(
    texts: Sequence[str],
    origin: VectorOrigin,
    *,
    key: str = "",
    dimensions: int | None = None,
    timeout: float = TIMEOUT,
) -> list[Numbers]:
    """
    Return the vector of each text, of length one, or raise a MarketError that says what is wrong.

    Nothing of what comes is taken where anything of it is wrong. A redirection is not followed, for
    the key is for this host alone.
    """
    asked = {"model": origin.model, "input": [text[:LONGEST] for text in texts]}
    try:
        status, answer = _post(f"{origin.place}/embeddings", asked, key, timeout)
    except TimeoutError as error:
        raise NoVectors(
            "The endpoint does not answer within {seconds} s.", seconds=round(timeout, 1)
        ) from error
    except (OSError, HTTPException, ValueError) as error:
        raise NoVectors("The endpoint cannot be reached.") from error
    if status != 200:
        raise NoVectors("The endpoint answers with status {status}.", status=status)
    return checked(_vectors(answer, len(texts)), count=len(texts), dimensions=dimensions)


def _post(address: str, body: Any, key: str, timeout: float) -> tuple[int, bytes]:
    parts = urlsplit(address)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    try:
        connection.connect()
        with _until(connection.sock, timeout):
            connection.request("POST", parts.path, json.dumps(body).encode(), headers)
            with connection.getresponse() as response:
                return response.status, response.read(LARGEST + 1)
    finally:
        connection.close()


@contextmanager
def _until(connected: Any, timeout: float) -> Iterator[None]:
    """
    Break a connection off after `timeout` seconds.

    Its own timeout is for each piece alone: an answer that drips would never end.
    """
    is_over = threading.Event()

    def break_off() -> None:
        is_over.set()
        try:
            connected.shutdown(socket.SHUT_RDWR)
        except OSError:  # It has ended by itself.
            return

    timer = threading.Timer(timeout, break_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException, ValueError) as error:
        if is_over.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
    if is_over.is_set():
        raise TimeoutError


def _vectors(answer: bytes, count: int) -> list[object]:
    """Return the vectors of an answer in the order of the texts."""
    try:
        if len(answer) > LARGEST:
            raise ValueError
        rows = json.loads(answer)["data"]
        found = {row["index"]: row["embedding"] for row in rows}
        return [found[place] for place in range(len(found))]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoVectors("The endpoint answers with something else than vectors.") from error
