"""Where the text lives: in JSON, in server-sent events, in each provider API. Pure, no I/O.

It finds text and says how to read it; it never masks. One table a provider API:
`openai_chat`. A new API is a new table beside it and a row in `routes`.
"""
