"""OpenID Connect: sign-in of people (authorization code flow with PKCE), and access tokens of programs.

Authlib implements the protocol and joserfc the signatures; requests are sent through ``outgoing``.
"""
