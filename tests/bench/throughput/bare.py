"""A gRPC server that does nothing: what `grpcio` itself can do with messages of a given size.

Run with `python bare.py OCTETS`; prints the port. Every call of `Answer` is answered with so many
octets, `Count` with the number of these answers.
"""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

ANSWER = "/bench.Bare/Answer"
COUNT = "/bench.Bare/Count"
THREADS = 10


def serve(octets: int) -> None:
    """Serve until the process is ended; without deserialising, serialising or interceptors."""
    reply, calls, counts = bytes(octets), itertools.count(), itertools.count()

    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        next(calls)  # one step of the interpreter: no two threads get the same
        return reply

    def count(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        return str(next(calls) - next(counts)).encode()

    server = grpc.server(ThreadPoolExecutor(THREADS), options=[("grpc.so_reuseport", 0)])
    handlers = {
        ANSWER.rpartition("/")[2]: grpc.unary_unary_rpc_method_handler(answer),
        COUNT.rpartition("/")[2]: grpc.unary_unary_rpc_method_handler(count),
    }
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("bench.Bare", handlers)],
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
