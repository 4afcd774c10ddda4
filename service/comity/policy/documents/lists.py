"""Files `lists/NAME.yaml`: channels, products, offences or codes that a class stands for."""

from __future__ import annotations

from typing import Literal

from comity.policy.documents.base import Document, Line, Many, Name
from comity.policy.documents.times import Interval


class ListEntry(Interval):
    """One entry.

    Attributes:
        id: what it is called.
        evidence: why it is on the list.
    """

    id: Line
    evidence: Line | None = None


class ListFile(Document):
    """A list.

    Attributes:
        list: its name, the file's.
        of: what its entries are.
        complete: whether what is not listed is known not to be of the class.
        entries: the entries.
    """

    list: Name
    of: Literal["channel", "product", "offence", "code"]
    complete: bool = True
    entries: Many[ListEntry]
