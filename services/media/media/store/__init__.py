"""Tables of media and every query; takes a session, returns domain objects."""

from media.store.photos import (
    find_photos,
    find_public_photo,
    forget_unplaced,
    has_photo,
    jurisdictions,
    keep_photo,
    photos_of,
)
from media.store.placements import (
    add_placement,
    forget_unheard,
    hear_visibility,
    lock_request,
    take_untold,
)
from media.store.tables import API_KEY
from media.store.uploads import (
    add_upload,
    complete_upload,
    expired_upload,
    find_upload,
    known_uploads,
    remove_upload,
)
from media.store.writing import begin_writing, count_writing, end_writing, stale_writing, writing_of

__all__ = [
    "API_KEY",
    "add_placement",
    "add_upload",
    "begin_writing",
    "complete_upload",
    "count_writing",
    "end_writing",
    "expired_upload",
    "find_photos",
    "find_public_photo",
    "find_upload",
    "forget_unheard",
    "forget_unplaced",
    "has_photo",
    "hear_visibility",
    "jurisdictions",
    "keep_photo",
    "known_uploads",
    "lock_request",
    "photos_of",
    "remove_upload",
    "stale_writing",
    "take_untold",
    "writing_of",
]
