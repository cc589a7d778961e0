"""Sign-in with an identity provider: OpenID Connect, authorization code with PKCE, and access tokens of programs.

Authlib knows the protocol and joserfc the signatures; requests go out through ``outgoing``.
"""
