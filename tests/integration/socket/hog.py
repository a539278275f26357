# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""hog.py URL CLIENTS ROUNDS: clients that send the frame from standard input again and again and never read a reply. Each
connects again when the broker closed it, so many times; prints how often that was. A process of its own for slow_test.py."""
import os
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from wire import PATIENCE_S, greeting, plain


def send_until_closed(url, frame):
    with plain(url) as sock:
        sock.settimeout(PATIENCE_S)
        try:
            sock.sendall(greeting(0x30))
            number = 0
            while True:
                number += 1
                sock.sendall(struct.pack(">QI", len(frame) + 4, 1 << 31 | number) + frame)
        except TimeoutError:
            return False
        except OSError:
            return True


def main():
    url, clients, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    frame, closed = sys.stdin.buffer.read(), []
    threads = [threading.Thread(target=lambda: [closed.append(send_until_closed(url, frame)) for _ in range(rounds)])
               for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(closed.count(True))


if __name__ == "__main__":
    main()
