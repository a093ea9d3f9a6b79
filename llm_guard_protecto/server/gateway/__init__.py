"""The gateway: a provider's API under `/v1`, with masking on the way out and back.

`configuration` is what an operator writes, `upstreams` the providers it names, `choosing` which
policy a call gets, `headers` what passes, `app` the ASGI application. It masks and restores with
the same transport as a protected client, so that whatever holds there holds here.
"""
