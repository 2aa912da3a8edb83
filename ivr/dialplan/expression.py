"""Conditions and values in plans: small, typed before anything runs, total when it runs.

    tries + 1          office is open          waiting.people > 20 and not talked          language in ("tt", "en")

There are no functions, no loops and no division; arithmetic is bounded. An expression that passed `type_of` always has
a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ivr.dialplan.state import Value

Type = Literal["number", "text", "yes_no", "hours"]

LARGEST = 10**12
LONGEST_EXPRESSION = 300
DEEPEST = 20


class ExpressionInvalid(ValueError):
    """What is wrong, from which character (counted from 0), and what to write."""

    def __init__(self, message: str, at: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.at, self.hint = message, at, hint


@dataclass(frozen=True, slots=True)
class Literally:
    value: str | int | float | bool
    at: int


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: Literal["not", "-"]
    operand: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Tree
    right: Tree
    at: int


@dataclass(frozen=True, slots=True)
class AmongThese:
    item: Tree
    choices: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class OpenNow:
    hours: str
    wanted: bool
    at: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What could not be read; kept, so that the checker can tell it with everything else."""

    message: str
    at: int
    hint: str


Tree = Literally | Named | Unary | Binary | AmongThese | OpenNow | Unreadable


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as written, and its tree."""

    text: str
    tree: Tree


class _Token(NamedTuple):
    kind: Literal["number", "text", "name", "sign", "end"]
    text: str
    at: int


_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"[^"]*"|'[^']*'|«[^»]*»)|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)?)"""
    r"""|(?P<sign>==|!=|<=|>=|[<>+\-(),=]))"""
)
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_WORDS = frozenset({"and", "or", "not", "is", "in", "true", "false", "open", "closed"})


def parse(text: str) -> Expression:
    """Read an expression; raises `ExpressionInvalid`."""
    if len(text) > LONGEST_EXPRESSION:
        raise ExpressionInvalid(f"longer than {LONGEST_EXPRESSION} characters", 0, "split it over several steps")
    return Expression(text, _Parser(text).whole())


