"""The tree of a $filter: conditions, the operands that they look at, and constants."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Literal:
    """A constant: its text and what it is: text, number, boolean, guid, datetime, date, null, or enum."""

    text: str
    kind: str


@dataclass(frozen=True)
class Name:
    """A property, or for a boolean one by itself a condition."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function of other operands."""

    function: str
    arguments: "tuple[Operand, ...]"


@dataclass(frozen=True)
class Comparison:
    """An operand against a constant."""

    operand: "Operand"
    operator: str
    literal: Literal


@dataclass(frozen=True)
class Membership:
    """An operand against several constants: the operator `in`."""

    operand: "Operand"
    literals: tuple[Literal, ...]


@dataclass(frozen=True)
class Combination:
    """Two conditions, joined by "and" or "or"."""

    word: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Everything:
    """A condition that the product ignores."""


Operand = Literal | Name | Call
Node = Comparison | Membership | Combination | Everything | Name | Call
