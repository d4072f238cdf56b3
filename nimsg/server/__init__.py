"""The asyncio server: sessions, dispatch and group commit."""
