"""Text that is no CSV: JSON and logs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from glue_tui.core.model import Classifier
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.encodings import Text
from glue_tui.crawlers.head import Head, NoData, Unreadable
from glue_tui.crawlers.json_shape import classify_json, json_encoding, looks_like_json
from glue_tui.crawlers.log_facts import log_format
from glue_tui.crawlers.names import without_packing


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherText:
    format: FileFormat
    tried: str
    """What decided, in words for people."""


def json_or_log(text: Text, head: Head, name: str, said: Classifier) -> OtherText | None:
    """Return how to read JSON or a log by the first letters of a file; None for any other text.

    Raises Unreadable for a file that is not what was said, NoData for a log that nobody asked for.
    """
    # JSON has no stand-in for broken bytes: its reader names their line.
    encoding = "utf8" if text.encoding == "utf8-lossy" else json_encoding(head.content, text.encoding)
    base = FileFormat(classification="json", encoding=encoding, compression=head.compression)
    if said.pattern is None and looks_like_json(text.text, name, said):
        try:
            shape = classify_json(text.text, is_whole=head.is_whole, name=name, said=said, base=base)
        except RecursionError:
            raise Unreadable("its values are nested too deeply") from None
        return OtherText(format=replace(shape.format, doubts=shape.doubts), tried=shape.tried)
    if said.format not in (None, "log"):
        return None
    try:
        log = log_format(text.text, said, base)
    except InvalidInput as error:
        raise Unreadable(str(error)) from error
    if log is not None:
        return OtherText(format=log, tried=f"log: its lines are of the pattern {log.pattern}")
    if said.format == "log":
        raise Unreadable('its lines are of no pattern that is known: say pattern = "%{…}"')
    if without_packing(name).endswith(".log"):
        raise NoData('a .log file of no pattern that is known: say pattern = "%{…}" if its lines are data')
    return None
