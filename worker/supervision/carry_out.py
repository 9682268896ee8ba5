"""Carries out one command in a child of the worker."""

import socket
from typing import assert_never

import torch

from app.settings import Settings
from worker.execution.commands import (
    COMMANDS,
    DEVICES,
    ExitCode,
    ListDevicesCommand,
    PredictCommand,
    TrainCommand,
)
from worker.execution.control_channel import ControlChannel
from worker.execution.devices import list_devices
from worker.execution.execute import execute
from worker.execution.speed import measured
from worker.predicting.compute import compute


def carry_out(control: socket.socket, settings: Settings) -> ExitCode:
    """Carries out the command that the worker sends; returns the child's exit code."""
    channel = ControlChannel(control)
    command = COMMANDS.validate_json(channel.read_command())
    torch.set_num_threads(settings.threads_per_run)
    match command:
        case ListDevicesCommand():
            channel.send_answer(DEVICES.dump_json(measured(list_devices())))
            return ExitCode.DONE
        case TrainCommand():
            return execute(command, channel, settings)
        case PredictCommand():
            return compute(command, settings)
        case _:
            assert_never(command)
