"""The words of a verdict: each reason as data, in English and in Chinese, with times in the site's timezone.

Joined by `sentence` they read: "car, in zone gate from 07:40:00 to 07:52:00 (rtcp clock, error up to 0.1 s), hours
Mo-Fr 07:00-19:00, did not move (0.3 px), 12 min 0 s >= 5 min 0 s, phase live".
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from detector.observation import Box, Bystander
from rules.boxes import rounded
from rules.incident import Phase, Reason
from rules.zone import Zone
from streams.clock import FrameClock


def sentence(trace: Iterable[Reason], language: Literal["en", "zh"] = "en") -> str:
    """All reasons in one line."""
    return ", ".join(r.en for r in trace) if language == "en" else "，".join(r.zh for r in trace)


def duration(seconds: float, language: Literal["en", "zh"] = "en") -> str:
    """A stay in minutes and seconds; whole seconds, or one decimal where it is not whole."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    figure = f"{rest / 10:.1f}".removesuffix(".0")
    if language == "en":
        return f"{minutes} min {figure} s" if minutes else f"{figure} s"
    return f"{minutes}分{figure}秒" if minutes else f"{figure}秒"


def time_of_day(clock: FrameClock, timezone: ZoneInfo) -> str:
    """The moment as the site's clocks show it."""
    return f"{clock.captured_at.astimezone(timezone):%H:%M:%S}"


def thing(class_name: str, score: float) -> Reason:
    """What the detector took it for."""
    data = {"class": class_name, "score": round(score, 3)}
    return Reason("classes", data, f"{class_name} ({score:.2f})", f"{class_name}（{score:.2f}）")


def in_zone(zone: Zone, box: Box, start: FrameClock, end: FrameClock, timezone: ZoneInfo) -> Reason:
    """Where it stood, from when to when, and by whose clock."""
    clock, error_s = end.source.value, max(start.error_s, end.error_s)
    first, last = time_of_day(start, timezone), time_of_day(end, timezone)
    data: dict[str, object] = {
        "zone": zone.id,
        "kind": zone.kind.name,
        "box_px": list(rounded(box)),
        "from": start.captured_at.isoformat(),
        "to": end.captured_at.isoformat(),
        "clock": clock,
        "error_s": round(error_s, 3),
        "timezone": timezone.key,
    }
    if start.epoch != end.epoch:
        # The camera's clock was set in between: the two times do not subtract, media time still does.
        data["clock_set_between"] = True
    set_en, set_zh = (", set in between", "，期间被校准") if start.epoch != end.epoch else ("", "")
    return Reason(
        "in_zone",
        data,
        f"in zone {zone.id} from {first} to {last} ({clock} clock, error up to {error_s:.2g} s{set_en})",
        f"{first}至{last}在区域{zone.id}内（时钟来源{clock}，误差不超过{error_s:.2g}秒{set_zh}）",
    )


def dwell(counted_s: float, need_s: float, uncounted_s: float) -> Reason:
    """How long it stood against how long it may."""
    data = {"counted_s": round(counted_s, 2), "need_s": need_s, "uncounted_s": round(uncounted_s, 2)}
    sign = ">=" if counted_s >= need_s else "<"
    left_en = f" ({duration(uncounted_s)} not counted)" if uncounted_s >= 1 else ""
    left_zh = f"（另有{duration(uncounted_s, 'zh')}不计）" if uncounted_s >= 1 else ""
    return Reason(
        "dwell",
        data,
        f"{duration(counted_s)} {sign} {duration(need_s)}{left_en}",
        f"停留{duration(counted_s, 'zh')}{'不少于' if sign == '>=' else '少于'}{duration(need_s, 'zh')}{left_zh}",
    )


def hours(zone: Zone) -> Reason:
    """The hours it was judged by."""
    expression = zone.hours.expression
    return Reason("hours", {"hours": expression, "zone": zone.id}, f"hours {expression}", f"管控时段{expression}")


def still(looks: int, shift_px: float, similarity: float) -> Reason:
    """What the pixels of its place say."""
    data = {"looks": looks, "max_shift_px": round(shift_px, 2), "min_similarity": round(similarity, 3)}
    if not looks:
        return Reason("still", data, "not proven still", "未证明静止")
    return Reason("still", data, f"did not move ({shift_px:.1f} px)", f"未移动（{shift_px:.1f}像素）")


def attended(looks: int, of_looks: int) -> Reason:
    """In how many looks somebody was with the stall."""
    share = looks / of_looks if of_looks else 0.0
    data = {"looks": looks, "of_looks": of_looks}
    if not of_looks:
        return Reason("attended", data, "nobody could be seen with it", "无法判断是否有人经营")
    return Reason("attended", data, f"somebody with it in {share:.0%} of the looks", f"{share:.0%}的画面中有人在旁经营")


REMINDED = "reminded"


