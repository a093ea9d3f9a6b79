"""The gateway: a provider's API under `/v1`, with masking on the way out and back.

`configuration` is what an operator writes, `upstreams` the providers it names, `choosing` which
policy a call gets, `headers` what passes, `app` the ASGI application. `arriving`, `answering` and
`refusing` are the caller's side, `sending` the provider's; `nearby` is the vault as the event loop
asks it. `shadow`, `calls` and `totals` tell an operator what is masked, `searching` masks replies.
It masks and restores with the same transport as a protected client, so that whatever holds there
holds here.
"""
