"""Vendors' error codes and phrases. Data only; used by error_kinds.py.

Codes are in lower case. Phrases are alternatives of one regular expression, which ignores case.
"""

import re
from typing import Final


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


STATUS_OF_NAMES: Final = {
    **dict.fromkeys(("invalid_request_error", "badrequesterror", "bad_request", "invalid_argument"), 400),
    **dict.fromkeys(("failed_precondition", "out_of_range", "invalid_request", "unsupportedparamserror"), 400),
    **dict.fromkeys(("authentication_error", "authenticationerror", "unauthenticated", "unauthorized"), 401),
    **dict.fromkeys(("invalid_authentication_error", "invalid_api_key", "unauthorizederror"), 401),
    **dict.fromkeys(("permission_error", "permission_denied", "permissiondeniederror", "forbidden"), 403),
    **dict.fromkeys(("not_found_error", "notfounderror", "not_found", "model_not_found", "deploymentnotfound"), 404),
    **dict.fromkeys(("rate_limit_error", "rate_limit_exceeded", "ratelimiterror", "resource_exhausted"), 429),
    **dict.fromkeys(("rate_limited", "ratelimitexceeded", "too_many_requests", "throttling_error"), 429),
    **dict.fromkeys(("rate_limit_reached_error", "requests", "tokens", "throttling", "toomanyrequests"), 429),
    **dict.fromkeys(("service_tier_capacity_exceeded", "throttlingexception", "engine_overloaded_error"), 429),
    **dict.fromkeys(("server_error", "api_error", "internal_error", "internal_server_error", "internal"), 500),
    **dict.fromkeys(("internalservererror", "apierror", "apiconnectionerror", "unknown"), 500),
    **dict.fromkeys(("unavailable", "service_unavailable", "serviceunavailableerror", "unavailable_error"), 503),
    **dict.fromkeys(("overloaded_error", "overloaded"), 529),
    **dict.fromkeys(("timeout_error", "timeout", "deadline_exceeded", "gateway_timeout"), 504),
    **dict.fromkeys(("validationexception", "validationerror"), 400),
    **dict.fromkeys(("accessdeniedexception", "unrecognizedclientexception", "expiredtokenexception"), 403),
    **dict.fromkeys(("resourcenotfoundexception",), 404),
    **dict.fromkeys(("servicequotaexceededexception", "modelnotreadyexception", "slow_down"), 429),
    **dict.fromkeys(("modelerrorexception", "modelstreamerrorexception"), 424),
    **dict.fromkeys(("internalserverexception", "internalfailure"), 500),
    **dict.fromkeys(("serviceunavailableexception", "serviceunavailable"), 503),
    **dict.fromkeys(("modeltimeoutexception",), 504),
}
"""The HTTP status of an error that names none by number."""
VAGUE: Final = frozenset({"invalid_request_error", "invalid_request", "api_error", "server_error", "unknown"})
"""Names that some servers use for every error; they count only if there is no other name."""

FILTERED: Final = frozenset(
    {
        *("content_filter", "responsibleaipolicyviolation", "content_policy_violation", "contentpolicyviolationerror"),
        *("content_policy", "data_inspection_failed", "datainspectionfailed", "invalid_prompt", "prompt_blocked"),
        *("prohibited_content", "content_filter_error", "contentfilter", "safety", "input_moderation", "moderation"),
        *("content_moderation_failed", "guardrail_intervened", "sensitive_words_detected", "blocked_by_guardrail"),
    }
)
FILTERED_WORDS: Final = _any(
    r"content (?:management|filter\w*|usage|safety) polic",
    r"content[- ]filter",
    r"(?:content|input|prompt|output) (?:was |is |has been )?(?:flagged|blocked|filtered)\b",
    # Not "blocked": firewalls use that word.
    r"request (?:was |is |has been )?flagged\b",
    r"considered high risk",
    r"(?:safety|moderation) (?:system|filter|policy|settings)",
    r"violat\w+ (?:\w+ ){0,4}(?:usage|content|safety) (?:polic|guideline)",
    r"(?:output|input|prompt|content) is considered unsafe",
    r"flagged for possible",
    r"content exists risk",
    r"敏感内容|不安全|违规",
    r"(?:inappropriate|sensitive) content",
    r"blocked (?:by|due to|for) (?:\w+ ){0,3}(?:safety|polic|moderation|guardrail|prohibited)",
)

