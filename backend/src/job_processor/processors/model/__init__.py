"""``openai`` and ``azure-openai``: language models behind the chat completions API."""
