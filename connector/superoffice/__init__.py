"""SuperOffice, and nothing of ours: questions in, immutable records or typed errors out. Knows no Django.

Where to look: `client` for the questions, `types` for the answers, `errors` for what goes wrong, `listing`
and `columns` for long lists, `auth` for tokens, `tenant` for addresses, `transport` and `messages` for the wire.
"""
