"""`policy show` and `publish`: the choices behind the numbers, as versions with an id."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_services import keys
from tollbook_services.cli.acts import EDITOR, Editor, say
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.cli.editorial import Reason
from tollbook_services.policies import Published, must_not_be_another, published_policies
from tollbook_services.policy_files import read_policy
from tollbook_services.render import console, data, words
from tollbook_services.wiring import open_tollbook

_LISTED: Final = ("policy", "in_force", "scope", "time", "sequence", "source", "reason")


async def show(
    policy: Annotated[str | None, Parameter(help="Its id [default: the one in force].")] = None,
    *,
    crisis: Annotated[
        str | None, Parameter(help="For this crisis [default: for crises without their own].")
    ] = None,
    common: Common = COMMON,
) -> None:
    """A policy as it is used, and the versions that were published.

    With --format json it can be edited and published again under another id.
    """
    async with open_tollbook(common.settings()) as book:
        published = await published_policies(book, crisis, policy)
    match common.format:
        case "json":
            data.write_json(published.document)
        case "csv":
            data.write_csv(_LISTED, published.versions)
        case _:
            console.answer(_policy_table(published.document), *_versions(published))


async def publish(
    file: Annotated[Path, Parameter(help="The policy, TOML or JSON.")],
    *,
    reason: Reason,
    crisis: Annotated[
        tuple[str, ...],
        Parameter(help="Only for this crisis; repeat the option [default: for all crises]."),
    ] = (),
    editor: Editor = EDITOR,
    common: Common = COMMON,
) -> int:
    """Publish a policy: the numbers change from there on, and both versions can be asked for."""
    said = {**read_policy(file), "reason": reason}
    async with open_tollbook(common.settings()) as book:
        everywhere = tuple(
            keys.ledger_subject(partition, book.ledger.partitions)
            for partition in range(book.ledger.partitions)
        )
        for subject in crisis or everywhere:
            await must_not_be_another(book, subject, said)
        return await say(book, "policy.published.v1", crisis or everywhere, said, editor, common)


def _policy_table(document: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("policy")
    table.add_column(words.clean(document["policy"]))
    rank = ", ".join(map(words.clean, document["source_rank"]))
    table.add_row("source rank", rank or "none: the latest as of comes first")
    for word, span in document["lexical"].items():
        table.add_row(words.clean(word), f"{span['from']:,} to {span['to']:,}")
    table.add_row("approximately", f"within {document['approximately_tolerance']} %")
    sizes = document["household_sizes"]
    table.add_row("persons per household", f"{sizes['generic']:,}")
    for area, size in sizes["by_area"].items():
        table.add_row(f"  from {words.clean(area)}", f"{size:,}")
    fields = ", ".join(map(words.clean, document["sensitive"]))
    table.add_row("withheld fields", fields or "none but those that reports mark")
    return table


def _versions(published: Published) -> list[Table | Text]:
    if not published.versions:
        return [Text("No policy was published: this is the built-in one.")]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("published", "for", "time", "sequence", "reason"):
        table.add_column(column)
    for version in published.versions:
        mark = " (in force)" if version["in_force"] else ""
        table.add_row(
            words.clean(version["policy"]) + mark,
            words.clean(version["scope"]),
            words.moment(version["time"]),
            words.number(version["sequence"]),
            words.clean(version["reason"]),
        )
    return [table]
