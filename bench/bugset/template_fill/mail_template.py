"""Mail texts with placeholders: `Dear {name}`. A doubled brace is a plain brace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

PLACEHOLDER = re.compile(r"\{(\w+)(?:\|(\w+))?\}")

FILTERS = {"upper": str.upper, "lower": str.lower, "title": str.title, "trim": str.strip}


class TemplateError(ValueError):
    """The template does not fit the values; the message names the placeholder."""


@dataclass(frozen=True)
class Mail:
    subject: str
    body: str


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with each `{name}` or `{name|filter}` replaced by its value, `{{` and `}}` by a brace.

    Values are put in as they are, whatever they contain. TemplateError for an unknown name or filter.
    """
    result = template
    for name, value in values.items():
        result = result.replace("{" + name + "}", str(value))
        for filter_name, function in FILTERS.items():
            result = result.replace("{" + name + "|" + filter_name + "}", function(str(value)))
    unknown = PLACEHOLDER.search(result)
    if unknown and unknown[1] not in values:
        raise TemplateError(f"no value for {{{unknown[1]}}}")
    return result.replace("{{", "{").replace("}}", "}")


def compose(subject: str, body: str, values: Mapping[str, object]) -> Mail:
    """A subject is one line: line ends in it become spaces."""
    return Mail(" ".join(fill(subject, values).split()), fill(body, values).rstrip() + "\n")


def merge(template: Mail, people: list[dict[str, object]], common: Mapping[str, object]) -> list[Mail]:
    """One mail per person; a person's own values win over the common ones."""
    return [compose(template.subject, template.body, {**common, **person}) for person in people]
