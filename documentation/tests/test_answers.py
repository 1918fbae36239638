"""What is answered, from where, and what is not."""

import re

import pytest

from documentation.answers import EXCERPT_CHARACTERS, MOST_EXCERPTS, answer, search
from documentation.catalogue import catalogue
from documentation.tests.questions import IN_OTHER_WORDS, OFF_TOPIC, QUESTIONS

PORTAL = "https://portal.example.com"


def first(question: str) -> str:
    """The section that comes first, "" where the question is not answered."""
    found = answer(question, PORTAL)
    return found.excerpts[0].section.reference if found.excerpts else ""


def misses(questions: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    return {question: came for question, expected in questions if (came := first(question)) not in expected}


def test_every_expected_section_exists() -> None:
    there = {section.reference for section in catalogue(PORTAL).sections}
    assert {each for _, expected in QUESTIONS + IN_OTHER_WORDS for each in expected} <= there


def test_nine_of_ten_questions_find_their_section_first() -> None:
    missed = misses(QUESTIONS)
    assert len(missed) <= len(QUESTIONS) / 10, missed
    assert first("How do I revoke an API key?") == "authentication#revoke-an-api-key"


def test_questions_in_other_words_find_it_three_times_of_four() -> None:
    missed = misses(IN_OTHER_WORDS)
    assert len(missed) <= len(IN_OTHER_WORDS) / 4, missed


def test_what_is_not_in_the_documentation_is_not_answered() -> None:
    answered = {question: first(question) for question in OFF_TOPIC if answer(question, PORTAL).direct}
    assert len(answered) <= 1, answered
    assert all(not answer(question, PORTAL).excerpts for question in OFF_TOPIC if question not in answered)


@pytest.mark.parametrize("question", [question for question, _ in QUESTIONS + IN_OTHER_WORDS])
def test_an_answer_is_the_documentations_own_words(question: str) -> None:
    found = answer(question, PORTAL)
    if found.direct is None:
        return
    assert found.direct.text.strip()
    assert found.excerpts[0].section == found.direct.section
    assert len(found.excerpts) <= MOST_EXCERPTS
    for excerpt in (found.direct, *found.excerpts):
        # Without marks, and without what stands between the cells of a row.
        own = set(re.findall(r"\w+", excerpt.document.text))
        assert set(re.findall(r"\w+", excerpt.text)) <= own
    assert all(len(excerpt.text) <= 2 * EXCERPT_CHARACTERS for excerpt in found.excerpts)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How do I revoke an API key?", "1. In the console open *My keys*."),
        ("What does 409 number_pool_empty mean?", "no phone number is free"),
        ("How long is a recording link valid?", "ten minutes"),
        ("Which header carries the API key?", "`x-mediamagic-key`"),
        ("How do I import numbers?", "Import a file"),
        ("Why does my phone get 403?", "The **password** is wrong"),
        ("What is a b-leg?", "a leg placed for another one"),
        ("Can I call premium-rate numbers?", "may never be called"),
    ],
)
def test_the_direct_answer_says_it(question: str, said: str) -> None:
    direct = answer(question, PORTAL).direct
    assert direct is not None
    assert said in direct.text


@pytest.mark.parametrize("asked", ["revoking API keys", "REVOKE api-key", "can an API key be revoked?", "withdraw an api key"])
def test_forms_and_names_of_words_find_the_same(asked: str) -> None:
    assert first(asked) == "authentication#revoke-an-api-key"


@pytest.mark.parametrize(
    "asked",
    [
        '"', "'", "*", "key*", "key OR", "NEAR(key, 5)", "heading : key", "key AND NOT key", "-key", "^key", "(", "{key}", "key\\",
        "' OR 1=1 --", "\N{COMBINING ACUTE ACCENT}", "ключ", "a" * 400, "key " * 100, "💣" * 100, "_", "__a__", "a-b-c-d-e-f",
    ],
)  # fmt: skip
def test_no_question_breaks_the_index(asked: str) -> None:
    answer(asked, PORTAL)
    search(asked, PORTAL, most=10)


def test_a_search_lists_sections_with_what_they_say() -> None:
    results = search("recording", PORTAL, most=5)
    assert len(results) == 5
    assert len({result.section.reference for result in results}) == 5
    assert search("zxcv", PORTAL, most=5) == []
