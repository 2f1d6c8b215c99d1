"""Is this enough? The legal minimum of each kind of incident is a table; what falls short of it is named."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from evidence.clip import GAP_S, ClipFacts
from evidence.finding import Finding, Papers
from evidence.stills import FAR, Stills
from rules.incident import Phase

TABLE = Path(__file__).with_name("minimum.toml")
_KEY_S = 15.0
_ZH = {
    "far": "远景",
    "near": "近景",
    "reference": "参照物",
    "before": "之前",
    "arrival": "到达",
    "middle": "中间",
    "verdict": "判定",
}


@dataclass(frozen=True, slots=True)
class Minimum:
    """One row of `minimum.toml`, which says what each field means."""

    views: tuple[str, ...]
    moments: tuple[str, ...]
    plate: bool
    span_s: float
    clock_error_s: float
    proofs: tuple[str, ...]
    place: bool
    clip: bool
    penalty: bool
    papers: bool


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One thing that is missing, as a stable code and in words."""

    code: str
    en: str
    zh: str


@cache
def _table() -> dict[str, dict[str, object]]:
    return tomllib.loads(TABLE.read_text("utf-8"))


def table_source() -> str:
    """Who vouches for the figures: `unverified` until a bureau has confirmed them."""
    return str(_table()["source"])


@cache
def minimum(kind: str) -> Minimum:
    """The row of a kind; what it does not say comes from `default`.

    Raises:
        ValueError: the table has a name that means nothing.
    """
    row = {**_table()["default"], **_table().get(kind, {})}
    known = {field.name for field in fields(Minimum)}
    if unknown := row.keys() - known:
        raise ValueError(f"{TABLE.name}: {kind} has unknown {sorted(unknown)}; known are {sorted(known)}")
    return Minimum(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})  # type: ignore[arg-type]


def clip_shortfalls(finding: Finding, clip: ClipFacts) -> list[Shortfall]:
    """What of the range that was asked for the clip does not show, and why as far as it is known."""
    why = f": {finding.why_missing}" if finding.why_missing else ""
    if clip.first_s is None or clip.last_s is None:
        return [Shortfall("clip", f"no picture of the range could be kept{why}", f"该时段没有可用的录像{why}")]
    found: list[Shortfall] = []
    late_s, early_s = clip.first_s - finding.clip_s[0], finding.clip_s[1] - clip.last_s
    if late_s > GAP_S:
        reason = why or ": the recording holds nothing earlier"
        found.append(
            Shortfall("clip_begin", f"the first {late_s:.1f} s are missing{reason}", f"开头缺少 {late_s:.1f} 秒{why}")
        )
    if early_s > GAP_S:
        reason = why or ": the recording holds nothing later"
        found.append(
            Shortfall("clip_end", f"the last {early_s:.1f} s are missing{reason}", f"结尾缺少 {early_s:.1f} 秒{why}")
        )
    gaps = [gap for gap in clip.gaps if not _meant(gap, finding.sampled_s)]
    if gaps:
        lost_s = sum(to - begin for begin, to in gaps)
        found.append(
            Shortfall(
                "clip_gap",
                f"{len(gaps)} gap(s) of {lost_s:.1f} s together: the camera sent nothing that decodes{why}",
                f"中间有 {len(gaps)} 处缺口,共 {lost_s:.1f} 秒{why}",
            )
        )
    return found


def _meant(gap: tuple[float, float], sampled_s: tuple[float, float] | None) -> bool:
    """Whether a gap lies where a stay of hours is kept in samples; key frames do not come to the second."""
    return sampled_s is not None and sampled_s[0] - _KEY_S <= gap[0] and gap[1] <= sampled_s[1] + _KEY_S


def shortfalls(finding: Finding, clip: ClipFacts, stills: Stills) -> list[Shortfall]:
    """Everything that a packet lacks against the table's row of its kind; empty: it is complete."""
    row = minimum(finding.incident.kind)
    return [
        *_pictures(row, stills),
        *_times(row, finding),
        *_facts(row, finding),
        *(clip_shortfalls(finding, clip) if row.clip else ()),
    ]


