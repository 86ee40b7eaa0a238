"""The rules of time zones: those of the `tzdata` package alone, whatever the host has."""

import zoneinfo

# Otherwise two hosts, or a host before and after an upgrade, would read one promise differently.
zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()
