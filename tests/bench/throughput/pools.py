"""Messages that a load sends, and the answers that they must get."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.throughput.load import Ran
from bench.throughput.norms import Asked, Law

Write = Callable[[Sequence[Asked]], bytes]
Read = Callable[[bytes], list[bool]]


class WrongAnswerError(Exception):
    """A server answered other than the rules say, or not at all."""


@dataclass(frozen=True)
class Form:
    """How a server is asked.

    Attributes:
        path: the method, `/service/method`.
        write: makes a message of questions.
        read: tells from a reply which of them are denied; None if it says nothing.
    """

    path: str
    write: Write
    read: Read | None = None


class Pool:
    """Messages of one form.

    Attributes:
        form: their form.
        messages: the messages.
        items: questions in each.
    """

    def __init__(self, form: Form, law: Law, questions: Sequence[Asked], items: int = 1) -> None:
        """Put so many questions into each message; the answers must be those of `law`."""
        self.form = form
        self.items = items
        self._law = law
        self._groups = [questions[i : i + items] for i in range(0, len(questions), items)]
        self.messages = [form.write(group) for group in self._groups]

    def require_right(self, position: int, reply: bytes) -> None:
        """Return if the reply to the message at `position` is what the rules say.

        Raises:
            WrongAnswerError: it is not.
        """
        if self.form.read is None:
            return
        expected = [self._law.denied(one) for one in self._groups[position]]
        found = self.form.read(reply)
        if found != expected:
            message = f"{self.form.path} answers {found}, not {expected}: {self._groups[position]}"
            raise WrongAnswerError(message)

    def require_all_right(self, ran: Ran) -> None:
        """Return if every call was answered, and all replies that were kept are right.

        Raises:
            WrongAnswerError: this is not so.
        """
        if ran.answered != ran.begun or not ran.kept:
            message = f"{self.form.path}: {ran.begun} calls, {dict(ran.statuses)}"
            raise WrongAnswerError(message)
        for position, reply in ran.kept:
            self.require_right(position, reply)


class Supply:
    """Questions that nobody has asked before, each given out once to each server."""

    def __init__(self, form: Form, law: Law, drawn: Iterator[Asked]) -> None:
        """Give out what `drawn` yields, in this form."""
        self._form = form
        self._law = law
        self._drawn = drawn
        self._known: list[Asked] = []

    def take(self, start: int, count: int) -> Pool:
        """Return the `count` questions from position `start`."""
        missing = start + count - len(self._known)
        self._known += itertools.islice(self._drawn, max(0, missing))
        return Pool(self._form, self._law, self._known[start : start + count])


def one(write: Callable[[Asked], bytes]) -> Write:
    """Return how a message of a single question is made."""

    def write_one(asked: Sequence[Asked]) -> bytes:
        (single,) = asked
        return write(single)

    return write_one


def mean_size(messages: Iterable[bytes]) -> int:
    """Return the mean length of at least one message."""
    sizes = [len(message) for message in messages]
    return round(sum(sizes) / len(sizes))
