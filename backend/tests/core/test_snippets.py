"""Where words stand in a text: the pieces around the first find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.snippets import normalized_phrase, snippet


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("one needle here", [("needle", False)], "one [needle] here"),
        ("one Needle here", [("NEEDLE", False)], "one [Needle] here"),
        ("needles", [("needle", False)], ""),
        ("needles", [("needle", True)], "[needles]"),
        ("the École", [("ecole", False)], "the [École]"),
        ("one, two three two", [("one two", False), ("two", False)], "[one, two] three [two]"),
        ("a b", [("a", False), ("b", False)], "[a] [b]"),
        ("hay", [("...", False)], ""),
        ("", [("a", False)], ""),
        ("x " * 100 + "needle" + " y" * 200, [("needle", False)], "…" + "x " * 30 + "[needle]" + " y" * 87 + "…"),
    ],
)
def test_what_was_found_stands_apart(text: str, words: list[tuple[str, bool]], shown: str) -> None:
    pieces = snippet(text, [normalized_phrase(*one) for one in words])
    assert "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces) == shown


@given(st.text("ab é.", max_size=400), st.lists(st.tuples(st.text("ab é", max_size=4), st.booleans()), max_size=3))
def test_the_pieces_are_a_part_of_the_text(text: str, words: list[tuple[str, bool]]) -> None:
    pieces = snippet(text, [normalized_phrase(*one) for one in words])
    assert "".join(piece.text for piece in pieces).strip("…") in text
    assert not pieces or any(piece.found for piece in pieces)
