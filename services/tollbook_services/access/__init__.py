"""Who may do what: roles, tokens, and the limits of each token."""
