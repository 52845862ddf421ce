"""The kinds of text that configuration fields accept, checked where they enter."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True)
class Form:
    """Text that must match a pattern; `expected` says so in plain words."""

    pattern: str
    expected: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"pattern": self.pattern}

    def _check(self, text: str) -> str:
        if not re.search(self.pattern, text) or "\n" in text:
            raise ValueError(f"expected {self.expected}")
        return text


class Strict(BaseModel):
    """A section of the configuration: unknown keys are errors, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def split_listen(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8400` or `[::1]:8400`; port 0 asks for a free one."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("write an IPv6 address in brackets, such as [::1]:8400")
    if not (host and colon and port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:8400")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether the host can only be this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(text: str) -> str:
    split_listen(text)
    return text


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected a URL that starts with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("a URL may not carry credentials; use api_key or headers")
    if parts.query or parts.fragment:
        raise ValueError("expected a URL without ? or #")
    return text.rstrip("/")


def _header_value(value: SecretStr) -> SecretStr:
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value.get_secret_value()):
        raise ValueError("contains a line break or another control character")
    return value


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise ValueError("is not a header name")
    if name.lower() in HOP_BY_HOP:
        raise ValueError("is set by the connection and may not be configured")
    return name.lower()


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return pattern


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("boolean", "expected a number, got true or false")
    return value


def _no_blank(value: object) -> object:
    return None if value == "" else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Name = Annotated[
    str,
    Form(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", "a name of letters, digits, '.', '_' and '-', at most 64"),
]
"""Agents, variants, providers: they appear in URLs and headers."""

ModelName = Annotated[
    str,
    Form(r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$", "a name of letters, digits and . _ : / @ + -, at most 128"),
]
"""What a client may write into `model`."""

Listen = Annotated[str, AfterValidator(_listen)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Pattern = Annotated[str, AfterValidator(_regex)]
Secret = Annotated[SecretStr, AfterValidator(_header_value)]
Headers = dict[Annotated[str, AfterValidator(_header_name)], Secret]
NOT_A_FLAG = BeforeValidator(_no_bool)
"""Refuses true and false where a number is meant."""

Whole = Annotated[int, NOT_A_FLAG]
Real = Annotated[float, NOT_A_FLAG, Field(allow_inf_nan=False)]
Blank = BeforeValidator(_no_blank)
"""Reads an empty text, the usual default of an unset variable, as nothing."""

Names = Annotated[
    tuple[ModelName, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=ModelName | tuple[ModelName, ...]),
]
"""One model name, or several in order of preference."""
