"""What is shown of a stranger's web page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.outgoing.text import QUOTE_LIMIT, page_text

PAGES = {
    "a title and a body": ("<html><title>Down</title><body>Come back <b>later</b>.</body>", "Down: Come back later ."),
    "a title that the body repeats": ("<title>502</title><h1>502 Bad Gateway</h1>", "502 Bad Gateway"),
    "a head that is not closed": ("<html><head><title>502</title><p>Bad", "502: Bad"),
    "a script with marks in it": ("<script>if(a<b)'<p>'</script >seen", "seen"),
    "a script that is not closed": ("seen<script>if (a<b) {", "seen"),
    "a style": ("<style>p<q {}</style>seen", "seen"),
    "a comment with marks in it": ("a<!-- <p> no -->b", "ab"),
    "references": ("<p>A &amp; B &#124; &lt;b&gt;", "A & B | <b>"),
    "capitals": ("<TITLE>Down</TITLE><SCRIPT>x</SCRIPT>Now", "Down: Now"),
    "xml": ("<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce.</Message></Error>", "SlowDown Reduce."),
    "a sign that begins nothing": ("a < b <", "a < b <"),
    "half a tag": ("a <b", "a <b"),
}


@pytest.mark.parametrize(("page", "text"), PAGES.values(), ids=list(PAGES))
def test_the_title_and_what_a_reader_sees(page: str, text: str) -> None:
    assert page_text(page) == text


@pytest.mark.parametrize("piece", ["<a ", "<", "<!--", "<script>", "<![CDATA[", "<p x='", "&amp", "</"])
def test_no_page_takes_long(piece: str) -> None:
    """html.parser took minutes for the first, on the event loop."""
    assert len(page_text(piece * 22_000)) <= QUOTE_LIMIT


@given(
    st.lists(st.sampled_from(["<", ">", "</", "<!--", "-->", "<p", "<title", "<script", "/", "'", "a", " ", "&lt;"]))
)
def test_no_page_makes_it_raise(pieces: list[str]) -> None:
    assert len(page_text("".join(pieces))) <= QUOTE_LIMIT
