"""What is asked before something is done that cannot be undone by a click."""

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class Question(NamedTuple):
    """A heading, a sentence that says what will happen, the button's word, and the other button's."""

    heading: str
    sentence: str
    button: str
    otherwise: str = "Leave it as it is"


def ask(request: HttpRequest, question: Question, *, subject: Any, about: str = "", back: str) -> HttpResponse:
    """Show the question about `subject`, with a line `about` it; its form posts to the same address, `back` leads away."""
    context = {"question": question, "subject": subject, "about": about, "back": back}
    return render(request, "confirm.html", context)
