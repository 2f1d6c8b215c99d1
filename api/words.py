"""The words of the pages: what codes mean, in Chinese and in English. A code without an entry is shown as it is."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


KINDS: Mapping[str, Words] = {
    "illegal_parking": Words("违法停车", "Illegal parking"),
    "street_vending": Words("无照经营游商", "Street vending"),
    "dumped_waste": Words("暴露垃圾", "Dumped waste"),
    "goods_on_road": Words("乱堆物堆料", "Goods on the road"),
}

CLASSES: Mapping[str, Words] = {
    "person": Words("行人", "person"),
    "bicycle": Words("自行车", "bicycle"),
    "car": Words("小汽车", "car"),
    "motorcycle": Words("摩托车", "motorcycle"),
    "bus": Words("公交车", "bus"),
    "truck": Words("货车", "truck"),
    "garbage": Words("垃圾", "garbage"),
    "overflow": Words("满溢垃圾桶", "overflowing bin"),
    "stall": Words("摊位", "stall"),
}

STATES: Mapping[str, Words] = {"reported": Words("已上报", "Reported")}

MOVES: Mapping[str, Words] = {"report": Words("上报", "Reported")}

PHASES: Mapping[str, Words] = {
    "shadow": Words("试运行", "Shadow"),
    "warning": Words("提醒阶段", "Warning"),
    "live": Words("正式", "Live"),
}

CLOCKS: Mapping[str, Words] = {
    "rtcp": Words("摄像机时钟", "camera's clock"),
    "arrival": Words("到达时间", "time of arrival"),
    "file": Words("录像文件", "footage"),
    "telemetry": Words("遥测记录", "telemetry"),
    "box": Words("本机时钟", "box's clock"),
}

MOMENTS: Mapping[str, Words] = {
    "before": Words("出现前", "Before"),
    "arrival": Words("到达", "Arrival"),
    "middle": Words("中段", "Middle"),
    "verdict": Words("判定", "Verdict"),
}

VIEWS: Mapping[str, Words] = {
    "far": Words("全景", "whole scene"),
    "near": Words("近景", "close"),
    "reference": Words("参照", "reference"),
}


def words(table: Mapping[str, Words], code: str) -> Words:
    """What a code means; the code itself where nobody wrote that down."""
    return table.get(code, Words(code, ""))