TOO_LONG: Final = frozenset(
    {
        *("context_length_exceeded", "string_above_max_length", "request_too_large", "contextwindowexceedederror"),
        *("exceed_context_size_error", "tokens_limit_reached", "max_prompt_tokens_exceeded", "input_too_long"),
        *("model_max_prompt_tokens_exceeded", "context_window_exceeded", "prompt_too_long", "payload_too_large"),
        *("array_above_max_length", "context_length_error"),
    }
)
TOO_LONG_WORDS: Final = _any(
    r"(?:maximum|max|model'?s|supported|available|the) context (?:length|window|size|limit)",
    r"context (?:length|window|size|limit) (?:\w+ ){0,3}exceed",
    r"exceed\w* (?:\w+ ){0,4}context\b",
    r"(?:prompt|input|message|request|conversation|text)s?(?: \w+){0,2} (?:is |are |was )?too (?:long|large)",
    r"too (?:long|large) for (?:the |this )?model",
    r"too many (?:input |prompt )?tokens",
    r"maximum (?:prompt|input) length",
    r"range of input length",
    r"(?:prompt|input)(?: \w+)? length (?:should|must|exceed|of \d)",
    r"input token count",
    r"(?:input|prompt) tokens? (?:\w+ ){0,3}exceed",
    r"`?inputs`? (?:tokens )?(?:\+|must have less)",
    r"reduce (?:the length|your message|your prompt|your input|the number of (?:messages|tokens))",
    r"payload size exceeds",
    r"(?:body|payload|entity|content) (?:is )?too large",
    r"exceeds? (?:the )?(?:maximum|max) (?:number of |allowed )?(?:input |prompt )?tokens",
    r"longer than the (?:maximum model length|model'?s)",
    # The prompt leaves no room for an answer.
    r"max_tokens must be at least 1, got -\d",
    r"max(?:imum)? sequence length",
    r"context (?:the )?overflow|context length of only|>= n_ctx",
    r"number of input tokens|token count of \d+ exceeds",
)
LIMIT_OF_ONE_WORDS: Final = _any(
    r"request too large",
    r"single request (?:\w+ ){0,3}(?:exceed|too)",
    r"tokens must be reduced in order to run",
)
LIMIT_AND_REQUESTED: Final = re.compile(r"limit:? ([\d,]+)[^\d]{1,20}(?<!used )requested:? ([\d,]+)", re.IGNORECASE)

NO_CREDIT: Final = frozenset(
    {
        *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "arrearage"),
        *("insufficient_user_quota", "exceeded_current_quota_error", "budget_exceeded", "budgetexceedederror"),
        *("insufficient_balance", "insufficient_credits", "credits_exhausted", "payment_required"),
        *("insufficient_funds", "billing_limit_reached", "insufficient_credit", "credit_limit", "billing_disabled"),
        *("spend_limit_reached", "blocked_api_access"),
    }
)
NO_CREDIT_WORDS: Final = _any(
    r"credit balance is too low",
    r"insufficient (?:account )?(?:balance|credits?|funds|quota)",
    r"(?:out of|no|not enough|requires more) credits?\b",
    r"(?:used|exceeded|exhausted|ran out of|run out of) (?:\w+ ){0,4}(?:credits?|spending limit|budget)\b",
    r"billing (?:hard )?limit",
    r"budget has been exceeded|exceeded budget",
    r"payment required",
    r"account (?:\w+ ){0,3}(?:overdue|arrears|in good standing|not active)",
    r"spend(?:ing)? limit",
    r"(?:credit|key) limit exceeded",
    r"requires billing to be enabled|(?:please |must )enable billing",
    r"(?:balance|credits?) (?:is |are |has been |have been )?(?:exhausted|depleted|too low|insufficient)",
    r"please (?:recharge|top up|add (?:more )?credits)",
    r"(?:have|has) (?:any|no) credits",
    r"reached your (?:\w+ ){0,4}usage limits?",
    r"欠费|余额不足|充值",
)
QUOTA_WORDS: Final = _any(r"exceeded your current quota, please check your plan and billing")

