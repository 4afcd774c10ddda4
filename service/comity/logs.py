"""Logs: one JSON object a line on standard error, with trace ids and without personal data."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import IO, Any, Final

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

_DEEPEST_CAUSE: Final = 5
# Libraries that are only heard when something is wrong.
_QUIET: Final = ("grpc", "watchfiles", "asyncio", "opentelemetry")
# Its complaints quote the headers of callers.
_SILENT: Final = ("opentelemetry.trace",)


def configure_logging(level: str, process: str, stream: IO[str] | None = None) -> None:
    """Send all logs of this process, those of libraries included, to `stream` as JSON lines.

    Args:
        level: least severity that is logged, a lower-case name.
        process: which of our processes this is, for the field `process`.
        stream: where to; None for standard error.
    """
    shared = _processors(process)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _processors(process: str) -> list[Processor]:
    """Return what completes an event, whether it comes from us or from a library."""

    def add_process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        add_process,
        _add_trace,
        _describe_exception,
    ]


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def report_defect(error: Exception) -> None:
    """Log an exception that has no meaning to the caller, under the trace id of the call."""
    get_logger("comity.defect").error("defect", exc_info=error)


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the ids of the current span, if there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


def _describe_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its types and frames.

    Its text is left out: texts of exceptions quote what they stumbled over, which may be a phone
    number or an address.
    """
    given = event.pop("exc_info", None)
    error = _exception_of(given)
    if error is not None:
        event["exception"] = _chain(error)
    return event


def _exception_of(given: object) -> BaseException | None:
    """Return the exception that `exc_info` stands for."""
    match given:
        case BaseException():
            return given
        case (_, BaseException() as error, _):
            return error
        case None | False:
            return None
        case _:
            return sys.exc_info()[1]


def _chain(error: BaseException) -> list[MutableMapping[str, Any]]:
    """Return the exception and what caused it, outermost first."""
    chain: list[MutableMapping[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < _DEEPEST_CAUSE:
        kind = type(current)
        chain.append({"type": f"{kind.__module__}.{kind.__qualname__}", "frames": _frames(current)})
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return chain


def _frames(error: BaseException) -> list[str]:
    """Return where the exception passed, innermost last."""
    passed: TracebackType | None = error.__traceback__
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(passed)
    ]
