"""Plain-text layout for console reports: wrapping, indenting and boxed titles."""


def wrap(text: str, width: int) -> list[str]:
    """Break text between words into lines of at most `width` characters.

    A word longer than `width` gets a line of its own. Runs of white space count as one space.
    """
    if width < 1:
        raise ValueError("width must be at least 1")
    lines: list[str] = []
    current = ""
    for word in text.split():
        if not current:
            current = word
        elif len(current) + len(word) <= width:
            current = f"{current} {word}"
        else:
            lines.append(current)
            current = word
    if current:
        lines.append(current)
    return lines


def paragraph(text: str, width: int, indent: int = 0) -> str:
    """Wrapped text as one string, every line pushed right by `indent` spaces; the total width stays `width`."""
    margin = " " * indent
    return "\n".join(margin + line for line in wrap(text, width - indent))


def boxed(title: str, width: int) -> str:
    """A title between two rules, centred line by line."""
    rule = "=" * width
    body = "\n".join(line.center(width).rstrip() for line in wrap(title, width))
    return f"{rule}\n{body}\n{rule}"
