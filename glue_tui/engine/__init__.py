"""The engine: one detached process per project that owns all state. A pure-logic kernel inside an asyncio shell."""
