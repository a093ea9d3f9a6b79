"""The pages in a real Chromium: `python -m tests.browser`.

Playwright drives the Chromium of the machine and axe-core looks for what keeps people out. Both are
too heavy for every run, so these tests have a marker, an environment of their own and a command.
With `LGP_SCREENSHOTS=FOLDER` every page is also kept there as a picture.
"""
