"""Complete lists of a resource, page by page."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from leadmodel_operator.kubernetes.apiserver.client import ApiError, Client
from leadmodel_operator.kubernetes.render.names import Object

PAGE = 50  # objects per request: a page of pods is some 300 KB
LARGE_PAGE = 10  # of LeadModels, of which a person can make one of 1.5 MB


class Gone(Exception):  # noqa: N818  # the API's own word
    """The version asked for is not kept any more: a new list is needed."""


async def pages(client: Client, path: str, **params: str) -> AsyncIterator[tuple[list[Object], str]]:
    """List a collection; yields each page's items and the list's version. `limit` sets the objects per request.

    Raises:
        Gone: the list expired between two of its pages.
    """
    token = ""
    while True:
        query = {"limit": str(PAGE)} | params | ({"continue": token} if token else {})
        try:
            page: Any = await client.call("GET", path, **query)
        except ApiError as error:
            if error.status == 410:
                raise Gone from error
            raise
        yield page.get("items") or [], str(page["metadata"]["resourceVersion"])
        token = page["metadata"].get("continue", "")
        if not token:
            return
        await asyncio.sleep(0)
