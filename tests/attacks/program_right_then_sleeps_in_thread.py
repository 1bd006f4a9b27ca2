"""A program: prints the right answer, and leaves a thread that never ends."""
# ruff: noqa

import threading
import time

x = int(input())
print(x * x, flush=True)
threading.Thread(target=time.sleep, args=(10**6,)).start()
