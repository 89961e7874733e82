"""Values as PHP sees them: WooCommerce's answers to odd input follow from these rules.

PHP has one array type where JSON has two: `{"0": "a"}` and `["a"]` are the same to it, and so are `{}` and `[]`.
"""

import math
import re
from typing import Any
from urllib.parse import unquote_plus

_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\r\v\f]*")
_NUMERIC_PREFIX = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)")
_INTEGER_KEY = re.compile(r"0|-?[1-9]\d*")
_KEY_PARTS = re.compile(r"\[([^\]]*)\]")
_SLASHED = re.compile(r"\\(.?)", re.DOTALL)
_LARGEST = 2**63 - 1
_ARRAYS = (dict, list)


def is_array(value: Any) -> bool:
    """Whether JSON's value is an array to PHP."""
    return isinstance(value, _ARRAYS)


def is_list(value: Any) -> bool:
    """Whether it is an array without text keys (`wp_is_numeric_array`)."""
    if isinstance(value, dict):
        return all(_INTEGER_KEY.fullmatch(str(key)) for key in value)
    return isinstance(value, list)


def members(value: Any) -> list[Any]:
    """The values of an array in their order; of anything else none."""
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def member(value: Any, key: str) -> Any:
    """`$value[key] ?? null`: None when it is no array or has no such key."""
    return value.get(key) if isinstance(value, dict) else None


def is_numeric(value: Any) -> bool:
    """`is_numeric`: numbers, and texts that are nothing but one."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) or (isinstance(value, str) and _NUMERIC.fullmatch(value) is not None)


def is_integer(value: Any) -> bool:
    """`rest_is_integer`: 5, "5", 5.0 and "5e0", but not true, "" or 5.5."""
    return is_numeric(value) and float(value).is_integer()


def to_int(value: Any) -> int:
    """`(int)`: the number that a text begins with, 0 when there is none; an array is 1 unless it is empty."""
    if isinstance(value, str):
        found = _NUMERIC_PREFIX.match(value)
        if found is None:
            return 0
        number: int | float = int(found[1]) if found[1].lstrip("+-").isdigit() else float(found[1])
    elif isinstance(value, dict | list):
        return int(bool(value))
    else:
        number = value or 0
    if isinstance(number, float) and not math.isfinite(number):
        return 0
    return max(-_LARGEST - 1, min(_LARGEST, int(number)))


def absint(value: Any) -> int:
    """`absint`: the number without its sign."""
    return abs(to_int(value))


def is_empty(value: Any) -> bool:
    """`empty`: also the text "0"."""
    return not value or value == "0"


def to_text(value: Any) -> str:
    """`(string)` of a scalar: true is "1", false and null are "", numbers have 14 digits at most."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, float):
        return _float_text(value)
    return "Array" if is_array(value) else str(value)


def _float_text(number: float) -> str:
    text = f"{number:.14G}"
    mantissa, mark, exponent = text.partition("E")
    if not mark:
        return text
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{exponent[0]}{exponent[1:].lstrip('0')}"


def trim(text: str) -> str:
    """`trim`: blanks, tabs, newlines and NUL at both ends, no other white space."""
    return text.strip(" \t\n\r\0\x0b")


def stripslashes(value: Any) -> Any:
    """`wp_unslash`: one level of backslashes less, in texts and in the texts inside arrays."""
    if isinstance(value, str):
        return _SLASHED.sub(lambda found: "\0" if found[1] == "0" else found[1], value) if "\\" in value else value
    if isinstance(value, list):
        return [stripslashes(part) for part in value]
    if isinstance(value, dict):
        return {key: stripslashes(part) for key, part in value.items()}
    return value


def array_of(value: Any) -> Any:
    """JSON's value after PHP has read it: arrays with the keys 0, 1, 2 ... and empty ones are lists."""
    if isinstance(value, dict):
        if [str(key) for key in value] == [str(number) for number in range(len(value))]:
            return [array_of(part) for part in value.values()]
        return {str(key): array_of(part) for key, part in value.items()}
    if isinstance(value, list):
        return [array_of(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def serialized(value: Any) -> str:
    """`serialize`: how an array looks in a column of texts, `a:1:{i:0;s:1:"a";}`."""
    if value is None:
        return "N;"
    if isinstance(value, bool):
        return f"b:{int(value)};"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, float):
        return f"d:{int(value) if value.is_integer() else repr(value)};"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    inside = "".join(serialized(_key(key)) + serialized(part) for key, part in pairs)
    return f"a:{len(value)}:{{{inside}}}"


def _key(key: Any) -> Any:
    return int(key) if isinstance(key, str) and _INTEGER_KEY.fullmatch(key) else key


def stored(value: Any) -> str:
    """What a column of texts keeps of a value: arrays serialized, scalars as text, one level of backslashes less."""
    return serialized(stripslashes(value)) if is_array(value) else to_text(stripslashes(value))


def parse_query(raw: str) -> dict[str, Any]:
    """`parse_str`: of repeated names the last one counts, `a[]=1&a[]=2` is a list, `a[b]=1` an array with keys."""
    found: dict[Any, Any] = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        if name:
            _put(found, unquote_plus(name).lstrip(" "), unquote_plus(value))
    return {key: array_of(value) for key, value in found.items()}


def _put(target: dict[Any, Any], name: str, value: str) -> None:
    first, bracket, rest = name.partition("[")
    keys = [first.replace(".", "_").replace(" ", "_")]
    if bracket and "]" in rest:
        keys += _KEY_PARTS.findall(bracket + rest)
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        place: Any = _next_index(target) if key == "" and target is not None else _key(key)
        if following is None:
            target[place] = value
        else:
            if not isinstance(target.get(place), dict):
                target[place] = {}
            target = target[place]


def _next_index(target: dict[Any, Any]) -> int:
    return max((key for key in target if isinstance(key, int)), default=-1) + 1
