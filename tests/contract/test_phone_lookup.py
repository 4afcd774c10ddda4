"""What every phone look-up keeps, the in-memory one included."""

import pytest
from comity.adapters.phone import LibphonenumberPhoneLookup
from comity.app.ports.phone_lookup import (
    InMemoryPhoneLookup,
    MalformedPhoneNumberError,
    NoCountryReason,
    PhoneFinding,
    PhoneLookup,
)

PREFIXES = {
    "+380": PhoneFinding("UA"),
    "+7": PhoneFinding("RU"),
    "+77": PhoneFinding("KZ"),
    "+4741": PhoneFinding("NO", shared_with=("SJ",)),
    "+888": PhoneFinding(None, NoCountryReason.NON_GEOGRAPHIC),
    "+1800": PhoneFinding(None, NoCountryReason.SERVICE_NUMBER),
}


@pytest.fixture(params=["in_memory", "libphonenumber"])
def lookup(request: pytest.FixtureRequest) -> PhoneLookup:
    """One look-up that knows at least `PREFIXES`."""
    if request.param == "in_memory":
        return InMemoryPhoneLookup(PREFIXES)
    return LibphonenumberPhoneLookup()


@pytest.mark.parametrize(
    ("number", "finding"),
    [
        ("+380501234567", PREFIXES["+380"]),
        ("+79161234567", PREFIXES["+7"]),
        ("+77012345678", PREFIXES["+77"]),
        ("+4741234567", PREFIXES["+4741"]),
        ("+88801234567", PREFIXES["+888"]),
        ("+18005550123", PREFIXES["+1800"]),
        ("+99966123456", PhoneFinding(None, NoCountryReason.NOT_ASSIGNED)),
    ],
)
def test_a_number_has_a_country_or_a_reason(
    lookup: PhoneLookup, number: str, finding: PhoneFinding
) -> None:
    """A finding names a place, or says why there is none."""
    assert lookup.country_of(number) == finding


@pytest.mark.parametrize(
    "number",
    [
        "",
        "+",
        "380501234567",
        "00380501234567",
        "+0380501234567",
        "+380 50 123 45 67",
        "+380-50-123-45-67",
        "+380501234567 ",
        "+380501234567\n",
        "+380501234567;ext=5",
        "tel:+380501234567",
        "+38050abc4567",
        "+٣٨٠٥٠١٢٣٤٥٦٧",
        "＋380501234567",
        "+38050",
        "+3805012345678901",
        "+380501234567" * 1_000,
        "\0",
    ],
    ids=range(18),
)
def test_what_is_not_e164_is_an_error_that_does_not_repeat_it(
    lookup: PhoneLookup, number: str
) -> None:
    """The error is typed, a ValueError, and shows nothing of what was given."""
    with pytest.raises(MalformedPhoneNumberError) as caught:
        lookup.country_of(number)
    assert isinstance(caught.value, ValueError)
    shown = f"{caught.value!r}{caught.value}{caught.value.args}{caught.value.__context__!r}"
    for digits in ("380", "501234567", "٣٨٠"):
        assert digits not in shown


def test_the_lengths_of_e164_are_accepted(lookup: PhoneLookup) -> None:
    """Seven and fifteen digits are numbers; the country code alone tells their country."""
    assert lookup.country_of("+3801234").place == "UA"
    assert lookup.country_of("+380123456789012").place == "UA"


def test_a_finding_shows_nothing_of_the_number(lookup: PhoneLookup) -> None:
    """The representation lacks the number."""
    assert "1234567" not in repr(lookup.country_of("+380501234567"))
