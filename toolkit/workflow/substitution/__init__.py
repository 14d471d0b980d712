"""What tags, expressions and arguments stand for: variables, parameters, ``when``, loops."""
