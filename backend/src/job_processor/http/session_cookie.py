"""The values of Set-Cookie for sessions."""

from job_processor.acts.sessions import Opened
from job_processor.http.access import SESSION_COOKIE

_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict"
END_OF_SESSION = f"{SESSION_COOKIE}=; Max-Age=0; {_ATTRIBUTES}"


def of_session(opened: Opened) -> str:
    seconds = (opened.session.expires_at - opened.session.created_at) // 1000
    return f"{SESSION_COOKIE}={opened.value}; Max-Age={seconds}; {_ATTRIBUTES}"
