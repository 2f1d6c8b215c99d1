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

STATES: Mapping[str, Words] = {
    "reported": Words("已上报", "Reported"),
    "verified": Words("已核实", "Verified"),
    "accepted": Words("已立案", "Accepted"),
    "dispatched": Words("已派遣", "Dispatched"),
    "handling": Words("处置中", "Being handled"),
    "fed_back": Words("已反馈", "Fed back"),
    "checked": Words("已核查", "Checked"),
    "closed": Words("已结案", "Closed"),
    "dismissed": Words("不成立", "Dismissed"),
    "merged": Words("已合并", "Merged"),
}

MOVES: Mapping[str, Words] = {
    "report": Words("上报", "Reported"),
    "confirm": Words("属实", "Confirmed"),
    "dismiss": Words("不属实", "Dismissed"),
    "cannot_tell": Words("无法判断", "Cannot tell"),
    "accept": Words("立案", "Accepted"),
    "dispatch": Words("派遣", "Dispatched"),
    "add_unit": Words("增加协办单位", "Co-handler added"),
    "handle": Words("接单", "Taken in hand"),
    "part_done": Words("协办完成", "Part done"),
    "feed_back": Words("反馈", "Fed back"),
    "send_back": Words("退回", "Sent back"),
    "propose_pass": Words("复拍建议通过", "Camera proposes: pass"),
    "propose_not_pass": Words("复拍建议不通过", "Camera proposes: not pass"),
    "check_pass": Words("核查通过", "Check: pass"),
    "check_not_pass": Words("核查不通过", "Check: not pass"),
    "check_unable": Words("无法核查", "Check: unable"),
    "close": Words("结案", "Closed"),
    "revisit_satisfied": Words("回访满意", "Revisit: satisfied"),
    "revisit_dissatisfied": Words("回访不满意", "Revisit: dissatisfied"),
    "reopen": Words("重新立案", "Reopened"),
    "appeal": Words("申诉", "Appeal"),
    "penalty": Words("转入处罚", "Penalty track"),
    "clean_up": Words("转入整改", "Clean-up track"),
    "remind": Words("催办", "Reminded"),
    "escalate": Words("升级", "Escalated"),
    "supervise": Words("督办", "Supervised"),
    "pause": Words("挂账", "Paused"),
    "resume": Words("恢复", "Resumed"),
    "merge": Words("并案", "Merged"),
    "unmerge": Words("撤销并案", "Merge undone"),
    "join": Words("并入来源", "Another source joined"),
    "part": Words("来源移出", "A source was taken out"),
}

DISMISSALS: Mapping[str, Words] = {
    "not_a_violation": Words("不构成违法", "not a violation"),
    "permitted": Words("已获许可", "permitted"),
    "wrong_class": Words("类别错误", "wrong class"),
    "bad_evidence": Words("证据不佳", "bad evidence"),
    "duplicate": Words("重复", "duplicate"),
    "already_gone": Words("已离开", "already gone"),
    "privacy": Words("隐私", "privacy"),
}

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
