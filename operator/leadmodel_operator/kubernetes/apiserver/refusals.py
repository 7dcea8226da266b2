"""Refusals of the API server → the planner's words: which answers are a refusal of one object, and of what kind. Pure.

answer                                                      | refusal
------------------------------------------------------------|---------------------------------------------------------
403 "User … cannot …", or 403 without a word                | Rights
403 "exceeded quota", "failed quota"                        | Quota
another 403, 400, 413, 422: admission, validation, too large | Content
5xx of an admission webhook that does not answer            | Content
500 "failed to create typed patch object": a list names two | Content
403 of a namespace that is being deleted, and all the rest  | none: the pass fails and is made again
"""

import re
from collections.abc import Sequence

from leadmodel_operator.kubernetes.apiserver.client import ApiError
from leadmodel_operator.planning.observed import Refusal, RefusalKind

_REFUSING = {400, 403, 413, 422}
_RIGHTS = re.compile(r"[Uu]ser \".*(?: cannot |attempting to grant)")
_TELLS_OF_OBJECT = re.compile(
    r"webhook|^failed to create typed patch object"
)  # 5xx that tell of the object, not of the server
_QUOTA = re.compile(r"(?:exceeded|failed) quota")


def refusal_of(error: ApiError, name: str) -> Refusal | None:
    """Describe the refusal of the object `name`, as "Kind/name"; None for an answer that is no refusal of an object."""
    tells_of_object = error.status >= 500 and _TELLS_OF_OBJECT.search(error.words) is not None
    if error.namespace_terminating or (error.status not in _REFUSING and not tells_of_object):
        return None
    return Refusal(_kind_of(error), error.request, name, error.words)


def _kind_of(error: ApiError) -> RefusalKind:
    if error.status != 403:
        return RefusalKind.CONTENT
    if _QUOTA.search(error.words):
        return RefusalKind.QUOTA
    return RefusalKind.RIGHTS if not error.words or _RIGHTS.search(error.words) else RefusalKind.CONTENT


def causes(refusals: Sequence[Refusal]) -> set[tuple[str, str, str]]:
    """Tell refusals apart by kind, request and object: the words of a webhook may hold another request id each time."""
    return {(refusal.kind, refusal.request, refusal.name) for refusal in refusals}
