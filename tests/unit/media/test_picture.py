"""The one boundary: what goes in, and that nothing but the picture comes out."""

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import replace

import pillow_heif
import pytest
from media.domain import decoding, drawing, exif, picture, sniff
from PIL import ExifTags, Image, ImageChops, ImageCms, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational
from servicekit.errors import BadInput, TooLarge, Unavailable, UnsupportedMedia

LIMITS = picture.Limits(most_bytes=20 * 1024 * 1024, most_pixels=50_000_000)
pillow_heif.register_heif_opener()  # that tests can write HEIC
SECRET = b"SECRET-43.4623N-3.8099W"
FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "HEIF", "AVIF"]


def a_scene(width=64, height=48, mode="RGB"):
    """Red on the left, blue on the right, the upper half light."""
    image = Image.new("RGB", (width, height), (200, 20, 20))
    image.paste((20, 20, 200), (width // 2, 0, width, height))
    image.paste((250, 150, 150), (0, 0, width // 2, height // 2))
    image.paste((150, 150, 250), (width // 2, 0, width, height // 2))
    return image.convert(mode)


def an_exif(**gps):
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = SECRET.decode()
    tags[ExifTags.Base.DateTime] = "2031:05:06 07:08:09"
    details = tags.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = "2031:05:05 10:11:12"
    details[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    place = tags.get_ifd(ExifTags.IFD.GPSInfo)
    place.update({1: "N", 2: (43.0, 27.0, 44.28), 3: "W", 4: (3.0, 48.0, 35.64)})
    place.update({getattr(ExifTags.GPS, name): value for name, value in gps.items()})
    return tags


def encoded(image, kind="JPEG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def clean(data, limits=LIMITS):
    return picture.clean(io.BytesIO(data), limits)


def shown(cleaned, size="full"):
    return Image.open(io.BytesIO(cleaned.renditions[size].data)).convert("RGB")


def is_like(colour, other, within=24):
    return all(abs(one - two) <= within for one, two in zip(colour, other, strict=True))


def corners(image):
    width, height = image.size
    places = [(2, 2), (width - 3, 2), (2, height - 3), (width - 3, height - 3)]
    return [image.getpixel(place) for place in places]


SCENE = [(250, 150, 150), (150, 150, 250), (200, 20, 20), (20, 20, 200)]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_becomes_the_same_picture_as_jpeg(kind):
    cleaned = clean(encoded(a_scene(), kind))

    full = cleaned.renditions["full"]
    assert full.data.startswith(b"\xff\xd8\xff")
    assert (full.width, full.height) == (64, 48)
    assert all(is_like(one, two) for one, two in zip(corners(shown(cleaned)), SCENE, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_no_metadata_of_any_format_passes(kind):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(a_scene(), kind, exif=an_exif().tobytes(), icc_profile=profile)
    assert SECRET in data

    for rendition in clean(data + SECRET).renditions.values():
        assert SECRET not in rendition.data
        assert picture.foreign(rendition.data) == []
        with Image.open(io.BytesIO(rendition.data)) as image:
            assert not dict(image.getexif())
            assert not {"exif", "icc_profile", "xmp", "comment", "photoshop"} & set(image.info)


def test_comments_xmp_iptc_and_trailing_bytes_of_a_jpeg_do_not_pass():
    data = encoded(a_scene(), comment=SECRET, xmp=b"<x:xmpmeta>" + SECRET)
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(SECRET)) + SECRET
    segment = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    data = data[:2] + segment + data[2:] + b"<html><script>" + SECRET
    assert data.count(SECRET) == 4

    cleaned = clean(data).renditions["full"].data

    assert SECRET not in cleaned
    assert b"script" not in cleaned
    assert picture.foreign(data) == ["APP13", "APP1", "COM", "bytes after the end"]


def test_text_chunks_of_a_png_do_not_pass():
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())

    assert SECRET not in clean(encoded(a_scene(), "PNG", pnginfo=text)).renditions["full"].data


def test_a_comment_in_a_gif_does_not_pass():
    data = encoded(a_scene(), "GIF", comment=SECRET)
    assert SECRET in data

    assert SECRET not in clean(data).renditions["full"].data


@pytest.mark.parametrize("value", range(1, 9))
def test_each_orientation_is_made_upright(value):
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = a_scene().transpose(turns[value]) if value in turns else a_scene()
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = value

    upright = shown(clean(encoded(lying, exif=tags.tobytes())))

    assert upright.size == (64, 48)
    assert all(is_like(one, two) for one, two in zip(corners(upright), SCENE, strict=True))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_makes_no_sense_turns_nothing(value):
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = value

    assert shown(clean(encoded(a_scene(), exif=tags.tobytes()))).size == (64, 48)


def test_place_and_time_are_read_before_they_are_removed():
    hints = clean(encoded(a_scene(), exif=an_exif().tobytes())).hints

    assert hints.position == exif.Position(lat=43.4623, long=-3.8099)
    assert hints.taken == "2031-05-05T10:11:12+02:00"


@pytest.mark.parametrize(
    "gps",
    [
        {"GPSLatitudeRef": "X"},
        {"GPSLatitude": (91.0, 0.0, 0.0)},
        {"GPSLatitude": (IFDRational(0, 0), 0.0, 0.0)},
        {"GPSLatitude": (0.0, 0.0, 0.0), "GPSLongitude": (0.0, 0.0, 0.0)},
    ],
)
def test_a_position_that_makes_no_sense_is_none(gps):
    hints = clean(encoded(a_scene(), exif=an_exif(**gps).tobytes())).hints

    assert hints.position is None
    assert hints.taken == "2031-05-05T10:11:12+02:00"


def test_a_photo_without_exif_gives_no_hints():
    assert clean(encoded(a_scene())).hints == exif.Hints()


def test_renditions_are_made_down_to_320_and_never_enlarged():
    cleaned = clean(encoded(a_scene(1500, 1000)))

    sizes = {size: (one.width, one.height) for size, one in cleaned.renditions.items()}
    assert sizes == {"full": (1500, 1000), "1024": (1024, 683), "320": (320, 213)}


def test_a_tall_photo_is_measured_by_its_height():
    cleaned = clean(encoded(a_scene(100, 3000)))

    assert cleaned.renditions["2048"].height == 2048
    assert cleaned.renditions["320"].height == 320


def test_a_picture_of_one_pixel_is_a_picture():
    assert list(clean(encoded(Image.new("L", (1, 1)), "PNG")).renditions) == ["full"]


def test_what_is_kept_has_no_side_beyond_4096():
    full = clean(encoded(a_scene(6000, 300))).renditions["full"]

    assert (full.width, full.height) == (4096, 205)


def test_a_huge_jpeg_is_decoded_at_a_part_of_its_size():
    full = clean(encoded(a_scene(8000, 6000), quality=30)).renditions["full"]

    assert (full.width, full.height) == (4000, 3000)


def test_a_lost_rendition_can_be_drawn_again_from_the_full_one():
    cleaned = clean(encoded(a_scene(1500, 1000)))

    again = picture.smaller(cleaned.renditions["full"].data, "320")

    assert (again.width, again.height) == (320, 213)
    assert picture.foreign(again.data) == []


def test_the_name_is_the_hash_of_what_is_kept_and_the_same_each_time():
    data = encoded(a_scene(), exif=an_exif().tobytes())
    cleaned = clean(data)

    assert cleaned.media_id == hashlib.sha256(cleaned.renditions["full"].data).hexdigest()
    assert cleaned.media_id == clean(data).media_id
    assert cleaned.media_id == clean(encoded(a_scene())).media_id  # only metadata differed


def test_cmyk_becomes_rgb():
    assert all(
        is_like(one, two, within=60)
        for one, two in zip(
            corners(shown(clean(encoded(a_scene(mode="CMYK"))))), SCENE, strict=True
        )
    )


def test_sixteen_bits_become_eight():
    deep = Image.new("I;16", (64, 8))
    deep.putdata([column * 1024 for _ in range(8) for column in range(64)])

    grey = shown(clean(encoded(deep, "PNG"))).convert("L")

    assert [abs(grey.getpixel((x, 4)) - x * 4) <= 6 for x in range(64)] == [True] * 64


def test_a_palette_and_black_and_white_become_pictures():
    assert is_like(corners(shown(clean(encoded(a_scene(mode="P"), "PNG"))))[2], (200, 20, 20), 60)
    assert shown(clean(encoded(a_scene(mode="1"), "PNG"))).getpixel((2, 2)) in {
        (0, 0, 0),
        (255, 255, 255),
    }


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("WEBP", "RGBA"), ("PNG", "LA")])
def test_what_is_see_through_shows_white(kind, mode):
    clear = Image.new(mode, (16, 16), 0)

    assert is_like(shown(clean(encoded(clear, kind, lossless=True))).getpixel((8, 8)), (255,) * 3)


def test_only_the_first_picture_of_a_gif_is_taken():
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    data = encoded(first, "GIF", save_all=True, append_images=[second])

    assert is_like(shown(clean(data)).getpixel((4, 4)), (255, 0, 0))


def test_a_wide_profile_is_turned_into_srgb():
    linear = _linear_profile()  # under which a dark number means a middle grey
    grey = Image.new("RGB", (8, 8), (55, 55, 55))

    assert is_like(shown(clean(encoded(grey))).getpixel((4, 4)), (55, 55, 55), 3)
    turned = shown(clean(encoded(grey, icc_profile=linear))).getpixel((4, 4))
    assert is_like(turned, (128, 128, 128), 6)


def _linear_profile():
    """Build sRGB's profile with straight curves instead of its own."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for place in range(132, 132 + 12 * struct.unpack(">I", data[128:132])[0], 12):
        name, at, size = struct.unpack(">4sII", data[place : place + 12])
        if name in {b"rTRC", b"gTRC", b"bTRC"}:
            data[at : at + 12] = b"curv" + bytes(8)  # no entries: a straight line
        if name == b"desc":
            data[at + 8 : at + size] = data[at + 8 : at + size].replace(
                "sRGB".encode("utf-16-be"), "Line".encode("utf-16-be")
            )
    return bytes(data)


def test_a_broken_profile_changes_nothing():
    data = encoded(a_scene(), icc_profile=b"no profile at all")

    assert all(
        is_like(one, two) for one, two in zip(corners(shown(clean(data))), SCENE, strict=True)
    )


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"  <svg onload=alert(1)>", "an SVG drawing"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "HTML"),
        (b"<script>alert(1)</script>" + encoded(Image.new("L", (8, 8))), "HTML"),
        (b"%PDF-1.7", "a PDF"),
        (encoded(Image.new("L", (8, 8)), "TIFF"), "a TIFF"),
        (encoded(Image.new("L", (8, 8)), "BMP"), "a BMP"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "a video"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"MZ\x90", "a program"),
        (b"just words", "no photo"),
        (b"\xff\xd8", "no photo"),
    ],
)
def test_what_is_no_photo_is_refused_by_its_name(data, what):
    with pytest.raises(UnsupportedMedia, match=what):
        clean(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0<svg onload=alert(1)>",
        b"GIF89a/*<script>alert(1)</script>*/",
        b"\x89PNG\r\n\x1a\n<html>",
        b"RIFF\x00\x00\x00\x00WEBPVP8 <html>",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic<html>",
        b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif<html>",
    ],
)
def test_other_things_behind_the_head_of_a_photo_are_refused(data):
    with pytest.raises(BadInput, match="damaged or cut off"):
        clean(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_photo_that_is_cut_off_is_refused(kind):
    data = encoded(Image.effect_noise((96, 96), 80).convert("RGB"), kind)

    with pytest.raises(BadInput, match="damaged or cut off"):
        clean(data[: len(data) // 2])


def test_an_empty_file_is_refused():
    with pytest.raises(BadInput, match="empty"):
        clean(b"")


def test_a_file_of_too_many_bytes_is_refused_unread():
    with pytest.raises(TooLarge, match="101 bytes, more than the 100"):
        clean(b"\xff\xd8\xff" + bytes(98), replace(LIMITS, most_bytes=100))


def test_a_photo_of_too_many_pixels_is_refused_undecoded():
    data = encoded(Image.new("1", (101, 100)), "PNG")

    with pytest.raises(TooLarge, match="million pixels"):
        clean(data, replace(LIMITS, most_pixels=10_000))
    assert clean(data, replace(LIMITS, most_pixels=10_100))


@pytest.mark.parametrize("side", [10_000, 30_000, 65_535])
def test_a_bomb_is_refused_by_what_its_header_says(side):
    head = b"\x89PNG\r\n\x1a\n"
    bomb = head + _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    gif = b"GIF89a" + struct.pack("<HH", side, side) + b"\x80\x00\x00" + bytes(6)
    gif += b"\x2c" + struct.pack("<HHHH", 0, 0, side, side) + b"\x00\x02\x02\x44\x01\x00\x3b"

    for data in (bomb + _chunk(b"IDAT", b"") + _chunk(b"IEND", b""), gif):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(TooLarge):
                clean(data)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_jpeg_of_countless_scans_is_refused():
    data = encoded(a_scene(), progressive=True)
    scan = data.index(b"\xff\xda")

    with pytest.raises(BadInput, match="scans"):
        clean(data[:scan] + data[scan:-2] * 100 + data[-2:])


def test_the_name_and_declared_type_are_never_asked():
    assert sniff.kind_of(io.BytesIO(encoded(a_scene(), "PNG"))) is sniff.PNG


@pytest.mark.parametrize("step", range(0, 400, 7))
def test_no_flipped_byte_brings_anything_but_a_picture_or_a_refusal(step):
    data = bytearray(encoded(a_scene(), exif=an_exif().tobytes(), comment=SECRET))
    data[step % len(data)] ^= 0xFF

    try:
        cleaned = clean(bytes(data))
    except (BadInput, UnsupportedMedia, TooLarge):
        return
    assert SECRET not in cleaned.renditions["full"].data


@pytest.mark.parametrize("step", [(Image, "open"), (Image.Image, "resize")])
def test_no_memory_is_said_and_not_taken_for_a_damaged_photo(step, monkeypatch):
    def fails(*_, **__):
        raise MemoryError

    data = encoded(a_scene(5000, 100))
    monkeypatch.setattr(*step, fails)

    with pytest.raises(Unavailable, match="memory"):
        clean(data)


def test_nothing_foreign_leaves_even_if_the_encoder_wrote_it(monkeypatch):
    monkeypatch.setattr(picture, "foreign", lambda _: ["COM"])

    with pytest.raises(AssertionError, match="COM"):
        clean(encoded(a_scene()))


def test_what_ends_before_its_picture_is_named():
    assert picture.foreign(b"\xff\xd8") == ["bytes after the end"]
    assert picture.foreign(b"\xff\xd8\xff\xfe\x00\x04ab") == ["COM", "bytes after the end"]


def test_an_exif_that_breaks_its_reader_turns_nothing():
    def broken():
        raise ValueError

    assert exif.orientation(broken) == 1
    assert exif.hints(broken) == exif.Hints()


def test_the_largest_jpeg_is_decoded_at_an_eighth(monkeypatch):
    monkeypatch.setattr(decoding, "DRAFT_PIXELS", 100)

    assert clean(encoded(a_scene(800, 800))).renditions["full"].width == 100


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "I;16", "P", "1", "LA"])
@pytest.mark.parametrize("size", [(300, 400), (4500, 70), (70, 4500)])
def test_a_picture_drawn_in_strips_is_the_one_drawn_at_once(mode, size, monkeypatch):
    scene = Image.effect_noise(size, 90).convert("L" if mode == "I;16" else "RGB")
    image = scene.convert("I").convert("I;16") if mode == "I;16" else scene.convert(mode)

    monkeypatch.setattr(drawing, "STRIP_PIXELS", 10**9)
    at_once = drawing.draw(drawing.sheet_of(image.copy()), 333)
    monkeypatch.setattr(drawing, "STRIP_PIXELS", 7_000)
    in_strips = drawing.draw(drawing.sheet_of(image.copy()), 333)

    assert in_strips.mode == at_once.mode
    most = ImageChops.difference(in_strips, at_once).convert("L").getextrema()[1]
    assert most <= 1, "more than rounding"


def test_a_picture_that_takes_much_memory_is_kept_a_little_smaller(monkeypatch):
    monkeypatch.setattr(picture, "FULL_SIDE", 100)
    monkeypatch.setattr(picture, "SPARING_SIDE", 70)

    assert clean(encoded(a_scene(100, 100))).renditions["full"].width == 100
    assert clean(encoded(a_scene(102, 100))).renditions["full"].width == 70


def test_each_type_has_as_many_pixels_as_its_decoder_has_memory_for(monkeypatch):
    kinds = {
        "JPEG": encoded(a_scene()),
        decoding.PROGRESSIVE: encoded(a_scene(), progressive=True),
        "PNG": encoded(a_scene(), "PNG"),
        "GIF": encoded(a_scene(), "GIF"),
        "WebP": encoded(a_scene(), "WEBP"),
        "AVIF": encoded(a_scene(), "AVIF"),
        "HEIC": encoded(a_scene(), "HEIF"),
        decoding.SEE_THROUGH: encoded(a_scene(mode="RGBA"), "HEIF"),
    }
    assert kinds.keys() == decoding.MOST_PIXELS.keys()

    for name, data in kinds.items():
        monkeypatch.setattr(decoding, "MOST_PIXELS", {**dict.fromkeys(kinds, 10**6), name: 3071})
        with pytest.raises(TooLarge, match=f"pixels allowed as {name}$"):
            clean(data)


def test_what_the_camera_of_an_iphone_knew_is_read():
    found = clean(encoded(a_scene(), "HEIF", exif=an_exif().tobytes())).hints

    assert found.position == exif.Position(lat=43.4623, long=-3.8099)
    assert found.taken == "2031-05-05T10:11:12+02:00"
