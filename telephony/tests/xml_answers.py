"""Reading the documents that the switch is answered with."""

from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring
from django.http import HttpResponse


def read(response: HttpResponse) -> Element:
    """Return a document; hold it to what the switch's preprocessor leaves alone."""
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/xml")
    text = response.content.decode()
    for harmful in ("<?", "$$", "<include", "\n"):
        assert harmful not in text
    assert "x-pre-process" not in text.lower()
    assert len(response.content) <= 1024 * 1024
    return fromstring(text)


def is_not_found(root: Element) -> bool:
    """Tell whether the switch is sent to its own files."""
    result = root.find("section[@name='result']/result")
    return result is not None and result.get("status") == "not found"


def values(root: Element, tag: str) -> dict[str, str]:
    """Return the values of all elements of a kind by their names."""
    return {found.get("name", ""): found.get("value", "") for found in root.iter(tag)}
