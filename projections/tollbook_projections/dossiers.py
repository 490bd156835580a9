"""The figures and acts of one crisis as a read model keeps them, in memory and as rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tollbook_projections.filing import (
    ACT_ROW,
    FIGURE_ROW,
    Document,
    act_key,
    decode,
    encode,
    figure_key,
)
from tollbook_projections.selection import Dossier, dossier_of


@dataclass(slots=True)
class Files:
    """Figures by id, and the acts on each, those that still wait for their figure included."""

    figures: dict[str, Document] = field(default_factory=dict)
    acts: dict[str, list[Document]] = field(default_factory=dict)

    def add_figure(self, document: Document) -> tuple[str, bytes]:
        """Keeps a filed figure; returns its row."""
        self.figures[document["id"]] = document
        return figure_key(document["id"]), encode(document)

    def add_act(self, document: Document) -> tuple[str, bytes]:
        """Keeps an act; returns its row."""
        self.acts.setdefault(document["figure"], []).append(document)
        return act_key(document), encode(document)

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Takes up stored rows; rows of other kinds are left alone."""
        for key, row in rows.items():
            if key.startswith(FIGURE_ROW):
                self.add_figure(decode(row))
            elif key.startswith(ACT_ROW):
                self.add_act(decode(row))

    def dossier(self, figure: str) -> Dossier | None:
        """A figure after its acts; None while it was not filed."""
        filed = self.figures.get(figure)
        return None if filed is None else dossier_of(filed, self.acts.get(figure, ()))

    def all_acts(self) -> Iterable[Document]:
        """Every act of the crisis."""
        return (act for acts in self.acts.values() for act in acts)
