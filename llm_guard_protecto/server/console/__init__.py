"""The console: a web page on the server, and the few routes that only it needs.

The page is files of the package and loads nothing from anywhere else. It calls the routes of the
vault with the token that somebody types in, so it may do what that token may do and no more; the
server itself trusts it with nothing.
"""
