"""`make messages`: the keys of the sources → the catalogues of netspec/locale, which keep their translations.

    python -m tests.translation.catalogue         # every language that there is
    python -m tests.translation.catalogue fr      # and a new one

New keys are added without a translation, those that are gone are dropped, netspec.mo is compiled. A translation that
is not sure is marked `fuzzy`, as gettext's tools do, and counts as none.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from netspec.translation.catalogue import DOMAIN, FOLDER, path_of
from tests.translation.extract import messages

_DATED = ("POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Last-Translator", "Language-Team")


def languages() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.parent.parent.name for path in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def read(lang: str) -> Catalog:
    """The .po file of a language."""
    with path_of(lang, ".po").open("rb") as file:
        return read_po(file, locale=lang, domain=DOMAIN)


def updated(old: Catalog) -> Catalog:
    """A catalogue with the keys of the sources, and what is known of their translations."""
    new = Catalog(locale=old.locale, domain=DOMAIN, project="netspec", header_comment=old.header_comment, fuzzy=False)
    for (context, key), paths in messages().items():
        known = old.get(key, context)
        kept = known if isinstance(known, Message) else None
        new.add(
            key,
            kept.string if kept else "",
            locations=[(path, None) for path in dict.fromkeys(paths)],  # type: ignore[misc]
            flags=[flag for flag in (kept.flags if kept else ()) if flag == "fuzzy"],
            user_comments=kept.user_comments if kept else [],
            context=context,
        )
    return new


def po_text(catalog: Catalog) -> bytes:
    """The .po file: without dates, so that it is the same each time, and with an entry's text on one line."""
    stream = BytesIO()
    write_po(stream, catalog, width=0, include_lineno=False)
    lines = stream.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(tuple(f'"{name}:'.encode() for name in _DATED)))


def mo_text(catalog: Catalog) -> bytes:
    """The .mo file, with what is translated and sure."""
    stream = BytesIO()
    read = read_po(BytesIO(po_text(catalog)), locale=catalog.locale, domain=DOMAIN)
    read.creation_date = read.revision_date = datetime(2000, 1, 1, tzinfo=UTC)  # the same each time
    write_mo(stream, read)
    return stream.getvalue()


def write(lang: str) -> tuple[int, int]:
    """Write the files of a language; how many keys are translated, and how many there are."""
    po, mo = path_of(lang, ".po"), path_of(lang)
    old = read(lang) if po.exists() else Catalog(locale=lang, domain=DOMAIN)
    catalog = updated(old)
    Path(po.parent).mkdir(parents=True, exist_ok=True)
    po.write_bytes(po_text(catalog))
    mo.write_bytes(mo_text(catalog))
    entries = [entry for entry in catalog if entry.id]
    return sum(bool(entry.string) and not entry.fuzzy for entry in entries), len(entries)


def main() -> None:
    """Write all catalogues, and that of the language that is named."""
    for lang in sorted({*languages(), *sys.argv[1:]}):
        done, count = write(lang)
        print(f"{path_of(lang, '.po').relative_to(FOLDER.parent.parent)}: {done} of {count} translated")


if __name__ == "__main__":
    main()
