"""Shapes on the wire: what HTTP answers and what events carry."""

from datetime import datetime
from typing import Any

from servicekit import georeport

from media import domain
from media.domain import Photo, Placing, Upload, exif, picture


def photo_facts(photo: Photo) -> dict[str, Any]:
    """Return what anyone who may see a photo may know of it."""
    full = photo.sizes[picture.FULL]
    return {
        "media_id": photo.media_id,
        "content_type": picture.CONTENT_TYPE,
        "width": full.width,
        "height": full.height,
        "bytes": full.bytes,
        "path": domain.path_of(photo.media_id),
        "sizes": {size: _size(photo, size) for size in picture.SIZES},
        "created_datetime": georeport.write_datetime(photo.created_at),
    }


def _size(photo: Photo, size: str) -> dict[str, Any]:
    kept = photo.sizes[photo.kept_as(size)]
    path = domain.path_of(photo.media_id, size)
    return {"path": path, "width": kept.width, "height": kept.height, "bytes": kept.bytes}


def receipt(photo: Photo, placing: Placing, hints: exif.Hints) -> dict[str, Any]:
    """Return the answer to an upload: the only place where the camera's hints are told."""
    place = hints.position
    return {
        **photo_facts(photo),
        "jurisdiction_id": photo.jurisdiction_id,
        "service_request_id": placing.service_request_id,
        "role": placing.role,
        "position": {"lat": place.lat, "long": place.long} if place else None,
        "taken_datetime": hints.taken,
    }


def upload_form(
    upload: Upload, url: str, fields: dict[str, str], most_bytes: int
) -> dict[str, Any]:
    """Return where and how a presigned upload is sent."""
    return {
        "upload_id": upload.upload_id,
        "method": "POST",
        "url": url,
        "fields": fields,
        "most_bytes": most_bytes,
        "expires_datetime": georeport.write_datetime(upload.expires_at),
        "complete": f"/media/v1/uploads/{upload.upload_id}/complete",
    }


def media_stored(placing: Placing, photo: Photo, sequence: int, now: datetime) -> dict[str, Any]:
    """Return the arguments of ``outbox.put`` for media.stored.v1."""
    full = photo.sizes[picture.FULL]
    return {
        "type": "media.stored.v1",
        "subject": placing.service_request_id,
        "sequence": sequence,
        "time": now,
        "data": {
            "jurisdiction_id": placing.jurisdiction_id,
            "service_request_id": placing.service_request_id,
            "media_id": photo.media_id,
            "role": placing.role,
            "content_type": picture.CONTENT_TYPE,
            "width": full.width,
            "height": full.height,
            "bytes": full.bytes,
            "path": domain.path_of(photo.media_id),
        },
    }
