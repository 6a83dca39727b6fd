"""What T1 is compared with: `lxml.iterparse` making each dossier of a file a dictionary, or (``bare``) nothing."""

import sys
from typing import Any

from lxml import etree


def as_dict(element: Any) -> dict[str, Any]:
    """Turn an element into nested dictionaries, repeated children into lists."""
    found: dict[str, Any] = {}
    for child in element:
        value = as_dict(child) if len(child) else child.text
        if child.tag in found:
            if not isinstance(found[child.tag], list):
                found[child.tag] = [found[child.tag]]
            found[child.tag].append(value)
        else:
            found[child.tag] = value
    return found


def main(path: str, *, bare: bool = False) -> None:
    """Read a file and print how many dossiers it holds; ``bare`` looks at none of them."""
    count = 0
    for _, element in etree.iterparse(path, tag="InfosFoyerRSA"):
        if not bare:
            as_dict(element)
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
        count += 1
    print(count)


if __name__ == "__main__":
    main(sys.argv[1], bare="bare" in sys.argv[2:])
