"""Figures as SVG text: the same bytes for the same figure, letters as letters, and a form to put into a page.

Inside a page, identifiers of several figures would meet; `inline` keeps those that are referred to and gives them the
figure's name. It also leaves out what nobody can see: indentation, and the thousandths of a pixel.
"""

import io
import re
from html import escape
from typing import Final

from matplotlib.figure import Figure

from sim.report import palette

_DPI: Final = 144
_FONTS: Final = ("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
_ROOT: Final = re.compile(r"<svg\b[^>]*?viewBox=\"([^\"]*)\"[^>]*>")
_PROLOGUE: Final = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL
)
_ID: Final = re.compile(r' id="([^"]*)"')
_REFERENCE: Final = re.compile(r'(url\(#|href="#)([^)"]*)')
_PLACE: Final = re.compile(r' (?:d|x|y)="[^"]*"')
_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_INDENTED: Final = re.compile(r"\s*\n\s*")


def svg(figure: Figure) -> str:
    """A figure as a stand-alone SVG document.

    Args:
        figure: Any matplotlib figure.
    """
    text = io.StringIO()
    with palette.style():
        figure.savefig(text, format="svg", dpi=_DPI, metadata={"Date": None, "Creator": None})
    return text.getvalue().replace(*_FONTS)


def inline(document: str, name: str, label: str) -> str:
    """An SVG document as an element of a page, as wide as its place.

    Args:
        document: What `svg` returned.
        name: Unique in the page; letters, digits and hyphens.
        label: What a screen reader says.
    """
    body = _PROLOGUE.sub("", document)
    used = {reference for _, reference in _REFERENCE.findall(body)}
    body = _ID.sub(lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "", body)
    body = _REFERENCE.sub(lambda match: f"{match[1]}{name}-{match[2]}", body)
    body = _PLACE.sub(lambda match: _NUMBER.sub(_short, match[0]).replace(" L ", "L"), _INDENTED.sub(" ", body))
    start = f'<svg viewBox="\\1" role="img" aria-label="{escape(label).replace(chr(92), chr(92) * 2)}">'
    return _ROOT.sub(start, body, count=1).strip()


def _short(number: re.Match[str]) -> str:
    """A coordinate to a hundredth of a pixel."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