class _Parser:
    """Recursive descent; the loosest operators first."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.next = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def take(self, *texts: str) -> _Token | None:
        token = self.token
        if token.kind in ("sign", "name") and token.text in texts:
            self.next += 1
            return token
        return None

    def whole(self) -> Tree:
        tree = self.either()
        token = self.token
        if token.kind != "end":
            if token.text == "=":
                raise ExpressionInvalid('"=" does not compare', token.at, 'write "=="')
            raise ExpressionInvalid(f'"{token.text}" is not expected here', token.at)
        return tree

    def either(self) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionInvalid("too many brackets", self.token.at)
        tree = self.chain(("or",), lambda: self.chain(("and",), self.negation))
        self.depth -= 1
        return tree

    def chain(self, operators: tuple[str, ...], operand: Callable[[], Tree]) -> Tree:
        tree = operand()
        while (token := self.take(*operators)) is not None:
            tree = Binary(token.text, tree, operand(), token.at)
        return tree

    def negation(self) -> Tree:
        if (token := self.take("not")) is None:
            return self.comparison()
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionInvalid('too many "not"', token.at)
        tree = Unary("not", self.negation(), token.at)
        self.depth -= 1
        return tree

    def comparison(self) -> Tree:
        left = self.sum()
        if (token := self.take(*_COMPARISONS)) is not None:
            return Binary(token.text, left, self.sum(), token.at)
        if (token := self.take("in")) is not None:
            return AmongThese(left, self.choices(), token.at)
        if (token := self.take("is")) is not None:
            return self.opening(left, token)
        return left

    def opening(self, left: Tree, token: _Token) -> Tree:
        wanted = self.take("not") is None
        word = self.take("open", "closed")
        if word is None or not isinstance(left, Named):
            raise ExpressionInvalid('"is" is for hours only', token.at, 'write "office is open", or compare by "=="')
        return OpenNow(left.name, wanted == (word.text == "open"), left.at)

    def choices(self) -> tuple[Tree, ...]:
        if self.take("(") is None:
            raise ExpressionInvalid('"in" needs a list', self.token.at, 'write: in ("a", "b")')
        found = [self.sum()]
        while self.take(",") is not None:
            found.append(self.sum())
        self.close()
        return tuple(found)

    def sum(self) -> Tree:
        return self.chain(("+", "-"), self.term)

    def term(self) -> Tree:
        token = self.token
        if self.take("(") is not None:
            tree = self.either()
            self.close()
            return tree
        if self.take("-") is not None:
            if self.token.kind != "number":
                raise ExpressionInvalid('after "-" a number is expected', self.token.at)
            return Unary("-", self.term(), token.at)
        self.next += 1
        if token.kind == "number":
            number = float(token.text) if "." in token.text else int(token.text)
            if number > LARGEST:
                raise ExpressionInvalid(f"{token.text} is too large", token.at)
            return Literally(number, token.at)
        if token.kind == "text":
            return Literally(token.text[1:-1], token.at)
        if token.text in ("true", "false"):
            return Literally(token.text == "true", token.at)
        if token.kind == "name" and token.text not in _WORDS:
            return Named(token.text, token.at)
        what = f'"{token.text}"' if token.text else "the end"
        raise ExpressionInvalid(f"a value is expected before {what}", token.at)

    def close(self) -> None:
        if self.take(")") is None:
            raise ExpressionInvalid('a ")" is missing', self.token.at)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionInvalid(f'"{text[at]}" means nothing here', at, _other_language(text[at:]))
        kind = match.lastgroup or ""
        yield _Token(kind, match[kind], match.start(kind))  # type: ignore[arg-type] # the groups are the kinds
        at = match.end()
    yield _Token("end", "", len(text))


def _other_language(rest: str) -> str:
    for sign, word in (("&&", "and"), ("||", "or"), ("!", "not"), ("&", "and"), ("|", "or")):
        if rest.startswith(sign):
            return f'write "{word}"'
    if rest.startswith(("{", "$")):
        return "write the variable's name alone"
    return "close the quotation mark" if rest.startswith(('"', "'", "«")) else ""


def type_of(tree: Tree, names: Mapping[str, Type]) -> Type:
    """The type of a tree over these names; raises `ExpressionInvalid` where the types do not fit."""
    match tree:
        case Literally(value):
            return "yes_no" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
        case Named(name, at):
            return _named(name, names, at)
        case OpenNow(hours, _, at):
            return _open_now(hours, names, at)
        case Unary(operator, operand, at):
            wanted: Type = "yes_no" if operator == "not" else "number"
            _need(operand, wanted, names, at, operator)
            return wanted
        case AmongThese(item, choices, at):
            for choice in choices:
                _same(item, choice, names, at)
            return "yes_no"
        case Unreadable(message, at, hint):
            raise ExpressionInvalid(message, at, hint)
        case Binary(operator, left, right, at):
            return _binary(operator, left, right, names, at)


class NameUnknown(ExpressionInvalid):
    """Nothing is called so."""

    def __init__(self, name: str, at: int) -> None:
        super().__init__(f'nothing is called "{name}"', at)
        self.name = name


def _named(name: str, names: Mapping[str, Type], at: int) -> Type:
    if name not in names:
        raise NameUnknown(name, at)
    if names[name] == "hours":
        raise ExpressionInvalid(f'"{name}" are hours', at, f'write "{name} is open"')
    return names[name]


def _open_now(hours: str, names: Mapping[str, Type], at: int) -> Type:
    if hours not in names:
        raise NameUnknown(hours, at)
    if names[hours] != "hours":
        raise ExpressionInvalid(f'"{hours}" are not hours', at, 'compare by "=="')
    return "yes_no"


def _binary(operator: str, left: Tree, right: Tree, names: Mapping[str, Type], at: int) -> Type:
    if operator in ("and", "or"):
        _need(left, "yes_no", names, at, operator)
        _need(right, "yes_no", names, at, operator)
        return "yes_no"
    if operator in ("+", "-"):
        _need(left, "number", names, at, operator)
        _need(right, "number", names, at, operator)
        return "number"
    kind = _same(left, right, names, at)
    if operator not in ("==", "!=") and kind == "yes_no":
        raise ExpressionInvalid(f'"{operator}" does not compare yes and no', at)
    return "yes_no"


def _need(tree: Tree, wanted: Type, names: Mapping[str, Type], at: int, operator: str) -> None:
    kind = type_of(tree, names)
    if kind != wanted:
        raise ExpressionInvalid(f'"{operator}" needs {_IN_WORDS[wanted]}, but this is {_IN_WORDS[kind]}', at)


def _same(left: Tree, right: Tree, names: Mapping[str, Type], at: int) -> Type:
    one, other = type_of(left, names), type_of(right, names)
    if one != other:
        raise ExpressionInvalid(f"{_IN_WORDS[one]} is compared with {_IN_WORDS[other]}", at)
    return one


_IN_WORDS: dict[Type, str] = {"number": "a number", "text": "text", "yes_no": "yes or no", "hours": "hours"}


def value_of(tree: Tree, look_up: Callable[[str], Value], is_open: Callable[[str], bool]) -> str | int | float | bool:
    """The value of a tree that `type_of` accepted."""
    match tree:
        case Literally(value):
            return value
        case Named(name):
            found = look_up(name)
            return "" if found is None else found
        case OpenNow(hours, wanted):
            return is_open(hours) == wanted
        case Unary(operator, operand):
            value = value_of(operand, look_up, is_open)
            return not value if operator == "not" else _bounded(-_number(value))
        case Unreadable():  # no plan with one goes live
            return False
        case AmongThese(item, choices):
            value = value_of(item, look_up, is_open)
            return any(value == value_of(choice, look_up, is_open) for choice in choices)
        case Binary(operator, left, right):
            one, other = value_of(left, look_up, is_open), value_of(right, look_up, is_open)
            return _OPERATIONS[operator](one, other)


def _number(value: Value) -> int | float:
    return value if isinstance(value, int | float) else 0


def _bounded(number: int | float) -> int | float:
    return max(-LARGEST, min(LARGEST, number))


def _below(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    return _number(one) < _number(other)


_OPERATIONS: dict[str, Callable[[Value, Value], str | int | float | bool]] = {
    "and": lambda one, other: bool(one) and bool(other),
    "or": lambda one, other: bool(one) or bool(other),
    "+": lambda one, other: _bounded(_number(one) + _number(other)),
    "-": lambda one, other: _bounded(_number(one) - _number(other)),
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": _below,
    ">": lambda one, other: _below(other, one),
    "<=": lambda one, other: not _below(other, one),
    ">=": lambda one, other: not _below(one, other),
}
