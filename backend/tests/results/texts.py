"""Texts to judge: values of JSON, and JSON with characters put in, taken out or doubled."""

import json

from hypothesis import strategies as st

_characters = st.characters(exclude_categories=["Cs"])
_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_characters, max_size=20)
)
json_values: st.SearchStrategy[object] = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(_characters, max_size=8), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def _broken(draw: st.DrawFn) -> str:
    raw = json.dumps(draw(json_values), ensure_ascii=draw(st.booleans()))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        put_in = draw(
            st.sampled_from(["", ",", '"', "'", "{", "}", "[", "]", ":", "\\", "\n", "NaN", "// x", "e", "1"])
        )
        raw = raw[:at] + put_in + raw[at + draw(st.integers(0, 3)) :]
    return draw(st.sampled_from(["", "Here it is: ", "```json\n", "\ufeff"])) + raw


almost_json = _broken()
