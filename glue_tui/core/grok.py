"""Grok patterns as regular expressions with named groups (rule CL-11), and what is known of common logs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from glue_tui.core.problem import InvalidInput

TYPES = {
    "byte": "tinyint",
    "short": "smallint",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
    "string": "string",
}
"""What may stand behind a field's name, and the Glue type that it means."""

_PART = re.compile(r"%\{(\w+)(?::([A-Za-z_]\w*))?(?::(\w+))?\}")
_DEPTH_MAX = 20

BUILT_IN: dict[str, str] = {
    "WORD": r"\w+",
    "NOTSPACE": r"\S+",
    "SPACE": r"\s*",
    "DATA": r".*?",
    "GREEDYDATA": r".*",
    "INT": r"[+-]?\d+",
    "POSINT": r"[1-9]\d*",
    "NONNEGINT": r"\d+",
    "NUMBER": r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)",
    "BASE16NUM": r"(?:0[xX])?[0-9A-Fa-f]+",
    "QUOTEDSTRING": r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'',
    "QS": r"%{QUOTEDSTRING}",
    "UUID": r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}",
    "USERNAME": r"[\w.@-]+",
    "USER": r"%{USERNAME}",
    "EMAILADDRESS": r"[\w.+=:-]+@%{HOSTNAME}",
    "IPV4": r"(?:\d{1,3}\.){3}\d{1,3}",
    "IPV6": r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]+",
    "IP": r"(?:%{IPV4}|%{IPV6})",
    "HOSTNAME": r"[A-Za-z0-9_](?:[\w-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[\w-]*[A-Za-z0-9_])?)*\.?",
    "IPORHOST": r"(?:%{IP}|%{HOSTNAME})",
    "HOSTPORT": r"%{IPORHOST}:%{POSINT}",
    "PATH": r"(?:/[^\s]*|[A-Za-z]:\\[^\s]*)",
    "UNIXPATH": r"/[^\s]*",
    "URIPATH": r"/[^\s?#]*",
    "URIPARAM": r"\?\S*",
    "URIPATHPARAM": r"%{URIPATH}(?:%{URIPARAM})?",
    "URI": r"[A-Za-z][\w+.-]*://\S+",
    "YEAR": r"\d{4}",
    "MONTHNUM": r"(?:0?[1-9]|1[0-2])",
    "MONTHDAY": r"(?:0?[1-9]|[12]\d|3[01])",
    "MONTH": r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*",
    "DAY": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*",
    "HOUR": r"(?:[01]?\d|2[0-3])",
    "MINUTE": r"[0-5]\d",
    "SECOND": r"(?:[0-5]?\d|60)(?:[.,]\d+)?",
    "TIME": r"%{HOUR}:%{MINUTE}(?::%{SECOND})?",
    "TIMEZONE": r"(?:Z|[+-]\d{2}:?\d{2})",
    "DATE_ISO": r"%{YEAR}-%{MONTHNUM}-%{MONTHDAY}",
    "TIMESTAMP_ISO8601": r"%{DATE_ISO}[T ]%{TIME}%{TIMEZONE}?",
    "HTTPDATE": r"%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} [+-]\d{4}",
    "SYSLOGTIMESTAMP": r"%{MONTH} +%{MONTHDAY} %{TIME}",
    "PROG": r"[\x21-\x5a\x5c\x5e-\x7e]+?",
    "LOGLEVEL": r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRIT(?:ICAL)?|FATAL|SEVERE|ALERT|EMERG(?:ENCY)?)",
    "JAVACLASS": r"(?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*",
    "COMMONAPACHELOG": (
        r'%{IPORHOST:client} %{NOTSPACE:ident} %{NOTSPACE:user} \[%{HTTPDATE:timestamp}\] "(?:%{WORD:verb} '
        r'%{NOTSPACE:request}(?: HTTP/%{NUMBER:http_version})?|%{DATA:raw_request})" %{INT:status:int} '
        r"(?:%{INT:bytes:long}|-)"
    ),
    "COMBINEDAPACHELOG": r'%{COMMONAPACHELOG} "%{DATA:referrer}" "%{DATA:agent}"',
    "SYSLOG": (
        r"%{SYSLOGTIMESTAMP:timestamp} %{IPORHOST:host} %{PROG:program}(?:\[%{POSINT:pid:int}\])?: "
        r"%{GREEDYDATA:message}"
    ),
    "PYTHONLOG": r"%{TIMESTAMP_ISO8601:timestamp} - %{DATA:logger} - %{LOGLEVEL:level} - %{GREEDYDATA:message}",
    "LOGBACK": (
        r"%{TIMESTAMP_ISO8601:timestamp} \[%{DATA:thread}\] %{LOGLEVEL:level} +%{JAVACLASS:logger} +- "
        r"%{GREEDYDATA:message}"
    ),
    "APPLICATIONLOG": r"\[?%{TIMESTAMP_ISO8601:timestamp}\]? +\[?%{LOGLEVEL:level}\]?:? +%{GREEDYDATA:message}",
}

COMMON_LOGS = ("COMBINEDAPACHELOG", "COMMONAPACHELOG", "LOGBACK", "PYTHONLOG", "APPLICATIONLOG", "SYSLOG")
"""The logs that are known without being told, in the order in which they are tried."""


def compiled(pattern: str, own: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return a grok pattern as a regular expression for a whole line, and its fields with their Glue types.

    Raises InvalidInput for a pattern or type that is not known, or what is no regular expression.
    """
    fields: dict[str, str] = {}
    known = {**BUILT_IN, **own}

    def expanded(text: str, depth: int) -> str:
        if depth > _DEPTH_MAX:
            raise InvalidInput(f"the pattern %{{{text[:30]}}} leads to itself")

        def part(found: re.Match[str]) -> str:
            name, field, kind = found[1], found[2], found[3]
            if name not in known:
                raise InvalidInput(f"no pattern {name}", hint="say it in `patterns`, as a regular expression")
            if kind and kind not in TYPES:
                raise InvalidInput(f"no type {kind!r} in %{{{name}:{field}:{kind}}}", hint=f"one of {', '.join(TYPES)}")
            inner = expanded(known[name], depth + 1)
            if not field:
                return f"(?:{inner})"
            if field in fields:
                raise InvalidInput(f"the field {field!r} comes twice in the pattern")
            fields[field] = TYPES[kind or "string"]
            return f"(?P<{field}>{inner})"

        return _PART.sub(part, text)

    expression = f"^{expanded(pattern, 0)}$"
    try:
        groups = re.compile(expression).groupindex
    except re.error as error:
        raise InvalidInput(f"the pattern is no regular expression: {error}") from error
    for name in groups:
        fields.setdefault(name, "string")
    if not fields:
        raise InvalidInput("the pattern names no field", hint="such as %{IP:client} %{NUMBER:bytes:long}")
    return expression, {name: fields[name] for name in sorted(fields, key=lambda item: groups[item])}
