"""Other people's models and frameworks, each behind an extra and loaded when it is used."""
