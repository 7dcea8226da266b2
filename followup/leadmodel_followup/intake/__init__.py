"""What comes in beside messages: leads with scores, consents, replies, conversions and erasure; over HTTP or as a call."""
