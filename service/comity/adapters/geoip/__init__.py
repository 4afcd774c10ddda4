"""GeoIP: places of IP addresses from MaxMind DB files or the embedded database."""

from comity.adapters.geoip.database import GeoipDatabaseError
from comity.adapters.geoip.embedded import ATTRIBUTION
from comity.adapters.geoip.lookup import GeoipStatus, MaxMindPlaceLookup

__all__ = ["ATTRIBUTION", "GeoipDatabaseError", "GeoipStatus", "MaxMindPlaceLookup"]
