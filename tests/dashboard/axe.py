"""Axe-core, which looks at a page in the browser for what shuts people out."""

import json
from dataclasses import dataclass
from importlib.resources import files

from playwright.sync_api import Page

_AXE = (files("axe_playwright_python") / "axe.min.js").read_text()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A rule of axe-core that the page breaks."""

    rule: str
    #: minor, moderate, serious or critical
    impact: str
    #: The HTML of each element that breaks it.
    places: tuple[str, ...]

    @property
    def is_serious(self) -> bool:
        return self.impact in {"serious", "critical"}

    def __str__(self) -> str:
        return f"{self.rule}: {self.places[0]}"


def faults_of(page: Page) -> list[Fault]:
    # the policy of our pages forbids scripts of others, so this one comes from the debugger
    found = json.loads(page.evaluate(f"{_AXE}; axe.run().then(found => JSON.stringify(found))"))
    return [
        Fault(
            rule=rule["id"],
            impact=rule["impact"],
            places=tuple(node["html"] for node in rule["nodes"]),
        )
        for rule in found["violations"]
    ]
