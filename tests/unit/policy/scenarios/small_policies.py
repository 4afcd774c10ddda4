"""A small set of policy files, and what running its scenarios gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from textwrap import dedent, indent

from comity.policy.compiling.compilation import Compilation, compile_policies
from comity.policy.scenarios.reports import ScenarioReport
from comity.policy.scenarios.running import run_scenarios

TODAY = date(2026, 11, 24)
VOCABULARY = """\
populations: {military: {}, civil_servant: {}, baker: {}}
devices: {official: {}, official_phone: {kind_of: official}, personal: {}}
purposes: {work: {}}
actions: {message_send: {}, call: {}, show: {}, find: {}, account_delete: {never_deny: true}}
features: {calls: {actions: call}}
methods:
  employer: {settles: [population, works_for]}
  guardian: {settles: [age, label], satisfied_by: guardian_consent}
notices: {careful: {text: {en: Be careful.}}}
labels: {on_duty: {granted_by: UA}, guardian_consent: {granted_by: any}}
items: {channel: {}, banned_channel: {kind_of: channel}}
products: {messaging: {}, telegram: {kinds: messaging}, signal: {kinds: messaging}}
authorities: {court: {}, police: {}}
instruments: {ruling: {}}
offences: {fraud: {}}
offence_lists: {serious: {}}
data_categories:
  phone_number: {EU: subscriber, US: subscriber, UK: entity, IN: subscriber}
  content: {EU: content, US: content, UK: content, IN: content}
report_categories: {spam: {dsa: scams}}
needs: [signature, account_identifier]
steps: [legal_analysis]
grounds: [stored_abroad]
codes: [FORGED]
events: [production]
tasks: [written_order]
presume:
  population: none
  label: none
  item: none
  purpose: none
  device: unknown
  age: unknown
  account_created: unknown
connecting_factors:
  presence: {presume: open}
  phone_country: {presume: closed}
  residence: {presume: derived, from: [phone_country, presence]}
  nationality: {presume: closed}
  works_for: {presume: closed}
  store_country: {presume: closed}
  network: {presume: closed}
connection_trust: {vpn: low}
indicators: {managed_device: {opens: works_for}}
"""
GROUPS = """\
groups:
  EU:
    members:
      FR: [{from: 1958-01-01T00:00:00+01:00}]
      DE: [{from: 1958-01-01T00:00:00+01:00}]
bodies: {eu_commission: {name: European Commission}}
areas: {}
own_codes: {}
"""
PLATFORM = """\
timezone: UTC
profiles: {cautious: {ceiling: phone_number, tests: {}, steps: legal_analysis}}
in_use: [{profile: cautious}]
defaults:
  due: {within: 30 days}
  need_information_preserve: 30 days
  desk: intake
  user_notice: {by: platform, at: disclosure}
data_held:
  [{category: phone_number, kept: account_life}, {category: content, kept: account_life}]
"""
SHARED = {
    "vocabulary.yaml": VOCABULARY,
    "groups.yaml": GROUPS,
    "platform.yaml": PLATFORM,
    "desks.yaml": """\
desks: {intake: {languages: en, zone: UTC, hours: always}}
queues: {}
holidays: {}
""",
    "conflicts.yaml": "conflicts: []\n",
    "tests/platform_test.yaml": """\
scenarios:
  - name: the platform forbids nothing
    given: {at: 2024-01-01T00:00:00Z, product: signal, action: call, presence: PL}
    expect: allow
""",
}
MANDATORY = """\
authority: An authority
source: {title: A source}
recorded_at: 2024-01-15
"""
DEVICES = """\
- id: ua-devices
  title: Telegram is barred from official devices
  effect: deny
  applies_to: {connected_by: works_for, population: military, product: telegram, device: official}
  except: {label: on_duty}
  when_unknown: {population: {verify: employer}, other: as_unmatched}
  in_force: [{from: 2024-09-20}]
"""
SHOWN = """\
given:
  {product: telegram, action: message_send, presence: PL, works_for: UA:military, device: official}
scenarios:
  - name: a soldier
    timeline:
      2024-09-20T00:00:00+03:00: {effect: deny, because: ua-devices}
      2024-09-19T23:59:59+03:00: allow
  - name: a soldier on duty
    given: {at: 2024-10-01T12:00:00+03:00, label: on_duty}
    expect: allow
"""


def rules(text: str) -> str:
    """Return the rules in `text` with the keys that every rule must have."""
    written = []
    for rule in dedent(text).split("\n- id:"):
        head = rule if rule.startswith("- id:") else f"- id:{rule}"
        written.append(head.rstrip() + "\n" + indent(MANDATORY, "  "))
    return "".join(written)


def policy_files(
    restrictions: str = DEVICES, scenarios: str = SHOWN, *, content: str = ""
) -> Mapping[str, bytes]:
    """Return policy files whose `jurisdictions/ua.yaml` and `tests/ua_test.yaml` hold these."""
    policy = "jurisdiction: UA\ntimezone: Europe/Kyiv\n"
    for section, text in (("restrictions", restrictions), ("content", content)):
        if text:
            policy += f"{section}:\n{indent(rules(text), '  ')}"
    texts = {**SHARED, "jurisdictions/ua.yaml": policy, "tests/ua_test.yaml": dedent(scenarios)}
    return {name: text.encode() for name, text in texts.items()}


def compiled(files: Mapping[str, bytes]) -> Compilation:
    """Return the compilation of `files`, which must have no error."""
    compilation = compile_policies(files, TODAY)
    assert compilation.bundle is not None, [str(problem) for problem in compilation.problems]
    return compilation


def run(files: Mapping[str, bytes]) -> ScenarioReport:
    """Return what comes of the scenarios of `files`."""
    compilation = compiled(files)
    assert compilation.bundle is not None
    return run_scenarios(compilation.bundle, compilation.documents)


def told(files: Mapping[str, bytes]) -> list[str]:
    """Return the text of every result that did not pass, and of every gap."""
    report = run(files)
    failed = [str(r) for r in report.results if r.verdict.value != "passed"]
    return failed + [str(gap) for gap in report.gaps]
