"""Runs the whole server: policies, a decision worker, the control port, metrics."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Final, assert_never

import grpc

from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import DataDirectory, DataDirectoryError
from comity.adapters.policy_directory import PolicyDirectory
from comity.adapters.worker_link import Failed, InForce, Listening, Metrics, NotInForce, Publish
from comity.app.active_policy import KnownRevision
from comity.app.preparation import PolicyCompiler
from comity.app.startup import ExitCode, StartupError
from comity.grpc_api.control import ControlHealth, RevisionFeed, WatchServicer, add_control_services
from comity.grpc_api.credentials import load_credentials
from comity.grpc_api.listening import bind, require_free, server_options
from comity.logs import configure_logging, get_logger
from comity.metrics import SupervisorMetrics
from comity.settings import Address, Settings, to_environment
from comity.supervisor.banner import banner
from comity.supervisor.publishing import PolicyPublisher, Publication, tell_problem
from comity.supervisor.status_page import Status, StatusPage
from comity.supervisor.workers import Ended, Started, WorkerEvent, WorkerKeeper