def reminded(zone: Zone, now: FrameClock, timezone: ZoneInfo) -> Reason:
    """Somebody was told before it became a case."""
    at, wait = time_of_day(now, timezone), zone.remind_s
    data = {"at": now.captured_at.isoformat(), "remind_s": wait}
    en = f"reminded at {at}, a case if still there {duration(wait)} later"
    return Reason(REMINDED, data, en, f"{at}已提醒，{duration(wait, 'zh')}后仍在则立案")


CAME = "came"
DUMPED, FOUND = "0123", "0102"
"""Event codes: the act of dumping was seen, or the waste was found."""


def came(between_s: tuple[float, float], by: Sequence[Bystander], now: FrameClock, timezone: ZoneInfo) -> Reason:
    """When waste came to its place, and who was seen there then."""
    first, last = (now.captured_at + timedelta(seconds=at_s - now.media_s) for at_s in between_s)
    data: dict[str, object] = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "from_s": round(between_s[0], 2),
        "to_s": round(between_s[1], 2),
        "category": DUMPED if by else FOUND,
        "by": [
            {
                "class": who.class_name,
                "box_px": list(rounded(who.box_px)),
                "from_s": round(who.from_s, 2),
                "to_s": round(who.to_s, 2),
            }
            for who in by
        ],
    }
    begin, end = (f"{moment.astimezone(timezone):%H:%M:%S}" for moment in (first, last))
    names = ", ".join(dict.fromkeys(who.class_name for who in by))
    who_en, who_zh = (
        (f" while {names} stood there", f"，当时{names}在场") if by else (", nobody seen there", "，未见何人")
    )
    return Reason(CAME, data, f"came between {begin} and {end}{who_en}", f"{begin}至{end}之间出现{who_zh}")


def phase(phase: Phase) -> Reason:
    """How much weight the zone's verdicts carry."""
    words = {Phase.SHADOW: "试运行", Phase.WARNING: "警示", Phase.LIVE: "正式"}
    return Reason("phase", {"phase": phase.value}, f"phase {phase.value}", f"{words[phase]}阶段")


def no_permit(bay: Zone | None = None) -> Reason:
    """No permitted zone held there, or it stood in one for longer than that allows."""
    if bay is not None and bay.max_stay_s is not None:
        en, zh = duration(bay.max_stay_s), duration(bay.max_stay_s, "zh")
        data = {"permit": bay.id, "max_stay_s": bay.max_stay_s}
        return Reason("permit", data, f"{bay.id} allows {en} at most", f"{bay.id}最多允许{zh}")
    return Reason("permit", {"permit": None}, "no permit", "无许可")


def permitted(zone: Zone) -> Reason:
    """The permitted zone that allows it."""
    data = {"permit": zone.id, "kind": zone.kind.name, "hours": zone.hours.expression}
    return Reason(
        "permit",
        data,
        f"allowed by {zone.id} ({zone.kind.name}, hours {zone.hours.expression})",
        f"许可区域{zone.id}允许（{zone.kind.name}，时段{zone.hours.expression}）",
    )


_DROPPED = {
    "moved": ("it moved before the time was up", "未到时限即移动"),
    "gone": ("it was not seen any more", "已不再出现"),
    "gap": ("the camera was not looked at for too long, so the stay is not proven", "观察中断过久，停留无法证明"),
    "covered": ("its place was covered for too long, so the stay is not proven", "被遮挡过久，停留无法证明"),
    "no_proof": ("nobody could say whether it stood still", "无法判断是否静止"),
    "scene": ("the picture could not be trusted", "画面不可信"),
    "time": ("the stream's time ran backwards", "视频时间倒退"),
    "hours": ("the zone's hours ended", "管控时段结束"),
    "hours_unsure": ("the calendar has no data for the day", "日历缺少当日数据"),
    "outside": ("it mostly stood outside the zone", "多数时间在区域之外"),
    "other_ground": ("a permitted zone began or ended to hold for it", "许可区域的适用发生变化"),
    "zone_gone": ("its zone is no longer in the site", "该区域已从站点删除"),
    "fixture": ("its place always looked so", "该处一直如此"),
    "unknown_before": (
        "the camera has not watched for long enough to know when it came",
        "观察时间不足，无法判断何时出现",
    ),
    "same_story": ("it is the vehicle of an earlier incident, back at its place", "系先前事件的车辆返回原处"),
    "footage_ended": ("the footage ended before the time was up", "录像在到达时限前结束"),
}


def dropped(why: str, now: FrameClock) -> Reason:
    """Why a candidate came to nothing, and when; `why` is a key of the table above."""
    en, zh = _DROPPED[why]
    return Reason("dropped", {"why": why, "at": now.captured_at.isoformat()}, f"not raised: {en}", f"未立案：{zh}")


def returned(left: FrameClock, back: FrameClock, timezone: ZoneInfo) -> Reason:
    """It left after the verdict and came back to the very place within minutes: one story."""
    first, last = time_of_day(left, timezone), time_of_day(back, timezone)
    data = {"left": left.captured_at.isoformat(), "back": back.captured_at.isoformat()}
    return Reason("returned", data, f"left at {first}, back at its place at {last}", f"{first}离开，{last}返回原处")
