"""Every decision of a follow-up: who gets which step when, and why not. Pure: time and history are arguments."""