BAD_KEY: Final = frozenset({"invalid_api_key", "api_key_invalid", "invalidapikey", "api_key_expired"})
BARRED: Final = frozenset(
    {"failed_precondition", "organization_restricted", "account_deactivated", "account_suspended"}
)
BARRED_WORDS: Final = _any(
    r"(?:organi[sz]ation|account|project|workspace|team)(?: \S+){0,3} (?:has been |is |was )(?:currently )?"
    r"(?:disabled|restricted|suspended|deactivated|blocked|terminated)",
    r"(?:location|country|region)\b[^.]{0,30} (?:is |are )?not (?:supported|available|allowed)",
    r"not available in your (?:country|region)",
    r"endpoint is paused",
    r"endpoint (?:\S+ ){1,5}not found",
    r"only for api versions",
)
"""Sent with status 400 about an account, a location or an endpoint; the job is not to blame."""
WRONG_ADDRESS_WORDS: Final = _any(
    r"plain http request was sent to https port",
    r"no required ssl certificate was sent",
    r"client sent an http request to an https server",
    r"unexpected endpoint or method",
)
BAD_ANSWER: Final = frozenset({"json_validate_failed", "tool_use_failed", "output_parse_failed"})
BROKEN_WORDS: Final = _any(
    r"model has crashed",
    r"model (?:was )?unloaded",
    r"failed to load (?:the )?model",
    r"\bout of memory\b",
    r"requires more system memory",
    r"insufficient system resources",
)
BAD_KEY_WORDS: Final = _any(
    r"api[ _-]?key (?:is )?(?:not valid|not found|invalid|expired|missing|required)",
    r"(?:invalid|incorrect|missing|wrong|expired|no) api[ _-]?key",
)

LIMIT: Final = frozenset({"ratelimitexceeded", "userratelimitexceeded", "rate_limit_exceeded", "quotaexceeded"})
LIMIT_WORDS: Final = _any(r"rate limit (?:\w+ )?exceeded", r"out of call volume quota", r"too many requests")
OVERLOADED: Final = frozenset(
    {
        *("overloaded_error", "overloaded", "model_capacity_exhausted", "engine_overloaded_error", "slow_down"),
        *("capacity_exceeded", "nocapacity"),
    }
)
OVERLOADED_WORDS: Final = _any(
    r"\boverloaded\b",
    r"\b(?:at|over) capacity",
    r"no capacity available",
    r"capacity exceeded",
    r"server busy",
    r"(?:service|server|system|model) is (?:too )?busy",
    r"no (?:free |idle )?slots? (?:is |are )?available",
    r"high demand",
    r"maximum pending requests",
)
STARTING: Final = frozenset({"model_loading", "model_not_ready"})
STARTING_WORDS: Final = _any(
    r"loading (?:the )?model",
    r"\b(?:is|are) (?:currently |still )?(?:loading|starting|initiali[sz]ing|warming up)\b",
    r"starting up",
    r"scaled to zero|scaling up",
    r"(?:database|model|server|service) is not (?:yet )?ready",
)

