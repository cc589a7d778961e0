"""What a chat API answers, in pieces and whole, right and wrong."""

from typing import Any

from tests.processors.rogue import Behaviour, answer, events


def chunk(text: object = None, finish: object = None, **more: object) -> dict[str, Any]:
    delta: dict[str, object] = {"role": "assistant", **more}
    if text is not None:
        delta["content"] = text
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "test-model", "choices": [choice]}


def usage(prompt: int = 7, completion: int = 3) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {**chunk(), "choices": [], "usage": counts}


def stream(*texts: str, finish: str = "stop") -> Behaviour:
    return events(*(chunk(t) for t in texts), chunk(finish=finish), usage(), "[DONE]")


def completion(text: object = "Hello.", finish: object = "stop", **more: object) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    counts = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "test-model",
        "choices": [choice],
        "usage": counts,
    }


def whole(text: object = "Hello.", finish: object = "stop", **more: object) -> Behaviour:
    return answer(200, completion(text, finish, **more))


def error(code: str, message: str = "no") -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
