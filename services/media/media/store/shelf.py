"""The objects of photos in the store: where they stand, written first, deleted last."""

from collections.abc import Iterator

from servicekit.blobs import Blobs
from servicekit.errors import NotFound

from media import domain
from media.domain import Part, Photo, Upload, picture


def put(blobs: Blobs, jurisdiction_id: str, cleaned: picture.Picture) -> None:
    """Write every rendition; the full one last, so that a full one means all are there."""
    for size, one in reversed(list(cleaned.renditions.items())):
        key = domain.key_of(jurisdiction_id, cleaned.media_id, size)
        blobs.put(key, one.data, picture.CONTENT_TYPE)


def read(blobs: Blobs, photo: Photo, kept_as: str, part: Part | None) -> bytes:
    """Return a kept rendition, or a part of it; a lost small one is drawn again and put back.

    Raises NotFound when even the full one is gone.
    """
    key = domain.key_of(photo.jurisdiction_id, photo.media_id, kept_as)
    try:
        return blobs.get(key, offset=part.offset, length=part.length) if part else blobs.get(key)
    except NotFound:
        if kept_as == picture.FULL:
            raise
    full = blobs.get(domain.key_of(photo.jurisdiction_id, photo.media_id, picture.FULL))
    data = picture.smaller(full, kept_as).data
    blobs.put(key, data, picture.CONTENT_TYPE)
    return data[part.offset : part.offset + part.length] if part else data


def remove(blobs: Blobs, jurisdiction_id: str, media_id: str) -> None:
    """Delete every object of a photo."""
    for one in list(blobs.list(domain.folder_of(jurisdiction_id, media_id))):
        blobs.delete(one.key)


def arrived(blobs: Blobs, upload: Upload, most_bytes: int) -> bytes | None:
    """Return what came in through a presigned upload, None when nothing did.

    More than ``most_bytes`` are not read: one byte over is enough to be refused by.
    """
    found = blobs.stat(upload.key)
    if found is None:
        return None
    return blobs.get(upload.key, length=min(found.bytes, most_bytes + 1))


def photos(blobs: Blobs, jurisdiction_id: str, shard: str) -> Iterator[tuple[str, str]]:
    """Yield media_id and object name of what stands in one shard of a jurisdiction."""
    for one in blobs.list(f"{jurisdiction_id}/{shard}/"):
        _, _, media_id, name = one.key.split("/", 3)
        yield media_id, name
