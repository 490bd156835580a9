"""Every limit of the contract, with its unit and its reason."""

from typing import Final

INTEGER_MAX: Final = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 8259 section 6, RFC 8785)."""

DOCUMENT_BYTES_MAX: Final = 1024 * 1024
"""Bytes of one event: over 1,000 figures with all they may say, or `FIGURES_MAX` bare ones."""

NESTING_MAX: Final = 63
"""Levels of objects and lists in a document: what is 64 deep comes from a program gone wrong."""

DEPTH_MAX: Final = 32
"""Levels of nesting under `ext`: more than people write, less than any JSON reader refuses."""

FAULTS_MAX: Final = 100
"""Faults told about one document: enough to repair it, not enough to fill a disk."""

FIGURES_MAX: Final = 5_000
"""Figures in one report: a nationwide table by district and segment; more is several reports."""

STATEMENTS_MAX: Final = 1_000
"""Statements in one report: a long live page of quotations."""

SENSITIVE_MAX: Final = 20_000
"""Withheld fields of one event: every place, note and text of a report with all its figures."""

POINTER_CHARS_MAX: Final = 500
"""Characters of a JSON pointer: deeper than any field of an event but in an odd `ext`."""

AREAS_MAX: Final = 500
"""Areas of one figure: all districts of a large country; more is a larger area with a name."""

REFERENCES_MAX: Final = 500
"""Figures that one figure or statement refers to: as many as there may be areas to sum over."""

INCIDENTS_MAX: Final = 500
"""Incidents that one event merges or splits: as many as it may name figures."""

SOURCES_RANKED_MAX: Final = 1_000
"""Originators ranked by one policy: more than publish about any crisis."""

HOUSEHOLDS_MAX: Final = 5_000
"""Areas with a household size of their own: every district of a continent."""

HOUSEHOLD_PERSONS_MAX: Final = 100
"""Persons per household: a larger number is a count of something else."""

GAZETTEER_AREAS_MAX: Final = 10_000
"""Areas in one published gazetteer: a large country to its third level; deeper is several."""

GAZETTEER_LEVEL_MAX: Final = 6
"""Levels below a country: OCHA's tables have up to five."""

ALIASES_MAX: Final = 50
"""Other codes, or other names, of one area: a name in every language of a country."""

CRISIS_CHARS_MAX: Final = 64
"""Characters of a crisis slug: it is part of stream and row keys (CONTRACT, `subject`)."""

SLUG_CHARS_MAX: Final = 64
"""Characters of other slugs and of figure ids: they are joined into series and cell keys."""

REFERENCE_ID_CHARS_MAX: Final = 64
"""Characters of the id of a policy or gazetteer: printed with every result."""

SOURCE_CHARS_MAX: Final = 256
"""Characters of an envelope `source`: a URI of a desk, repeated in every figure id."""

EVENT_ID_CHARS_MAX: Final = 200
"""Characters of an envelope `id`: room for a UUID, a date and a title, repeated in figure ids."""

GLOBAL_ID_CHARS_MAX: Final = SOURCE_CHARS_MAX + EVENT_ID_CHARS_MAX + SLUG_CHARS_MAX + 2
"""Characters of a global figure id: source, `/`, event id, `#`, figure id."""

AREA_CODE_CHARS_MAX: Final = 32
"""Characters of an area code: the longest P-codes in use have about 20."""

NAME_CHARS_MAX: Final = 200
"""Characters of a name: a speaker, a reviewer, a relaying paper, a place."""

TITLE_CHARS_MAX: Final = 500
"""Characters of a headline."""

PRINTED_CHARS_MAX: Final = 500
"""Characters of a quantity as printed: a sentence, not the article."""

REASON_CHARS_MAX: Final = 2_000
"""Characters of a reason (CONTRACT: 1 to 2,000)."""

NOTE_CHARS_MAX: Final = 2_000
"""Characters of a note: as long as a reason may be."""

STATEMENT_CHARS_MAX: Final = 4_000
"""Characters of a statement: a quotation of some paragraphs."""

URL_CHARS_MAX: Final = 2_048
"""Characters of a page address: what browsers and archives accept."""
