"""Event categories: from what was seen to the code that a city's platform counts it under, and its public name.

Codes are those that two public clients of 数字城管 platforms agree on; editions and cities differ (source: unverified),
so a target may map them again (`api/dispatch/city_json.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_TWO_WHEELS = frozenset({"bicycle", "motorcycle", "e-bike"})


@dataclass(frozen=True, slots=True)
class Category:
    """One row: code, names, and the kind of incident it stands for."""

    code: str
    zh: str
    en: str
    kind: str
    keywords: tuple[str, ...]


CATEGORIES: Mapping[str, Category] = MappingProxyType(
    {
        row.code: row
        for row in (
            Category("0501", "无照经营游商", "Unlicensed street vendor", "street_vending", ("vendor", "stall")),
            Category("0504", "店外经营", "Shop spilling onto the pavement", "street_vending", ("shop", "pavement")),
            Category("0505", "机动车乱停放", "Illegally parked motor vehicle", "illegal_parking", ("car", "parking")),
            Category("0506", "非机动车乱停放", "Illegally parked bicycle", "illegal_parking", ("bicycle", "e-bike")),
            Category("0507", "乱堆物堆料", "Goods piled on the road", "goods_on_road", ("goods", "material")),
            Category("0102", "暴露垃圾", "Exposed household waste", "dumped_waste", ("waste", "litter")),
            Category("0103", "积存垃圾渣土", "Heap of waste or rubble", "dumped_waste", ("waste", "rubble")),
            Category("0123", "垃圾、渣土乱倒乱卸", "Somebody dumping waste", "dumped_waste", ("dumping", "rubble")),
        )
    }
)

_BY_KIND: Mapping[str, str] = MappingProxyType(
    {"street_vending": "0501", "illegal_parking": "0505", "dumped_waste": "0102", "goods_on_road": "0507"}
)


def code_of(kind: str, class_name: str) -> str:
    """The category's code, or an empty text for a kind that the table does not have."""
    if kind == "illegal_parking" and class_name in _TWO_WHEELS:
        return "0506"
    return _BY_KIND.get(kind, "")
