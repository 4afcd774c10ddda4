"""Settings: one frozen object from defaults, environment and flags."""

from comity.settings.address import Address
from comity.settings.loading import (
    Mistake,
    SettingsError,
    describe,
    load_settings,
    to_environment,
)
from comity.settings.settings import SettingRow, Settings

__all__ = [
    "Address",
    "Mistake",
    "SettingRow",
    "Settings",
    "SettingsError",
    "describe",
    "load_settings",
    "to_environment",
]
