"""The record: tables, the store that holds them, its one writer, and what is asked of it."""