SCHEMA_OF_THE_JOB: Final = _any(
    r"invalid schema",
    r"schema (?:is |was )?(?:invalid|not valid|too)",
    r"in context=",
    r"json[_ ]schema[^.]{0,40}must",
    r"unsupported json schema",
)
LIMIT_TOO_LARGE: Final = re.compile(
    r"(?<!\+ )(?<!\+ [`'])max_(?:completion_|output_|new_)?tokens['\"`]?"
    r"(?: or ['\"`]?max_completion_tokens['\"`]?)?(?:=\d+)?"
    r"(?: is| value is)? ?(?:too large|too high|: ?\d+ ?>|must be(?! at least 1, got -)|cannot be greater|exceeds)",
    re.IGNORECASE,
)
NO_MODEL: Final = frozenset(
    {
        *("model_not_found", "deploymentnotfound", "invalid_model", "model_not_exist", "model_not_available"),
        *("model_not_supported", "model_decommissioned", "operationnotsupported"),
    }
)
NO_MODEL_WORDS: Final = _any(
    r"model[^.]{0,120}?(?:not (?:found|exist|a valid|supported|available)|do(?:es)? not exist|n't exist|no longer)",
    r"model[^.]{0,60}unknown",
    r"model[^.]{0,60}(?:decommissioned|deprecated)",
    r"(?:no such|unknown|invalid|not a valid|unsupported) model",
    r"no endpoints found",
    r"no models? loaded",
    r"model (?:parameter )?is required|must provide a model|llm provider not provided",
    r"model identifier is invalid|on-demand throughput isn",
    r"does not support chat\b",
    r"unable to access [^.]{0,20}model",
    r"pull(?:ing)? it first",
    r"deployment[^.]{0,60}(?:not exist|not found)",
)
NO_SYSTEM_WORDS: Final = _any(
    r"(?:system|developer) (?:role|messages?|prompts?|instructions?)[^.]{0,30}(?:not (?:supported|enabled|allowed))",
    r"(?:system|developer) (?:role|messages?|prompts?|instructions?)[^.]{0,30}unsupported",
    r"role[^.]{0,40}does not support 'system'",
    r"does not support (?:the )?(?:system|developer) (?:role|messages?)",
    r"role[^.]{0,40}does not support 'developer'",
    r"unexpected role ['\"`]?(?:system|developer)",
    # Only the system message can violate the alternation.
    r"roles must alternate user/assistant",
)
NO_THINKING_WORDS: Final = _any(
    r"(?:does not|doesn't|cannot) support (?:\w+ )?(?:thinking|reasoning)\b",
    r"thinking (?:level|budget|mode)\b[^.]{0,40}not (?:supported|valid|allowed)",
    r"only works in thinking mode",
)
COMPLAINT_WORDS: Final = _any(
    r"unsupported|unknown|unrecogni[sz]ed|invalid|unexpected|deprecated|incompatible|mutually",
    r"not (?:support|permitted|allowed|valid|accepted|recogni[sz]ed|enabled|available|a\b)|unavailable",
    r"must be|should be|cannot|can't|can not|do(?:es)? not|doesn't|require|expected|extra|only",
    r"out of (?:range|bounds)|between|range|greater|less|at (?:most|least)|exceed|>|<",
    r"too (?:large|small|high|low|long|many)",
)
"""A message that names an option must also contain one of these, because it may name an option in passing."""

ALIASES: Final = {
    **dict.fromkeys(("max_output_tokens", "maxoutputtokens", "max_new_tokens", "num_predict"), "max_tokens"),
    **dict.fromkeys(("max_tokens_to_sample", "maxtokens", "maxcompletiontokens"), "max_tokens"),
    **dict.fromkeys(("stopsequences", "stop_sequences"), "stop"),
    **dict.fromkeys(("topp",), "top_p"),
    **dict.fromkeys(("thinking", "thinking_config", "thinkingconfig"), "reasoning_effort"),
    **dict.fromkeys(("responseformat", "json_schema", "response_schema", "responseschema"), "response_format"),
    **dict.fromkeys(("guided_json", "response_mime_type", "json_object"), "response_format"),
    **dict.fromkeys(("include_usage", "streamoptions"), "stream_options"),
    **dict.fromkeys(("deployment",), "model"),
}
"""Other names of request parameters, and the names that our requests use."""
DISTINCT: Final = frozenset({"temperature"})
"""Parameter names that have no other meaning in a message. Other names without underscore are ordinary words and count
only in quotes or after "parameter"."""
