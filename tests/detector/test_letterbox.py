import cv2
import numpy as np
import pytest

from detector.letterbox import GREY, Fit, Letterbox
from streams.frame import Frame
from tests.detector.pictures import Picture, clock_at, frame_of, texture


def street(width: int, height: int) -> Picture:
    """A coloured picture with edges and flat places."""
    rgb = texture(height, width, seed=5, grain_px=6.0)
    rgb[height // 4 : height // 2, width // 4 : width // 2] = (200, 30, 40)
    rgb[height // 2 :, width // 2 :, 2] //= 2
    return rgb


def through_rgb(rgb: Picture, fit: Fit) -> Picture:
    """The slow way: full-size RGB, then scaled."""
    width, height = fit.input_px
    (x, y), (w, h) = fit.offset_px, fit.content_px
    out = np.full((height, width, 3), GREY, np.uint8)
    out[y : y + h, x : x + w] = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_LINEAR)
    return out


@pytest.mark.parametrize(
    ("picture", "size"),
    [((1920, 1080), (640, 384)), ((768, 576), (640, 480)), ((960, 1080), (576, 640)), ((640, 640), (640, 640))],
)
def test_the_input_is_the_smallest_rectangle_that_holds_the_picture(
    picture: tuple[int, int], size: tuple[int, int]
) -> None:
    fit = Fit.of(picture, 640)
    assert fit.input_px == size
    assert max(fit.content_px) == 640
    assert all(c + o <= i for c, o, i in zip(fit.content_px, fit.offset_px, fit.input_px, strict=True))


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "rgb24", "gray"])
def test_every_pixel_format_gives_what_the_slow_way_gives(pixel_format: str) -> None:
    picture = frame_of(street(1280, 720)).picture.reformat(format=pixel_format)
    frame = Frame("test", clock_at(0.0), picture)
    fit = Fit.of(frame.size_px, 640)
    got = Letterbox(fit).fill(frame)[0].astype(int)
    difference = np.abs(got - through_rgb(frame.to_rgb(), fit))
    assert difference.mean() < 2.0
    # Chroma is scaled before it becomes colour, so only the rims of coloured areas may differ.
    assert np.percentile(difference, 97) < 12


def test_full_range_video_is_not_read_as_studio_range() -> None:
    white = np.full((64, 64, 3), 255, np.uint8)
    white[:, :32] = 40
    picture = frame_of(white).picture.reformat(format="yuvj420p", dst_color_range=2)
    filled = Letterbox(Fit.of((64, 64), 64)).fill(Frame("test", clock_at(0.0), picture))[0]
    assert abs(int(filled[32, 8, 1]) - 40) <= 3
    assert filled[32, 56, 1] >= 252


def test_reused_buffers_keep_nothing_of_the_picture_before() -> None:
    fit = Fit.of((640, 360), 320)
    first, second = frame_of(street(640, 360)), frame_of(street(640, 360)[::-1].copy())
    box = Letterbox(fit)
    box.fill(first)
    reused = box.fill(second).copy()
    np.testing.assert_array_equal(reused, Letterbox(fit).fill(second))
    assert (reused[0, : fit.offset_px[1]] == GREY).all()


def test_boxes_find_back_to_the_picture() -> None:
    fit = Fit.of((1920, 1080), 640)
    got = fit.to_picture(np.array([[0, 12, 640, 372], [320, 192, 330, 202], [-9, -9, 700, 700]], np.float32))
    np.testing.assert_allclose(got, [[0, 0, 1920, 1080], [960, 540, 990, 570], [0, 0, 1920, 1080]], atol=1e-3)


def test_a_frame_of_another_size_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"\(640, 360\), got \(320, 180\)"):
        Letterbox(Fit.of((640, 360), 320)).fill(frame_of(street(320, 180)))


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="picture_px"):
        Fit.of((0, 10), 640)
    with pytest.raises(ValueError, match="stride"):
        Fit.of((10, 10), 650)
