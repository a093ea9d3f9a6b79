"""Where the text lives: in JSON, in server-sent events, in each provider API. Pure, no I/O.

It finds text and says how to read it; it never masks. `json_text` reads and edits JSON literals,
`sse` frames events, `slots` is the vocabulary of the tables and `walk` applies one to a body. One
table a provider API (`openai_chat`); a new API is a new table beside it and a row in `routes`.
"""
