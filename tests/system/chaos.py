#!/usr/bin/python3
"""A proxy of bytes between clients and a server, on unix sockets or loopback TCP, that treats each
connection badly: as networks do, only more often. What it does follows from its seed and the order
of connections.

usage: chaos.py [--seed N] [--faults NAME,NAME…] LISTEN CONNECT
  LISTEN, CONNECT: a path, or PORT on loopback
  --faults         of: calm delay split stall cut reset half deaf mute double (default: all)
"""

import argparse
import asyncio
import os
import random
import socket
import struct
import threading

FAULTS = {
    "calm": "passes bytes on",
    "delay": "keeps every piece for up to 50 ms, in order",
    "split": "passes one byte at a time, for the first 2,000 and now and then",
    "stall": "stops for up to 3 s in one direction, then goes on",
    "cut": "closes both ends after some bytes, in the middle of whatever it is",
    "reset": "the same with a RST (TCP; a unix socket is just closed)",
    "half": "closes one direction after some bytes, the other one later",
    "deaf": "takes what the client says and passes nothing on, then closes",
    "mute": "passes on what the client says and drops the answers, then closes",
    "double": "says everything of the client to the server on a second connection too",
}
PIECE = 65536


class Link:
    """One connection and what happens to it."""

    def __init__(self, fault, seed):
        self.fault = fault
        self.random = random.Random(seed)
        self.left = self.random.randrange(20000) if self.random.random() < 0.8 else \
            self.random.randrange(2000000)  # bytes before cut, reset, half
        self.backwards = self.random.random() < 0.5  # which direction stalls or is closed first
        self.split = 2000
        self.stalls = self.random.uniform(0.2, 3.0)
        self.ended = asyncio.Event()
        self.writers = []

    def spend(self, size):
        """Whether the connection has had its bytes."""
        self.left -= size
        return self.left <= 0

    async def pass_on(self, data, writer):
        if self.fault == "delay":
            await asyncio.sleep(self.random.uniform(0, 0.05))
        if self.fault == "split" and (self.split > 0 or self.random.random() < 0.02):
            self.split -= len(data)
            for i in range(min(len(data), 2000)):
                writer.write(data[i : i + 1])
                await writer.drain()
                await asyncio.sleep(0)
            data = data[2000:]
        if data:
            writer.write(data)
            await writer.drain()

    async def pump(self, reader, writers, backwards):
        """One direction until it ends."""
        while data := await reader.read(PIECE):
            if self.fault == "stall" and backwards == self.backwards and self.spend(len(data)):
                await asyncio.sleep(self.stalls)
                self.left = self.random.randrange(200000)
            if self.fault in ("cut", "reset") and self.spend(len(data)):
                await self.pass_on(data[: self.random.randrange(len(data) + 1)], writers[0])
                break
            if self.fault == "half" and backwards == self.backwards and self.spend(len(data)):
                writers[0].write_eof()
                await asyncio.sleep(self.stalls)
                break
            if self.fault == "deaf" or self.fault == "mute" and backwards and self.spend(len(data)):
                await asyncio.sleep(self.stalls)
                break
            for writer in writers:
                await self.pass_on(data, writer)
        self.ended.set()

    def close(self):
        for writer in self.writers:
            connection = writer.get_extra_info("socket")
            if self.fault == "reset" and connection and connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


async def swallow(reader):
    while await reader.read(PIECE):
        pass


class Proxy(threading.Thread):
    """Runs in a thread of its own. `faults` may be changed at any time and holds for new connections;
    calm() also ends those that are treated badly."""

    def __init__(self, listen, connect, seed=0, faults=tuple(FAULTS)):
        super().__init__(daemon=True)
        self.listen, self.connect, self.faults = listen, connect, tuple(faults)
        self.random = random.Random(seed)
        self.loop = asyncio.new_event_loop()
        self.links = {}  # task -> link
        self.count = 0
        self.seen = {}   # fault -> connections
        self.ready = threading.Event()
        self.start()
        self.ready.wait()

    def endpoint(self):
        """For a ZeroMQ socket."""
        return f"tcp://127.0.0.1:{self.port}" if isinstance(self.listen, int) else f"ipc://{self.listen}"

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.serve())
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.01))
        self.loop.close()

    async def serve(self):
        if isinstance(self.listen, int):
            server = await asyncio.start_server(self.take, "127.0.0.1", self.listen)
            self.port = server.sockets[0].getsockname()[1]
        else:
            server = await asyncio.start_unix_server(self.take, str(self.listen))
        self.server = server
        self.ready.set()

    async def dial(self):
        if isinstance(self.connect, int):
            return await asyncio.open_connection("127.0.0.1", self.connect)
        return await asyncio.open_unix_connection(str(self.connect))

    async def take(self, reader, writer):
        self.count += 1
        fault = self.random.choice(self.faults)
        self.seen[fault] = self.seen.get(fault, 0) + 1
        link = Link(fault, self.random.random())
        link.writers.append(writer)
        self.links[asyncio.current_task()] = link
        tasks = []
        try:
            server_reader, server_writer = await self.dial()
            link.writers.append(server_writer)
            forward = [server_writer]
            if fault == "double":
                other_reader, other_writer = await self.dial()
                link.writers.append(other_writer)
                forward.append(other_writer)
                tasks.append(asyncio.ensure_future(swallow(other_reader)))
            for arguments in ((reader, forward, False), (server_reader, [writer], True)):
                tasks.append(asyncio.ensure_future(self.guard(link, link.pump(*arguments))))
            await link.ended.wait()
        except OSError:
            pass  # the server is away: the client is closed and comes again
        finally:
            for task in tasks:
                task.cancel()
            link.close()
            self.links.pop(asyncio.current_task(), None)

    @staticmethod
    async def guard(link, pump):
        try:
            await pump
        except (OSError, RuntimeError):
            pass  # an end that was closed by its owner
        finally:
            link.ended.set()

    def calm(self):
        """From now on bytes are just passed on."""
        self.faults = ("calm",)
        self.cut(lambda link: link.fault != "calm")

    def cut(self, which=lambda link: True):
        """Closes connections."""
        def end():
            for link in list(self.links.values()):
                if which(link):
                    link.ended.set()
        self.loop.call_soon_threadsafe(end)

    def stop(self):
        def end():
            self.server.close()
            for link in list(self.links.values()):
                link.ended.set()
            self.loop.call_later(0.05, self.loop.stop)
        self.loop.call_soon_threadsafe(end)
        self.join()
        if not isinstance(self.listen, int) and os.path.exists(self.listen):
            os.unlink(self.listen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="\n".join(
        f"{name}: {what}" for name, what in FAULTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default=0)
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("listen")
    parser.add_argument("connect")
    options = parser.parse_args()
    faults = options.faults.split(",")
    if set(faults) - set(FAULTS):
        parser.error(f"no such fault: {', '.join(set(faults) - set(FAULTS))}")
    ends = [int(end) if end.isdigit() else end for end in (options.listen, options.connect)]
    proxy = Proxy(*ends, options.seed, faults)
    print(f"listening at {proxy.endpoint()}", flush=True)
    proxy.join()


if __name__ == "__main__":
    main()
