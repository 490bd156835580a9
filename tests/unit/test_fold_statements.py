"""The read model `statements`: one row a statement, with what it is about by global ids."""

from figures_builder import fig, gid, recorded, report

from tollbook_projections.filing import Document, decode
from tollbook_projections.statements import StatementFold


def said(**fields: object) -> Document:
    """A report with one figure and one statement."""
    document = report("r", 8, fig("f", 3, "SY-LA"), relayed_by="Agency")
    statement = {"id": "s", "speaker": "a mayor", "text": "Three died.", "kind": "claim"}
    document["data"]["statements"] = [statement | fields]
    return document


def rows(*events: Document) -> dict[str, Document]:
    fold = StatementFold()
    for one in recorded(events):
        fold.apply(one)
    found = {change.key: decode(change.value) for change in fold.drain() if change.value}
    assert fold.drain() == []
    return found


def test_a_statement_is_kept_with_its_report_and_the_figures_it_is_about() -> None:
    found = rows(said(about=["f", gid("other#g")]))

    (row,) = found.values()
    assert list(found) == [f"statement/{gid('r#s')}"]
    assert row["about"] == [gid("r#f"), gid("other#g")]
    assert (row["id"], row["event"], row["text"]) == (gid("r#s"), gid("r"), "Three died.")
    assert (row["originator"], row["relayed_by"], row["sequence"]) == ("sohr", "Agency", 1)


def test_a_report_without_statements_leaves_no_row() -> None:
    assert rows(report("r", 8, fig("f", 3, "SY-LA"))) == {}
