"""What people complained of publicly when their JSON was repaired: the input, and what it says (``None``: no repair).

The inputs are shortened to what matters; the values are what was meant, or no repair where that is a guess.
"""

from typing import Any

COMPLAINTS: list[tuple[str, str, Any]] = [
    # mangiucugna/json_repair
    ("json_repair#44", '{"foo": "bar "foo", baz"}', None),
    (
        "json_repair#46",
        '{"lorem": "Lorem "ipsum" sint, suntid est laborum"}',
        {"lorem": 'Lorem "ipsum" sint, suntid est laborum'},
    ),
    ("json_repair#23", '{\n  "words": abcdef",\n  "numbers": 12345",\n  "words2": ghijkl"\n}', None),
    ("json_repair#23 one", '{\n  "words": abcdef",\n  "numbers": 12345\n}', {"words": "abcdef", "numbers": 12345}),
    ("json_repair#95", '{"key1": ["value1", "value2"}, "key2": ["value3", "value4"]}', None),
    (
        "json_repair#24",
        '{"name": [{"use": "official", "prefix": ["Mrs."}, {"use": "maiden", "prefix": ["Mrs."]}]}',
        {"name": [{"use": "official", "prefix": ["Mrs."]}, {"use": "maiden", "prefix": ["Mrs."]}]},
    ),
    ("json_repair#173", '[{"type":"x","content":{"a":[{"d":"0"}],"b":[{"d":"0"}}]},{"type":"x"}]', None),
    ("json_repair#172", '{"a": [{"p": "1"], "b": [{"q": "2"], "c": "n"}', None),
    ("json_repair#172 one", '{"a": [{"p": "1"], "b": "n"}', {"a": [{"p": "1"}], "b": "n"}),
    (
        "json_repair#86",
        '[{"m": "P", "s": {"d": ""}, "p": {"q": "u"}, {"m": "A", "s": {"d": ""}}]',
        [{"m": "P", "s": {"d": ""}, "p": {"q": "u"}}, {"m": "A", "s": {"d": ""}}],
    ),
    ("json_repair#128", "[{'id': None, 'name': '12\"34\"'}]", [{"id": None, "name": '12"34"'}]),
    ("json_repair#152", '{"key": ["samsung 32" display"]}', {"key": ['samsung 32" display']}),
    ("json_repair#146", '{"bad": ["Lorem", "consectetur" BOGUS" ], "good": ["elit"]}', None),
    (
        "json_repair#168",
        '```json { "aa": "abc", "b": ["b"], "model": [""], "need": ["a"], "like": [] } ```',
        {"aa": "abc", "b": ["b"], "model": [""], "need": ["a"], "like": []},
    ),
    (
        "json_repair#107",
        '{"data": [{"name": "1", "value": [1], "name": "2", "value": [2],}]}',
        [("data", [[("name", "1"), ("value", [1]), ("name", "2"), ("value", [2])]])],
    ),
    ("json_repair#231", '{"sku": 123_456ABC}', {"sku": "123_456ABC"}),
    ("json_repair#16", "[10-20, 1.1.1]", None),
    (
        "json_repair#98",
        '{"a": {"c": []  // Placeholder, as it is derived\n}, "q": ["What?"]}',
        {"a": {"c": []}, "q": ["What?"]},
    ),
    (
        "json_repair#53",
        '[{"Id": 1, "Text": The talk was on us, and them.", "Said": "John was"}]',
        [{"Id": 1, "Text": "The talk was on us, and them.", "Said": "John was"}],
    ),
    # josdejong/jsonrepair
    (
        "jsonrepair#147",
        'here is the json:\n```json\n{\n "name": "John",\n "age": 10\n}\n```',
        {"name": "John", "age": 10},
    ),
    ("jsonrepair#147 other", '[{"key":"test"}]},\n{"key2": "test2"}]', None),
    ("jsonrepair#114", '{ "text": "I want to buy a 65" television" }', {"text": 'I want to buy a 65" television'}),
    ("jsonrepair#116", '{ "key": "apple "bee" carrot" }', {"key": 'apple "bee" carrot'}),
    ("jsonrepair#116 comma", '{ "text": "You can try 65", which are good television" }', None),
    ("jsonrepair#161", '{"text": "hello", "sentence": "do you know about "micheal", jackson"}', None),
    ("jsonrepair#102", '{\n  "message": "This test isn\'t successful', {"message": "This test isn't successful"}),
    (
        "jsonrepair#102 comma",
        '{\n  "message": "This test is not successful, right?',
        {"message": "This test is not successful, right?"},
    ),
    (
        "jsonrepair#133",
        '{"images":[{"p":"girl, falling","s":98},{"p":"girls, hugging,"s":18}]}',
        {"images": [{"p": "girl, falling", "s": 98}, {"p": "girls, hugging", "s": 18}]},
    ),
    ("jsonrepair#133 last", '{a:"b,c,}', None),
    ("jsonrepair#171 e", "[e]", None),
    ("jsonrepair#171 zero", '{"n": -05}', {"n": "-05"}),
    ("jsonrepair#171 truncated", "[00.]", ["00."]),
    ("jsonrepair#120", '{"target": ES2020, "version": 0.0.1}', {"target": "ES2020", "version": "0.0.1"}),
    # dirty-json, json-fixer, json-repair-rb, json_remedy
    ("dirty-json#26", '{ "id": 00000111 }', {"id": "00000111"}),
    ("dirty-json#26 letter", '{ "id": A00000111 }', {"id": "A00000111"}),
    ("json-fixer#58", '{"weight":.4}', {"weight": ".4"}),
    (
        "json_remedy#8",
        '{"foo": [{"bar": {"baz": {}}, {"foo": {"bar": 1}}]}',
        {"foo": [{"bar": {"baz": {}}}, {"foo": {"bar": 1}}]},
    ),
    # Partial parsers
    ("jiter#207", '["str\\', ["str"]),
    ("jiter#207 unicode", '{"key": "str\\u', {"key": "str"}),
    ("assistant-ui#6355", '{"a":"\\uD8', {"a": ""}),
    (
        "anthropic-sdk-typescript#986",
        '{"o":"use App\\Http\\Middleware\\HandleAppearance;","n":""}',
        {"o": "use App\\Http\\Middleware\\HandleAppearance;", "n": ""},
    ),
    ("anthropic-sdk-typescript#1059", '{"foo": [1, 2', {"foo": [1]}),
    ("openai-node partial", '{"steps": [{"explanation": "Start by', {"steps": [{"explanation": "Start by"}]}),
    # Output parsers: langchain, dify, guardrails, hindsight
    (
        "langchain#23297",
        '{"task": "what", "steps": [{"tool": Document_Search_Tool, "input": "q?"}]}',
        {"task": "what", "steps": [{"tool": "Document_Search_Tool", "input": "q?"}]},
    ),
    (
        "langchain#19646",
        '```json\n{"code": "```python\\nx\\n```", "n": 1,}\n```',
        {"code": "```python\nx\n```", "n": 1},
    ),
    (
        "langchain#26655",
        "{\"response\": \"convention of \\'galvatron\\' or \\'mac_\\', however\"}",
        {"response": "convention of 'galvatron' or 'mac_', however"},
    ),
    ("langchain#11965", '{"a":["a",\n        "b",  # Not, invalid comma at end\n        ]\n }', {"a": ["a", "b"]}),
    (
        "langchain#12239",
        '{\n  "foo": ["x"]  // a list of strings\n  "bar": "y"  // a string\n}',
        {"foo": ["x"], "bar": "y"},
    ),
    ("Scrapegraph-ai#324", 'Here is the JSON output:\n\n{\n "data": [\n  {"url": "u"},\n  ...\n ]\n}', None),
    ("dify#42451", '```json\n{"a": 1}\n```\nSee [docs] for more.', {"a": 1}),
    (
        "dify#42451 references",
        '{"action": "Final Answer", "input": "done"}\n\nReferences: [1]',
        {"action": "Final Answer", "input": "done"},
    ),
    ("dify#42451 note", 'Result: {"a": 1}. Note [1].', {"a": 1}),
    ("dify#41958", 'Here is `the` result: {"a": 1}', {"a": 1}),
    (
        "guardrails#1549",
        '````json\n{"answer": "Use ``` when showing fences"}\n````',
        {"answer": "Use ``` when showing fences"},
    ),
    ("hindsight#2542", "```json\n```", None),
    # As many tell of them
    ("a preamble and a tool's tag", '<think>The user wants {"a": 0}.</think>\n\n{"a": 1}', {"a": 1}),
    ("Markdown's escape", '{"file\\_name": "x"}', {"file\\_name": "x"}),
    ("two answers", '{"a": 1}\n{"a": 2}', None),
    ("a call around it", 'callback({"a": 1});', {"a": 1}),
    ("curly quotes", "{“a”: “b”}", {"a": "b"}),
    ("a sum of texts", '{"a": "long " + "text"}', None),
    ("NaN", '{"loss": NaN, "step": 3}', {"loss": "NaN", "step": 3}),
    ("a set of Python", "{'a', 'b'}", None),
    ("a tuple of Python", "{'a': (1, 2)}", {"a": [1, 2]}),
    ("a date without quotes", '{"on": 2024-01-31, "at": 12:30}', {"on": "2024-01-31", "at": "12:30"}),
    ("units", '{"mass": 5kg, "price": $12, "part": 50 %}', {"mass": "5kg", "price": "$12", "part": "50 %"}),
    ("a thousands separator", '{"n": 1,000}', None),
    ("a path that ends in a backslash", '{"dir": "C:\\"}', None),
    (
        "a line break in a text",
        '{"poem": "Roses are red,\nviolets are blue"}',
        {"poem": "Roses are red,\nviolets are blue"},
    ),
]