def _pictures(row: Minimum, stills: Stills) -> list[Shortfall]:
    have = {(still.moment, still.view) for still in stills.taken}
    views = {still.view for still in stills.taken}
    found = [
        Shortfall(
            f"still_{moment}_{view}", f"no {view} picture of the {moment}", f"缺少{_zh(moment)}时刻的{_zh(view)}照片"
        )
        for moment in row.moments
        for view in row.views
        if view in views and (moment, view) not in have
    ]
    found += [
        Shortfall(f"view_{view}", f"no {view} picture", f"缺少{_zh(view)}照片")
        for view in row.views
        if view not in views
    ]
    span_s = _span_s([still.clock.media_s for still in stills.taken if still.view == FAR])
    if span_s < row.span_s:
        found.append(
            Shortfall(
                "span",
                f"{span_s:.1f} s between the first and the last picture, {row.span_s:g} s are needed",
                f"首末照片相隔 {span_s:.1f} 秒,至少需要 {row.span_s:g} 秒",
            )
        )
    return found


def _zh(name: str) -> str:
    return _ZH.get(name, name)


def _span_s(moments_s: Sequence[float]) -> float:
    return max(moments_s) - min(moments_s) if moments_s else 0.0


def _times(row: Minimum, finding: Finding) -> list[Shortfall]:
    clocks = [clock for clock in (finding.incident.started, finding.incident.raised) if clock is not None]
    found: list[Shortfall] = []
    error_s = max(clock.error_s for clock in clocks)
    if error_s > row.clock_error_s:
        found.append(
            Shortfall(
                "clock_error",
                f"the times may be off by {error_s:.2f} s, at most {row.clock_error_s:g} s are allowed",
                f"时间误差可达 {error_s:.2f} 秒,最多允许 {row.clock_error_s:g} 秒",
            )
        )
    if len({clock.epoch for clock in clocks}) > 1:
        found.append(Shortfall("clock_jump", "the camera's clock jumped meanwhile", "期间摄像机时钟发生跳变"))
    return found


def _facts(row: Minimum, finding: Finding) -> list[Shortfall]:
    steps = {reason.code for reason in finding.incident.trace}
    found = [
        Shortfall(f"proof_{proof}", f"the verdict has no step {proof!r}", f"判定过程缺少步骤 {proof}")
        for proof in row.proofs
        if proof not in steps
    ]
    if row.plate and "plate" not in steps:
        found.append(Shortfall("plate", "no plate was read", "未识别到号牌"))
    if row.place and finding.position is None:
        found.append(Shortfall("place", "no place on earth: the camera is not calibrated", "缺少地理位置:摄像机未标定"))
    return found


def track(finding: Finding, missing: Sequence[Shortfall]) -> tuple[str, list[Shortfall]]:
    """What a packet may be used for, `penalty` or `clean_up`, and why not for a penalty.

    Args:
        finding: with the camera's papers.
        missing: everything that the packet lacks: `shortfalls`.
    """
    row, papers = minimum(finding.incident.kind), finding.papers
    why: list[Shortfall] = []
    if missing:
        why.append(Shortfall("incomplete", "the evidence is incomplete", "证据不完整"))
    if not row.penalty:
        why.append(Shortfall("kind", "findings of this kind are for clean-up only", "该类事件仅用于清理整治"))
    if finding.incident.phase is not Phase.LIVE:
        why.append(Shortfall("phase", f"the zone is in phase {finding.incident.phase}", "该区域尚未进入执法阶段"))
    if row.papers and papers is None:
        why.append(
            Shortfall(
                "papers",
                "the camera has no approval number, calibration date, sign and published location",
                "摄像机缺少审核编号、检定日期、标志和公布的位置",
            )
        )
    elif row.papers and papers is not None:
        why += _papers(papers, finding)
    return ("clean_up", why) if why else ("penalty", [])


def _papers(papers: Papers, finding: Finding) -> list[Shortfall]:
    found: list[Shortfall] = []
    if not papers.sign:
        found.append(Shortfall("sign", "no sign says that the camera watches", "现场没有设置监控标志"))
    if papers.calibrated > finding.incident.started.captured_at.date():
        found.append(Shortfall("calibration", "the camera was calibrated only later", "摄像机的检定晚于事发时间"))
    return found
