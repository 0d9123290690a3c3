"""The server extension: contents layer, recorder, REST and events."""
