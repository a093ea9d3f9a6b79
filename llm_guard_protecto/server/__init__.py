"""The vault server: Protecto's HTTP API in front of a vault.

`messages` is what goes in and out; `dispatch` answers one request, without a socket; the handlers
are in `vault_api`, `jobs_api`, `metadata_api` and `admin_api`, all listed in `routes`; `service`
holds what they work on; `app` is the thin ASGI shell. Only `app` needs the extra `server`.
"""
