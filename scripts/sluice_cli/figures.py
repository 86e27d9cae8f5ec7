"""Figures: summaries of a run's samples, by channel and workload."""

from __future__ import annotations

import dataclasses

from sluice_cli import stats

# The workload cells: a shape and a capacity.
Cell = tuple[str, str]
CAPACITIES = ("0", "1", "128", "n", "unbounded")
USUAL_THREADS = 4  # on each side that has many

# What a sample holds beside its workload, as results/schema.json describes it.
COUNTERS = ("messages", "ns_per_message", "cpu_ns_per_message", "switches_per_message")
OWN_COUNTERS = (
    *("p50_ns", "p90_ns", "p99_ns", "p999_ns"),
    *("receiver_cpu", "slowest_over_fastest", "longest_wait_ns", "longest_delay_ns", "bytes_empty", "bytes_one"),
)

# The facades that a user may include for a shape, the best first.
FACADES = {
    **dict.fromkeys(("spsc", "ping_pong", "idle_ping_pong"), ("spsc",)),
    "mpsc": ("mpsc", "mpmc"),
    "mpmc": ("mpmc",),
}


@dataclasses.dataclass(frozen=True)
class Roles:
    """The roles of a run's channels, as its registry declared them."""

    by_name: dict[str, str]
    languages: dict[str, str] = dataclasses.field(default_factory=dict)
    prefix: str = "sluice::"  # of the facades' names

    @classmethod
    def of(cls, run: dict) -> Roles:
        by_name = {c["name"]: c["role"] for c in run["channels"]}
        languages = {c["name"]: c["language"] for c in run["channels"]}
        if "facade" in by_name.values():
            return cls(by_name, languages)
        # Another project's cores are what its users include.
        return cls({n: "facade" if role == "core" else role for n, role in by_name.items()}, languages, prefix="")

    def role(self, channel: str) -> str:
        return self.by_name.get(channel, "core")

    def named(self, *roles: str) -> list[str]:
        """The channels with one of these roles, in the order of the registry."""
        return [name for name, role in self.by_name.items() if role in roles]

    def ours(self, channel: str) -> bool:
        """Whether users include it, or a core behind it; the baseline is only compared with."""
        return self.role(channel) in ("facade", "core")

    @property
    def rivals(self) -> list[str]:
        """What ours are compared with."""
        return self.named("baseline", "third_party")

    def label(self, channel: str) -> str:
        """The name that a reader would include."""
        return f"{self.prefix}{channel}" if self.role(channel) == "facade" else channel


def counted(samples: list[dict]) -> list[dict]:
    """The samples that figures are computed from: all but outliers."""
    return [sample for sample in samples if not sample["outlier"]]


def channels_of(samples: list[dict]) -> list[str]:
    return sorted({sample["channel"] for sample in samples})


def estimate(samples: list[dict], key: str, **where: object) -> stats.Estimate | None:
    """The median of a figure over the samples that match."""
    values = [s[key] for s in counted(samples) if all(s[k] == v for k, v in where.items()) and key in s]
    return stats.median(values) if values else None


def of_cell(
    samples: list[dict],
    channel: str,
    cell: Cell,
    key: str = "ns_per_message",
    threads: int = USUAL_THREADS,
    **where: object,
) -> stats.Estimate | None:
    """A channel's figure for a shape and a capacity; `threads` applies to shapes with many on a side."""
    shape, capacity = cell
    per_side = threads if shape in ("mpsc", "mpmc") else 1
    return estimate(samples, key, channel=channel, shape=shape, capacity=capacity, threads=per_side, **where)


def facade(samples: list[dict], shape: str) -> str:
    """The best facade for a shape of those that were measured."""
    measured = {sample["channel"] for sample in samples}
    return next((name for name in FACADES[shape] if name in measured), FACADES[shape][0])


def pinned(samples: list[dict], channel: str, cell: Cell, key: str = "ns_per_message") -> stats.Estimate | None:
    return of_cell(samples, channel, cell, key, pinned=True)
