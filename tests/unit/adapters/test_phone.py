"""Countries of phone numbers by the numbering plans."""

import phonenumbers
import pycountry
import pytest
from comity.adapters.phone import LibphonenumberPhoneLookup
from comity.app.ports.phone_lookup import NoCountryReason, PhoneFinding


@pytest.mark.parametrize(
    ("number", "place"),
    [
        ("+12125550123", "US"),
        ("+12045550123", "CA"),
        ("+12423591234", "BS"),
        ("+17872345678", "PR"),
        ("+12645551234", "AI"),  # an area code tells, though the block is not in use
        ("+77012345678", "KZ"),
        ("+77172123456", "KZ"),
        ("+79161234567", "RU"),
        ("+79781234567", "RU"),  # mobile, issued in Crimea under the Russian plan
        ("+73652123456", "RU"),
        ("+79401234567", "RU"),  # mobile, Abkhazia
        ("+447400123456", "GB"),
        ("+447781123456", "GG"),
        ("+447797712345", "JE"),
        ("+447624123456", "IM"),
        ("+441481960194", "GG"),
        ("+38349123456", "XK"),
        ("+970599123456", "PS"),
        ("+85366123456", "MO"),
        ("+85212345678", "HK"),  # not in use, and still Hong Kong's code
        ("+380000000000", "UA"),
        ("+4779123456", "SJ"),
        ("+358181234567", "AX"),
        ("+390669812345", "VA"),
        ("+262639012345", "YT"),
        ("+2902158", "SH"),
        ("+2908123", "SH-TA"),
        ("+24712345", "SH-AC"),
    ],
)
def test_the_numbering_plan_decides(number: str, place: str) -> None:
    """Country code, area code or block of numbers name one place."""
    assert LibphonenumberPhoneLookup().country_of(number) == PhoneFinding(place)


@pytest.mark.parametrize(
    ("number", "place", "shared_with"),
    [
        ("+4741234567", "NO", ("SJ",)),
        ("+393471234567", "IT", ("VA",)),
        ("+358412345678", "FI", ("AX",)),
        ("+212528812345", "MA", ("EH",)),
        ("+590690001234", "GP", ("BL", "MF")),
    ],
)
def test_a_shared_block_is_the_main_countrys_and_says_with_whom(
    number: str, place: str, shared_with: tuple[str, ...]
) -> None:
    """Where a territory uses the blocks of the country, the country stands."""
    assert LibphonenumberPhoneLookup().country_of(number) == PhoneFinding(place, None, shared_with)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("+88801234567", NoCountryReason.NON_GEOGRAPHIC),
        ("+88812345678901", NoCountryReason.NON_GEOGRAPHIC),
        ("+870301234567", NoCountryReason.NON_GEOGRAPHIC),
        ("+881612345678", NoCountryReason.NON_GEOGRAPHIC),
        ("+883510012345", NoCountryReason.NON_GEOGRAPHIC),
        ("+979123456789", NoCountryReason.NON_GEOGRAPHIC),
        ("+80012345678", NoCountryReason.NON_GEOGRAPHIC),
        ("+18005550123", NoCountryReason.SERVICE_NUMBER),
        ("+19002345678", NoCountryReason.SERVICE_NUMBER),
        ("+447000000000", NoCountryReason.SERVICE_NUMBER),
        ("+99966123456", NoCountryReason.NOT_ASSIGNED),
        ("+2101234567", NoCountryReason.NOT_ASSIGNED),
        ("+10000000000", NoCountryReason.NOT_ASSIGNED),
        ("+70000000000", NoCountryReason.NOT_ASSIGNED),
    ],
)
def test_a_number_without_a_country_says_why(number: str, reason: NoCountryReason) -> None:
    """Codes of no country, service numbers and unassigned ones have no place."""
    assert LibphonenumberPhoneLookup().country_of(number) == PhoneFinding(None, reason)


def test_territories_that_share_a_block_without_the_codes_country_are_named() -> None:
    """A fixed line of Saint Barthélemy or Saint Martin can't be told apart."""
    expected = PhoneFinding(None, NoCountryReason.SHARED, ("BL", "MF"))
    assert LibphonenumberPhoneLookup().country_of("+590590271234") == expected


def test_every_region_of_the_metadata_is_a_place_that_iso_codes() -> None:
    """An example number of each region leads to an ISO code, XK or a part of SH."""
    lookup = LibphonenumberPhoneLookup()
    codes = {country.alpha_2 for country in pycountry.countries} | {"XK", "SH-AC", "SH-TA"}
    found = set()
    for region in phonenumbers.SUPPORTED_REGIONS:
        example = phonenumbers.example_number(region)
        assert example is not None
        text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        finding = lookup.country_of(text)
        found |= {finding.place} if finding.place else set(finding.shared_with)
    assert found <= codes
    assert len(found) > 200
