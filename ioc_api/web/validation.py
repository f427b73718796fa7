"""What is said of a field whose value has the wrong shape: one clear line for each of pydantic's.

The lines are made as all our sentences are, in English; ``ioc_api.web.problems`` translates them.
What pydantic says of a kind that is not here is kept as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is missing",
        "extra_forbidden": "is not known here",
        "json_invalid": "is no valid JSON at character {at}: {error}",
        "json_type": "must be JSON text",
        "model_attributes_type": "must be an object",
        "model_type": "must be an object",
        "dict_type": "must be an object",
        "dataclass_type": "must be an object",
        "list_type": "must be a list",
        "tuple_type": "must be a list",
        "set_type": "must be a list",
        "frozen_set_type": "must be a list",
        "too_short": "must have at least {min_length} entries, not {actual_length}",
        "too_long": "may have at most {max_length} entries, not {actual_length}",
        "string_type": "must be text",
        "string_unicode": "must be text in UTF-8",
        "string_too_short": "must have at least {min_length} characters",
        "string_too_long": "may have at most {max_length} characters",
        "string_pattern_mismatch": "does not have the form that is asked for: {pattern}",
        "enum": "must be one of {expected}",
        "literal_error": "must be one of {expected}",
        "union_tag_invalid": "{discriminator} must be one of {expected_tags}",
        "union_tag_not_found": "{discriminator} is missing",
        "int_type": "must be a whole number",
        "int_parsing": "must be a whole number",
        "int_parsing_size": "is too large a number",
        "int_from_float": "must be a whole number",
        "float_type": "must be a number",
        "float_parsing": "must be a number",
        "decimal_parsing": "must be a number",
        "finite_number": "must be a finite number",
        "greater_than": "must be greater than {gt}",
        "greater_than_equal": "must be at least {ge}",
        "less_than": "must be less than {lt}",
        "less_than_equal": "may be at most {le}",
        "multiple_of": "must be a multiple of {multiple_of}",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "none_required": "must be null",
        "bytes_type": "must be bytes",
        "bytes_too_long": "may have at most {max_length} bytes",
        "bytes_too_short": "must have at least {min_length} bytes",
        "url_type": "must be an address",
        "url_parsing": "cannot be read as an address",
        "url_syntax_violation": "cannot be read as an address",
        "url_too_long": "may have at most {max_length} characters",
        "url_scheme": "must be an address that begins with {expected_schemes}",
        "uuid_type": "must be a UUID",
        "uuid_parsing": "must be a UUID",
        "date_type": "must be a date like 2026-01-31",
        "date_parsing": "must be a date like 2026-01-31",
        "date_from_datetime_parsing": "must be a date like 2026-01-31",
        "date_from_datetime_inexact": "must be a date like 2026-01-31",
        "time_type": "must be a time of day like 08:00",
        "time_parsing": "must be a time of day like 08:00",
        "datetime_type": "must be a time like 2026-01-31T08:00:00+07:00",
        "datetime_parsing": "must be a time like 2026-01-31T08:00:00+07:00",
        "datetime_from_date_parsing": "must be a time like 2026-01-31T08:00:00+07:00",
        "timezone_aware": "needs a time zone, as in 2026-01-31T08:00:00+07:00",
        "value_error": "{error}",
        "assertion_error": "{error}",
    }
)


def words_of(error: Mapping[str, Any]) -> str:
    """Return the line for one of pydantic's errors; the value that was sent is not in it."""
    template = WORDS.get(error["type"])
    try:
        return str(error["msg"]) if template is None else template.format_map(_told(error))
    except KeyError:
        return str(error["msg"])


def _told(error: Mapping[str, Any]) -> dict[str, str]:
    """Return what pydantic tells beside the kind; choices come as ``'a', 'b' or 'c'``."""
    told = {name: str(value) for name, value in error.get("ctx", {}).items()}
    told["at"] = str(error["loc"][-1])  # of FastAPI's json_invalid: how far the text could be read
    for name in ("expected", "expected_tags", "expected_schemes"):
        if name in told:
            told[name] = told[name].replace("' or '", "', '").replace("'", "")
    return told


def field_of(error: Mapping[str, Any]) -> str:
    """Return the name of the field in which pydantic found a fault: ``grants.0.role``."""
    place: Sequence[int | str] = error["loc"]
    if error["type"] == "json_invalid":
        return str(place[0])
    return ".".join(str(part) for part in place[1:]) or str(place[0])
