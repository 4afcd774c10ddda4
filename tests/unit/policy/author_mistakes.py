"""Realistic mistakes of rule authors: edits of shipped files, and what catches each first."""

from __future__ import annotations

from dataclasses import dataclass

LINT, SCENARIO, FINDING, DIFF = "lint", "scenario", "finding", "diff"


@dataclass(frozen=True)
class Mistake:
    """An edit that an author might make by mistake.

    Attributes:
        what: what was done wrong.
        code: file of policies/jurisdictions, without its suffix.
        right: the text of the shipped file.
        wrong: what stands in its place.
        caught_by: what catches it first.
        told: a part of what the author then reads.
    """

    what: str
    code: str
    right: str
    wrong: str
    caught_by: str
    told: str


MISTAKES = (
    Mistake(
        "a wrong subdivision: Chuvashia in place of Chechnya",
        "ru",
        "jurisdiction: [RU-DA, RU-CE]",
        "jurisdiction: [RU-DA, RU-CU]",
        SCENARIO,
        "Chechnya, at 2025-04-01T12:00:00+03:00: failed",
    ),
    Mistake(
        "a country for a body: everybody who works for the state",
        "us_house",
        "connected_by: works_for\n",
        "connected_by: works_for\n      jurisdiction: US\n",
        SCENARIO,
        "a device of the House, at 2025-06-23T00:00:00-04:00: failed",
    ),
    Mistake(
        "a missing connecting factor",
        "us_tx_ut",
        "{connected_by: network, product: tiktok}",
        "{product: tiktok}",
        LINT,
        "CP201 'connected_by' is missing.",
    ),
    Mistake(
        "the wrong connecting factor: where a viewer is for whose number it is",
        "de",
        "connected_by: phone_country",
        "connected_by: presence",
        SCENARIO,
        "a German number in Austria, at 2022-06-01T12:00:00+02:00: failed",
    ),
    Mistake(
        "an item by a part of its name",
        "eu",
        "item: eu_sanctioned_2022_channel",
        "item: eu_sanctioned_2022",
        LINT,
        "CP401 'eu_sanctioned_2022' is no item of the vocabulary. "
        "Did you mean 'eu_sanctioned_2022_channel'?",
    ),
    Mistake(
        "the kind above the item that was meant",
        "eu",
        "item: eu_sanctioned_2022_channel",
        "item: eu_sanctioned_channel",
        SCENARIO,
        "RIA Novosti seen from Italy, at 2024-06-24T23:59:59+02:00: failed",
    ),
    Mistake(
        "an end a year off",
        "in",
        "through: 2026-06-22",
        "through: 2027-06-22",
        SCENARIO,
        "the block of Telegram, to its last day inclusive, at 2026-06-23T00:00:00+05:30: failed",
    ),
    Mistake(
        "an exception on the connection that is met, and not on any of the person's",
        "us-tx",
        "except_person:\n      - {connected_by: works_for, jurisdiction: US-TX, population:",
        "except:\n      - {population:",
        SCENARIO,
        "the police of Texas, at 2024-06-01T12:00:00-05:00: failed",
    ),
    Mistake(
        "Norway in small letters",
        "no",
        'jurisdiction: "NO"',
        "jurisdiction: no",
        LINT,
        "CP402 'no' is no code of ISO 3166, group, body or area. Did you mean 'NO'?",
    ),
    Mistake(
        "a zone with the opposite sign: Etc/GMT-3 is three hours ahead of Greenwich",
        "br",
        "timezone: America/Sao_Paulo",
        "timezone: Etc/GMT-3",
        SCENARIO,
        "the block of 2023, at 2023-04-25T23:59:59-03:00: failed",
    ),
    Mistake(
        "`until` for `through`: the last day is lost",
        "ke",
        "through: 2024-11-22}",
        "until: 2024-11-22}",
        SCENARIO,
        "the first and the last days of 2024, at 2024-11-22T15:59:59+03:00: failed",
    ),
    Mistake(
        "`through` for `until`: a day too many",
        "br",
        "until: 2023-04-29}",
        "through: 2023-04-29}",
        SCENARIO,
        "the block of 2023, at 2023-04-29T00:00:00-03:00: failed",
    ),
    Mistake(
        "an end one day early",
        "al",
        "until: 2026-02-05",
        "until: 2026-02-04",
        SCENARIO,
        "lifted before its twelve months, at 2026-02-04T23:59:59+01:00: failed",
    ),
    Mistake(
        "an end in the year before the start",
        "ng",
        "until: 2022-01-13",
        "until: 2021-01-13",
        LINT,
        "CP309 The interval ends before it begins.",
    ),
    Mistake(
        "day and month exchanged",
        "dk",
        "from: 2023-03-06",
        "from: 2023-06-03",
        SCENARIO,
        "an official device of the Ministry of Defence, at 2023-03-06T00:00:00+01:00: failed",
    ),
    Mistake(
        "a population where a label is meant",
        "ua",
        "{label: ua_official_duty}",
        "{population: ua_official_duty}",
        LINT,
        "CP401 'ua_official_duty' is no population of the vocabulary.",
    ),
    Mistake(
        "a denial without a product",
        "tw",
        ", product: rednote",
        "",
        LINT,
        "CP201 'product' is missing.",
    ),
    Mistake(
        "messengers as a whole where one is blocked",
        "vn",
        "product: telegram}",
        "product: messaging}",
        SCENARIO,
        "another messenger, at 2025-07-01T12:00:00+07:00: failed",
    ),
    Mistake(
        "doubt that asks more than the rule itself",
        "be",
        "when_unknown: as_unmatched\n    legal_effect: advice",
        "when_unknown: {verify: employer}\n    legal_effect: advice",
        LINT,
        "CP412 'verify' ranks above the rule's own effect, warn.",
    ),
    Mistake(
        "an id copied with the rule",
        "us",
        "- id: us-kp",
        "- id: us-cu",
        LINT,
        "CP405 'us-cu' is already the id of the rule at jurisdictions/us.yaml:",
    ),
    Mistake(
        "members of a group without a value",
        "eu",
        "      others: none\n",
        "",
        LINT,
        "CP416 BG, a member of EEA, has no value; add it, or `others`.",
    ),
    Mistake(
        "a derogation of a rule that does not exist",
        "ua",
        "    except:\n      - {label: ua_official_duty}",
        "    derogates: [ua-2017-vkontakte]\n    except:\n      - {label: ua_official_duty}",
        LINT,
        "CP406 No restriction or content rule has the id 'ua-2017-vkontakte'. "
        "Did you mean 'ua-2017-vk'?",
    ),
    Mistake(
        "a law against accounts written as one against everything, the app's download included",
        "us-fl",
        "action: account_activity, age: {below: 14}",
        "age: {below: 14}",
        SCENARIO,
        "a child of 13 fetches the app, which needs no account",
    ),
    Mistake(
        "a carrier's doings put on the place",
        "ru",
        "except_person:\n      - {connected_by: network,",
        "except_person:\n      - {connected_by: presence,",
        SCENARIO,
        "what is said of the place is not said of the network",
    ),
    Mistake(
        "an age taken as the last one in",
        "au",
        "age: {below: 16}",
        "age: {below: 17}",
        SCENARIO,
        "the first second, for a child of 15, at 2025-12-11T00:00:00+11:00: failed",
    ),
    Mistake(
        "doubt about anything that asks for the place",
        "vn",
        "other: as_unmatched",
        "other: {verify: location}",
        SCENARIO,
        "the product is not known, at 2025-05-21T00:00:00+07:00: failed",
    ),
    Mistake(
        "doubt that questions everybody of whom nothing is recorded",
        "np",
        "    in_force:",
        "    when_unknown: {verify: location}\n    in_force:",
        FINDING,
        "CF171 np-2025-tg: a person of whom nothing is recorded is asked: verify location",
    ),
    Mistake(
        "an exception that nobody can use",
        "vn",
        "    in_force:",
        "    except: [{product: signal}]\n    in_force:",
        FINDING,
        "CF121 vn-2025-tg: this exception spares nobody",
    ),
    Mistake(
        "residents abroad included, which no order says",
        "vn",
        "{connected_by: presence, product: telegram}",
        "[{connected_by: presence, product: telegram}, "
        "{connected_by: presence, jurisdiction: LA, product: threema}]",
        FINDING,
        "CF161 vn-2025-tg",
    ),
    Mistake(
        "a product too many in a list",
        "et",
        "telegram, tiktok",
        "telegram, x, tiktok",
        DIFF,
        "et-2023: allow, then deny",
    ),
    Mistake(
        "an end where none is established",
        "vn",
        "- from: 2025-05-21",
        "- {from: 2025-05-21, until: 2031-05-21}",
        DIFF,
        "vn-2025-tg: deny, then allow",
    ),
)
