"""The short-lived process that sends one notification: by a URL of Apprise, or by a command. The engine starts it."""
