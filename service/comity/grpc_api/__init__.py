"""gRPC servicers: convert, call a use case, map errors."""
