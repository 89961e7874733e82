"""$filter, read: a tokenizer and a recursive descent parser that turn the text into a tree.

or     := and ("or" and)*
and    := term ("and" term)*
term   := "(" or ")" | operand [operator literal | "in" "(" literals ")"]
operand:= name | literal | function "(" operand ("," operand)* ")" | name "/" ("any" | "all") "(" anything ")"
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sandbox.business_central.errors import ApiError, bad_request
from sandbox.business_central.filter_tree import (
    Call,
    Combination,
    Comparison,
    Everything,
    Literal,
    Membership,
    Name,
    Node,
    Operand,
)

OPERATORS = ("eq", "ne", "gt", "ge", "lt", "le")
MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
MATCHING = ("contains", "startswith", "endswith")
CHANGING = ("tolower", "toupper", "substring")


_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^']|'')*')
  | (?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})
  | (?P<datetime>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?)
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[dDfFmMlL]?(?![\w]))
  | (?P<name>[A-Za-z_@$][\w.]*)
  | (?P<mark>[(),/:])
    )""",
    re.VERBOSE,
)
_DEEPEST = 100
_WORDS = {"true": "boolean", "false": "boolean", "null": "null"}


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def parsed(text: str) -> Node:
    """The tree of a filter. Raises ApiError (400) when the text is no filter."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._or()
        if self._peek().kind != "end":
            raise self._error()
        return node

    def _or(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise bad_request("The filter is nested too deeply.")
        node = self._and()
        while self._takes("or"):
            node = Combination("or", node, self._and())
        self._depth -= 1
        return node

    def _and(self) -> Node:
        node = self._term()
        while self._takes("and"):
            node = Combination("and", node, self._term())
        return node

    def _term(self) -> Node:
        if self._takes("("):
            node = self._or()
            self._expect(")")
            return node
        if self._peek().text == "not":
            raise bad_request("The operator 'not' is not supported on an OData filter.")
        operand = self._operand()
        if isinstance(operand, Everything):
            return operand
        if self._takes("in"):
            return Membership(operand, self._literals())
        operator = self._peek().text
        if operator in OPERATORS and self._peek().kind == "name":
            self._next += 1
            return self._comparison(operand, operator)
        if isinstance(operand, Literal):
            raise self._error()
        return operand

    def _comparison(self, left: Operand, operator: str) -> Comparison:
        right = self._operand()
        if isinstance(left, Literal) and isinstance(right, Name | Call):
            left, right, operator = right, left, MIRRORED.get(operator, operator)
        if isinstance(left, Literal) or not isinstance(right, Literal):
            raise bad_request("A filter compares a field with a value; other comparisons are not supported.")
        return Comparison(left, operator, right)

    def _literals(self) -> tuple[Literal, ...]:
        self._expect("(")
        literals = [self._literal()]
        while self._takes(","):
            literals.append(self._literal())
        self._expect(")")
        return tuple(literals)

    def _literal(self) -> Literal:
        operand = self._operand()
        if not isinstance(operand, Literal):
            raise self._error()
        return operand

    def _operand(self) -> Operand | Everything:
        token = self._peek()
        if token.kind in ("mark", "end"):
            raise self._error()
        self._next += 1
        if token.kind != "name" or token.text in _WORDS:
            text = _unquoted(token.text) if token.kind == "text" else token.text
            return Literal(text, _WORDS.get(token.text, token.kind))
        if self._peek().kind == "text" and "." in token.text:
            self._next += 1
            return Literal(_unquoted(self._tokens[self._next - 1].text), "enum")
        if self._takes("("):
            return self._call(token.text)
        if self._takes("/"):
            return self._lambda()
        return Name(token.text)

    def _call(self, function: str) -> Call:
        if function not in MATCHING + CHANGING:
            raise bad_request(f"An unknown function with name '{function}' was found.")
        arguments = [self._argument()]
        while self._takes(","):
            arguments.append(self._argument())
        self._expect(")")
        return Call(function, tuple(arguments))

    def _argument(self) -> Operand:
        operand = self._operand()
        if isinstance(operand, Everything):
            raise self._error()
        return operand

    def _lambda(self) -> Everything:
        """any(...) and all(...) are read and ignored, whatever stands in them."""
        if not (self._takes("any") or self._takes("all")):
            raise self._error()
        self._expect("(")
        depth = 1
        while depth:
            token = self._peek()
            if token.kind == "end":
                raise self._error()
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
            self._next += 1
        return Everything()

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _takes(self, text: str) -> bool:
        token = self._peek()
        if token.text != text or token.kind not in ("mark", "name"):
            return False
        self._next += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise self._error()

    def _error(self) -> ApiError:
        return bad_request(f"Syntax error at position {self._peek().position} in '{self._text}'.")


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            raise bad_request(
                f"Syntax error: character '{text[position]}' is not valid at position {position} in '{text}'."
            )
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], position)
        position = found.end()
    yield _Token("end", "", len(text))


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
