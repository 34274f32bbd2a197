"""What runs inside a leg's environment: the standard library alone, on Python 3.10 and later.

It is started by path (`python <this folder> run LEG -m pytest …`), so that nothing of covlane has to be
installed where the tests run; `__main__` loads it under a name of its own, and nothing here imports another
part of covlane.
"""
