"""Loopback stand-ins of the services that covlane delivers to, for rehearsals and the tests.

They are written from the services' documentation and know nothing of the clients.
"""
