"""How the area sets of a sheet lie to each other, found by their codes, not by comparing all."""

from collections.abc import Iterable

from tollbook_projections.consolidation.region import Areas, Lattice


class AreaMap:
    """The area sets that lie inside, around or across others. Answers are in code order."""

    def __init__(self, sets: Iterable[Areas], lattice: Lattice) -> None:
        """Index the sets by each code they name and by each area around that."""
        self._lattice = lattice
        self._sets = tuple(sets)
        self._numbers: dict[Areas, int] | None = None
        self._groups: dict[Areas, frozenset[int]] = {}
        self._naming: dict[str, list[Areas]] = {}
        self._under: dict[str, list[Areas]] = {}
        self._within: dict[Areas, tuple[Areas, ...]] = {}
        self._around: dict[Areas, tuple[Areas, ...]] = {}
        for areas in self._sets:
            held: dict[str, None] = {}
            for code in areas:
                self._naming.setdefault(code, []).append(areas)
                held |= dict.fromkeys((code, *lattice.ancestors(code)))
            for code in held:
                self._under.setdefault(code, []).append(areas)

    def within(self, outer: Areas) -> tuple[Areas, ...]:
        """The sets whose every area lies in one of these areas, the same set included."""
        known = self._within.get(outer)
        if known is None:
            touching = {areas for code in outer for areas in self._under.get(code, ())}
            inside = self._lattice.areas_inside
            known = tuple(sorted(areas for areas in touching if inside(areas, outer)))
            self._within[outer] = known
        return known

    def around(self, inner: Areas) -> tuple[Areas, ...]:
        """The sets that hold all of these areas, the same set included."""
        known = self._around.get(inner)
        if known is None:
            inside = self._lattice.areas_inside
            holding = self._holding(inner[0])
            known = tuple(sorted(areas for areas in holding if inside(inner, areas)))
            self._around[inner] = known
        return known

    def meeting(self, areas: Areas) -> list[Areas]:
        """The sets that share any place with these areas."""
        found: set[Areas] = set()
        for code in areas:
            found |= self._holding(code)
            found.update(self._under.get(code, ()))
        return sorted(found)

    def groups(self, areas: Areas) -> frozenset[int]:
        """The groups of sets that these areas share any place with.

        Sets of different groups share no place, neither directly nor through others between them:
        no figure about one can change what is known of the other.
        """
        known = self._groups.get(areas)
        if known is None:
            numbers = self._numbers
            if numbers is None:
                numbers = self._numbers = self._numbered()
            known = frozenset(numbers[other] for other in self.meeting(areas))
            self._groups[areas] = known
        return known

    def _numbered(self) -> dict[Areas, int]:
        numbers: dict[Areas, int] = {}
        for number, start in enumerate(self._sets):
            todo = [start]
            while todo:
                areas = todo.pop()
                if areas not in numbers:
                    numbers[areas] = number
                    todo.extend(self.meeting(areas))
        return numbers

    def _holding(self, code: str) -> set[Areas]:
        """The sets that name an area or one around it."""
        around = (code, *self._lattice.ancestors(code))
        return {areas for one in around for areas in self._naming.get(one, ())}
