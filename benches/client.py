"""A bounded HTTP client for loopback: latencies of one client that asks again and again, and wrk's when it is there."""

import re
import shutil
import socket
import subprocess
import time

HOST = "127.0.0.1"
# Seconds for any single request.
PATIENCE = 10


class Refused(Exception):
    """The server did not answer as it should."""


class Client:
    """One client. With `keep`, it asks on the connection that it has, as long as the server leaves it open."""

    def __init__(self, port, keep=False):
        self.port, self.keep, self.stream = port, keep, None
        # Requests for which a connection was there already.
        self.reused = 0

    def get(self, path):
        """Status and body."""
        if self.stream is None:
            self.stream = socket.create_connection((HOST, self.port), PATIENCE)
            self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.reused += 1
        connection = "keep-alive" if self.keep else "close"
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n"
        self.stream.sendall(request.encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.more()
        head, body = data.split(b"\r\n\r\n", 1)
        head = head.decode("latin-1").lower()
        length = re.search(r"\r\ncontent-length: *(\d+)", head)
        if not length:
            raise Refused(f"{path}: no length: {head}")
        while len(body) < int(length.group(1)):
            body += self.more()
        if not self.keep or "\r\nconnection: close" in head:
            self.end()
        return int(head.split()[1]), body

    def more(self):
        data = self.stream.recv(1 << 16)
        if not data:
            raise Refused("the connection ended early")
        return data

    def end(self):
        if self.stream:
            self.stream.close()
        self.stream = None


def latencies(port, path, count, seconds, keep, pause=0.002):
    """Milliseconds of up to `count` requests within `seconds`, one after the other with a pause between, and whether
    connections were used again."""
    client, took, end = Client(port, keep), [], time.monotonic() + seconds
    while len(took) < count and time.monotonic() < end:
        start = time.perf_counter()
        status, _ = client.get(path)
        took.append((time.perf_counter() - start) * 1000)
        if status != 200:
            raise Refused(f"{path} is answered with {status}")
        time.sleep(pause)
    client.end()
    return took, client.reused > 0


def wrk(port, path, clients, seconds):
    """Median and p99 in milliseconds and requests a second by wrk; none when it is not installed."""
    if not shutil.which("wrk"):
        return None
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-H", "Connection: close", f"http://{HOST}:{port}{path}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout

    def milliseconds(share):
        value, unit = re.search(rf"\n\s+{share}%\s+([\d.]+)(us|ms|s)", said).groups()
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    return milliseconds(50), milliseconds(99), float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
