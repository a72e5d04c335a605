"""Who may do what: API keys (organizers' sign-in comes with the console)."""
