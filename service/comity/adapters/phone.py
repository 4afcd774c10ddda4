"""Countries of phone numbers from Google's libphonenumber metadata."""

from __future__ import annotations

from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from comity.app.ports.phone_lookup import NoCountryReason, PhoneFinding, require_e164

_NON_GEOGRAPHIC_REGION: Final = phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY
_SUBSCRIBER_TYPES: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
)
# Regions that CLDR codes apart and ISO 3166-2 codes as parts of SH.
_PARTS_OF_SH: Final = {"AC": "SH-AC", "TA": "SH-TA"}


class LibphonenumberPhoneLookup:
    """A `PhoneLookup` over the numbering plans that come with `phonenumbers`."""

    def country_of(self, number: str) -> PhoneFinding:
        """Return the country of `number`; see `PhoneLookup`.

        Raises:
            MalformedPhoneNumberError: `number` is not in E.164 form.
        """
        require_e164(number)
        try:
            parsed = phonenumbers.parse(number, None)
        except phonenumbers.NumberParseException:  # a code that is assigned to nobody
            return PhoneFinding(None, NoCountryReason.NOT_ASSIGNED)
        code = parsed.country_code
        regions = phonenumbers.region_codes_for_country_code(code) if code else ()
        if _NON_GEOGRAPHIC_REGION in regions:
            return PhoneFinding(None, NoCountryReason.NON_GEOGRAPHIC)
        if len(regions) == 1:
            return PhoneFinding(_place(regions[0]))
        return _find_among(parsed, regions)


def _find_among(parsed: PhoneNumber, regions: tuple[str, ...]) -> PhoneFinding:
    """Return the country of a number whose code several regions share, the main one first."""
    fitting = [
        region for region in regions if phonenumbers.is_valid_number_for_region(parsed, region)
    ]
    if len(fitting) <= 1:
        # With none, the area code may still tell, though the block is not known to be in use.
        region = fitting[0] if fitting else phonenumbers.region_code_for_number(parsed)
        if region is None:
            return PhoneFinding(None, NoCountryReason.NOT_ASSIGNED)
        return PhoneFinding(_place(region))
    if phonenumbers.number_type(parsed) not in _SUBSCRIBER_TYPES:
        return PhoneFinding(None, NoCountryReason.SERVICE_NUMBER)
    if fitting[0] != regions[0]:
        return PhoneFinding(None, NoCountryReason.SHARED, _places(fitting))
    return PhoneFinding(_place(fitting[0]), None, _places(fitting[1:]))


def _place(region: str) -> str:
    """Return the place code of a region of the metadata."""
    return _PARTS_OF_SH.get(region, region)


def _places(regions: list[str]) -> tuple[str, ...]:
    """Return place codes in order."""
    return tuple(sorted(_place(region) for region in regions))
