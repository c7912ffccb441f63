"""The words that the engine and its clients say to each other: views, requests, feed. No behaviour, no sockets."""
