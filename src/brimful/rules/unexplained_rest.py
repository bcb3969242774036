"""Accounts that do not come out even: packets that arrived and were neither delivered nor lost with a name."""

from collections.abc import Iterator

from brimful.evidence.accounts import READ, accounts
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import LIFETIME_SHARE, percent
from brimful.rules import Finding, State, rule


@rule(*READ)
def unexplained_rest(evidence: Evidence) -> Iterator[Finding]:
    """Did packets vanish that no counter names?"""
    for account in accounts(evidence):
        rest = account.unexplained
        if rest > 0 and not account.even and rest >= LIFETIME_SHARE * account.arrived:
            window = f" in {account.seconds:.1f} s" if account.seconds else ""
            share = percent(rest / account.arrived)
            yield Finding(
                stage=account.stages[1],
                place=account.place,
                state=State.NOTE,
                statement=(
                    f"{account.place}: of {account.arrived:,} packets that arrived{window}, {rest:,} ({share}) were neither"
                    f" delivered nor counted as lost{': ' + account.doubt if account.doubt else ''}."
                ),
            )
