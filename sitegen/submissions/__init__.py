"""Strangers send posts in: forms, guards, the durable queue, moderation."""
