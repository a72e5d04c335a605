"""A Twilio that runs on loopback, complete enough that the official SDK cannot tell.

It backs the demo, the tests and the chaos runs. It is never part of a production process.
"""
