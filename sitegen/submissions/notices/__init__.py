"""News of entries goes out: mail and a signed request, from a durable outbox."""
