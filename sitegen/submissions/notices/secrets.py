"""What does not have to stand in a file that lies in Git."""

import msgspec


class Secrets(msgspec.Struct, frozen=True):
    """Keys and passwords from the environment; each wins over its setting."""

    mail_password: str = ""
    webhook_secret: str = ""


NO_SECRETS = Secrets()
